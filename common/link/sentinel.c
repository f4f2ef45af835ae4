/* SPDX-License-Identifier: MIT */
/* All sentinels are asked in rounds: when a session wants to know where to go, when one of
 * them announces a switch, and every ten seconds, as an announcement can be missed and a
 * master that is cut off does not know it. The end of a round, and all that follows from
 * it, happens in a timer: never within a handler of one of the connections. */
#include "link/sentinel.h"

#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/errors.h"
#include "link/sentinel_peer.h"

enum {
    MAX_PEERS = 64,
    POLL_MS = 10000,
    MOST_MS = 250, /* the patience of a round if most have answered, */
    SOME_MS = 1000 /* and if one has; with none it is half the connect timeout */
};

struct sio__sentinels {
    sio_link *link;
    sio_buf question;
    struct sio__sentinel_peer *peers[MAX_PEERS];
    unsigned npeers;
    struct event *timer; /* the end of the round; or the next one */
    bool asking;         /* a round is under way, since: */
    uint32_t asked_ms;
    bool again;   /* another one must follow: what was heard in this one may be old */
    bool lenient; /* who is connected may stay there for now */
    bool telling; /* the master is as fresh as can be */
    bool ended;
    struct sio__place master; /* the last round's; */
    int64_t epoch;            /* that convinced last; -1: none */
    struct sio__session *sessions;
    struct sio__session *walk; /* where somebody is walking them */
};

const sio_buf *sio__sentinels_question(const struct sio__sentinels *sentinels)
{
    return &sentinels->question;
}

static void set_timer(struct sio__sentinels *sentinels, uint32_t ms)
{
    struct timeval after = {ms / 1000, ms % 1000 * 1000};

    evtimer_add(sentinels->timer, &after);
}

/* -- a round -- */

/* Milliseconds that it may go on; 0: it is over. */
static uint32_t round_left(const struct sio__sentinels *sentinels)
{
    uint32_t limit = sentinels->link->config.connect_timeout_ms / 2;
    uint32_t elapsed = sio__now_ms() - sentinels->asked_ms;
    unsigned settled = 0, answered = 0;

    for (unsigned i = 0; i < sentinels->npeers; i++) {
        const struct sio__sentinel_peer *peer = sentinels->peers[i];

        settled += peer->settled;
        answered += peer->settled && peer->view.valid;
    }
    if (settled == sentinels->npeers)
        return 0;
    if (answered * 2 > sentinels->npeers && limit > MOST_MS)
        limit = MOST_MS;
    else if (answered > 0 && limit > SOME_MS)
        limit = SOME_MS;
    return elapsed < limit ? limit - elapsed : 0;
}

static void begin_round(struct sio__sentinels *sentinels)
{
    sentinels->asking = true;
    sentinels->again = false;
    sentinels->asked_ms = sio__now_ms();
    for (unsigned i = 0; i < sentinels->npeers; i++) {
        sentinels->peers[i]->named = false;
        sio__sentinel_peer_ask(sentinels->peers[i], sentinels->asked_ms);
    }
    set_timer(sentinels, round_left(sentinels));
}

void sio__sentinels_settled(struct sio__sentinels *sentinels)
{
    bool news = false;

    if (sentinels->ended)
        return;
    for (unsigned i = 0; i < sentinels->npeers; i++) {
        const struct sio__sentinel_view *view = &sentinels->peers[i]->view;

        news = news || (view->valid && view->epoch > sentinels->epoch);
    }
    if (sentinels->asking)
        set_timer(sentinels, round_left(sentinels));
    else if (news) /* from one that was too late for its round */
        set_timer(sentinels, 0);
}

/* Between promotion and switch the old master may still be at work, with all the servers that
 * are subscribed there: who is connected stays until the switch, and moves with them. */
void sio__sentinels_announced(struct sio__sentinels *sentinels, bool over, const char *message)
{
    if (sentinels->ended || !sio__sentinel_is_about(message, sentinels->link->config.url.master))
        return;
    sentinels->lenient = !over && (!sentinels->asking || sentinels->lenient);
    if (sentinels->asking)
        sentinels->again = true;
    else
        set_timer(sentinels, 0);
}

