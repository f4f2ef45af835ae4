/* SPDX-License-Identifier: MIT */
/** @file sio/link.h
 *  The connection to Redis that emitters and adapters share: it connects,
 *  authenticates, keeps publishes in order while Redis is away, and comes back.
 *
 *  Two ways to run it:
 *  - With an event_base (opts.base) everything happens on that loop, on the
 *    thread that runs it. Every call must come from there; none blocks.
 *  - Without one the link starts an I/O thread of its own. Every call may come
 *    from any thread; callbacks run on the I/O thread.
 *
 *  After fork() every call in the child returns SIO_EFORK; sio_link_free() there
 *  closes descriptors, gives back what memory no other thread can have been
 *  changing, and leaves the parent's link alone. A borrowed event_base is made
 *  the child's own by event_reinit() then. */
#ifndef SIO_LINK_H
#define SIO_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sio/buf.h>
#include <sio/export.h>
#include <sio/status.h>
#include <sio/str.h>
#include <sio/tls.h>

#ifdef __cplusplus
extern "C" {
#endif

struct event_base;
/** One Redis and the publishes on their way to it. */
typedef struct sio_link sio_link;

/** Where the link stands. */
typedef enum sio_link_state {
    SIO_LINK_CONNECTING, /**< resolving, connecting, authenticating */
    SIO_LINK_UP,         /**< publishes are being sent */
    SIO_LINK_DOWN,       /**< waiting for the next attempt */
    SIO_LINK_CLOSED      /**< for good */
} sio_link_state;

/** A change of state. Borrowed until the callback returns. */
typedef struct sio_link_event {
    sio_link_state state;  /**< the new one */
    sio_status status;     /**< SIO_LINK_DOWN: why (SIO_ECONN, SIO_EAUTH, ...); else SIO_OK */
    const char *text;      /**< the reason or the peer's address, for people; never NULL */
    unsigned attempt;      /**< connection attempts since the link was last up */
    unsigned retry_in_ms;  /**< SIO_LINK_DOWN: until the next attempt */
} sio_link_event;

/** On every change of state; SIO_LINK_DOWN also after each failed attempt. */
typedef void sio_link_state_cb(sio_link *link, const sio_link_event *event, void *user);

/** The outbox refused something with SIO_EFULL earlier and has room again (it
 *  has fallen to half its bound). */
typedef void sio_link_writable_cb(sio_link *link, void *user);

/** How serious a line of the log is. */
typedef enum sio_log_level { SIO_LOG_ERROR, SIO_LOG_WARNING, SIO_LOG_INFO, SIO_LOG_DEBUG } sio_log_level;

/** A line for the host's log, without a newline, without secrets and payloads.
 *  At most ten lines a second of one kind; what was left out is counted in the next. */
typedef void sio_link_log_cb(sio_link *link, sio_log_level level, const char *line, void *user);

/** Which addresses of a name to use. */
typedef enum sio_link_family { SIO_FAMILY_ANY, SIO_FAMILY_IPV4, SIO_FAMILY_IPV6 } sio_link_family;

/** Fill with sio_link_opts_init(), then change what differs. Strings are copied. */
typedef struct sio_link_opts {
    const char *url;         /**< default redis://127.0.0.1:6379; see sio_link_new() */
    const char *username;    /**< overrides the URL's; NULL: as the URL says */
    const char *password;    /**< overrides the URL's; NULL: as the URL says; wiped when freed */
    const char *client_name; /**< CLIENT SETNAME; NULL: none */
    struct event_base *base; /**< NULL: the link's own I/O thread; borrowed, must outlive the link */
    sio_link_family family;  /**< default: any */
    sio_tls_opts tls;        /**< default: as the URL's scheme says, and verified */

    unsigned connect_timeout_ms; /**< resolving to ready, per attempt; default 5000 */
    unsigned command_timeout_ms; /**< an answer overdue by this ends the connection; default 5000 */
    unsigned ping_interval_ms;   /**< silence after which a PING asks; default 10000 */
    unsigned close_timeout_ms;   /**< what sio_link_free() may spend on flushing, with an
                                      own thread; default 1000 */

    size_t outbox_bytes;         /**< encoded commands, unanswered ones included; default 16 MiB */
    unsigned outbox_publishes;   /**< default 65,536 */
    unsigned outbox_ttl_ms;      /**< longest wait for an answer; default 30000; 0: for ever */
    bool at_most_once;           /**< do not send again what was unanswered at a disconnection:
                                      it fails with SIO_ECONN instead; default false */

    sio_link_state_cb *on_state;       /**< NULL: not told */
    sio_link_writable_cb *on_writable; /**< NULL: not told */
    sio_link_log_cb *on_log;           /**< NULL: no log */
    void *user;                        /**< for the three above */
} sio_link_opts;

/** Set every default. */
SIO_API void sio_link_opts_init(sio_link_opts *opts);

/** Start connecting. Nothing is waited for: publishes queue until Redis is there.
 *  URLs, by what is behind them; everything after the scheme but the separators may be
 *  percent-encoded, an IPv6 address stands in brackets, its scope after %25:
 *  - one server: redis://[[user]:password@]host[:port][/db], valkey:// the same; with TLS
 *    rediss:// and valkeys://; unix://[[user]:password@]/path[?db=N] for a unix socket
 *  - Sentinel: redis-sentinel://[[user]:password@]host[:port],...[/db]?master=NAME, the hosts
 *    those of sentinels, as many as you know (port 26379), user and password those of the
 *    data nodes; the sentinels' own follow as &sentinel_user=... and &sentinel_password=...
 *    The master is where the link goes, and follows when another becomes it.
 *  - Cluster: redis-cluster://[[user]:password@]host[:port],..., some of its nodes.
 *  rediss-sentinel:// and rediss-cluster:// speak TLS to all of them. A missing host is
 *  127.0.0.1, a missing port 6379; the database may be written /N or ?db=N.
 *  @param opts  Copied; NULL takes every default.
 *  @param out   Yours to sio_link_free(); NULL on failure.
 *  @param err   what is wrong with the URL or options, terminated; NULL allowed
 *  @param errlen  room there, the terminator included
 *  @return SIO_OK, SIO_EINVAL, SIO_ENOMEM or SIO_ESYS (no thread or descriptor). */
SIO_API sio_status sio_link_new(const sio_link_opts *opts, sio_link **out, char *err,
                                size_t errlen);

/** Close at once: what is still queued or unanswered fails with SIO_ECLOSED (after
 *  at most close_timeout_ms of flushing, own thread only). Outside a callback it
 *  returns when all completions have run; inside one it returns at once and they
 *  run before the loop is left. NULL allowed. */
SIO_API void sio_link_free(sio_link *link);

/** Accept nothing more, flush what is there for at most timeout_ms, then fail the
 *  rest with SIO_ECLOSED and close. The handle stays valid for sio_link_free().
 *  Own thread: returns when done, SIO_OK or SIO_ETIMEDOUT (something failed).
 *  Loop, or from a callback: returns SIO_OK at once; SIO_LINK_CLOSED is the end. */
SIO_API sio_status sio_link_close(sio_link *link, unsigned timeout_ms);

/** Wait until Redis has answered everything published so far by any thread.
 *  @return SIO_OK, SIO_ETIMEDOUT, SIO_ECLOSED, SIO_EFORK, or SIO_EDEADLK: on the
 *          I/O thread, or a link on the caller's loop (use sio_link_drain()). */
SIO_API sio_status sio_link_flush(sio_link *link, unsigned timeout_ms);

/** Drained: SIO_OK, or SIO_ECLOSED if the link closed first. */
typedef void sio_link_drain_cb(sio_link *link, sio_status status, void *user);

/** Call back once when everything published so far has ended: on the link's
 *  thread, or if that is so already on the caller's, before the call returns.
 *  @return SIO_OK, SIO_ENOMEM, SIO_ECLOSED or SIO_EFORK (then it is never called). */
SIO_API sio_status sio_link_drain(sio_link *link, sio_link_drain_cb *done, void *user);

/** Own thread only: wait until the outbox takes a command of `bytes` bytes.
 *  @return as sio_link_flush(), or SIO_ETOOBIG (more than the outbox ever takes). */
SIO_API sio_status sio_link_wait_writable(sio_link *link, size_t bytes, unsigned timeout_ms);

/** Own thread only: wait until the link is up, or an attempt to connect has
 *  failed that no call has told of before.
 *  @param link          a link with its own thread
 *  @param timeout_ms    longest wait
 *  @param event_status  the failed attempt's reason, or SIO_OK; NULL allowed
 *  @param err           its text, terminated; NULL allowed
 *  @param errlen        room there, the terminator included
 *  @return SIO_OK (up), SIO_ECONN (an attempt failed), SIO_ETIMEDOUT, ... as flush. */
SIO_API sio_status sio_link_wait_up(sio_link *link, unsigned timeout_ms,
                                    sio_status *event_status, char *err, size_t errlen);

/** How long Redis takes to answer: from the write of a command until its answer has been
 *  read. One command at a time is measured, and one in a turn of the loop; an idle link
 *  measures its PINGs. The percentiles and the longest are those of the last one to two
 *  minutes, 0 if nothing was measured then; percentiles are up to an eighth too long. */
typedef struct sio_round_trips {
    uint64_t count;  /**< measured since the link was made */
    uint64_t sum_us; /**< their sum, in microseconds */
    uint64_t recent; /**< measured in the last one to two minutes: of those */
    uint32_t p50_us; /**< half of them were as fast as this */
    uint32_t p90_us; /**< nine of ten were */
    uint32_t p99_us; /**< 99 of a hundred were */
    uint32_t max_us; /**< the longest */
} sio_round_trips;

/** What a link does, and has done since it was made; a consistent copy. */
typedef struct sio_link_stats {
    sio_link_state state;              /**< now */
    uint32_t connections;              /**< sockets to Redis that are ready for use now: one to
                                            publish, one to subscribe if there is an adapter;
                                            several of each in a cluster */
    uint64_t published;                /**< publishes taken into the outbox */
    uint64_t accepted;                 /**< publishes that Redis took */
    uint64_t failed[SIO_STATUS_COUNT]; /**< publishes that failed, by reason */
    uint64_t refused[SIO_STATUS_COUNT]; /**< publish calls that returned a failure, by reason */
    uint64_t resent;                   /**< publishes sent again after a disconnection */
    uint64_t receivers;                /**< sum of the subscribers that Redis reported */
    uint64_t outbox_publishes;         /**< waiting or unanswered now */
    uint64_t outbox_bytes;             /**< bytes of those */
    uint64_t outbox_publishes_bound;   /**< how many may be; as set */
    uint64_t outbox_bytes_bound;       /**< how many bytes may be; as set */
    uint64_t bytes_out;                /**< written to the sockets */
    uint64_t bytes_in;                 /**< read from them */
    uint64_t connects;                 /**< times the link came up */
    uint64_t reconnects;               /**< of these, again: all but the first */
    uint64_t attempts_failed;          /**< attempts that did not */
    uint64_t disconnects;              /**< times an established connection was lost */
    uint64_t messages;                 /**< that adapters on this link were brought by Redis */
    uint64_t subscriber_disconnects;   /**< times the connection that brings them was lost */
    sio_round_trips round_trips;       /**< of publishes, counts and PINGs */
} sio_link_stats;

/** Copy the counters. @return SIO_OK or SIO_EFORK. */
SIO_API sio_status sio_link_get_stats(sio_link *link, sio_link_stats *out);

/** Append them to a buffer as one JSON object, without a newline. All keys are always there;
 *  later versions may add some. "state" is "connecting", "up", "down" or "closed"; "failed"
 *  and "refused" are objects of counts by sio_status_name(), without SIO_OK; the rest is
 *  integers: connections, connects, reconnects, attempts_failed, disconnects,
 *  subscriber_disconnects, published, accepted, receivers, resent, messages, bytes_out,
 *  bytes_in, an object "outbox" of publishes, bytes, publishes_bound and bytes_bound, and an
 *  object "round_trips" of count, sum_us, recent, p50_us, p90_us, p99_us and max_us.
 *  @param stats  filled by sio_link_get_stats()
 *  @param out    unchanged on failure
 *  @return SIO_OK or SIO_ENOMEM. Threads: any. */
SIO_API sio_status sio_link_stats_json(const sio_link_stats *stats, sio_buf *out);

#ifdef __cplusplus
}
#endif

#endif
