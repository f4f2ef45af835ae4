/* SPDX-License-Identifier: MIT */
/* JSON text: whatever is read is one packed value in its normal form, prints as text that
 * reads back the same, and what is refused is refused at a place and changes nothing. */
#include "fuzz.h"

#include <math.h>

#include <sio/value.h>

#include "value/json.h"
#include "value/normal.h"

static void check_refused(sio_str text, const sio_buf *out, const sio_json_error *err)
{
    unsigned line = 1;
    size_t line_start = 0;
    CHECK(out->len == 4 && memcmp(out->ptr, "kept", 4) == 0);
    CHECK(err->what != NULL && err->offset <= text.len);
    for (size_t i = 0; i < err->offset; i++) {
        if (text.ptr[i] == '\n') {
            line++;
            line_start = i + 1;
        }
    }
    CHECK(err->line == line && err->column == err->offset - line_start + 1);
}

/* Infinity, which 1e400 is read as, prints as null. */
static bool has_infinity(sio_str packed)
{
    sio_cursor c = sio_cursor_at(packed);
    sio_value v;
    while (!sio_cursor_done(&c)) {
        CHECK(sio_cursor_read(&c, &v) == SIO_OK);
        if (v.type == SIO_DOUBLE && isinf(v.v.real))
            return true;
    }
    return false;
}

static void check_round_trip(sio_str packed, unsigned has)
{
    sio_buf text, again, text_again;
    sio_buf_init(&text);
    sio_buf_init(&again);
    sio_buf_init(&text_again);
    CHECK(sio_json_write(packed, NULL, NULL, &text) == SIO_OK);
    CHECK(sio_json_read(sio_buf_str(&text), 0, &again, NULL) == SIO_OK);
    CHECK(sio_json_write(sio_buf_str(&again), NULL, NULL, &text_again) == SIO_OK);
    CHECK(sio_str_eq(sio_buf_str(&text), sio_buf_str(&text_again)));
    /* printed as the doubles that JavaScript would hold, these are other values */
    if ((has & SIO__HAS_BIG_INTS) == 0 && !has_infinity(packed))
        CHECK(sio_str_eq(packed, sio_buf_str(&again)));
    sio_buf_fini(&text);
    sio_buf_fini(&again);
    sio_buf_fini(&text_again);
}

static void check_depths(sio_str text, sio_str packed)
{
    sio_buf out;
    sio_status before = SIO_EINVAL;
    sio_buf_init(&out);
    for (unsigned depth = 1; depth <= 64; depth *= 2) {
        sio_buf_clear(&out);
        sio_status status = sio_json_read(text, depth, &out, NULL);
        CHECK(status == SIO_OK || before != SIO_OK);
        CHECK(status != SIO_OK || sio_str_eq(sio_buf_str(&out), packed));
        before = status;
    }
    sio_buf_fini(&out);
}

/* Extents are what stepping over the values finds. */
static void check_noting(sio_str text, sio_str packed)
{
    for (unsigned level = 0; level < 4; level++) {
        struct sio__extents extents;
        sio_str same;
        sio_buf out;
        uint32_t end = 0;
        sio_buf_init(&out);
        CHECK(sio__json_read_noting(text, SIO_MAX_DEPTH, level, &out, &same, &extents) == SIO_OK);
        CHECK(sio_str_eq(same, packed) && extents.document == same.ptr);
        CHECK(extents.noted.len % sizeof(struct sio__extent) == 0);
        for (size_t i = 0; i < extents.noted.len; i += sizeof(struct sio__extent)) {
            struct sio__extent extent;
            memcpy(&extent, extents.noted.ptr + i, sizeof extent);
            CHECK(extent.at >= end && extent.end > extent.at && extent.end <= same.len);
            sio_cursor c = sio_cursor_at(sio_str_of(same.ptr + extent.at, same.len - extent.at));
            CHECK(sio_cursor_skip(&c) == SIO_OK);
            CHECK((const char *)c.at == same.ptr + extent.end);
            end = extent.end;
        }
        sio_buf_fini(&out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sio_str text = sio_str_of(data, size);
    sio_json_error err;
    sio_buf out;
    unsigned has = 0;
    sio_buf_init(&out);
    CHECK(sio_buf_append(&out, "kept", 4) == SIO_OK);
    sio_status status = sio__json_read(text, SIO_MAX_DEPTH, &out, &err, &has);
    if (status == SIO_OK) {
        sio_str packed = sio_str_of(out.ptr + 4, out.len - 4);
        struct sio__scan scan;
        CHECK(err.what == NULL && memcmp(out.ptr, "kept", 4) == 0);
        CHECK(sio__scan(packed, SIO_MAX_DEPTH, &scan) == SIO_OK);
        CHECK(scan.values == 1 && scan.normal && scan.attachments == 0);
        CHECK((scan.has & ~has) == 0); /* more, if a repeated key dropped what had it */
        check_round_trip(packed, scan.has);
        check_depths(text, packed);
        check_noting(text, packed);
    } else {
        CHECK(status == SIO_EINVAL);
        check_refused(text, &out, &err);
    }
    sio_buf_fini(&out);
    return 0;
}
