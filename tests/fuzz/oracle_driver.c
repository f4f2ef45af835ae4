/* SPDX-License-Identifier: MIT */
/* sio-oracle-driver: the value codec for tests in other languages. A line "CALL HEX" is
 * answered by a line of hex digits, or "!" if the bytes are refused:
 *   read   JSON text -> packed values
 *   write  packed value -> JSON text
 *   wire   packed values, as a caller gives them -> as notepack.io writes them
 *   shard  the same, as the arguments of an event "e" -> the message on the sharded wire
 *   unshard  such a message -> its arguments, packed
 *   channel  a byte, the subscription mode (0 static, 1 dynamic, 2 dynamic-private), and a
 *            room's name -> the shard channel of broadcasts to that room */
#include <stdio.h>
#include <stdlib.h>

#include <sio/args.h>
#include <sio/value.h>

#include "value/args.h"
#include "value/normal.h"
#include "wire/names.h"
#include "wire/notepack.h"
#include "wire/wire.h"

static int digit(char c)
{
    return c >= 'a' ? c - 'a' + 10 : c - '0';
}

/* In place. */
static sio_str from_hex(char *hex)
{
    size_t len = strspn(hex, "0123456789abcdef") / 2;
    for (size_t i = 0; i < len; i++)
        hex[i] = (char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    return sio_str_of(hex, len);
}

static sio_status to_wire(sio_str packed, sio_buf *out)
{
    struct sio__args_view view;
    sio_args *args;
    sio_status status = sio_args_new(&args);
    if (status == SIO_OK)
        status = sio_args_msgpack(args, packed);
    if (status == SIO_OK)
        status = sio__args_view(args, &view);
    if (status == SIO_OK)
        status = sio__notepack_values(view.packed, view.has, out);
    sio_args_free(args);
    return status;
}

/* ---- the sharded wire ---- */

static sio_status publish(const struct sio_message *msg, enum sio__rooms_mode mode,
                          struct sio__frame *frame)
{
    struct sio__peer peer = {
        .role = SIO__SERVER, .key = SIO_STR("socket.io"), .nsp = SIO_STR("/"), .rooms_mode = mode};
    frame->channel_len = 0;
    sio_buf_init(&frame->buf);
    return sio__wire_sharded.encode(&peer, msg, sio_str_of(NULL, 0), frame);
}

static sio_status shard(sio_str packed, sio_buf *out)
{
    struct sio_message msg = {.type = SIO_MSG_BROADCAST,
                              .uid = SIO_STR("aaaaaaaaaaaaaaaa"),
                              .event = SIO_STR("e"),
                              .packet_id = -1};
    struct sio__args_view view;
    struct sio__frame frame;
    sio_args *args;
    sio_status status = sio_args_new(&args);
    if (status == SIO_OK)
        status = sio_args_msgpack(args, packed);
    if (status == SIO_OK)
        status = sio__args_view(args, &view);
    if (status == SIO_OK) {
        msg.args = view.packed;
        msg.nargs = (uint32_t)view.count;
        msg.args_has = view.attachments > 0 ? view.has | SIO__HAS_BINARY : view.has;
        status = publish(&msg, SIO__ROOMS_DYNAMIC, &frame);
        sio_str payload = sio__frame_payload(&frame);
        if (status == SIO_OK)
            status = sio_buf_append(out, payload.ptr, payload.len);
        sio_buf_fini(&frame.buf);
    }
    sio_args_free(args);
    return status;
}

static sio_status unshard(sio_str payload, sio_buf *out)
{
    static const struct sio__peer peer = {
        .role = SIO__SERVER, .key = SIO_STR_INIT("socket.io"), .nsp = SIO_STR_INIT("/")};
    struct sio_message msg;
    sio_buf scratch;
    sio_status status = SIO_EINVAL;
    sio_buf_init(&scratch);
    if (sio__wire_sharded.decode(&peer, SIO_STR("socket.io#/#"), payload, &scratch, &msg) ==
            SIO__DECODED &&
        msg.type == SIO_MSG_BROADCAST) {
        sio_cursor c = sio_cursor_at(msg.args);
        status = sio_cursor_skip(&c); /* the event */
        if (status == SIO_OK)
            status = sio_buf_append(out, c.at, (size_t)(c.end - c.at));
    }
    sio_buf_fini(&scratch);
    return status;
}

static sio_status channel(sio_str mode_and_room, sio_buf *out)
{
    struct sio_message msg = {.type = SIO_MSG_BROADCAST, .event = SIO_STR("e"), .packet_id = -1};
    struct sio__names names;
    struct sio__frame frame;
    if (mode_and_room.len == 0)
        return SIO_EINVAL;
    sio__names_init(&names);
    sio_status status =
        sio__names_append(&names, sio_str_of(mode_and_room.ptr + 1, mode_and_room.len - 1));
    if (status == SIO_OK) {
        msg.rooms = sio__names_packed(&names);
        status = publish(&msg, (enum sio__rooms_mode)mode_and_room.ptr[0], &frame);
        if (status == SIO_OK)
            status = sio_buf_append(out, frame.buf.ptr, frame.channel_len);
        sio_buf_fini(&frame.buf);
    }
    sio__names_fini(&names);
    return status;
}

static sio_status run(const char *call, sio_str bytes, sio_buf *out)
{
    if (strcmp(call, "read") == 0)
        return sio_json_read(bytes, 0, out, NULL);
    if (strcmp(call, "write") == 0)
        return sio_json_write(bytes, NULL, NULL, out);
    if (strcmp(call, "shard") == 0)
        return shard(bytes, out);
    if (strcmp(call, "unshard") == 0)
        return unshard(bytes, out);
    if (strcmp(call, "channel") == 0)
        return channel(bytes, out);
    return strcmp(call, "wire") == 0 ? to_wire(bytes, out) : SIO_EINVAL;
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    sio_buf out;
    sio_buf_init(&out);
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    while (getline(&line, &room, stdin) > 0) {
        char *space = strchr(line, ' ');
        if (space == NULL) { /* an empty line: all that was asked is wanted */
            fflush(stdout);
            continue;
        }
        *space = '\0';
        sio_buf_clear(&out);
        if (run(line, from_hex(space + 1), &out) != SIO_OK)
            putchar('!');
        else
            for (size_t i = 0; i < out.len; i++)
                printf("%02x", (unsigned)(unsigned char)out.ptr[i]);
        putchar('\n');
    }
    sio_buf_fini(&out);
    free(line);
    return 0;
}