/* -- what they know of each other -- */

static struct sio__sentinel_peer *find_peer(const struct sio__sentinels *sentinels,
                                            const struct sio__sentinel_other *other)
{
    for (unsigned i = 0; i < sentinels->npeers; i++) {
        struct sio__sentinel_peer *peer = sentinels->peers[i];

        if (sio__place_same(&peer->place, &other->place) ||
            (other->id[0] != '\0' && strcmp(peer->id, other->id) == 0))
            return peer;
    }
    return NULL;
}

static void learn(struct sio__sentinels *sentinels, const struct sio__sentinel_other *other)
{
    struct sio__sentinel_peer *peer = find_peer(sentinels, other);

    if (peer == NULL) {
        /* Without memory, or with so many: it is not needed. */
        if (sentinels->npeers == MAX_PEERS ||
            sio__sentinel_peer_new(sentinels, sentinels->link, &other->place, &peer) != SIO_OK)
            return;
        peer->learned = true;
        snprintf(peer->id, sizeof peer->id, "%s", other->id);
        sentinels->peers[sentinels->npeers++] = peer;
        sio__session_start(&peer->session);
    }
    peer->named = true;
}

static void remove_peer(struct sio__sentinels *sentinels, unsigned index)
{
    struct sio__sentinel_peer *peer = sentinels->peers[index];

    sentinels->npeers--;
    for (unsigned i = index; i < sentinels->npeers; i++)
        sentinels->peers[i] = sentinels->peers[i + 1];
    sio__sentinel_peer_free(peer);
}

static bool is_double(const struct sio__sentinels *sentinels, const struct sio__sentinel_peer *peer)
{
    for (unsigned i = 0; i < sentinels->npeers; i++) {
        const struct sio__sentinel_peer *other = sentinels->peers[i];

        if (other == peer)
            return false;
        if (peer->id[0] != '\0' && strcmp(peer->id, other->id) == 0)
            return true;
    }
    return false;
}

/* Learn who else is there; forget those that were learned and are gone, or are, by another
 * name, there already. */
static void look_around(struct sio__sentinels *sentinels)
{
    unsigned npeers = sentinels->npeers;
    bool told = false;

    for (unsigned i = 0; i < npeers; i++) {
        struct sio__listing *others = &sentinels->peers[i]->others;
        struct sio__sentinel_other other;
        size_t index = 0;

        while (others->count > 0 && sio__sentinel_read_other(others, &index, &other)) {
            told = true;
            learn(sentinels, &other);
        }
        sio__answer_fini(others);
    }
    for (unsigned i = npeers; i-- > 0;) {
        const struct sio__sentinel_peer *peer = sentinels->peers[i];

        if (peer->learned &&
            ((told && !peer->named && !peer->view.valid) || is_double(sentinels, peer)))
            remove_peer(sentinels, i);
    }
}

/* -- telling the sessions -- */

static void walk_sessions(struct sio__sentinels *sentinels,
                          void (*tell)(struct sio__sentinels *sentinels,
                                       struct sio__session *session, const void *what),
                          const void *what)
{
    sentinels->walk = sentinels->sessions;
    while (sentinels->walk != NULL && !sentinels->ended) {
        struct sio__session *session = sentinels->walk;

        sentinels->walk = session->next;
        tell(sentinels, session, what);
    }
    sentinels->walk = NULL;
}

struct failure {
    sio_status status;
    char text[SIO__REASON_MAX];
};

static void tell_failure(struct sio__sentinels *sentinels, struct sio__session *session,
                         const void *what)
{
    const struct failure *failure = what;

    (void)sentinels;
    if (session->state == SIO__SESSION_LOCATING)
        sio__session_lose(session, failure->status, failure->text);
}

static void tell_place(struct sio__sentinels *sentinels, struct sio__session *session,
                       const void *what)
{
    const struct sio__place *place = what;

    (void)sentinels;
    if (session->state == SIO__SESSION_LOCATING)
        sio__session_located(session, place);
}

