/* SPDX-License-Identifier: MIT */
/* Join, then notify: all of a user's sockets, on whichever server, enter a room, and the
 * packet for that room reaches them, because one emitter's calls arrive in order.
 * example_join_notify [URL [USER [ORDER]]] */
#include <stdio.h>
#include <stdlib.h>

#include <sio/emitter.h>

enum { FLUSH_MS = 5000 };

/* Each failure has been told by the time the link is freed. */
static void tell(sio_emitter *em, const sio_emit_result *result, void *user)
{
    (void)em;
    if (result->status != SIO_OK)
        fprintf(stderr, "%s: %s\n", (const char *)user, result->text);
    else
        printf("%s: taken by %lld server(s)\n", (const char *)user, (long long)result->receivers);
}

static sio_status join_and_notify(sio_emitter *em, const char *user, const char *order)
{
    static char join[] = "join", notify[] = "notify";
    char user_room[80], order_room[80];
    sio_target *users = NULL, *watchers = NULL;
    sio_args *args = NULL;

    /* The servers put each socket into the room of its user when it connects. */
    snprintf(user_room, sizeof user_room, "user:%s", user);
    snprintf(order_room, sizeof order_room, "order:%s", order);
    const sio_str rooms[] = {sio_str_c(order_room)};
    sio_status status = sio_target_new(&users);
    if (status == SIO_OK)
        status = sio_target_to(users, sio_str_c(user_room));
    if (status == SIO_OK)
        status = sio_target_new(&watchers);
    if (status == SIO_OK)
        status = sio_target_to(watchers, rooms[0]);
    if (status == SIO_OK)
        status = sio_args_new(&args);
    if (status == SIO_OK) {
        sio_args_string(args, sio_str_c(order));
        sio_args_json(args, SIO_STR("{\"state\":\"shipped\",\"parcels\":[1,2]}"), NULL);
        status = sio_emitter_sockets_join(em, users, rooms, 1, tell, join);
    }
    if (status == SIO_OK)
        status = sio_emitter_emit(em, watchers, SIO_STR("order"), args, tell, notify);
    sio_args_free(args);
    sio_target_free(watchers);
    sio_target_free(users);
    return status;
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : getenv("REDIS_URL");
    const char *user = argc > 2 ? argv[2] : "ann";
    const char *order = argc > 3 ? argv[3] : "42";
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
    sio_status status = sio_emitter_new(link, NULL, &em);
    if (status == SIO_OK)
        status = join_and_notify(em, user, order);
    if (status == SIO_OK)
        status = sio_link_flush(link, FLUSH_MS);
    if (status != SIO_OK)
        fprintf(stderr, "emit: %s\n", sio_status_text(status));
    sio_emitter_free(em);
    sio_link_free(link);
    return status == SIO_OK ? 0 : 1;
}
