/* SPDX-License-Identifier: MIT */
/* sio-emit: the emitter as a command. From the command line to the exit code: everything
 * that can be wrong without Redis is found before connecting, and standard input is left
 * alone until there is a connection. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sio/emitter.h>

#include "args.h"
#include "config.h"
#include "connect.h"
#include "dry_run.h"
#include "exit_codes.h"
#include "options.h"
#include "outcome.h"
#include "password.h"
#include "report.h"
#include "sender.h"
#include "signals.h"
#include "stream.h"
#include "targets.h"

/* What has to be released at the end. */
struct work {
    struct sender sender;
    struct event_args args;
    sio_target *target;
    sio_emitter *em, *draft; /* draft: without a link, for checks and --dry-run */
};

static int make_target(const struct options *opts, sio_target **out)
{
    sio_status status = sio_target_new(out);

    if (status == SIO_OK)
        status = target_add_list(*out, &opts->to, sio_target_to);
    if (status == SIO_OK)
        status = target_add_list(*out, &opts->except, sio_target_except);
    if (status == SIO_OK)
        target_add_flags(*out, &opts->flags);
    if (status == SIO_EINVAL)
        return report_exit(EXIT_USAGE, "a room of --to or --except is not UTF-8");
    if (status != SIO_OK)
        return report_exit(exit_code_of(status), "%s", sio_status_text(status));
    return EXIT_ACCEPTED;
}

static int make_emitter(sio_link *link, const sio_emitter_opts *bounds, sio_emitter **out)
{
    sio_status status = sio_emitter_new(link, bounds, out);

    if (status == SIO_EINVAL)
        return report_exit(EXIT_USAGE, "the namespace or prefix is not UTF-8");
    if (status == SIO_ETOOBIG)
        return report_exit(EXIT_TOOBIG, "the namespace or prefix is longer than %zu bytes",
                           bounds->max_name_bytes);
    if (status != SIO_OK)
        return report_exit(exit_code_of(status), "%s", sio_status_text(status));
    return EXIT_ACCEPTED;
}

static struct request make_request(const struct options *opts, const struct work *work)
{
    struct request request = {
        .op = OP_EMIT,
        .to = work->target,
        .event = sio_str_c(opts->event),
        .args = work->args.before,
    };

    if (opts->server_emit)
        request.op = OP_SERVER_EMIT;
    if (opts->join.count > 0) {
        request.op = OP_JOIN;
        request.rooms = opts->join;
    } else if (opts->leave.count > 0) {
        request.op = OP_LEAVE;
        request.rooms = opts->leave;
    } else if (opts->disconnect != DISCONNECT_NO) {
        request.op = OP_DISCONNECT;
        request.close = opts->disconnect == DISCONNECT_CLOSE;
    }
    return request;
}

/* Refuse before connecting what the emitter would refuse afterwards. */
static int check_request(const struct work *work, const struct request *request)
{
    char why[256];

    sio_status status = dry_run_check(request);
    if (status == SIO_OK)
        return EXIT_ACCEPTED;
    sender_explain(&work->sender, request, status, why, sizeof(why));
    return report_exit(exit_code_of(status), "%s", why);
}

static int prepare(const struct options *opts, struct work *work, struct request *request)
{
    const sio_emitter_opts *bounds = &work->sender.bounds;
    int code = event_args_init(&work->args, &opts->args, bounds->max_packet_bytes);

    if (code == EXIT_ACCEPTED)
        code = make_target(opts, &work->target);
    if (code == EXIT_ACCEPTED)
        code = make_emitter(NULL, bounds, &work->draft);
    if (code != EXIT_ACCEPTED)
        return code;
    *request = make_request(opts, work);
    request->em = work->draft;
    return opts->lines_json ? EXIT_ACCEPTED : check_request(work, request);
}

static int connect_work(const struct options *opts, struct work *work, struct request *request)
{
    struct sender *sender = &work->sender;

    if (opts->dry_run)
        return EXIT_ACCEPTED;
    int code = connect_open(opts, &sender->results, &sender->link);
    if (code == EXIT_ACCEPTED)
        code = make_emitter(sender->link, &sender->bounds, &work->em);
    request->em = work->em;
    return code;
}

static int send_all(const struct options *opts, struct work *work, const struct request *request)
{
    struct sender *sender = &work->sender;
    int code = event_args_finish(&work->args, sender->bounds.max_packet_bytes);

    if (code != EXIT_ACCEPTED)
        return code;
    signals_defer(sender->results.wake_fd);
    if (opts->lines_json)
        code = stream_records(sender, request);
    else if (opts->lines)
        code = stream_lines(sender, request);
    else
        code = stream_repeat(sender, request);
    sio_emitter_free(work->em);
    work->em = NULL;
    return outcome(sender, code);
}

static int run(const struct options *opts)
{
    struct work work = {0};
    struct request request = {0};
    int code = EXIT_INTERNAL;

    if (sender_init(&work.sender, opts))
        code = prepare(opts, &work, &request);
    if (code == EXIT_ACCEPTED)
        code = connect_work(opts, &work, &request);
    if (code == EXIT_ACCEPTED)
        code = send_all(opts, &work, &request);
    sio_emitter_free(work.em);
    sio_emitter_free(work.draft);
    sio_target_free(work.target);
    event_args_free(&work.args);
    sender_fini(&work.sender);
    return code;
}

/* A descriptor opened later must not become a standard stream that was closed: messages
 * would go to Redis. Closed ones read as empty, and fail to be written. */
static void hold_standard_streams(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    struct options opts;

    hold_standard_streams();
    options_init(&opts);
    signals_init();
    int code = options_parse(&opts, argc, argv);
    if (code == EXIT_ACCEPTED && opts.help) {
        code = options_help() ? EXIT_ACCEPTED : EXIT_INTERNAL;
    } else if (code == EXIT_ACCEPTED && opts.version) {
        code = puts("sio-emit " SIO_VERSION) >= 0 && fflush(stdout) == 0 ? EXIT_ACCEPTED
                                                                         : EXIT_INTERNAL;
    } else if (code == EXIT_ACCEPTED) {
        code = config_read(&opts);
        if (code == EXIT_ACCEPTED)
            code = options_check(&opts);
        if (code == EXIT_ACCEPTED)
            code = password_read(&opts);
        if (code == EXIT_ACCEPTED)
            code = run(&opts);
    }
    options_fini(&opts);
    return code;
}
