/* SPDX-License-Identifier: MIT */
/* Encodes a request with the emitter's own encoder and prints it. */
#include "dry_run.h"

#include <inttypes.h>
#include <stdio.h>

#include <sio/args.h>
#include <sio/value.h>

#include "emitter/preview.h"
#include "output.h"

static sio_status append_hex(sio_buf *out, sio_str bytes)
{
    static const char digits[] = "0123456789abcdef";
    char block[512];

    for (size_t i = 0; i < bytes.len;) {
        size_t n = 0;
        for (; n < sizeof(block) && i < bytes.len; i++) {
            block[n++] = digits[(unsigned char)bytes.ptr[i] >> 4];
            block[n++] = digits[(unsigned char)bytes.ptr[i] & 15];
        }
        sio_status status = sio_buf_append(out, block, n);
        if (status != SIO_OK)
            return status;
    }
    return SIO_OK;
}

/* Binary as {"$bin":"hex"}, which no length of it makes unreadable. */
static sio_status binary_hook(sio_str bytes, sio_buf *out, void *user)
{
    (void)user;
    sio_status status = sio_buf_append(out, "{\"$bin\":\"", 9);
    if (status == SIO_OK)
        status = append_hex(out, bytes);
    return status == SIO_OK ? sio_buf_append(out, "\"}", 2) : status;
}

static sio_status append_json_string(sio_buf *out, sio_str text)
{
    sio_args *args;

    sio_status status = sio_args_new(&args);
    if (status == SIO_OK)
        status = sio_args_string(args, text);
    if (status == SIO_OK)
        status = sio_json_write(sio_args_packed(args), NULL, NULL, out);
    sio_args_free(args);
    return status;
}

/* Requests are JSON text as they are; broadcasts are MessagePack. */
static sio_status append_packet(sio_buf *out, sio_str payload)
{
    if (payload.len > 0 && payload.ptr[0] == '{')
        return sio_buf_append(out, payload.ptr, payload.len);
    return sio_json_write(payload, binary_hook, NULL, out);
}

static bool is_plain(sio_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return false;
    }
    return true;
}

static sio_status append(sio_buf *out, const char *text)
{
    return sio_buf_append(out, text, sio_str_c(text).len);
}

/* A channel with control characters in it is shown as a JSON string. */
static sio_status format_text(sio_buf *out, sio_str channel, sio_str payload)
{
    sio_status status = append(out, "channel: ");
    if (status == SIO_OK)
        status = is_plain(channel) ? sio_buf_append(out, channel.ptr, channel.len)
                                   : append_json_string(out, channel);
    if (status == SIO_OK)
        status = append(out, "\npacket:  ");
    if (status == SIO_OK)
        status = append_packet(out, payload);
    if (status == SIO_OK)
        status = append(out, "\nhex:     ");
    if (status == SIO_OK)
        status = append_hex(out, payload);
    return status == SIO_OK ? append(out, "\n") : status;
}

static sio_status format_json(sio_buf *out, uint64_t number, sio_str channel, sio_str payload)
{
    char head[64];

    snprintf(head, sizeof(head), "{\"number\":%" PRIu64 ",\"channel\":", number);
    sio_status status = append(out, head);
    if (status == SIO_OK)
        status = append_json_string(out, channel);
    if (status == SIO_OK)
        status = append(out, ",\"packet\":");
    if (status == SIO_OK)
        status = append_packet(out, payload);
    if (status == SIO_OK)
        status = append(out, ",\"hex\":\"");
    if (status == SIO_OK)
        status = append_hex(out, payload);
    return status == SIO_OK ? append(out, "\"}\n") : status;
}

static sio_status encode(const struct request *request, sio_buf *channel, sio_buf *payload)
{
    struct sio__call call = request_call(request);

    return sio__emitter_encode(request->em, &call, channel, payload);
}

sio_status dry_run_show(const struct request *request, uint64_t number, bool json, bool *failed)
{
    sio_buf channel, payload, text;

    sio_buf_init(&channel);
    sio_buf_init(&payload);
    sio_buf_init(&text);
    sio_status status = encode(request, &channel, &payload);
    if (status == SIO_OK)
        status = json ? format_json(&text, number, sio_buf_str(&channel), sio_buf_str(&payload))
                      : format_text(&text, sio_buf_str(&channel), sio_buf_str(&payload));
    if (status == SIO_OK && !output_write(sio_buf_str(&text)))
        *failed = true;
    sio_buf_fini(&channel);
    sio_buf_fini(&payload);
    sio_buf_fini(&text);
    return status;
}

sio_status dry_run_check(const struct request *request)
{
    sio_buf channel, payload;

    sio_buf_init(&channel);
    sio_buf_init(&payload);
    sio_status status = encode(request, &channel, &payload);
    sio_buf_fini(&channel);
    sio_buf_fini(&payload);
    return status;
}
