/* SPDX-License-Identifier: MIT */
/* Which options go together. Each refusal says what to leave out or add. */
#include "options.h"

#include <string.h>

#include "exit_codes.h"
#include "report.h"

static bool is_stdin(const struct arg *arg)
{
    return arg->kind == ARG_STDIN ||
           ((arg->kind == ARG_FILE || arg->kind == ARG_BINARY) && strcmp(arg->text, "-") == 0);
}

/* A unix socket, or sentinels. */
static bool is_no_cluster(const char *url)
{
    return strncmp(url, "unix://", 7) == 0 || strstr(url, "-sentinel://") != NULL;
}

static const char *connection_conflict(const struct options *opts)
{
    if (opts->url != NULL && (opts->host != NULL || opts->port >= 0 || opts->socket != NULL))
        return "-u says where Redis is: leave out -h, -p and -s";
    if (opts->socket != NULL && (opts->host != NULL || opts->port >= 0))
        return "-s says where Redis is: leave out -h and -p";
    if (opts->sentinels != NULL && (opts->url != NULL || opts->host != NULL || opts->port >= 0 ||
                                    opts->socket != NULL || opts->cluster))
        return "--sentinel says where Redis is: leave out -u, -h, -p, -s and -c";
    if ((opts->sentinels != NULL) != (opts->master != NULL))
        return "--sentinel and --master belong together";
    if (opts->sentinels != NULL && (opts->sentinels[0] == '\0' || opts->master[0] == '\0'))
        return "--sentinel wants addresses, and --master a name";
    if (opts->cluster && opts->url != NULL && is_no_cluster(opts->url))
        return "-c is about a cluster, and -u names none of its nodes";
    if (opts->cluster && opts->socket != NULL)
        return "a cluster is not reached by a socket: leave out -c or -s";
    if (opts->cluster && opts->db > 0)
        return "a cluster has no database but 0: leave out -n";
    if (opts->host != NULL && opts->host[0] == '\0')
        return "-h wants a host name or an address";
    if (opts->socket != NULL && opts->socket[0] == '\0')
        return "-s wants the path of a socket";
    if (opts->config != NULL && opts->no_config)
        return "give only one of --config and --no-config";
    if ((opts->password != NULL) + opts->askpass + (opts->pass_file != NULL) > 1)
        return "give only one of -a, --askpass and --pass-file";
    if (opts->tls && opts->socket != NULL)
        return "Redis speaks no TLS on unix sockets: leave out --tls or -s";
    if (opts->insecure && (opts->cacert != NULL || opts->cacertdir != NULL))
        return "--insecure trusts everybody: leave out --cacert and --cacertdir";
    return NULL;
}

static const char *stream_conflict(const struct options *opts)
{
    bool input = opts->lines || opts->lines_json;
    size_t stdins = input;

    if (opts->lines && opts->lines_json)
        return "give only one of -l and --lines-json";
    if (opts->text && !opts->lines)
        return "--text is about lines: add -l";
    if (opts->null_lines && opts->delimiter >= 0)
        return "give only one of --null and --delimiter";
    if ((opts->null_lines || opts->delimiter >= 0) && !input)
        return "--null and --delimiter are about lines: add -l or --lines-json";
    if (opts->repeat == 0)
        return "-r wants a number from 1, or -1 for ever";
    if (opts->repeat != 1 && input)
        return "-r repeats one emit: leave it out with -l and --lines-json";
    if (opts->interval >= 0 && opts->rate > 0)
        return "give only one of -i and --rate";
    for (size_t i = 0; i < opts->args.count; i++)
        stdins += is_stdin(&opts->args.items[i]);
    return stdins > 1 ? "standard input can be used once only" : NULL;
}

static const char *action_conflict(const struct options *opts)
{
    bool sockets =
        opts->join.count > 0 || opts->leave.count > 0 || opts->disconnect != DISCONNECT_NO;

    if ((opts->join.count > 0) + (opts->leave.count > 0) + opts->server_emit +
            (opts->disconnect != DISCONNECT_NO) >
        1)
        return "give only one of --join, --leave, --disconnect and --server-emit";
    if (sockets && (opts->event != NULL || opts->args.count > 0))
        return "--join, --leave and --disconnect send no event: leave out EVENT and its arguments";
    if (sockets && (opts->lines || opts->lines_json))
        return "--join, --leave and --disconnect read no lines: leave out -l and --lines-json";
    if (opts->server_emit && (opts->to.count > 0 || opts->except.count > 0))
        return "--server-emit reaches every server of the namespace: leave out --to and --except";
    if (opts->lines_json && (opts->event != NULL || opts->args.count > 0))
        return "with --lines-json the lines name the events: leave out EVENT and its arguments";
    if (!sockets && !opts->lines_json && opts->event == NULL)
        return "an EVENT is missing; see sio-emit --help";
    return NULL;
}

int options_check(const struct options *opts)
{
    const char *conflict = connection_conflict(opts);

    if (conflict == NULL)
        conflict = stream_conflict(opts);
    if (conflict == NULL)
        conflict = action_conflict(opts);
    if (conflict != NULL)
        return report_exit(EXIT_USAGE, "%s", conflict);
    return EXIT_ACCEPTED;
}
