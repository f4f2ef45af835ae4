/* SPDX-License-Identifier: MIT */
#include "link/helper.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { MAX_HELPERS = 4 };

enum state {
    IDLE,
    QUEUED,
    RUNNING,
    DONE,
    LOST /* in the child of a fork(): in the middle of a change, and so left alone */
};

static struct {
    pthread_mutex_t lock;
    struct sio__job *first, **last;
    struct sio__job *running[MAX_HELPERS];
    unsigned helpers;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .last = &pool.first};

sio_status sio__job_init(struct sio__job *job, void (*run)(struct sio__job *job),
                         void (*destroy)(struct sio__job *job))
{
    *job = (struct sio__job){.run = run, .destroy = destroy, .state = IDLE};
    job->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return job->fd >= 0 ? SIO_OK : SIO_ESYS;
}

static void destroy(struct sio__job *job)
{
    close(job->fd);
    job->destroy(job);
}

static void announce(const struct sio__job *job)
{
    uint64_t one = 1;

    /* The counter is 0, so it takes this without blocking. */
    while (write(job->fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

static void enqueue(struct sio__job *job)
{
    job->state = QUEUED;
    job->next = NULL;
    *pool.last = job;
    pool.last = &job->next;
}

static void dequeue(struct sio__job *job)
{
    struct sio__job **at = &pool.first;

    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    if (*at == NULL)
        pool.last = at;
    job->state = IDLE;
}

/* With the pool locked; run() without it. */
static void work(struct sio__job *job)
{
    struct sio__job **slot = pool.running;

    while (*slot != NULL)
        slot++;
    *slot = job;
    job->state = RUNNING;
    pthread_mutex_unlock(&pool.lock);
    job->run(job);
    pthread_mutex_lock(&pool.lock);
    *slot = NULL;
    job->state = DONE;
    if (job->dropped)
        destroy(job);
    else
        announce(job);
}

static void *helper(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&pool.lock);
    while (pool.first != NULL) {
        struct sio__job *job = pool.first;

        dequeue(job);
        work(job);
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

sio_status sio__job_start(struct sio__job *job)
{
    sio_status status = SIO_OK;

    pthread_mutex_lock(&pool.lock);
    if (pool.helpers < MAX_HELPERS && !add_helper() && pool.helpers == 0)
        status = SIO_ESYS;
    else
        enqueue(job);
    pthread_mutex_unlock(&pool.lock);
    return status;
}

void sio__job_set_done(struct sio__job *job)
{
    job->state = DONE;
    announce(job);
}

bool sio__job_done(struct sio__job *job)
{
    bool done;

    pthread_mutex_lock(&pool.lock);
    done = job->state == DONE;
    pthread_mutex_unlock(&pool.lock);
    return done;
}

void sio__job_drop(struct sio__job *job)
{
    bool ours;

    if (job == NULL)
        return;
    pthread_mutex_lock(&pool.lock);
    if (job->state == QUEUED)
        dequeue(job);
    ours = job->state == IDLE || job->state == DONE;
    if (job->state == LOST)
        close(job->fd);
    job->dropped = true;
    pthread_mutex_unlock(&pool.lock);
    if (ours)
        destroy(job);
}

void sio__helpers_before_fork(void)
{
    pthread_mutex_lock(&pool.lock);
}

void sio__helpers_in_parent(void)
{
    pthread_mutex_unlock(&pool.lock);
}

void sio__helpers_in_child(void)
{
    while (pool.first != NULL)
        dequeue(pool.first);
    for (unsigned i = 0; i < MAX_HELPERS; i++) {
        if (pool.running[i] != NULL)
            pool.running[i]->state = LOST;
        pool.running[i] = NULL;
    }
    pool.helpers = 0;
    pthread_mutex_unlock(&pool.lock);
}
