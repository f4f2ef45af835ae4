/* SPDX-License-Identifier: MIT */
#include "link/resolve.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "link/helper.h"

struct sio__resolve {
    struct sio__job job;
    char *host;
    char port[6];
    struct addrinfo hints;
    int code;
    struct addrinfo *list; /* NULL unless code is 0 */
};

static void look_up(struct sio__job *job)
{
    struct sio__resolve *request = (struct sio__resolve *)job;

    request->code = getaddrinfo(request->host, request->port, &request->hints, &request->list);
    if (request->code != 0)
        request->list = NULL;
}

static void destroy(struct sio__job *job)
{
    struct sio__resolve *request = (struct sio__resolve *)job;

    if (request->list != NULL)
        freeaddrinfo(request->list);
    free(request->host);
    free(request);
}

static int ai_family(sio_link_family family)
{
    return family == SIO_FAMILY_IPV4 ? AF_INET : family == SIO_FAMILY_IPV6 ? AF_INET6 : AF_UNSPEC;
}

/* A numeric host is no work. */
static sio_status begin(struct sio__resolve *request)
{
    request->hints.ai_socktype = SOCK_STREAM;
    request->hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    look_up(&request->job);
    if (request->code == 0) {
        sio__job_set_done(&request->job);
        return SIO_OK;
    }
    request->hints.ai_flags = AI_NUMERICSERV;
    return sio__job_start(&request->job);
}

sio_status sio__resolve_start(const char *host, uint16_t port, sio_link_family family,
                              struct sio__resolve **out)
{
    struct sio__resolve *request = calloc(1, sizeof *request);
    sio_status status;

    if (request == NULL)
        return SIO_ENOMEM;
    snprintf(request->port, sizeof request->port, "%u", (unsigned)port);
    request->hints.ai_family = ai_family(family);
    request->host = strdup(host);
    status = request->host == NULL ? SIO_ENOMEM : sio__job_init(&request->job, look_up, destroy);
    if (status != SIO_OK) {
        destroy(&request->job);
        return status;
    }
    status = begin(request);
    if (status == SIO_OK)
        *out = request;
    else
        sio__job_drop(&request->job);
    return status;
}

int sio__resolve_fd(const struct sio__resolve *request)
{
    return request->job.fd;
}

int sio__resolve_result(struct sio__resolve *request, const struct addrinfo **list, _Bool *done)
{
    *done = sio__job_done(&request->job);
    *list = *done ? request->list : NULL;
    return *done ? request->code : 0;
}

void sio__resolve_free(struct sio__resolve *request)
{
    sio__job_drop(request != NULL ? &request->job : NULL);
}
