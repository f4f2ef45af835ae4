/* SPDX-License-Identifier: MIT */
/* Messages as the sharded adapter of @socket.io/redis-adapter 8.3 publishes them, for servers
 * and emitters alike (there is no npm emitter: an emitter's are those of a server whose uid is
 * "emitter"). {type, data, uid, nsp}, in JSON unless the data holds binary. */
#include "wire/sharded.h"

#include "value/json.h"
#include "value/normal.h"
#include "value/pack.h"
#include "value/put.h"
#include "wire/room_name.h"

/* Run steps until one fails. */
#define TRY(step)                                                                                  \
    do {                                                                                           \
        sio_status try_status = (step);                                                            \
        if (try_status != SIO_OK)                                                                  \
            return try_status;                                                                     \
    } while (0)

static inline sio_status put(sio_buf *out, sio_str bytes)
{
    return sio__put_str(out, bytes);
}

/* A broadcast to one room may have its channel. One with acknowledgements has not: all servers
 * have to answer it. A number never looks like a socket id. */
static bool has_room_channel(const struct sio__peer *peer, const struct sio_message *msg,
                             char digits[SIO__NUMBER_MAX], sio_str *room)
{
    if (msg->type != SIO_MSG_BROADCAST || msg->request_id.ptr != NULL)
        return false;
    *room = sio__only_room(msg->rooms, digits);
    if (room->ptr == NULL)
        return false;
    if (room->ptr == digits)
        return peer->rooms_mode != SIO__ROOMS_STATIC;
    return sio__sharded_has_channel(peer, *room);
}

static sio_status write_channel(const struct sio__peer *peer, const struct sio_message *msg,
                                sio_str to_uid, sio_buf *out)
{
    char digits[SIO__NUMBER_MAX];
    sio_str suffix = {NULL, 0};
    if (sio__is_answer(msg->type)) {
        if (to_uid.ptr == NULL) /* who asked without a uid cannot be answered */
            return SIO_EINVAL;
        suffix = to_uid;
    } else if (!has_room_channel(peer, msg, digits, &suffix)) {
        suffix.ptr = NULL;
    }
    return sio__sharded_channel_write(peer, suffix, out);
}

static sio_status write_json(const struct sio__peer *peer, const struct sio_message *msg,
                             enum sio__cluster_type type, sio_buf *out)
{
    char head[] = {'{', '"', 't', 'y', 'p', 'e', '"', ':', '1', (char)('0' + type % 10)};
    if (type >= 10) {
        TRY(sio__put(out, head, sizeof head));
    } else {
        head[8] = head[9];
        TRY(sio__put(out, head, sizeof head - 1));
    }
    if (sio__cluster_has_data(type)) {
        TRY(put(out, SIO_STR(",\"data\":")));
        TRY(sio__cluster_json_data(msg, type, out));
    }
    if (msg->uid.ptr != NULL) {
        TRY(put(out, SIO_STR(",\"uid\":")));
        TRY(sio__json_string(msg->uid, out));
    }
    TRY(put(out, SIO_STR(",\"nsp\":")));
    TRY(sio__json_string(peer->nsp, out));
    return put(out, SIO_STR("}"));
}

/* Of a type that has data. */
static sio_status write_packed(const struct sio__peer *peer, const struct sio_message *msg,
                               enum sio__cluster_type type, unsigned has, sio_buf *out)
{
    TRY(put(out, msg->uid.ptr != NULL ? SIO_STR("\204\244type") : SIO_STR("\203\244type")));
    TRY(sio__pack_uint(out, type));
    TRY(put(out, SIO_STR("\244data")));
    TRY(sio__cluster_pack_data(msg, type, has, out));
    if (msg->uid.ptr != NULL) {
        TRY(put(out, SIO_STR("\243uid")));
        TRY(sio__pack_str(out, msg->uid));
    }
    TRY(put(out, SIO_STR("\243nsp")));
    return sio__pack_str(out, peer->nsp);
}

sio_status sio__sharded_encode(const struct sio__peer *peer, const struct sio_message *msg,
                               sio_str to_uid, struct sio__frame *frame)
{
    enum sio__cluster_type type = sio__cluster_type(msg->type);
    sio_buf *out = &frame->buf;
    unsigned has;
    if (type == CLUSTER_NONE)
        return SIO_EINVAL;
    TRY(sio__cluster_look(msg, type, &has));
    TRY(write_channel(peer, msg, to_uid, out));
    frame->channel_len = out->len;
    if ((has & SIO__HAS_BINARY) != 0)
        return write_packed(peer, msg, type, has, out);
    return write_json(peer, msg, type, out);
}
