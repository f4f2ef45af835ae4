/* SPDX-License-Identifier: MIT */
/* An adapter's life: its options, its parts, its end. */
#include "adapter/requests.h"

#include <stdlib.h>

#include "value/utf8.h"
#include "wire/id.h"

void sio_adapter_opts_init(sio_adapter_opts *opts)
{
    memset(opts, 0, sizeof *opts);
    opts->key = "socket.io";
    opts->nsp = SIO_STR("/");
    opts->requests_timeout_ms = 5000;
    opts->max_requests = 1024;
    opts->max_acks = 1024 * 1024;
    opts->max_packet_bytes = 8 * 1024 * 1024;
    opts->max_name_bytes = 4096;
    opts->max_rooms = 4096;
    opts->max_args = 4096;
    opts->max_attachments = 10;
}

/* -- references -- */

static void destroy(sio_adapter *adapter)
{
    sio__awaited_fini(adapter);
    sio__timer_fini(adapter);
    sio__registry_free(adapter->registry);
    for (unsigned i = 0; i < adapter->levels_room; i++) {
        if (adapter->levels[i] != NULL) {
            sio__recipients_fini(&adapter->levels[i]->recipients);
            sio_buf_fini(&adapter->levels[i]->data);
            free(adapter->levels[i]);
        }
    }
    free(adapter->levels);
    sio_buf_fini(&adapter->scratch);
    sio_buf_fini(&adapter->packed);
    sio_buf_fini(&adapter->name);
    free(adapter->names);
    free(adapter);
}

void sio__adapter_ref(sio_adapter *adapter)
{
    adapter->refs++;
}

void sio__adapter_unref(sio_adapter *adapter)
{
    if (--adapter->refs == 0)
        destroy(adapter);
}

void sio__adapter_enter(sio_adapter *adapter)
{
    adapter->depth++;
    sio__adapter_ref(adapter);
}

/* The end, when nothing of the adapter's is on the stack but this. */
static void finish(sio_adapter *adapter)
{
    adapter->closed = true;
    sio__requests_end_all(adapter, false, SIO_ECLOSED, "the namespace was closed");
    sio__awaited_fini(adapter); /* it points at sockets */
    sio__registry_free(adapter->registry);
    adapter->registry = NULL;
    sio__timer_fini(adapter);
    memset(&adapter->host, 0, sizeof adapter->host);
    sio__adapter_unref(adapter); /* the owner's */
}

void sio__adapter_leave(sio_adapter *adapter)
{
    if (adapter->depth == 1 && adapter->freeing && !adapter->closed)
        finish(adapter);
    adapter->depth--;
    sio__adapter_unref(adapter);
}

void sio_adapter_free(sio_adapter *adapter)
{
    if (adapter == NULL || adapter->freeing)
        return;
    sio__adapter_enter(adapter);
    adapter->freeing = true;
    sio__subscriptions_close(adapter); /* so that it may be opened anew at once */
    sio__adapter_leave(adapter);
}

sio_status sio__adapter_check(const sio_adapter *adapter)
{
    if (adapter->freeing || adapter->unlinked)
        return SIO_ECLOSED;
    return adapter->link != NULL ? sio__link_check(adapter->link) : SIO_OK;
}

/* -- making -- */

static sio_status check_name(sio_str name, size_t bound)
{
    if (bound != 0 && name.len > bound)
        return SIO_ETOOBIG;
    return sio__utf8_check(name) == SIO__UTF8_VALID ? SIO_OK : SIO_EINVAL;
}

