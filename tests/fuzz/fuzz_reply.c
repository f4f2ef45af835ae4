/* SPDX-License-Identifier: MIT */
/* RESP from a server: "<8 bytes of seed><stream>". In pieces of any size the stream gives
 * the answers, and the end, that it gives as a whole. */
#include "fuzz.h"

#include "link/reply.h"

enum { MAX_FRAME = 1 << 20, SMALL_FRAME = 64 };

/* The answers, by a running hash of all that they say. */
struct seen {
    uint64_t hash;
    size_t count;
};

static void mix(struct seen *seen, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < len; i++)
        seen->hash = (seen->hash ^ p[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
}

static bool on_reply(void *arg, const struct sio__reply *reply)
{
    struct seen *seen = arg;
    size_t len = strnlen(reply->text, sizeof reply->text);
    CHECK(reply->type >= SIO__REPLY_INTEGER && reply->type <= SIO__REPLY_OTHER);
    CHECK(len < sizeof reply->text);
    for (size_t i = 0; i < len; i++)
        CHECK((unsigned char)reply->text[i] >= 0x20 && reply->text[i] != 0x7f);
    mix(seen, &reply->type, sizeof reply->type);
    mix(seen, &reply->integer, sizeof reply->integer);
    mix(seen, reply->text, len);
    seen->count++;
    return true;
}

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Pieces of up to `most` bytes; 0: one piece. Each is copied, so that its end is an end. */
static sio_status feed(sio_str stream, uint64_t seed, size_t most, size_t max_frame,
                       struct seen *seen)
{
    struct sio__reply_reader *reader = sio__reply_reader_new(max_frame);
    sio_status status = SIO_OK;
    CHECK(reader != NULL);
    *seen = (struct seen){.hash = UINT64_C(0xcbf29ce484222325)};
    while (stream.len > 0 && status == SIO_OK) {
        sio_str part = fuzz_take(&stream, most > 0 ? 1 + next(&seed) % most : stream.len);
        char *piece = malloc(part.len);
        CHECK(piece != NULL);
        memcpy(piece, part.ptr, part.len);
        status = sio__reply_feed(reader, piece, part.len, on_reply, seen);
        free(piece);
    }
    CHECK(status == SIO_OK || status == SIO_EREDIS);
    CHECK(status == SIO_OK || sio__reply_reader_error(reader)[0] != '\0');
    sio__reply_reader_free(reader);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sio_str stream = sio_str_of(data, size);
    sio_str head = fuzz_take(&stream, 8);
    uint64_t seed = 0;
    struct seen whole, split;
    memcpy(&seed, head.ptr, head.len);
    seed |= 1;
    sio_status status = feed(stream, 0, 0, MAX_FRAME, &whole);
    static const size_t sizes[] = {1, 3, 40};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        CHECK(feed(stream, seed, sizes[i], MAX_FRAME, &split) == status);
        CHECK(split.count == whole.count && split.hash == whole.hash);
    }
    (void)feed(stream, seed, 16, SMALL_FRAME, &split);
    return 0;
}
