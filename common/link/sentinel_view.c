/* SPDX-License-Identifier: MIT */
/* The answers' form: Redis's sentinel.c, sentinelCommand() and addReplySentinelRedisInstance():
 * a server is a flat list of field, value, field, value. */
#include "link/sentinel_view.h"

#include <stdio.h>
#include <string.h>

/* The value of a field in the list at index; NULL: none. */
static const struct sio__token *field(const struct sio__listing *answer, size_t index,
                                      const char *name)
{
    const struct sio__token *list = &answer->tokens[index];
    size_t end = sio__answer_skip(answer, index);

    if (list->type != SIO__TOKEN_ARRAY)
        return NULL;
    for (size_t at = index + 1; at < end;) {
        size_t value = sio__answer_skip(answer, at);

        if (value >= end)
            return NULL;
        if (sio__token_is(&answer->tokens[at], name))
            return &answer->tokens[value];
        at = sio__answer_skip(answer, value);
    }
    return NULL;
}

static bool is_text(const struct sio__token *token)
{
    return token != NULL && token->type == SIO__TOKEN_TEXT &&
           strlen(token->text) == (size_t)token->number;
}

enum sio__sentinel_answer sio__sentinel_read_address(const struct sio__listing *answer,
                                                     struct sio__place *place)
{
    const struct sio__token *tokens = answer->tokens;

    if (answer->count == 1 && tokens[0].type == SIO__TOKEN_NIL)
        return SIO__SENTINEL_UNKNOWN;
    if (answer->count != 3 || tokens[0].type != SIO__TOKEN_ARRAY || !is_text(&tokens[1]) ||
        !sio__place_set(place, tokens[1].text, sio__token_number(&tokens[2], UINT16_MAX)))
        return SIO__SENTINEL_STRANGE;
    return SIO__SENTINEL_KNOWN;
}

int64_t sio__sentinel_read_epoch(const struct sio__listing *answer)
{
    const struct sio__token *epoch = answer->count > 0 ? field(answer, 0, "config-epoch") : NULL;
    int64_t number = epoch != NULL ? sio__token_number(epoch, INT64_MAX) : -1;

    return number > 0 ? number : 0;
}

bool sio__sentinel_read_other(const struct sio__listing *answer, size_t *index,
                              struct sio__sentinel_other *other)
{
    size_t at = *index > 0 ? *index : 1;

    for (; at < answer->count && answer->tokens[0].type == SIO__TOKEN_ARRAY;
         at = sio__answer_skip(answer, at)) {
        const struct sio__token *ip = field(answer, at, "ip"), *port = field(answer, at, "port"),
                                *id = field(answer, at, "runid");

        if (!is_text(ip) || port == NULL ||
            !sio__place_set(&other->place, ip->text, sio__token_number(port, UINT16_MAX)))
            continue;
        snprintf(other->id, sizeof other->id, "%s", is_text(id) ? id->text : "");
        *index = sio__answer_skip(answer, at);
        return true;
    }
    return false;
}

bool sio__sentinel_is_about(const char *message, const char *name)
{
    const char *at = strstr(message, " @ ");
    size_t len = strlen(name);

    if (at != NULL)
        message = at + 3;
    return strncmp(message, name, len) == 0 && message[len] == ' ';
}

static unsigned count_votes(const struct sio__sentinel_view *views, unsigned count,
                            const struct sio__sentinel_view *view)
{
    unsigned votes = 0;

    for (unsigned i = 0; i < count; i++)
        votes += views[i].valid && sio__place_same(&views[i].master, &view->master);
    return votes;
}

int sio__sentinel_choose(const struct sio__sentinel_view *views, unsigned count, unsigned *votes)
{
    int best = -1;

    *votes = 0;
    for (unsigned i = 0; i < count; i++) {
        unsigned votes_here;

        if (!views[i].valid || (best >= 0 && views[i].epoch < views[best].epoch))
            continue;
        votes_here = count_votes(views, count, &views[i]);
        if (best < 0 || views[i].epoch > views[best].epoch || votes_here > *votes) {
            best = (int)i;
            *votes = votes_here;
        }
    }
    return best;
}

bool sio__sentinel_convinces(int64_t epoch, unsigned votes, unsigned sentinels, int64_t seen_epoch)
{
    return epoch >= seen_epoch || votes * 2 > sentinels;
}
