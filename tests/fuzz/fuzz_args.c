/* SPDX-License-Identifier: MIT */
/* The argument builder driven by a list of calls: whatever the calls, what it then holds is
 * whole, in its normal form and described truly; and what the emitter makes of it, our own
 * decoder and the JSON reader accept. */
#include "fuzz.h"

#include <math.h>

#include "emitter/preview.h"
#include "value/args.h"
#include "value/harmful.h"
#include "value/normal.h"
#include "wire/wire.h"

enum call {
    STRING,
    INT,
    UINT,
    DOUBLE,
    BOOL,
    NOTHING,
    UNDEFINED,
    BINARY,
    DATE,
    ARRAY_BEGIN,
    ARRAY_END,
    MAP_BEGIN,
    KEY,
    MAP_END,
    JSON,
    MSGPACK,
    CLEAR,
    CALLS
};

static uint64_t take_number(sio_str *input)
{
    uint64_t number = 0;
    sio_str bytes = fuzz_take(input, sizeof number);
    memcpy(&number, bytes.ptr, bytes.len);
    return number;
}

static sio_status add_scalar(sio_args *args, enum call call, sio_str *input)
{
    uint64_t number = take_number(input);
    double real;
    switch (call) {
    case INT:
        return sio_args_int(args, (int64_t)number);
    case UINT:
        return sio_args_uint(args, number);
    case DOUBLE:
        memcpy(&real, &number, sizeof real);
        return sio_args_double(args, real);
    default:
        return sio_args_date(args, (int64_t)number);
    }
}

static sio_status add_bytes(sio_args *args, enum call call, sio_str *input)
{
    sio_str bytes = fuzz_take(input, fuzz_byte(input));
    switch (call) {
    case STRING:
        return sio_args_string(args, bytes);
    case BINARY:
        return sio_args_binary(args, bytes.ptr, bytes.len);
    case KEY:
        return sio_args_key(args, bytes);
    case JSON:
        return sio_args_json(args, bytes, NULL);
    default:
        return sio_args_msgpack(args, bytes);
    }
}

static sio_status make_call(sio_args *args, enum call call, sio_str *input)
{
    switch (call) {
    case BOOL:
        return sio_args_bool(args, true);
    case NOTHING:
        return sio_args_null(args);
    case UNDEFINED:
        return sio_args_undefined(args);
    case ARRAY_BEGIN:
        return sio_args_array_begin(args);
    case ARRAY_END:
        return sio_args_array_end(args);
    case MAP_BEGIN:
        return sio_args_map_begin(args);
    case MAP_END:
        return sio_args_map_end(args);
    case INT:
    case UINT:
    case DOUBLE:
    case DATE:
        return add_scalar(args, call, input);
    case CLEAR:
        sio_args_clear(args);
        return SIO_OK;
    default:
        return add_bytes(args, call, input);
    }
}

/* Make the calls; a failure is kept until the next clear, which the calls contain too. */
static void build(sio_args *args, sio_str *input)
{
    sio_status failed = SIO_OK;
    while (input->len > 0) {
        enum call call = (enum call)(fuzz_byte(input) % CALLS);
        size_t count = sio_args_count(args);
        sio_status status = make_call(args, call, input);
        if (call == CLEAR)
            failed = SIO_OK;
        CHECK(failed == SIO_OK || (status == failed && sio_args_count(args) == count));
        if (status != SIO_OK)
            failed = status;
        CHECK(failed == SIO_OK || sio_args_status(args) == failed);
    }
}

/* notepack.io 3 has no undefined. */
static void check_defined(sio_str args)
{
    sio_cursor c = sio_cursor_at(args);
    sio_value v;
    while (!sio_cursor_done(&c)) {
        CHECK(sio_cursor_read(&c, &v) == SIO_OK);
        CHECK(v.type != SIO_UNDEFINED);
    }
}

static void check_encoded(const sio_args *args, const struct sio__args_view *view, enum sio__op op)
{
    struct sio__peer peer = {.role = SIO__SERVER, .key = SIO_STR("socket.io"), .nsp = SIO_STR("/")};
    struct sio__call call = {.op = op, .event = SIO_STR("event"), .args = args};
    struct sio_message msg;
    sio_emitter *em;
    sio_buf channel, payload, scratch;
    sio_buf_init(&channel);
    sio_buf_init(&payload);
    sio_buf_init(&scratch);
    CHECK(sio_emitter_new(NULL, NULL, &em) == SIO_OK);
    sio_status status = sio__emitter_encode(em, &call, &channel, &payload);
    bool refused = op == SIO__OP_EMIT && sio__harms_javascript(view->packed, view->attachments > 0);
    CHECK(status == (op == SIO__OP_EMIT && view->attachments > 10 ? SIO_ETOOBIG
                     : refused                                    ? SIO_EINVAL
                                                                  : SIO_OK));
    if (status == SIO_OK) {
        CHECK(sio__wire_classic.decode(&peer, sio_buf_str(&channel), sio_buf_str(&payload),
                                       &scratch, &msg) == SIO__DECODED);
        CHECK(msg.nargs == 1 + view->count);
        check_defined(msg.args);
    }
    sio_emitter_free(em);
    sio_buf_fini(&channel);
    sio_buf_fini(&payload);
    sio_buf_fini(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sio_str input = sio_str_of(data, size);
    struct sio__args_view view;
    sio_args *args;
    CHECK(sio_args_new(&args) == SIO_OK);
    build(args, &input);
    CHECK(sio__args_view(args, &view) == sio_args_status(args));
    if (sio_args_status(args) == SIO_OK) {
        struct sio__scan scan;
        CHECK(sio__scan(view.packed, SIO_MAX_DEPTH, &scan) == SIO_OK);
        CHECK(scan.normal && scan.values == view.count && scan.values == sio_args_count(args));
        CHECK(scan.attachments == view.attachments);
        CHECK((scan.has & ~view.has) == 0); /* more, if JSON's repeated keys dropped it */
        check_encoded(args, &view, SIO__OP_EMIT);
        check_encoded(args, &view, SIO__OP_SERVER_EMIT);
    } else {
        CHECK(sio_args_packed(args).len == 0);
    }
    sio_args_free(args);
    return 0;
}
