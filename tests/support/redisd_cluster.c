/* SPDX-License-Identifier: MIT */
/* The topology of a Redis Cluster: three masters with a replica each. The nodes are given
 * the nodes.conf that they would have written when they had found each other; what is left
 * to wait for are the two seconds for which a master that starts takes no writes. */
#include "redisd.h"

#include <hiredis/hiredis.h>
#include <string.h>

enum { MASTERS = 3, NODES = 2 * MASTERS, SLOTS = 16384 };

/* Ids that tell the nodes apart, and nothing else. */
static void print_id(FILE *conf, const struct server *s)
{
    fprintf(conf, "%040d", s->port);
}

static bool write_nodes(struct deployment *d, const struct server *self, const int *bus_ports)
{
    char path[128];
    FILE *nodes;

    snprintf(path, sizeof path, "%s/nodes.conf", self->dir);
    nodes = fopen(path, "we");
    if (nodes == NULL)
        return false;
    for (int i = 0; i < NODES; i++) {
        const struct server *s = &d->servers[i];
        int group = i % MASTERS;

        print_id(nodes, s);
        fprintf(nodes, " 127.0.0.1:%d@%d %s%s ", s->port, bus_ports[i], s == self ? "myself," : "",
                i < MASTERS ? "master" : "slave");
        if (i < MASTERS)
            fputc('-', nodes);
        else
            print_id(nodes, &d->servers[group]);
        fprintf(nodes, " 0 0 %d connected", group + 1);
        if (i < MASTERS)
            fprintf(nodes, " %d-%d", group * SLOTS / MASTERS, (group + 1) * SLOTS / MASTERS - 1);
        fputc('\n', nodes);
    }
    fprintf(nodes, "vars currentEpoch %d lastVoteEpoch 0\n", MASTERS);
    return fclose(nodes) == 0;
}

static bool configure(struct deployment *d, struct server *s, int bus_port)
{
    FILE *conf = server_configure(s);

    if (conf == NULL)
        return false;
    fprintf(conf,
            "port %d\nbind 127.0.0.1\nsave \"\"\nappendonly no\nrepl-diskless-sync yes\n"
            "repl-diskless-sync-delay 0\ncluster-enabled yes\ncluster-port %d\n"
            "cluster-node-timeout %d\ncluster-allow-replica-migration no\n",
            s->port, bus_port, d->failure_ms);
    server_extra(conf, d);
    return fclose(conf) == 0;
}

static bool prepare(struct deployment *d)
{
    int bus_ports[NODES];
    char name[16];

    for (int i = 0; i < NODES; i++) {
        struct server *s;

        snprintf(name, sizeof name, "node%d", i + 1);
        s = server_add(d, name);
        if (s == NULL || (s->port = hold_port(s, false)) < 0 ||
            (bus_ports[i] = hold_port(s, false)) < 0)
            return false;
    }
    for (int i = 0; i < NODES; i++)
        if (!configure(d, &d->servers[i], bus_ports[i]) ||
            !write_nodes(d, &d->servers[i], bus_ports))
            return false;
    snprintf(d->url, sizeof d->url, "redis-cluster://127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d",
             d->servers[0].port, d->servers[1].port, d->servers[2].port);
    return true;
}

static bool says(const struct server *s, const char *command, const char *text)
{
    redisReply *reply = server_ask(s, command);
    bool yes = reply != NULL && reply->str != NULL && strstr(reply->str, text) != NULL;

    freeReplyObject(reply);
    return yes;
}

static bool in_touch(const struct server *s)
{
    return says(s, "CLUSTER INFO", "cluster_state:ok") &&
           says(s, "CLUSTER INFO", "cluster_known_nodes:6") && says(s, "CLUSTER NODES", "master") &&
           !says(s, "CLUSTER NODES", "disconnected") && !says(s, "CLUSTER NODES", "fail");
}

static bool settled(struct deployment *d)
{
    int followers = 0;

    if (!every_server(d, in_touch))
        return false;
    for (size_t i = 0; i < d->count; i++)
        followers += server_follows(&d->servers[i]);
    return followers == NODES - MASTERS;
}

const struct topology topology_cluster = {
    .name = "cluster", .prepare = prepare, .settled = settled};