static void tell_move(struct sio__sentinels *sentinels, struct sio__session *session,
                      const void *what)
{
    const struct sio__place *place = what;
    char text[SIO__REASON_MAX], where[SIO__PLACE_TEXT];

    if (session->state == SIO__SESSION_LOCATING || sio__place_same(&session->place, place) ||
        (session->state == SIO__SESSION_UP && sentinels->lenient))
        return;
    sio__place_print(place, where, sizeof where);
    snprintf(text, sizeof text, "Sentinel names another master: %.150s", where);
    sio__session_lose(session, SIO_ECONN, text);
    sio__session_retry(session);
}

static void log_master(const struct sio__sentinels *sentinels, unsigned votes)
{
    char where[SIO__PLACE_TEXT], name[64];

    sio__place_print(&sentinels->master, where, sizeof where);
    sio__printable(name, sizeof name, sio_str_c(sentinels->link->config.url.master));
    sio__link_log(sentinels->link, SIO__LOG_SENTINEL, SIO_LOG_INFO,
                  "the master '%s' is %.150s, as %u of %u sentinels say", name, where, votes,
                  sentinels->npeers);
}

static void tell_master(struct sio__sentinels *sentinels, const struct sio__sentinel_view *chosen,
                        unsigned votes)
{
    struct sio__place place = chosen->master;
    bool convincing =
        sio__sentinel_convinces(chosen->epoch, votes, sentinels->npeers, sentinels->epoch);

    if (convincing) {
        bool moved = !sio__place_same(&sentinels->master, &place);

        sentinels->epoch = chosen->epoch;
        sentinels->master = place;
        if (moved)
            log_master(sentinels, votes);
    }
    walk_sessions(sentinels, tell_place, &place);
    if (!convincing)
        return;
    sentinels->telling = true;
    walk_sessions(sentinels, tell_move, &place);
    sentinels->telling = false;
}

static void end_round(struct sio__sentinels *sentinels)
{
    struct sio__sentinel_view views[MAX_PEERS];
    struct failure failure;
    unsigned votes;
    int chosen;

    for (unsigned i = 0; i < sentinels->npeers; i++)
        views[i] = sentinels->peers[i]->view;
    chosen = sio__sentinel_choose(views, sentinels->npeers, &votes);
    sentinels->asking = false;
    set_timer(sentinels, sentinels->again ? 0 : POLL_MS);
    if (chosen >= 0) {
        tell_master(sentinels, &views[chosen], votes);
    } else {
        failure.status = sio__sentinel_peers_explain(sentinels->peers, sentinels->npeers,
                                                     sentinels->link->config.url.master,
                                                     failure.text, sizeof failure.text);
        walk_sessions(sentinels, tell_failure, &failure);
    }
    sentinels->lenient = sentinels->lenient && sentinels->again;
    if (!sentinels->ended)
        look_around(sentinels);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct sio__sentinels *sentinels = arg;
    sio_link *link = sentinels->link;

    (void)fd;
    (void)what;
    sio__link_enter(link);
    if (!sentinels->asking)
        begin_round(sentinels);
    else if (round_left(sentinels) > 0)
        set_timer(sentinels, round_left(sentinels));
    else
        end_round(sentinels);
    sio__link_service(link);
    sio__link_leave(link);
}

/* -- sessions -- */

static void follow(struct sio__sentinels *sentinels, struct sio__session *session)
{
    if (session->sentinels != NULL)
        return;
    session->sentinels = sentinels;
    session->next = sentinels->sessions;
    sentinels->sessions = session;
}

void sio__session_unfollow(struct sio__session *session)
{
    struct sio__sentinels *sentinels = session->sentinels;
    struct sio__session **at;

    if (sentinels == NULL)
        return;
    for (at = &sentinels->sessions; *at != session;)
        at = &(*at)->next;
    *at = session->next;
    if (sentinels->walk == session)
        sentinels->walk = session->next;
    session->sentinels = NULL;
}

bool sio__sentinels_locate(struct sio__sentinels *sentinels, struct sio__session *session,
                           struct sio__place *place)
{
    follow(sentinels, session);
    if (sentinels->telling) {
        *place = sentinels->master;
        return true;
    }
    snprintf(session->peer, sizeof session->peer, "the sentinels");
    if (!sentinels->asking)
        begin_round(sentinels);
    return false;
}

