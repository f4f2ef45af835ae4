/* SPDX-License-Identifier: MIT */
/* The topologies of one server: on a unix socket, on TCP, on TCP with TLS alone. */
#include "redisd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static FILE *configure(struct deployment *d, bool tcp)
{
    struct server *s = server_add(d, "server");
    FILE *conf;

    if (s == NULL)
        return NULL;
    if (tcp)
        s->port = hold_port(s, true);
    conf = s->port < 0 ? NULL : server_configure(s);
    if (conf != NULL)
        fprintf(conf, "bind 127.0.0.1 -::1\nsave \"\"\nappendonly no\n");
    return conf;
}

static bool finish(struct deployment *d, FILE *conf)
{
    server_extra(conf, d);
    return fclose(conf) == 0;
}

static bool prepare_unix(struct deployment *d)
{
    FILE *conf = configure(d, false);

    if (conf == NULL)
        return false;
    fprintf(conf, "port 0\n");
    snprintf(d->url, sizeof d->url, "unix://%s", d->servers[0].socket_path);
    return finish(d, conf);
}

static bool prepare_tcp(struct deployment *d)
{
    FILE *conf = configure(d, true);

    if (conf == NULL)
        return false;
    fprintf(conf, "port %d\n", d->servers[0].port);
    snprintf(d->url, sizeof d->url, "redis://127.0.0.1:%d", d->servers[0].port);
    return finish(d, conf);
}

static bool make_certificates(const char *dir)
{
    int status = -1;
    pid_t pid;

    if (mkdir(dir, 0755) < 0)
        return false;
    pid = fork();
    if (pid == 0) {
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execl(SIO_MAKE_CERTS, SIO_MAKE_CERTS, dir, (char *)NULL);
        fprintf(stderr, "sio-redisd: %s: %s\n", SIO_MAKE_CERTS, strerror(errno));
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool prepare_tls(struct deployment *d)
{
    char certificates[80];
    FILE *conf;

    snprintf(certificates, sizeof certificates, "%s/certificates", d->dir);
    snprintf(d->ca, sizeof d->ca, "%s/ca.crt", certificates);
    if (!make_certificates(certificates))
        return false;
    conf = configure(d, true);
    if (conf == NULL)
        return false;
    fprintf(conf,
            "port 0\ntls-port %d\ntls-ca-cert-file %s\ntls-cert-file %s/server.crt\n"
            "tls-key-file %s/server.key\ntls-auth-clients no\n",
            d->servers[0].port, d->ca, certificates, certificates);
    snprintf(d->url, sizeof d->url, "rediss://127.0.0.1:%d", d->servers[0].port);
    return finish(d, conf);
}

const struct topology topology_unix = {.name = "unix", .prepare = prepare_unix};
const struct topology topology_tcp = {.name = "tcp", .prepare = prepare_tcp};
const struct topology topology_tls = {.name = "tls", .prepare = prepare_tls};
