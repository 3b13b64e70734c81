/* The floor of tick-to-order: two spinning sockets, a scan for the price, one write.
 *
 *   bare PORT
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int dial(int port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    at.sin_port = htons(port);
    if (connect(fd, (struct sockaddr *)&at, sizeof at)) exit(1);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static void send_masked(int fd, const char *text) {
    char out[256];
    size_t n = strlen(text);
    out[0] = (char)0x81;
    out[1] = (char)(0x80 | n);
    memset(out + 2, 0, 4);
    memcpy(out + 6, text, n);
    send(fd, out, 6 + n, 0);
}

int main(int count, char **words) {
    static char in[1 << 20];
    char body[256], out[512];
    int port = count > 1 ? atoi(words[1]) : 0, market = dial(port), trading = dial(port);
    const char *hello = "GET /v2/iex HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    send(market, hello, strlen(hello), 0);
    recv(market, in, sizeof in, 0);
    send_masked(market, "{\"action\":\"subscribe\",\"quotes\":[\"AAPL\"]}");
    for (int number = 0;;) {
        ssize_t got = recv(market, in, sizeof in - 1, MSG_DONTWAIT);
        char *price, *at = in;
        if (got == 0) return 0;
        if (got < 0) {
            if (recv(trading, out, sizeof out, MSG_DONTWAIT) == 0) return 0;
            continue;
        }
        in[got] = 0;
        for (ssize_t i = 0; i < got; i++)
            if (in[i] == 0) in[i] = ' ';
        while ((price = strstr(at, "\"bp\":"))) {
            at = price + 5;
            int size = (int)strcspn(at, ",");
            int n = snprintf(body, sizeof body,
                             "{\"symbol\":\"AAPL\",\"qty\":\"1\",\"side\":\"buy\",\"type\":\"limit\","
                             "\"time_in_force\":\"ioc\",\"limit_price\":\"%.*s\","
                             "\"client_order_id\":\"bare-%d\"}", size, at, number++);
            int total = snprintf(out, sizeof out,
                                 "POST /v2/orders HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                                 "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                                 n, body);
            send(trading, out, total, 0);
        }
    }
}
