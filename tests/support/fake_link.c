/* SPDX-License-Identifier: MIT */
#include "fake_link.h"

#include <assert.h>
#include <stdlib.h>

struct name {
    struct name *next;
    enum sio__subscribe_kind kind;
    int tag;
    sio_buf text;
};

struct sync {
    struct sync *next;
    sio__sync_cb *done;
    void *user;
};

struct sio__listener {
    struct sio__listener *next;
    sio_link *link;
    const struct sio__listener_ops *ops;
    void *owner;
    struct name *names;
    struct sync *syncs;
};

struct sio_link {
    struct event_base *base;
    struct sio__listener *listeners;
    struct fake_sent *sent;
    size_t count, room;
    sio_status refused;
};

void (*fake_link_own)(bool begins);

static void own(bool begins)
{
    if (fake_link_own != NULL)
        fake_link_own(begins);
}

static void *make(size_t size)
{
    own(true);
    void *memory = calloc(1, size);
    own(false);
    assert(memory != NULL);
    return memory;
}

static void copy(sio_buf *to, sio_str bytes)
{
    own(true);
    sio_status status = sio_buf_append(to, bytes.ptr, bytes.len);
    own(false);
    assert(status == SIO_OK);
    (void)status;
}

sio_link *fake_link_new(struct event_base *base)
{
    sio_link *link = make(sizeof *link);

    link->base = base;
    return link;
}

void fake_link_free(sio_link *link)
{
    assert(link->listeners == NULL);
    for (size_t i = 0; i < link->count; i++) {
        if (!link->sent[i].ended)
            fake_link_end(link, i, SIO_ECLOSED, -1);
        sio_buf_fini(&link->sent[i].channel);
        sio_buf_fini(&link->sent[i].payload);
    }
    free(link->sent);
    free(link);
}

/* -- what a test looks at -- */

size_t fake_link_sent(const sio_link *link)
{
    return link->count;
}

const struct fake_sent *fake_link_at(const sio_link *link, size_t i)
{
    assert(i < link->count);
    return &link->sent[i];
}

sio_str fake_link_last(const sio_link *link)
{
    for (size_t i = link->count; i > 0; i--) {
        if (!link->sent[i - 1].is_count && !link->sent[i - 1].is_census)
            return sio_buf_str(&link->sent[i - 1].payload);
    }
    return sio_str_of(NULL, 0);
}

/* -- what a test has happen -- */

void fake_link_end(sio_link *link, size_t i, sio_status status, int64_t receivers)
{
    struct sio__publish_result result = {status, status == SIO_OK ? receivers : -1,
                                         sio_status_text(status)};
    struct sio__completion to = link->sent[i].completion;

    assert(!link->sent[i].ended);
    link->sent[i].ended = true;
    if (to.done != NULL)
        to.done(&result, to.owner, to.fn, to.user);
}

void fake_link_count(sio_link *link, int64_t servers)
{
    for (size_t i = 0; i < link->count; i++) {
        if (link->sent[i].is_count && !link->sent[i].ended)
            fake_link_end(link, i, SIO_OK, servers);
    }
}

void fake_link_refuse(sio_link *link, sio_status status)
{
    link->refused = status;
}

static bool matches(const struct name *name, sio_str channel)
{
    sio_str text = sio_buf_str(&name->text);

    if (name->kind == SIO__CHANNEL)
        return sio_str_eq(text, channel);
    return channel.len >= text.len - 1 && memcmp(text.ptr, channel.ptr, text.len - 1) == 0;
}

unsigned fake_link_bring(sio_link *link, sio_str channel, sio_str payload)
{
    unsigned heard = 0;
    struct sio__listener *next;

    for (struct sio__listener *at = link->listeners; at != NULL; at = next) {
        struct name *name = at->names;

        next = at->next;
        while (name != NULL && !matches(name, channel))
            name = name->next;
        if (name == NULL)
            continue;
        heard++;
        at->ops->message(at->owner, name->tag, channel, payload);
    }
    return heard;
}

void fake_link_bring_as(sio_link *link, int tag, sio_str channel, sio_str payload)
{
    if (link->listeners != NULL)
        link->listeners->ops->message(link->listeners->owner, tag, channel, payload);
}

void fake_link_ready(sio_link *link)
{
    struct sio__listener *next;

    for (struct sio__listener *at = link->listeners; at != NULL; at = next) {
        struct sync *syncs = at->syncs;

        next = at->next;
        at->syncs = NULL;
        void *owner = at->owner;
        at->ops->ready(owner);
        while (syncs != NULL) {
            struct sync *sync = syncs;

            syncs = sync->next;
            sync->done(owner, SIO_OK, sync->user);
            free(sync);
        }
    }
}

void fake_link_lost(sio_link *link, const char *text)
{
    for (struct sio__listener *at = link->listeners, *next; at != NULL; at = next) {
        next = at->next;
        at->ops->lost(at->owner, text);
    }
}

