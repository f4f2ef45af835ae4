/* SPDX-License-Identifier: MIT */
/* A program on the installed package. Given the URL of a Redis it emits there; otherwise it
 * opens a link to a Redis that is not there and is told so. */
#include <stdio.h>

#include <sio/emitter.h>

static void on_done(sio_emitter *em, const sio_emit_result *result, void *user)
{
    (void)em;
    *(sio_status *)user = result->status;
}

int main(int argc, char **argv)
{
    sio_status expected = argc > 1 ? SIO_OK : SIO_ECLOSED;
    sio_status told = SIO_EINVAL;
    sio_emitter *em = NULL;
    sio_link *link = NULL;
    sio_link_opts opts;
    char err[256];

    sio_link_opts_init(&opts);
    opts.url = argc > 1 ? argv[1] : "unix:///nonexistent/redis.sock";
    opts.close_timeout_ms = 0;
    if (sio_link_new(&opts, &link, err, sizeof(err)) != SIO_OK) {
        fprintf(stderr, "%s\n", err);
        return 1;
    }
    if (sio_emitter_new(link, NULL, &em) != SIO_OK ||
        sio_emitter_emit(em, NULL, SIO_STR("e"), NULL, on_done, &told) != SIO_OK)
        return 1;
    if (argc > 1)
        sio_link_flush(link, 10000);
    sio_emitter_free(em);
    sio_link_free(link);
    printf("%s\n", sio_status_name(told));
    return told == expected ? 0 : 1;
}
