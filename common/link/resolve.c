/* SPDX-License-Identifier: MIT */
/* At most MAX_HELPERS threads in the process take requests from one queue and end when
 * it is empty: names are needed rarely. A request is shared by its owner and a helper,
 * and freed by the last of them. */
#include "link/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { MAX_HELPERS = 4 };

struct sio__resolve {
    struct sio__resolve *next; /* in the queue */
    char *host;
    char port[6];
    struct addrinfo hints;
    int fd;
    bool queued, done, abandoned; /* these, code and list: under the pool's lock */
    int code;
    struct addrinfo *list;
};

static struct {
    pthread_mutex_t lock;
    struct sio__resolve *first, **last;
    unsigned helpers;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .last = &pool.first};

static void destroy(struct sio__resolve *request)
{
    if (request->list != NULL)
        freeaddrinfo(request->list);
    close(request->fd);
    free(request->host);
    free(request);
}

static void announce(const struct sio__resolve *request)
{
    uint64_t one = 1;

    /* The counter is 0, so it takes this without blocking. */
    while (write(request->fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

static void *helper(void *unused)
{
    struct sio__resolve *request;

    (void)unused;
    pthread_mutex_lock(&pool.lock);
    while ((request = pool.first) != NULL) {
        struct addrinfo *list = NULL;
        int code;

        pool.first = request->next;
        if (pool.first == NULL)
            pool.last = &pool.first;
        request->queued = false;
        pthread_mutex_unlock(&pool.lock);
        code = getaddrinfo(request->host, request->port, &request->hints, &list);
        pthread_mutex_lock(&pool.lock);
        request->code = code;
        request->list = code == 0 ? list : NULL;
        request->done = true;
        if (request->abandoned)
            destroy(request);
        else
            announce(request);
    }
    pool.helpers--;
    pthread_mutex_unlock(&pool.lock);
    return NULL;
}

/* With the pool locked. A host's signals are not for helper threads. */
static bool add_helper(void)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all, old;
    bool started;

    if (pthread_attr_init(&attr) != 0)
        return false;
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    started = pthread_create(&thread, &attr, helper, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    if (started)
        pool.helpers++;
    return started;
}

static sio_status enqueue(struct sio__resolve *request)
{
    sio_status status = SIO_OK;

    pthread_mutex_lock(&pool.lock);
    if (pool.helpers < MAX_HELPERS && !add_helper() && pool.helpers == 0) {
        status = SIO_ESYS;
    } else {
        request->queued = true;
        *pool.last = request;
        pool.last = &request->next;
    }
    pthread_mutex_unlock(&pool.lock);
    return status;
}

static int ai_family(sio_link_family family)
{
    return family == SIO_FAMILY_IPV4 ? AF_INET : family == SIO_FAMILY_IPV6 ? AF_INET6 : AF_UNSPEC;
}

sio_status sio__resolve_start(const char *host, uint16_t port, sio_link_family family,
                              struct sio__resolve **out)
{
    struct sio__resolve *request = calloc(1, sizeof *request);
    sio_status status = SIO_OK;

    if (request == NULL)
        return SIO_ENOMEM;
    snprintf(request->port, sizeof request->port, "%u", (unsigned)port);
    request->host = strdup(host);
    request->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (request->host == NULL || request->fd < 0) {
        status = request->host == NULL ? SIO_ENOMEM : SIO_ESYS;
        goto fail;
    }
    request->hints.ai_family = ai_family(family);
    request->hints.ai_socktype = SOCK_STREAM;
    request->hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    request->code = getaddrinfo(host, request->port, &request->hints, &request->list);
    if (request->code == 0) {
        request->done = true;
        announce(request);
    } else {
        request->list = NULL;
        request->hints.ai_flags = AI_NUMERICSERV;
        status = enqueue(request);
        if (status != SIO_OK)
            goto fail;
    }
    *out = request;
    return SIO_OK;
fail:
    if (request->fd >= 0)
        close(request->fd);
    free(request->host);
    free(request);
    return status;
}

int sio__resolve_fd(const struct sio__resolve *request)
{
    return request->fd;
}

int sio__resolve_result(struct sio__resolve *request, const struct addrinfo **list, _Bool *done)
{
    int code;

    pthread_mutex_lock(&pool.lock);
    *done = request->done;
    *list = request->list;
    code = request->code;
    pthread_mutex_unlock(&pool.lock);
    return code;
}

void sio__resolve_free(struct sio__resolve *request)
{
    bool ours;

    if (request == NULL)
        return;
    pthread_mutex_lock(&pool.lock);
    if (request->queued) {
        struct sio__resolve **at = &pool.first;

        while (*at != request)
            at = &(*at)->next;
        *at = request->next;
        if (*at == NULL)
            pool.last = at;
        request->queued = false;
        ours = true;
    } else {
        ours = request->done;
        request->abandoned = true;
    }
    pthread_mutex_unlock(&pool.lock);
    if (ours)
        destroy(request);
}

void sio__resolve_after_fork(void)
{
    pthread_mutex_init(&pool.lock, NULL);
    pool.first = NULL;
    pool.last = &pool.first;
    pool.helpers = 0;
}
