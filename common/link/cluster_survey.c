/* SPDX-License-Identifier: MIT */
/* One node after the other is asked: whether the cluster is up as it sees it, who it is, and who
 * has which slot. After a quarter of a second the next one is asked besides, as a dead address
 * says nothing. The first that sees the cluster up is believed; if none does, one that is down
 * is better than none. */
#include "link/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "link/impl.h"
#include "link/inquiry.h"

enum {
    STAGGER_MS = 250,
    PATIENCE_MS = 1000 /* with one node, if there are others */
};

static void add(struct sio__survey *survey, const struct sio__place *place)
{
    for (unsigned i = 0; i < survey->count; i++) {
        if (sio__place_same(&survey->candidates[i], place))
            return;
    }
    survey->candidates[survey->count++] = *place;
}

/* From a node picked at random on, so that not all links ask the same one. */
static void add_nodes(struct sio__survey *survey, const struct sio__slot_map *map, bool masters,
                      bool failed)
{
    uint32_t from = 0;

    if (getrandom(&from, sizeof from, GRND_NONBLOCK) < 0)
        from = 0;
    for (unsigned i = 0; i < map->count; i++) {
        const struct sio__node *node = &map->nodes[(from % map->count + i) % map->count];

        if (node->is_master == masters && node->failed == failed)
            add(survey, &node->place);
    }
}

/* Home first, whose word counts most; but last if it is in doubt. */
static bool list_candidates(struct sio__cluster *cluster)
{
    struct sio__survey *survey = &cluster->survey;
    const struct sio__url *url = &cluster->link->config.url;
    const struct sio__slot_map *map = cluster->map;
    struct sio__place *candidates =
        realloc(survey->candidates,
                ((map != NULL ? map->count : 0) + url->nhosts + 1) * sizeof *candidates);
    struct sio__place seed;

    if (candidates == NULL)
        return false;
    survey->candidates = candidates;
    survey->count = survey->next = 0;
    if (cluster->home.port != 0 && !cluster->leaving)
        add(survey, &cluster->home);
    if (map != NULL) {
        add_nodes(survey, map, true, false);
        add_nodes(survey, map, false, false);
    }
    for (unsigned i = 0; i < url->nhosts; i++) {
        if (sio__place_set(&seed, url->hosts[i].host, url->hosts[i].port))
            add(survey, &seed);
    }
    if (map != NULL) {
        add_nodes(survey, map, true, true);
        add_nodes(survey, map, false, true);
    }
    return survey->count > 0;
}

/* -- answers -- */

static void conclude(struct sio__cluster *cluster)
{
    struct sio__survey *survey = &cluster->survey;
    struct sio__finding second = survey->second;
    char text[SIO__REASON_MAX];

    survey->second.map = NULL;
    sio__survey_stop(cluster);
    if (second.place.port != 0) {
        sio__cluster_found(cluster, &second);
        return;
    }
    snprintf(text, sizeof text, "%s", survey->text);
    sio__cluster_not_found(cluster, survey->status, text);
}

static bool is_asking(const struct sio__survey *survey)
{
    for (unsigned i = 0; i < SIO__ASKED_MAX; i++) {
        if (survey->asked[i].inquiry != NULL)
            return true;
    }
    return false;
}

/* "cluster_state:fail" among the lines of CLUSTER INFO. */
static bool says_down(const struct sio__listing *info)
{
    const struct sio__token *token = &info->tokens[0];

    return token->type == SIO__TOKEN_TEXT && strstr(token->text, "cluster_state:fail") != NULL;
}

static const char *error_of(const struct sio__listing *answer)
{
    return answer->tokens[0].type == SIO__TOKEN_ERROR ? answer->tokens[0].text : "";
}

/* CLUSTER SHARDS is of Redis 7; CLUSTER SLOTS knows no failed nodes, and no replica of none. */
static sio_status read_map(struct sio__cluster *cluster, const struct sio__place *asked,
                           const struct sio__listing *shards, const struct sio__listing *slots,
                           struct sio__slot_map **map)
{
    bool tls = cluster->link->config.tls != NULL;
    sio_status status = sio__slot_map_read(shards, asked->name, tls, map);

    if (status == SIO_EREDIS)
        status = sio__slot_map_read(slots, asked->name, tls, map);
    return status;
}

static void failed(struct sio__cluster *cluster, sio_status status, const char *text)
{
    struct sio__survey *survey = &cluster->survey;

    survey->status = status;
    snprintf(survey->text, sizeof survey->text, "%s", text);
    survey->next_at_ms = sio__now_ms(); /* the next one at once */
    if (!is_asking(survey) && survey->next == survey->count)
        conclude(cluster);
}

