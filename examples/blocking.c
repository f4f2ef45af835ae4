/* SPDX-License-Identifier: MIT */
/* A backend that waits for the result: one event to a room, flushed, and what became of
 * it. example_blocking [URL], default: $REDIS_URL, then redis://127.0.0.1:6379. */
#include <stdio.h>
#include <stdlib.h>

#include <sio/emitter.h>

enum { FLUSH_MS = 5000 };

struct outcome {
    sio_status status;
    long long servers;
    char text[160];
};

/* Runs on the link's own thread: copy what is borrowed, leave the rest to main(). */
static void note(sio_emitter *em, const sio_emit_result *result, void *user)
{
    struct outcome *outcome = user;
    (void)em;
    outcome->status = result->status;
    outcome->servers = result->receivers;
    snprintf(outcome->text, sizeof outcome->text, "%s", result->text);
}

/* Steps that failed are remembered by `args`, so one check at the emit covers them all. */
static sio_status send_news(sio_emitter *em, struct outcome *outcome)
{
    sio_target *to = NULL;
    sio_args *args = NULL;
    sio_status status = sio_target_new(&to);
    if (status == SIO_OK)
        status = sio_target_to(to, SIO_STR("news"));
    if (status == SIO_OK)
        status = sio_args_new(&args);
    if (status == SIO_OK) {
        sio_args_map_begin(args);
        sio_args_key(args, SIO_STR("n"));
        sio_args_int(args, 1);
        sio_args_map_end(args);
        status = sio_emitter_emit(em, to, SIO_STR("news"), args, note, outcome);
    }
    sio_args_free(args);
    sio_target_free(to);
    return status;
}

int main(int argc, char **argv)
{
    struct outcome outcome = {.status = SIO_ETIMEDOUT, .text = "not sent"};
    const char *url = argc > 1 ? argv[1] : getenv("REDIS_URL");
    sio_link *link = NULL;
    sio_emitter *em = NULL;
    char err[160];

    sio_link_opts opts;
    sio_link_opts_init(&opts);
    if (url != NULL)
        opts.url = url;
    if (sio_link_new(&opts, &link, err, sizeof err) != SIO_OK) {
        fprintf(stderr, "link: %s\n", err);
        return 1;
    }
    /* Waiting is optional: emits queue until Redis is there. It tells at once what is wrong. */
    sio_status status = sio_link_wait_up(link, FLUSH_MS, NULL, err, sizeof err);
    if (status != SIO_OK)
        fprintf(stderr, "Redis: %s\n", status == SIO_ECONN ? err : sio_status_text(status));
    if (status == SIO_OK)
        status = sio_emitter_new(link, NULL, &em);
    if (status == SIO_OK)
        status = send_news(em, &outcome);
    if (status == SIO_OK)
        (void)sio_link_flush(link, FLUSH_MS); /* what came of it is in outcome */
    sio_emitter_free(em);
    sio_link_free(link); /* every completion has run when this returns */

    if (outcome.status != SIO_OK) {
        fprintf(stderr, "emit: %s\n", outcome.text);
        return 1;
    }
    printf("reached %lld server(s)\n", outcome.servers);
    return 0;
}
