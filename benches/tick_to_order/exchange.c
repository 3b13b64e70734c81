/* A spinning exchange: sends a quote frame, stops its clock when the whole order is read.
 *
 *   exchange TICKS GAP_NS
 *
 * Prints {"port": P} and listens on loopback. Speaks as much of the Alpaca dialect as a client
 * needs to start: questions get canned answers, streams are greeted. Once a market stream has
 * subscribed and all has been quiet for a second it sends TICKS quotes GAP_NS apart, at times fixed
 * beforehand. The tick's number is its bid price in cents above 100, and so is the order's limit.
 * An order is accepted and then cancelled, so that none stays open. At the end it prints
 * {"ticks": N, "orders": N, "p50_ns": N, "p99_ns": N, "min_ns": N, "max_ns": N}.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PEERS 16
#define ROOM 16384
#define SECOND 1000000000LL
#define LONGEST (25 * SECOND)

enum kind { FREE, HTTP, MARKET, ACCOUNT };
struct peer {
    int fd;
    enum kind kind;
    int listening;
    size_t held;
    char bytes[ROOM];
};

static struct peer peers[PEERS];
static int64_t *sent, *took;
static int ticks, next_tick, orders, subscribed;
static int64_t last_setup;

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

static void wall_text(char *out) {
    struct timespec t;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &t);
    gmtime_r(&t.tv_sec, &parts);
    size_t n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &parts);
    sprintf(out + n, ".%09ldZ", t.tv_nsec);
}

static void hang_up(struct peer *p) {
    if (p->kind != FREE) close(p->fd);
    p->kind = FREE;
    p->held = 0;
}

static void write_all(struct peer *p, const char *bytes, size_t n) {
    while (n > 0 && p->kind != FREE) {
        ssize_t wrote = send(p->fd, bytes, n, MSG_NOSIGNAL);
        if (wrote > 0) { bytes += wrote; n -= wrote; }
        else if (errno != EAGAIN && errno != EINTR) hang_up(p);
    }
}

/* ---- the handshake of a WebSocket: SHA-1 and base64 ---- */

static uint32_t roll(uint32_t x, int n) { return x << n | x >> (32 - n); }

static void sha1(const unsigned char *text, size_t n, unsigned char out[20]) {
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    unsigned char block[128] = {0};
    memcpy(block, text, n);
    block[n] = 0x80;
    size_t total = n + 9 <= 64 ? 64 : 128;
    for (int i = 0; i < 8; i++) block[total - 1 - i] = (uint64_t)n * 8 >> (8 * i);
    for (size_t at = 0; at < total; at += 64) {
        uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 16; i++)
            w[i] = (uint32_t)block[at + 4 * i] << 24 | block[at + 4 * i + 1] << 16
                   | block[at + 4 * i + 2] << 8 | block[at + 4 * i + 3];
        for (int i = 16; i < 80; i++) w[i] = roll(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        for (int i = 0; i < 80; i++) {
            uint32_t f, k;
            if (i < 20) { f = (b & c) | (~b & d); k = 0x5A827999; }
            else if (i < 40) { f = b ^ c ^ d; k = 0x6ED9EBA1; }
            else if (i < 60) { f = (b & c) | (b & d) | (c & d); k = 0x8F1BBCDC; }
            else { f = b ^ c ^ d; k = 0xCA62C1D6; }
            uint32_t t = roll(a, 5) + f + e + k + w[i];
            e = d; d = c; c = roll(b, 30); b = a; a = t;
        }
        h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e;
    }
    for (int i = 0; i < 20; i++) out[i] = h[i / 4] >> (24 - 8 * (i % 4));
}

static void accept_key(const char *key, size_t n, char out[32]) {
    static const char *letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char text[96], d[21] = {0};
    memcpy(text, key, n);
    memcpy(text + n, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);
    sha1(text, n + 36, d);
    for (int i = 0; i < 7; i++) {
        uint32_t v = d[3 * i] << 16 | d[3 * i + 1] << 8 | d[3 * i + 2];
        for (int k = 0; k < 4; k++) out[4 * i + k] = letters[v >> (18 - 6 * k) & 63];
    }
    out[27] = '=';
    out[28] = 0;
}