/* -- begin and end -- */

static sio_status write_question(struct sio__sentinels *sentinels)
{
    const char *name = sentinels->link->config.url.master;
    const char *const commands[][3] = {{"SENTINEL", "GET-MASTER-ADDR-BY-NAME", name},
                                       {"SENTINEL", "MASTER", name},
                                       {"SENTINEL", "MYID", NULL},
                                       {"SENTINEL", "SENTINELS", name}};
    sio_status status = SIO_OK;

    for (size_t i = 0; i < sizeof commands / sizeof commands[0] && status == SIO_OK; i++) {
        char *command = NULL;
        long long len = redisFormatCommandArgv(&command, commands[i][2] != NULL ? 3 : 2,
                                               (const char **)commands[i], NULL);

        if (len < 0)
            return SIO_ENOMEM;
        status = sio_buf_append(&sentinels->question, command, (size_t)len);
        redisFreeCommand(command);
    }
    return status;
}

/* Have the loop reserve memory for all timers, so that none fails to be set later: a round
 * without one would not end. */
static sio_status reserve_timers(struct sio__sentinels *sentinels)
{
    static const struct timeval far = {3600, 0};
    bool ok = evtimer_add(sentinels->timer, &far) == 0;

    for (unsigned i = 0; i < sentinels->npeers; i++)
        ok = ok && evtimer_add(sentinels->peers[i]->session.timer, &far) == 0;
    evtimer_del(sentinels->timer);
    for (unsigned i = 0; i < sentinels->npeers; i++)
        evtimer_del(sentinels->peers[i]->session.timer);
    return ok ? SIO_OK : SIO_ENOMEM;
}

static sio_status add_peers(struct sio__sentinels *sentinels, const struct sio__url *url)
{
    for (unsigned i = 0; i < url->nhosts; i++) {
        struct sio__place place;
        sio_status status;

        sio__place_set(&place, url->hosts[i].host, url->hosts[i].port); /* the URL's fit */
        status = sio__sentinel_peer_new(sentinels, sentinels->link, &place, &sentinels->peers[i]);
        if (status != SIO_OK)
            return status;
        sentinels->npeers++;
    }
    return SIO_OK;
}

sio_status sio__sentinels_new(sio_link *link, struct sio__sentinels **out)
{
    struct sio__sentinels *sentinels = calloc(1, sizeof *sentinels);
    sio_status status;

    if (sentinels == NULL)
        return SIO_ENOMEM;
    sentinels->link = link;
    sentinels->epoch = -1;
    sio_buf_init(&sentinels->question);
    sentinels->timer = evtimer_new(link->base, on_timer, sentinels);
    status = sentinels->timer != NULL ? write_question(sentinels) : SIO_ENOMEM;
    if (status == SIO_OK)
        status = add_peers(sentinels, &link->config.url);
    if (status == SIO_OK)
        status = reserve_timers(sentinels);
    if (status != SIO_OK) {
        sio__sentinels_free(sentinels);
        return status;
    }
    *out = sentinels;
    return SIO_OK;
}

void sio__sentinels_end(struct sio__sentinels *sentinels)
{
    if (sentinels == NULL)
        return;
    sentinels->ended = true;
    evtimer_del(sentinels->timer);
    for (unsigned i = 0; i < sentinels->npeers; i++)
        sio__session_end(&sentinels->peers[i]->session);
}

void sio__sentinels_free(struct sio__sentinels *sentinels)
{
    if (sentinels == NULL)
        return;
    while (sentinels->sessions != NULL)
        sio__session_unfollow(sentinels->sessions);
    for (unsigned i = 0; i < sentinels->npeers; i++)
        sio__sentinel_peer_free(sentinels->peers[i]);
    if (sentinels->timer != NULL)
        event_free(sentinels->timer);
    sio_buf_fini(&sentinels->question);
    free(sentinels);
}

void sio__sentinels_after_fork(struct sio__sentinels *sentinels)
{
    for (unsigned i = 0; sentinels != NULL && i < sentinels->npeers; i++)
        sio__session_after_fork(&sentinels->peers[i]->session);
}
