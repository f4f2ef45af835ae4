/* SPDX-License-Identifier: MIT */
#include "outbox_numbers.h"

void box_on_end(void *arg, const struct sio__completion *completion)
{
    struct box_seen *seen = arg;

    assert_true(seen->count < 4096);
    seen->ends[seen->count++] = (unsigned)(uintptr_t)completion->user;
}

struct sio__outbox_room box_room;

struct sio__outbox *box_make(size_t bytes, uint32_t publishes, uint32_t ttl_ms)
{
    struct sio__outbox *box = sio__outbox_new(&box_room);

    assert_non_null(box);
    box_room = (struct sio__outbox_room){.bounds = {bytes, publishes, ttl_ms}};
    return box;
}

size_t box_payload(unsigned number, char *out, size_t len)
{
    int n = sprintf(out, "%u", number);

    if (len > (size_t)n)
        memset(out + n, '.', len - (size_t)n);
    return len > (size_t)n ? len : (size_t)n;
}

char box_big[300 * 1024];

sio_status box_add(struct sio__outbox *box, unsigned number, size_t len, uint32_t now_ms)
{
    struct sio__completion completion = {.user = (void *)(uintptr_t)number};

    len = box_payload(number, box_big, len);
    return sio__outbox_add(box, SIO__PUBLISH, SIO_STR("ch"), sio_str_of(box_big, len), &completion,
                           now_ms);
}

size_t box_encode(unsigned number, size_t len, char *out)
{
    int n;

    len = box_payload(number, box_big, len);
    n = sprintf(out, "*3\r\n$7\r\nPUBLISH\r\n$2\r\nch\r\n$%zu\r\n", len);
    memcpy(out + n, box_big, len);
    memcpy(out + n + len, "\r\n", 2);
    return (size_t)n + len + 2;
}

size_t box_write(struct sio__outbox *box, char *out, size_t max)
{
    struct iovec iov[4];
    size_t total = 0;
    int n;

    while (total < max && (n = sio__outbox_gather(box, iov, 4, max - total)) > 0) {
        for (int i = 0; i < n; i++) {
            memcpy(out + total, iov[i].iov_base, iov[i].iov_len);
            total += iov[i].iov_len;
            sio__outbox_wrote(box, iov[i].iov_len);
        }
    }
    assert_true(total <= max);
    return total;
}

unsigned box_answer(struct sio__outbox *box, bool keep)
{
    struct sio__completion completion;

    assert_int_equal(sio__outbox_answer(box, keep, &completion), SIO__ANSWER_TAKEN);
    return (unsigned)(uintptr_t)completion.user;
}