/* ---- frames and answers ---- */

static void send_frame(struct peer *p, int opcode, const char *text, size_t n) {
    char out[2048];
    size_t head = n < 126 ? 2 : 4;
    out[0] = (char)(0x80 | opcode);
    out[1] = n < 126 ? (char)n : 126;
    if (n >= 126) { out[2] = (char)(n >> 8); out[3] = (char)n; }
    memcpy(out + head, text, n);
    write_all(p, out, head + n);
}

static void send_text(struct peer *p, const char *text) { send_frame(p, 1, text, strlen(text)); }

static void answer(struct peer *p, const char *status, const char *body) {
    char out[2048];
    int n = snprintf(out, sizeof out,
                     "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                     status, strlen(body), body);
    write_all(p, out, n);
}

static const char *value_of(const char *text, const char *name, char *out, size_t room) {
    char *at = strstr(text, name);
    out[0] = 0;
    if (!at) return out;
    at += strlen(name);
    at += strspn(at, "\": ");
    size_t n = strcspn(at, "\",}");
    if (n >= room) n = room - 1;
    memcpy(out, at, n);
    out[n] = 0;
    return out;
}

static void order_text(char *out, size_t room, const char *body, const char *status) {
    char id[80], limit[32], at[40], side[8];
    value_of(body, "\"client_order_id\"", id, sizeof id);
    value_of(body, "\"limit_price\"", limit, sizeof limit);
    value_of(body, "\"side\"", side, sizeof side);
    wall_text(at);
    snprintf(out, room,
             "{\"id\":\"00000000-0000-4000-8000-%012d\",\"client_order_id\":\"%s\","
             "\"created_at\":\"%s\",\"updated_at\":\"%s\",\"submitted_at\":\"%s\","
             "\"symbol\":\"AAPL\",\"asset_class\":\"us_equity\",\"qty\":\"1\",\"filled_qty\":\"0\","
             "\"filled_avg_price\":null,\"order_class\":\"\",\"order_type\":\"limit\","
             "\"type\":\"limit\",\"side\":\"%s\",\"time_in_force\":\"ioc\",\"limit_price\":\"%s\","
             "\"stop_price\":null,\"status\":\"%s\",\"extended_hours\":false}",
             orders, id, at, at, at, side, limit, status);
}

static void handle_order(struct peer *p, const char *body, int64_t now) {
    char text[1024], update[1400], limit[32], at[40];
    value_of(body, "\"limit_price\"", limit, sizeof limit);
    int tick = (int)(atof(limit) * 100 + 0.5) - 10000;
    if (tick >= 0 && tick < next_tick && took[tick] == 0) took[tick] = now - sent[tick];
    orders++;
    order_text(text, sizeof text, body, "new");
    answer(p, "200 OK", text);
    wall_text(at);
    order_text(text, sizeof text, body, "canceled");
    snprintf(update, sizeof update,
             "{\"stream\":\"trade_updates\",\"data\":{\"event\":\"canceled\",\"execution_id\":"
             "\"10000000-0000-4000-8000-%012d\",\"order\":%s,\"timestamp\":\"%s\"}}",
             orders, text, at);
    for (int i = 0; i < PEERS; i++)
        if (peers[i].kind == ACCOUNT && peers[i].listening) send_text(&peers[i], update);
}

static void handle_question(struct peer *p, const char *path) {
    char body[512], at[40];
    wall_text(at);
    if (!strncmp(path, "/v2/account/activities", 22)) answer(p, "200 OK", "[]");
    else if (!strncmp(path, "/v2/account", 11))
        answer(p, "200 OK",
               "{\"id\":\"e6fe16f3-64a4-4921-8928-cadf02f92f98\",\"account_number\":\"PA1\","
               "\"status\":\"ACTIVE\",\"currency\":\"USD\",\"cash\":\"10000000\","
               "\"buying_power\":\"40000000\",\"equity\":\"10000000\","
               "\"last_equity\":\"10000000\",\"multiplier\":\"4\",\"trading_blocked\":false,"
               "\"account_blocked\":false}");
    else if (!strncmp(path, "/v2/assets/", 11))
        answer(p, "200 OK",
               "{\"id\":\"b0b6dd9d-8b9b-48a9-ba46-b9d54906e415\",\"class\":\"us_equity\","
               "\"exchange\":\"NASDAQ\",\"symbol\":\"AAPL\",\"name\":\"Apple\",\"status\":\"active\","
               "\"tradable\":true,\"marginable\":true,\"shortable\":true,"
               "\"easy_to_borrow\":true,\"fractionable\":true,\"attributes\":[]}");
    else if (!strncmp(path, "/v2/clock", 9)) {
        snprintf(body, sizeof body,
                 "{\"timestamp\":\"%s\",\"is_open\":true,\"next_open\":\"2099-01-02T14:30:00Z\","
                 "\"next_close\":\"2099-01-01T21:00:00Z\"}", at);
        answer(p, "200 OK", body);
    } else if (strstr(path, "by_client_order_id") || !strncmp(path, "/v2/orders/", 11))
        answer(p, "404 Not Found", "{\"code\":40410000,\"message\":\"order not found\"}");
    else answer(p, "200 OK", "[]");
}

static void handle_text(struct peer *p, const char *text) {
    char out[1024];
    const char *rest = strstr(text, "\"subscribe\"");
    last_setup = now_ns();
    if (p->kind == ACCOUNT && strstr(text, "\"listen\"")) {
        p->listening = 1;
        send_text(p, "{\"stream\":\"listening\",\"data\":{\"streams\":[\"trade_updates\"]}}");
    } else if (p->kind == ACCOUNT)
        send_text(p, "{\"stream\":\"authorization\",\"data\":{\"status\":\"authorized\","
                     "\"action\":\"authenticate\"}}");
    else if (rest) {
        snprintf(out, sizeof out, "[{\"T\":\"subscription\"%s]", rest + 11);
        send_text(p, out);
        subscribed = 1;
    } else send_text(p, "[{\"T\":\"success\",\"msg\":\"authenticated\"}]");
}

/* Consumes one message of a peer; 0 when it is not whole yet. */
static size_t handle_http(struct peer *p, int64_t now) {
    char *end = strstr(p->bytes, "\r\n\r\n"), *line, *path;
    if (!end) return 0;
    size_t head = end + 4 - p->bytes, body = 0;
    if ((line = strcasestr(p->bytes, "\r\ncontent-length:")) && line < end) body = atoi(line + 17);
    if (p->held < head + body) return 0;
    path = strchr(p->bytes, ' ') + 1;
    if ((line = strcasestr(p->bytes, "\r\nsec-websocket-key:")) && line < end) {
        char out[256], key[32];
        line += 20;
        line += strspn(line, " ");
        accept_key(line, strcspn(line, "\r "), key);
        p->kind = strncmp(path, "/stream", 7) ? MARKET : ACCOUNT;
        int n = snprintf(out, sizeof out,
                         "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                         "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", key);
        write_all(p, out, n);
        if (p->kind == MARKET) send_text(p, "[{\"T\":\"success\",\"msg\":\"connected\"}]");
        last_setup = now;
    } else if (!strncmp(p->bytes, "POST", 4)) {
        char kept = p->bytes[head + body];
        p->bytes[head + body] = 0;
        handle_order(p, p->bytes + head, now);
        p->bytes[head + body] = kept;
    } else if (!strncmp(p->bytes, "DELETE", 6)) answer(p, "204 No Content", "");
    else {
        last_setup = now;
        handle_question(p, path);
    }
    return head + body;
}

static size_t handle_socket(struct peer *p) {
    unsigned char *b = (unsigned char *)p->bytes;
    size_t n, head = 6;
    if (p->held < 6) return 0;
    n = b[1] & 127;
    if (n == 126) { n = b[2] << 8 | b[3]; head = 8; }
    if (p->held < head + n || head + n >= ROOM) return 0;
    char text[ROOM];
    for (size_t i = 0; i < n; i++) text[i] = (char)(b[head + i] ^ b[head - 4 + i % 4]);
    text[n] = 0;
    if ((b[0] & 15) == 9) send_frame(p, 10, text, n);
    else if ((b[0] & 15) <= 2) handle_text(p, text);
    return head + n;
}

static void poll_peer(struct peer *p) {
    ssize_t got = recv(p->fd, p->bytes + p->held, ROOM - 1 - p->held, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) hang_up(p);
    if (got <= 0) return;
    int64_t now = now_ns();
    p->held += got;
    p->bytes[p->held] = 0;
    for (;;) {
        size_t used = p->kind == HTTP ? handle_http(p, now) : handle_socket(p);
        if (used == 0 || p->kind == FREE) return;
        memmove(p->bytes, p->bytes + used, p->held - used + 1);
        p->held -= used;
    }
}

static void send_tick(int64_t due) {
    char text[256], at[40];
    wall_text(at);
    double bid = 100 + next_tick * 0.01;
    int n = snprintf(text, sizeof text,
                     "[{\"T\":\"q\",\"S\":\"AAPL\",\"bx\":\"V\",\"bp\":%.2f,\"bs\":200,\"ax\":\"Q\","
                     "\"ap\":%.2f,\"as\":300,\"c\":[\"R\"],\"z\":\"C\",\"t\":\"%s\"}]",
                     bid, bid + 0.02, at);
    sent[next_tick++] = due;
    for (int i = 0; i < PEERS; i++)
        if (peers[i].kind == MARKET) send_frame(&peers[i], 1, text, n);
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int main(int count, char **words) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int one = 1, door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ticks = count > 1 ? atoi(words[1]) : 3000;
    int64_t gap = count > 2 ? atoll(words[2]) : 300000, begin = 0, last = 0, born = now_ns();
    sent = calloc(ticks, sizeof *sent);
    took = calloc(ticks, sizeof *took);
    if (bind(door, (struct sockaddr *)&at, size) || listen(door, PEERS)) return 1;
    getsockname(door, (struct sockaddr *)&at, &size);
    printf("{\"port\": %d}\n", ntohs(at.sin_port));
    fflush(stdout);
    for (;;) {
        int64_t now = now_ns();
        int fd = begin ? -1 : accept4(door, NULL, NULL, SOCK_NONBLOCK);
        for (int i = 0; fd >= 0 && i < PEERS; i++)
            if (peers[i].kind == FREE) {
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                peers[i] = (struct peer){.fd = fd, .kind = HTTP};
                fd = -1;
            }
        for (int i = 0; i < PEERS; i++)
            if (peers[i].kind != FREE) poll_peer(&peers[i]);
        if (!begin && subscribed && now - last_setup > SECOND) begin = now;
        if (begin && next_tick < ticks && now >= begin + next_tick * gap)
            send_tick(begin + next_tick * gap);
        if (begin && next_tick == ticks && !last) last = now;
        if (last && (orders >= ticks || now - last > 2 * SECOND)) break;
        if (now - born > LONGEST) break;
    }
    int have = 0;
    for (int i = 0; i < ticks; i++)
        if (took[i]) took[have++] = took[i];
    qsort(took, have, sizeof *took, by_size);
    printf("{\"ticks\": %d, \"orders\": %d", ticks, have);
    if (have)
        printf(", \"p50_ns\": %lld, \"p99_ns\": %lld, \"min_ns\": %lld, \"max_ns\": %lld",
               (long long)took[have / 2], (long long)took[have * 99 / 100], (long long)took[0],
               (long long)took[have - 1]);
    printf("}\n");
    return 0;
}
