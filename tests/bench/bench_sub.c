/* SPDX-License-Identifier: MIT */
/* bench_sub PORT PATTERN: the cheapest subscriber there can be. Says "ready" when Redis has
 * confirmed the pattern, then reads and forgets until its stdin ends. */
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

int main(int argc, char **argv)
{
    static char sink[1 << 18];
    if (argc != 3)
        bench_die("usage", "bench_sub PORT PATTERN");
    redisContext *redis = redisConnect("127.0.0.1", atoi(argv[1]));
    if (redis == NULL || redis->err != 0)
        bench_die("connect", redis != NULL ? redis->errstr : "out of memory");
    redisReply *reply = redisCommand(redis, "PSUBSCRIBE %s", argv[2]);
    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY)
        bench_die("PSUBSCRIBE", "refused");
    freeReplyObject(reply);
    puts("ready");
    fflush(stdout);

    struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                           {.fd = redis->fd, .events = POLLIN}};
    while (poll(fds, 2, -1) > 0 && fds[0].revents == 0)
        if (read(redis->fd, sink, sizeof sink) <= 0)
            bench_die("read", "the connection has ended");
    redisFree(redis);
    return 0;
}
