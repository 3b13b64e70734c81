/* A disk that is slow or fails, for one process: preloaded, it stands between the process and the
 * calls that write. Paths are chosen by a part of their name, the moment by a count of calls.
 *
 *   DISK_PATH=/journal/  DISK_CALL=write|sync  DISK_FAULT=delay|EIO|ENOSPC  DISK_AT=n (calls, or ms)
 *
 * ENOSPC takes half of what it is given first, as a disk that fills up does.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static _Atomic long calls;

static int chosen(int fd, const char *call) {
    const char *wanted = getenv("DISK_PATH"), *kind = getenv("DISK_CALL");
    char link[64], path[4096];
    if (!wanted || !kind || strcmp(kind, call) != 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, wanted) != NULL;
}

/* 0: go on; -1: fail with errno; 1: take half. */
static int strike(int fd, const char *call) {
    if (!chosen(fd, call)) return 0;
    const char *fault = getenv("DISK_FAULT"), *at_text = getenv("DISK_AT");
    long at = at_text ? atol(at_text) : 0;
    if (strcmp(fault, "delay") == 0) {
        struct timespec wait = {at / 1000, (at % 1000) * 1000000L};
        nanosleep(&wait, NULL);
        return 0;
    }
    long now = atomic_fetch_add(&calls, 1);
    if (now < at) return 0;
    if (strcmp(fault, "EIO") == 0) { errno = EIO; return -1; }
    if (now == at) return 1;
    errno = ENOSPC;
    return -1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t count) {
    int struck = strike(fd, "write");
    if (struck < 0) return -1;
    return NEXT(write)(fd, bytes, struck > 0 && count > 1 ? count / 2 : count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    int struck = strike(fd, "write");
    if (struck < 0) return -1;
    return NEXT(pwrite64)(fd, bytes, struck > 0 && count > 1 ? count / 2 : count, offset);
}

int fdatasync(int fd) { return strike(fd, "sync") ? -1 : NEXT(fdatasync)(fd); }

int fsync(int fd) { return strike(fd, "sync") ? -1 : NEXT(fsync)(fd); }
