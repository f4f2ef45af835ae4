/* SPDX-License-Identifier: MIT */
/* What a subscribing connection receives: "<8 bytes of seed><stream>". Our own scan and
 * hiredis find the same messages and the same end in it, in pieces of any size. */
#include "fuzz.h"

#include "link/pushes.h"

enum { MAX_FRAME = 1 << 20, SMALL_FRAME = 64 };

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

static void mix_str(struct seen *seen, sio_str str)
{
    mix(seen, &str.len, sizeof str.len);
    mix(seen, str.ptr, str.len);
}

static bool on_push(void *arg, const struct sio__push *push)
{
    struct seen *seen = arg;
    CHECK(push->type >= SIO__PUSH_MESSAGE && push->type <= SIO__PUSH_OTHER);
    CHECK(push->type != SIO__PUSH_OTHER || push->name.len + push->payload.len == 0);
    mix(seen, &push->type, sizeof push->type);
    mix_str(seen, push->name);
    mix_str(seen, push->channel);
    mix_str(seen, push->payload);
    mix_str(seen, push->text);
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

/* Pieces of up to `most` bytes; 0: one piece. */
static sio_status feed(sio_str stream, bool scan, uint64_t seed, size_t most, size_t max_frame,
                       struct seen *seen)
{
    struct sio__pushes *pushes = sio__pushes_new(max_frame);
    sio_status status = SIO_OK;
    CHECK(pushes != NULL);
    sio__pushes_scan(pushes, scan);
    *seen = (struct seen){.hash = UINT64_C(0xcbf29ce484222325)};
    while (stream.len > 0 && status == SIO_OK) {
        char *at;
        size_t room, len = most > 0 ? 1 + next(&seed) % most : stream.len;
        CHECK(sio__pushes_room(pushes, &at, &room) == SIO_OK);
        sio_str part = fuzz_take(&stream, len < room ? len : room);
        memcpy(at, part.ptr, part.len);
        status = sio__pushes_take(pushes, part.len, on_push, seen);
    }
    CHECK(status == SIO_OK || status == SIO_EREDIS);
    CHECK(status == SIO_OK || sio__pushes_error(pushes)[0] != '\0');
    sio__pushes_free(pushes);
    return status;
}

static void agree(sio_str stream, uint64_t seed, size_t max_frame)
{
    static const size_t sizes[] = {0, 1, 3, 40};
    struct seen whole, split;
    sio_status status = feed(stream, false, 0, 0, max_frame, &whole);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int scan = 0; scan < 2; scan++) {
            CHECK(feed(stream, scan != 0, seed, sizes[i], max_frame, &split) == status);
            CHECK(split.count == whole.count && split.hash == whole.hash);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sio_str stream = sio_str_of(data, size);
    sio_str head = fuzz_take(&stream, 8);
    uint64_t seed = 0;
    memcpy(&seed, head.ptr, head.len);
    agree(stream, seed | 1, MAX_FRAME);
    agree(stream, seed | 1, SMALL_FRAME);
    return 0;
}
