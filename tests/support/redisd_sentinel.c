/* SPDX-License-Identifier: MIT */
/* The topology of a master, two replicas and three sentinels. The sentinels' configurations
 * tell them of each other and of the replicas, as they would have found out by themselves
 * after some seconds, and wrote there. */
#include "redisd.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

enum { DATA_NODES = 3, SENTINELS = 3, QUORUM = 2, FAILOVER_TIMEOUT_MS = 3000 };

#define GROUP "mymaster"

static bool configure_node(struct deployment *d, struct server *s)
{
    FILE *conf = server_configure(s);

    if (conf == NULL)
        return false;
    fprintf(conf,
            "port %d\nbind 127.0.0.1\nsave \"\"\nappendonly no\nrepl-diskless-sync yes\n"
            "repl-diskless-sync-delay 0\n",
            s->port);
    if (s != &d->servers[0])
        fprintf(conf, "replicaof 127.0.0.1 %d\n", d->servers[0].port);
    server_extra(conf, d);
    return fclose(conf) == 0;
}

/* Ids that tell the sentinels apart, and nothing else. */
static void print_id(FILE *conf, const struct server *s)
{
    fprintf(conf, "%040d", s->port);
}

static bool configure_sentinel(struct deployment *d, struct server *s)
{
    FILE *conf = server_configure(s);

    if (conf == NULL)
        return false;
    s->sentinel = true;
    fprintf(conf, "port %d\nbind 127.0.0.1\nsentinel monitor " GROUP " 127.0.0.1 %d %d\n", s->port,
            d->servers[0].port, QUORUM);
    fprintf(conf, "sentinel down-after-milliseconds " GROUP " %d\n", d->failure_ms);
    fprintf(conf, "sentinel failover-timeout " GROUP " %d\n", FAILOVER_TIMEOUT_MS);
    fprintf(conf, "sentinel parallel-syncs " GROUP " %d\n", DATA_NODES - 1);
    for (int i = 1; i < DATA_NODES; i++)
        fprintf(conf, "sentinel known-replica " GROUP " 127.0.0.1 %d\n", d->servers[i].port);
    for (int i = DATA_NODES; i < DATA_NODES + SENTINELS; i++) {
        if (&d->servers[i] == s)
            continue;
        fprintf(conf, "sentinel known-sentinel " GROUP " 127.0.0.1 %d ", d->servers[i].port);
        print_id(conf, &d->servers[i]);
        fputc('\n', conf);
    }
    fprintf(conf, "sentinel myid ");
    print_id(conf, s);
    fputc('\n', conf);
    return fclose(conf) == 0;
}

static bool prepare(struct deployment *d)
{
    static const char *const names[] = {"server1",   "server2",   "server3",
                                        "sentinel1", "sentinel2", "sentinel3"};

    for (int i = 0; i < DATA_NODES + SENTINELS; i++) {
        struct server *s = server_add(d, names[i]);

        if (s == NULL || (s->port = hold_port(s, false)) < 0)
            return false;
    }
    for (int i = 0; i < DATA_NODES; i++)
        if (!configure_node(d, &d->servers[i]))
            return false;
    for (int i = DATA_NODES; i < DATA_NODES + SENTINELS; i++)
        if (!configure_sentinel(d, &d->servers[i]))
            return false;
    snprintf(d->url, sizeof d->url,
             "redis-sentinel://127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d/?master=" GROUP,
             d->servers[3].port, d->servers[4].port, d->servers[5].port);
    return true;
}

/* The value of a field in a flat list of names and values; "": there is none. */
static const char *field(const redisReply *row, const char *name)
{
    for (size_t i = 0; i + 1 < row->elements; i += 2)
        if (strcmp(row->element[i]->str, name) == 0)
            return row->element[i + 1]->str;
    return "";
}

static bool sees_the_master(const struct server *s)
{
    redisReply *row = server_ask(s, "SENTINEL MASTER " GROUP);
    bool yes = row != NULL && strcmp(field(row, "flags"), "master") == 0 &&
               strcmp(field(row, "num-slaves"), "2") == 0 &&
               strcmp(field(row, "num-other-sentinels"), "2") == 0;

    freeReplyObject(row);
    return yes;
}

static bool sees_the_replicas(const struct server *s)
{
    redisReply *rows = server_ask(s, "SENTINEL REPLICAS " GROUP);
    bool yes = rows != NULL && rows->elements == DATA_NODES - 1;

    for (size_t i = 0; yes && i < rows->elements; i++)
        yes = strcmp(field(rows->element[i], "flags"), "slave") == 0 &&
              strcmp(field(rows->element[i], "master-link-status"), "ok") == 0;
    freeReplyObject(rows);
    return yes;
}

static bool sees_the_sentinels(const struct server *s)
{
    redisReply *rows = server_ask(s, "SENTINEL SENTINELS " GROUP);
    bool yes = rows != NULL && rows->elements == SENTINELS - 1;

    for (size_t i = 0; yes && i < rows->elements; i++)
        yes = strcmp(field(rows->element[i], "flags"), "sentinel") == 0;
    freeReplyObject(rows);
    return yes;
}

static struct server *master(struct deployment *d)
{
    for (size_t i = DATA_NODES; i < d->count; i++) {
        redisReply *address;
        int port = 0;

        if (d->servers[i].pid == 0)
            continue;
        address = server_ask(&d->servers[i], "SENTINEL GET-MASTER-ADDR-BY-NAME " GROUP);
        if (address != NULL && address->elements == 2)
            port = atoi(address->element[1]->str);
        freeReplyObject(address);
        for (size_t k = 0; k < DATA_NODES; k++)
            if (d->servers[k].port == port)
                return &d->servers[k];
    }
    return &d->servers[0];
}

static bool settled(struct deployment *d)
{
    const struct server *now = master(d);

    for (size_t i = 0; i < d->count; i++) {
        const struct server *s = &d->servers[i];

        if (s->sentinel ? !sees_the_master(s) || !sees_the_replicas(s) || !sees_the_sentinels(s)
                        : s != now && !server_follows(s))
            return false;
    }
    return true;
}

const struct topology topology_sentinel = {
    .name = "sentinel", .prepare = prepare, .settled = settled, .master = master};
