/* SPDX-License-Identifier: MIT */
/* A backend with several threads that share one emitter and one target; each builds its
 * arguments anew in memory that it keeps. example_threads [URL [EVENTS-PER-THREAD]] */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <sio/emitter.h>

enum { THREADS = 4, WAIT_MS = 5000 };

struct backend {
    sio_emitter *em;
    sio_target *to; /* finished: any number of threads may emit to it */
    int events;
    atomic_int accepted, failed;
};

struct worker {
    struct backend *backend;
    pthread_t thread;
    int number;
};

static void count(sio_emitter *em, const sio_emit_result *result, void *user)
{
    struct backend *backend = user;
    (void)em;
    atomic_fetch_add(result->status == SIO_OK ? &backend->accepted : &backend->failed, 1);
}

/* emit_wait() holds a thread back that is faster than Redis, instead of failing. */
static void *work(void *arg)
{
    struct worker *self = arg;
    struct backend *backend = self->backend;
    sio_args *args;
    if (sio_args_new(&args) != SIO_OK)
        return NULL;
    for (int n = 0; n < backend->events; n++) {
        sio_args_clear(args);
        sio_args_int(args, self->number);
        sio_args_int(args, n);
        sio_status status = sio_emitter_emit_wait(backend->em, backend->to, SIO_STR("tick"), args,
                                                  WAIT_MS, count, backend);
        if (status != SIO_OK) {
            fprintf(stderr, "thread %d: %s\n", self->number, sio_status_text(status));
            break;
        }
    }
    sio_args_free(args);
    return NULL;
}

static void run(struct backend *backend)
{
    struct worker workers[THREADS];
    int started = 0;
    for (; started < THREADS; started++) {
        workers[started] = (struct worker){.backend = backend, .number = started};
        if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0)
            break;
    }
    for (int i = 0; i < started; i++)
        pthread_join(workers[i].thread, NULL);
}

int main(int argc, char **argv)
{
    struct backend backend = {.events = argc > 2 ? atoi(argv[2]) : 250};
    const char *url = argc > 1 ? argv[1] : getenv("REDIS_URL");
    sio_link *link = NULL;
    char err[160];

    sio_link_opts opts;
    sio_link_opts_init(&opts);
    if (url != NULL)
        opts.url = url;
    if (sio_link_new(&opts, &link, err, sizeof err) != SIO_OK) {
        fprintf(stderr, "link: %s\n", err);
        return 1;
    }
    if (sio_emitter_new(link, NULL, &backend.em) == SIO_OK &&
        sio_target_new(&backend.to) == SIO_OK &&
        sio_target_to(backend.to, SIO_STR("news")) == SIO_OK)
        run(&backend);
    sio_link_close(link, WAIT_MS); /* sends what is queued, then every completion has run */
    sio_emitter_free(backend.em);
    sio_link_free(link);
    sio_target_free(backend.to);
    printf("accepted %d, failed %d\n", atomic_load(&backend.accepted),
           atomic_load(&backend.failed));
    return atomic_load(&backend.accepted) == THREADS * backend.events ? 0 : 1;
}