static void take_answers(struct sio__cluster *cluster, const struct sio__place *asked,
                         const struct sio__listing *answers)
{
    struct sio__finding finding = {.place = *asked, .is_down = says_down(&answers[0])};
    sio_status status = read_map(cluster, asked, &answers[2], &answers[3], &finding.map);

    if (status != SIO_OK) {
        snprintf(finding.text, sizeof finding.text, "%s", error_of(&answers[3]));
        if (status != SIO_EREDIS || strncmp(finding.text, "NOPERM", strlen("NOPERM")) != 0) {
            failed(cluster, status, finding.text[0] != '\0' ? finding.text : "no slot map");
            return;
        }
    }
    if (answers[1].tokens[0].type == SIO__TOKEN_TEXT && answers[1].tokens[0].number == SIO__NODE_ID)
        memcpy(finding.id, answers[1].tokens[0].text, SIO__NODE_ID);
    if (finding.is_down) { /* it may be cut off: one that is not would be better */
        sio__slot_map_free(cluster->survey.second.map);
        cluster->survey.second = finding;
        failed(cluster, SIO_ECONN, "the cluster is down");
        return;
    }
    sio__survey_stop(cluster);
    sio__cluster_found(cluster, &finding);
}

static void on_answers(void *arg, sio_status status, struct sio__listing *answers, const char *text)
{
    struct sio__asked *asked = arg;
    struct sio__cluster *cluster = asked->cluster;

    asked->inquiry = NULL;
    if (status == SIO_OK)
        take_answers(cluster, &asked->place, answers);
    else
        failed(cluster, status, text);
}

/* -- questions -- */

static void ask(struct sio__cluster *cluster, struct sio__asked *asked,
                const struct sio__place *place)
{
    struct sio__inquiry_question question = {
        .place = &asked->place,
        .commands = {"CLUSTER INFO", "CLUSTER MYID", "CLUSTER SHARDS", "CLUSTER SLOTS"},
        .timeout_ms = cluster->link->config.connect_timeout_ms};

    asked->cluster = cluster;
    asked->place = *place;
    if (sio__inquiry_start(cluster->link, &question, on_answers, asked, &asked->inquiry) != SIO_OK)
        asked->inquiry = NULL;
}

void sio__survey_start(struct sio__cluster *cluster, uint32_t now_ms)
{
    struct sio__survey *survey = &cluster->survey;

    if (survey->running)
        return;
    if (!list_candidates(cluster)) {
        sio__cluster_not_found(cluster, SIO_ENOMEM, "out of memory");
        return;
    }
    survey->running = true;
    survey->next_at_ms = now_ms;
    sio__link_wake(cluster->link); /* asks from there */
}

/* Forgotten before it goes: a child may be forked in between. */
static void stop(struct sio__asked *asked)
{
    struct sio__inquiry *inquiry = asked->inquiry;

    asked->inquiry = NULL;
    sio__inquiry_stop(inquiry);
}

void sio__survey_stop(struct sio__cluster *cluster)
{
    struct sio__survey *survey = &cluster->survey;

    survey->running = false;
    sio__slot_map_free(survey->second.map);
    survey->second = (struct sio__finding){.map = NULL};
    for (unsigned i = 0; i < SIO__ASKED_MAX; i++)
        stop(&survey->asked[i]);
}

/* Room for one more question: not in use, or for the longest time, in vain. NULL: none. */
static struct sio__asked *longest_asked(struct sio__survey *survey, uint32_t now_ms)
{
    struct sio__asked *longest = &survey->asked[0];

    for (unsigned i = 0; i < SIO__ASKED_MAX; i++) {
        struct sio__asked *asked = &survey->asked[i];

        if (asked->inquiry == NULL)
            return asked;
        if (sio__ms_until(asked->since_ms, longest->since_ms) < 0)
            longest = asked;
    }
    return now_ms - longest->since_ms >= PATIENCE_MS ? longest : NULL;
}

void sio__survey_service(struct sio__cluster *cluster, uint32_t now_ms)
{
    struct sio__survey *survey = &cluster->survey;
    struct sio__asked *asked;

    if (!survey->running || sio__ms_until(survey->next_at_ms, now_ms) > 0)
        return;
    survey->next_at_ms = now_ms + STAGGER_MS;
    if (survey->next == survey->count) {
        if (!is_asking(survey)) /* without memory to ask anybody */
            conclude(cluster);
        return;
    }
    asked = longest_asked(survey, now_ms);
    if (asked == NULL)
        return;
    stop(asked);
    asked->since_ms = now_ms;
    ask(cluster, asked, &survey->candidates[survey->next++]);
}