/* Key and namespace in one piece of memory; a missing '/' is added, as Node's of() does. */
static sio_status set_names(sio_adapter *adapter, const sio_adapter_opts *opts)
{
    sio_str key = opts->key != NULL ? sio_str_c(opts->key) : SIO_STR("socket.io");
    sio_str nsp = opts->nsp;
    size_t slash = nsp.len == 0 || nsp.ptr[0] != '/' ? 1 : 0;
    sio_status status = check_name(key, opts->max_name_bytes);

    if (status == SIO_OK)
        status = check_name(nsp, opts->max_name_bytes);
    if (status != SIO_OK)
        return status;
    adapter->names = malloc(key.len + slash + nsp.len);
    if (adapter->names == NULL)
        return SIO_ENOMEM;
    memcpy(adapter->names, key.ptr, key.len);
    if (slash)
        adapter->names[key.len] = '/';
    if (nsp.len > 0)
        memcpy(adapter->names + key.len + slash, nsp.ptr, nsp.len);
    adapter->peer = (struct sio__peer){
        .role = SIO__SERVER,
        .key = sio_str_of(adapter->names, key.len),
        .nsp = sio_str_of(adapter->names + key.len, slash + nsp.len),
        .answers_to_uid = opts->specific_response_channel,
    };
    return SIO_OK;
}

static sio_status check_opts(sio_link *link, const sio_adapter_opts *opts)
{
    if ((opts->encode == NULL) != (opts->decode == NULL))
        return SIO_EINVAL;
    if (link == NULL)
        return SIO_OK;
    sio_status status = sio__link_check(link);
    if (status == SIO_OK && !sio__link_on_loop(link))
        status = SIO_EINVAL;
    return status;
}

static void set_opts(sio_adapter *adapter, sio_link *link, const sio_adapter_opts *opts)
{
    adapter->link = link;
    adapter->base = link != NULL ? sio__link_base(link) : opts->base;
    adapter->opts = *opts;
    if (opts->requests_timeout_ms > SIO__LONGEST_MS)
        adapter->opts.requests_timeout_ms = SIO__LONGEST_MS;
    adapter->host = opts->host;
    adapter->user = opts->user;
    adapter->bounds = (struct sio__bounds){
        .max_packet_bytes = opts->max_packet_bytes,
        .max_name_bytes = opts->max_name_bytes,
        .max_rooms = opts->max_rooms,
        .max_args = opts->max_args,
        .max_attachments = opts->max_attachments,
    };
    adapter->wire = &sio__wire_classic;
}

static sio_status build(sio_adapter *adapter, const sio_adapter_opts *opts)
{
    sio_status status = set_names(adapter, opts);

    adapter->uid_len = adapter->wire->uid_len;
    if (status == SIO_OK)
        status = sio__ids_draw(&adapter->ids, adapter->wire->id_alphabet, adapter->uid_len,
                               adapter->uid);
    if (status != SIO_OK)
        return status;
    adapter->registry = sio__registry_new(sio__sockets_on_change, adapter);
    if (adapter->registry == NULL)
        return SIO_ENOMEM;
    return adapter->link != NULL ? sio__subscriptions_open(adapter) : SIO_OK;
}

sio_status sio_adapter_new(sio_link *link, const sio_adapter_opts *opts, sio_adapter **out)
{
    sio_adapter_opts defaults;

    *out = NULL;
    if (opts == NULL) {
        sio_adapter_opts_init(&defaults);
        opts = &defaults;
    }
    sio_status status = check_opts(link, opts);
    if (status != SIO_OK)
        return status;
    sio_adapter *adapter = calloc(1, sizeof *adapter);
    if (adapter == NULL)
        return SIO_ENOMEM;
    adapter->refs = 1;
    set_opts(adapter, link, opts);
    status = build(adapter, opts);
    if (status != SIO_OK) {
        sio__subscriptions_close(adapter);
        destroy(adapter);
        return status;
    }
    *out = adapter;
    return SIO_OK;
}

/* -- questions about itself -- */

sio_str sio_adapter_nsp(const sio_adapter *adapter)
{
    return adapter->peer.nsp;
}

sio_str sio_adapter_uid(const sio_adapter *adapter)
{
    return sio__adapter_uid(adapter);
}

sio_link *sio_adapter_link(const sio_adapter *adapter)
{
    return adapter->link;
}

void sio_adapter_get_stats(const sio_adapter *adapter, sio_adapter_stats *out)
{
    *out = adapter->stats;
    if (adapter->registry != NULL) {
        out->sockets = sio__registry_sockets(adapter->registry);
        out->rooms = sio__registry_rooms(adapter->registry);
    }
}