void fake_link_gap(sio_link *link, int64_t from_ms, int64_t to_ms, const char *text)
{
    for (struct sio__listener *at = link->listeners, *next; at != NULL; at = next) {
        next = at->next;
        at->ops->gap(at->owner, from_ms, to_ms, text);
    }
}

bool fake_link_has(const sio_link *link, sio_str text)
{
    for (const struct sio__listener *at = link->listeners; at != NULL; at = at->next) {
        for (const struct name *name = at->names; name != NULL; name = name->next) {
            if (sio_str_eq(sio_buf_str(&name->text), text))
                return true;
        }
    }
    return false;
}

size_t fake_link_names(const sio_link *link)
{
    size_t count = 0;

    for (const struct sio__listener *at = link->listeners; at != NULL; at = at->next) {
        for (const struct name *name = at->names; name != NULL; name = name->next)
            count++;
    }
    return count;
}

/* -- what stands on a link calls -- */

sio_status sio__link_check(const sio_link *link)
{
    (void)link;
    return SIO_OK;
}

struct event_base *sio__link_base(const sio_link *link)
{
    return link->base;
}

bool sio__link_wants(const sio_link *link, enum sio__subscribe_kind kind, sio_str text)
{
    (void)kind;
    return fake_link_has(link, text);
}

bool sio__link_on_loop(const sio_link *link)
{
    (void)link;
    return true;
}

static sio_status add(sio_link *link, enum sio__publish_kind kind, sio_str channel, sio_str payload,
                      bool is_count, const struct sio__completion *completion)
{
    if (link->refused != SIO_OK)
        return link->refused;
    if (link->count == link->room) {
        link->room = link->room == 0 ? 16 : link->room * 2;
        own(true);
        link->sent = realloc(link->sent, link->room * sizeof *link->sent);
        own(false);
        assert(link->sent != NULL);
    }
    struct fake_sent *sent = &link->sent[link->count++];
    memset(sent, 0, sizeof *sent);
    sent->kind = kind;
    sent->is_count = is_count;
    if (completion != NULL)
        sent->completion = *completion;
    copy(&sent->channel, channel);
    copy(&sent->payload, payload);
    return SIO_OK;
}

sio_status sio__link_publish(sio_link *link, enum sio__publish_kind kind, sio_str channel,
                             sio_str payload, const struct sio__completion *completion)
{
    return add(link, kind, channel, payload, false, completion);
}

sio_status sio__link_count(sio_link *link, enum sio__count_kind kind, sio_str name,
                           const struct sio__completion *completion)
{
    sio_status status =
        add(link, SIO__PUBLISH, name, sio_str_of(NULL, 0), kind != SIO__COUNT_CHANNELS, completion);

    if (status == SIO_OK)
        link->sent[link->count - 1].is_census = kind == SIO__COUNT_CHANNELS;
    return status;
}

sio_status sio__listener_new(sio_link *link, const struct sio__listener_ops *ops, void *owner,
                             struct sio__listener **out)
{
    *out = make(sizeof **out);
    **out =
        (struct sio__listener){.next = link->listeners, .link = link, .ops = ops, .owner = owner};
    link->listeners = *out;
    return SIO_OK;
}

static void free_name(struct name *name)
{
    sio_buf_fini(&name->text);
    free(name);
}

void sio__listener_free(struct sio__listener *listener)
{
    if (listener == NULL)
        return;
    struct sio__listener **at = &listener->link->listeners;
    while (*at != listener)
        at = &(*at)->next;
    *at = listener->next;
    while (listener->syncs != NULL) {
        struct sync *sync = listener->syncs;

        listener->syncs = sync->next;
        sync->done(listener->owner, SIO_ECLOSED, sync->user);
        free(sync);
    }
    while (listener->names != NULL) {
        struct name *name = listener->names;

        listener->names = name->next;
        free_name(name);
    }
    free(listener);
}

static struct name **find(struct sio__listener *listener, enum sio__subscribe_kind kind,
                          sio_str text)
{
    struct name **at = &listener->names;

    while (*at != NULL && ((*at)->kind != kind || !sio_str_eq(sio_buf_str(&(*at)->text), text)))
        at = &(*at)->next;
    return at;
}

sio_status sio__listener_subscribe(struct sio__listener *listener, enum sio__subscribe_kind kind,
                                   sio_str text, int tag)
{
    struct name *name = make(sizeof *name);

    assert(*find(listener, kind, text) == NULL);
    copy(&name->text, text);
    name->kind = kind;
    name->tag = tag;
    name->next = listener->names;
    listener->names = name;
    return SIO_OK;
}

void sio__listener_unsubscribe(struct sio__listener *listener, enum sio__subscribe_kind kind,
                               sio_str text)
{
    struct name **at = find(listener, kind, text), *name = *at;

    if (name == NULL)
        return;
    *at = name->next;
    free_name(name);
}

sio_status sio__listener_sync(struct sio__listener *listener, sio__sync_cb *done, void *user)
{
    struct sync *sync = make(sizeof *sync);

    *sync = (struct sync){.next = listener->syncs, .done = done, .user = user};
    listener->syncs = sync;
    return SIO_OK;
}
