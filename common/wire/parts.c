/* SPDX-License-Identifier: MIT */
/* Parts that the received messages of every wire have. */
#include "wire/parts.h"

#include "value/cursor.h"
#include "value/json.h"
#include "value/normal.h"

static const sio_str absent = {NULL, 0};

void sio__part_none(const struct sio__peer *peer, struct sio_message *out)
{
    memset(out, 0, sizeof *out);
    out->type = SIO_MSG_BROADCAST;
    out->nsp = peer->nsp;
    out->packet_id = -1;
}

sio_value sio__part_token(sio_cursor *c)
{
    sio_value v = {.type = SIO_NULL};
    (void)sio_cursor_read(c, &v);
    return v;
}

bool sio__part_is_names(sio_str packed)
{
    sio_cursor c = sio_cursor_at(packed);
    if (sio__part_token(&c).type != SIO_ARRAY)
        return false;
    while (!sio_cursor_done(&c))
        if (!sio__part_is_name(sio__part_token(&c).type))
            return false;
    return true;
}

bool sio__part_names(const struct sio__field *field, sio_str *out)
{
    if (sio__field_nothing(field)) {
        *out = absent;
        return true;
    }
    *out = field->packed;
    return sio__part_is_names(field->packed);
}

enum { ROOMS, EXCEPT, FLAGS };

void sio__part_name_opts(struct sio__field f[SIO__OPTS])
{
    f[ROOMS].name = SIO_STR("rooms");
    f[EXCEPT].name = SIO_STR("except");
    f[FLAGS].name = SIO_STR("flags");
}

bool sio__part_opts_of(const struct sio__field f[SIO__OPTS], struct sio_message *out)
{
    sio_value v;
    if (!sio__part_names(&f[ROOMS], &out->rooms) || !sio__part_names(&f[EXCEPT], &out->except))
        return false;
    if (sio__field_token(&f[FLAGS], &v) && v.type == SIO_MAP)
        out->flags = f[FLAGS].packed;
    return true;
}

bool sio__part_opts(const struct sio__field *field, struct sio_message *out)
{
    struct sio__field f[SIO__OPTS];
    sio__part_name_opts(f);
    return sio__fields_of(field->packed, f, SIO__OPTS) == SIO_OK && sio__part_opts_of(f, out);
}

bool sio__part_event(const struct sio__field *field, struct sio_message *out)
{
    sio_cursor c = sio_cursor_at(field->packed);
    sio_value array = sio__part_token(&c);
    if (array.type != SIO_ARRAY || array.v.count == 0)
        return false;
    out->args = sio_str_of(c.at, (size_t)(c.end - c.at));
    out->nargs = array.v.count;
    return sio__part_is_name(sio__part_token(&c).type);
}

bool sio__part_packet(const struct sio__field *type, const struct sio__field *data,
                      const struct sio__field *id, struct sio_message *out)
{
    enum { PACKET_TYPES = 7 }; /* of socket.io-protocol 5 */
    uint64_t number;
    if (!sio__field_number(type, &number) || number >= PACKET_TYPES || !sio__part_event(data, out))
        return false;
    out->packet_type = (int64_t)number;
    if (sio__field_number(id, &number) && number <= SIO__SAFE_INTEGER)
        out->packet_id = (int64_t)number;
    return true;
}

bool sio__part_list(const struct sio__field *field, struct sio_message *out)
{
    sio_cursor c = sio_cursor_at(field->packed);
    if (sio__part_token(&c).type != SIO_ARRAY)
        return false;
    out->list = field->packed;
    return true;
}

bool sio__part_is_whole(sio_str packed, unsigned max_depth)
{
    sio_cursor c = sio_cursor_at(packed);
    return sio__cursor_skip_within(&c, max_depth) == SIO_OK && sio_cursor_done(&c);
}

enum sio__verdict sio__part_payload(sio_str payload, unsigned max_depth, unsigned handshakes,
                                    sio_buf *scratch, sio_str *packed, struct sio__extents *extents)
{
    *packed = payload;
    *extents = (struct sio__extents){NULL, absent};
    if (payload.len == 0 || payload.ptr[0] != '{')
        return sio__part_is_whole(payload, max_depth) ? SIO__DECODED : SIO__MALFORMED;
    sio_buf_clear(scratch);
    sio_status status = sio_buf_reserve(scratch, payload.len); /* it is rarely longer packed */
    if (status == SIO_OK)
        status = sio__json_read_noting(payload, max_depth, handshakes, scratch, packed, extents);
    if (status != SIO_OK)
        return status == SIO_ENOMEM ? SIO__DECODE_NOMEM : SIO__MALFORMED;
    return SIO__DECODED;
}
