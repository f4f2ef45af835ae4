/* SPDX-License-Identifier: MIT */
/* What sio-redisd runs: a deployment, which is a number of servers on free loopback ports
 * and private unix sockets, in one temporary directory. */
#ifndef SIO_TESTS_REDISD_H
#define SIO_TESTS_REDISD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

enum { MAX_SERVERS = 6, MAX_HELD = 3 };

/* One process of redis-server, as a data node or as a sentinel. */
struct server {
    char name[16];
    char dir[88];
    char socket_path[104]; /* plaintext in every topology: for probes and observers */
    int port;              /* 0: unix socket only */
    int held[MAX_HELD];    /* bound, never listening: keeps the ports ours while it is down */
    bool sentinel;
    pid_t pid; /* 0: not running */
};

struct deployment;

struct topology {
    const char *name;
    /* Name the servers, take ports, write their configurations and the URL. */
    bool (*prepare)(struct deployment *d);
    /* All servers answer: do they work together, too? NULL: there is nothing to wait for. */
    bool (*settled)(struct deployment *d);
    /* The server that takes writes now; NULL: the first. */
    struct server *(*master)(struct deployment *d);
};

struct deployment {
    const struct topology *topology;
    char dir[64];
    char url[256];
    char ca[96]; /* the file that holds who signed the servers' certificate; "": no TLS */
    struct server servers[MAX_SERVERS];
    size_t count;
    int failure_ms; /* how long a server must be silent to be taken for dead */
    char **extra;   /* arguments of every data node, as on redis-server's command line */
    int nextra;
};

extern const struct topology topology_unix, topology_tcp, topology_tls, topology_sentinel,
    topology_cluster;

/* Set by a signal: leave everything and clean up. */
extern volatile sig_atomic_t ended;

/* -- redisd_server.c -- */

/* A further server of the deployment, not running, with a directory of its own. */
struct server *server_add(struct deployment *d, const char *name);
/* Begin its configuration file with what all servers have. Yours to fclose(). */
FILE *server_configure(struct server *s);
/* What the test wants in the configuration. */
void server_extra(FILE *conf, const struct deployment *d);
bool server_spawn(struct server *s);
/* Wait until it answers; false: it ended, or did not in time. */
bool server_wait(struct server *s);
void server_kill(struct server *s);
void server_copy_log(const struct server *s);

struct redisReply;
/* One command, split at spaces; NULL: no answer. Yours to freeReplyObject(). */
struct redisReply *server_ask(const struct server *s, const char *command);
/* It is a replica in touch with its master. */
bool server_follows(const struct server *s);
/* Every server of the deployment passes. */
bool every_server(struct deployment *d, bool (*passes)(const struct server *));

long long now_ms(void);
void nap(void);

/* -- redisd_ports.c -- */

/* A free loopback port, kept from others by the server's `held`; -1: there is none.
 * both_families: ::1 as well as 127.0.0.1. */
int hold_port(struct server *s, bool both_families);
void release_ports(struct server *s);

#endif
