/* SPDX-License-Identifier: MIT */
/* Turns counts into at most one line for people and an exit code. */
#include "outcome.h"

#include <inttypes.h>
#include <string.h>

#include "exit_codes.h"
#include "output.h"
#include "report.h"
#include "signals.h"

struct counts {
    uint64_t total, accepted, lost; /* lost: bad lines, refused, failed, unsent */
};

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static int stopped_by_signal(const struct counts *counts, int number)
{
    report("stopped by %s: %" PRIu64 " emit%s accepted by Redis, %" PRIu64 " not%s",
           strsignal(number), counts->accepted, plural(counts->accepted), counts->lost,
           counts->lost > 0 ? " (what was under way may have reached it unanswered)" : "");
    return EXIT_SIGNAL + number;
}

static int one_failed(const struct sender *sender, sio_status status, const char *text)
{
    int code = exit_code_of(status);

    switch (status) {
    case SIO_ENOPERM:
        return report_exit(code, "%s; ACL SETUSER grants it", text);
    case SIO_EXPIRED:
    case SIO_ETIMEDOUT:
        return report_exit(code, "Redis did not answer within %g s (--timeout): %s",
                           (double)sender->opts->answer_timeout / 1000, text);
    case SIO_EREDIS:
        return report_exit(code, "Redis answered: %s", text);
    default:
        return report_exit(code, "not sent: %s", text);
    }
}

static int some_failed(const struct sender *sender, const struct counts *counts)
{
    const struct results *results = &sender->results;
    sio_status status = results->first_status;

    if (!sender->many)
        return one_failed(sender, status, results->first_text);
    if (status == SIO_OK && counts->lost == 1)
        return EXIT_PARTIAL; /* the line that named it has said all */
    if (status == SIO_OK)
        report("%" PRIu64 " of %" PRIu64 " emits were not sent, named above", counts->lost,
               counts->total);
    else
        report("%" PRIu64 " of %" PRIu64 " emits failed; the first that Redis did not take: %s",
               counts->lost, counts->total, results->first_text);
    if (counts->accepted == 0 && sender->refused == 0)
        return exit_code_of(status);
    return EXIT_PARTIAL;
}

static int too_few(const struct sender *sender)
{
    const struct results *results = &sender->results;

    if (sender->many)
        report("%" PRIu64 " emits reached fewer than %" PRId64 " servers (--min-receivers)",
               results->too_few, results->min_receivers);
    else
        report("reached %" PRId64 " server%s, fewer than the %" PRId64 " of --min-receivers",
               results->most, plural((uint64_t)results->most), results->min_receivers);
    return EXIT_PARTIAL;
}

static bool tell_reached(const struct sender *sender, const struct counts *counts)
{
    const struct results *results = &sender->results;

    if (!sender->opts->verbose || sender->opts->json)
        return true;
    if (!sender->many)
        return output_print("reached %" PRId64 " server%s\n", results->most,
                            plural((uint64_t)results->most));
    if (counts->accepted == 0)
        return output_print("nothing was sent\n");
    if (results->fewest == results->most)
        return output_print("%" PRIu64 " emit%s reached %" PRId64 " server%s each\n",
                            counts->accepted, plural(counts->accepted), results->most,
                            plural((uint64_t)results->most));
    return output_print("%" PRIu64 " emits reached %" PRId64 " to %" PRId64 " servers each\n",
                        counts->accepted, results->fewest, results->most);
}

/* After everything has ended. */
static int judge(struct sender *sender, int code, bool late)
{
    struct results *results = &sender->results;
    struct counts counts = {.accepted = atomic_load(&results->accepted)};

    counts.total = sender->sent + sender->refused + sender->unsent;
    counts.lost = counts.total - counts.accepted;
    report_progress(NULL);
    if (signals_caught() != 0)
        return stopped_by_signal(&counts, signals_caught());
    if (sender->stdout_failed)
        return EXIT_INTERNAL;
    if (atomic_load(&results->fatal))
        return report_exit(EXIT_AUTH, "%s; %" PRIu64 " of %" PRIu64 " emits were not accepted",
                           results->fatal_text, counts.lost, counts.total);
    if (code != EXIT_ACCEPTED)
        return code;
    if (late)
        return report_exit(EXIT_TIMEOUT, "%" PRIu64 " emits were not answered in time",
                           counts.lost);
    if (counts.lost > 0)
        return some_failed(sender, &counts);
    if (!tell_reached(sender, &counts))
        return EXIT_INTERNAL;
    if (results->too_few > 0)
        return too_few(sender);
    if (results->lines_lost)
        return report_exit(EXIT_INTERNAL, "out of memory: lines of --json are missing");
    return EXIT_ACCEPTED;
}

static int judge_dry_run(const struct sender *sender, int code)
{
    if (signals_caught() != 0)
        return EXIT_SIGNAL + signals_caught();
    if (sender->stdout_failed)
        return EXIT_INTERNAL;
    return code == EXIT_ACCEPTED && sender->refused > 0 ? EXIT_PARTIAL : code;
}

int outcome(struct sender *sender, int code)
{
    bool late = false;

    if (sender->link == NULL)
        return judge_dry_run(sender, code);
    sender_wait(sender, &late);
    /* Fails what is left, and runs the completions of that. */
    sio_link_free(sender->link);
    sender->link = NULL;
    sender_print(sender);
    return judge(sender, code, late);
}
