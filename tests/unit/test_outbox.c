/* SPDX-License-Identifier: MIT */
/* The outbox: bounds, order, expiry, reconnecting; and against a simple model, with
 * random operations. Publishes are known by a number, which is their payload and `user`. */
#include "unit.h"

#include "link/outbox.h"

struct seen {
    unsigned ends[4096];
    int count;
};

static void on_end(void *arg, const struct sio__completion *completion)
{
    struct seen *seen = arg;

    assert_true(seen->count < 4096);
    seen->ends[seen->count++] = (unsigned)(uintptr_t)completion->user;
}

static struct sio__outbox_room room; /* of the case's outbox */

static struct sio__outbox *make(size_t bytes, uint32_t publishes, uint32_t ttl_ms)
{
    struct sio__outbox *box = sio__outbox_new(&room);

    assert_non_null(box);
    room = (struct sio__outbox_room){.bounds = {bytes, publishes, ttl_ms}};
    return box;
}

/* The payload is the number, padded with dots to `len` bytes. */
static size_t payload(unsigned number, char *out, size_t len)
{
    int n = sprintf(out, "%u", number);

    if (len > (size_t)n)
        memset(out + n, '.', len - (size_t)n);
    return len > (size_t)n ? len : (size_t)n;
}

static char big[300 * 1024];

static sio_status add(struct sio__outbox *box, unsigned number, size_t len, uint32_t now_ms)
{
    struct sio__completion completion = {.user = (void *)(uintptr_t)number};

    len = payload(number, big, len);
    return sio__outbox_add(box, SIO__PUBLISH, SIO_STR("ch"), sio_str_of(big, len), &completion,
                           now_ms);
}

static size_t encode(unsigned number, size_t len, char *out)
{
    int n;

    len = payload(number, big, len);
    n = sprintf(out, "*3\r\n$7\r\nPUBLISH\r\n$2\r\nch\r\n$%zu\r\n", len);
    memcpy(out + n, big, len);
    memcpy(out + n + len, "\r\n", 2);
    return (size_t)n + len + 2;
}

/* Write at most `max` bytes; they are appended to out. */
static size_t write_some(struct sio__outbox *box, char *out, size_t max)
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

static unsigned answer(struct sio__outbox *box, bool keep)
{
    struct sio__completion completion;

    assert_int_equal(sio__outbox_answer(box, keep, &completion), SIO__ANSWER_TAKEN);
    return (unsigned)(uintptr_t)completion.user;
}

static char wire[1 << 20], want[1 << 20];

static void encodes_commands_in_order(void **state)
{
    static const size_t lens[] = {1, 9, 10, 99, 100, 5000, 70000, 2, 65000, 300, 0};
    struct sio__outbox *box = make(1 << 20, 100, 0);
    size_t expected = 0, bytes = 0;

    (void)state;
    for (unsigned i = 0; i < 11; i++) {
        size_t len = encode(i, lens[i], want + expected);

        assert_int_equal(add(box, i, lens[i], 0), SIO_OK);
        expected += len;
        bytes += sio__publish_size(SIO__PUBLISH, SIO_STR("ch"),
                                   sio_str_of(big, payload(i, big, lens[i])));
    }
    assert_int_equal(bytes, expected);
    assert_int_equal(room.bytes, expected);
    assert_int_equal(sio__outbox_staged(box), expected);
    assert_int_equal(write_some(box, wire, sizeof wire), 0); /* not seen before take() */
    sio__outbox_take(box);
    assert_int_equal(write_some(box, wire, sizeof wire), expected);
    assert_memory_equal(wire, want, expected);
    for (unsigned i = 0; i < 11; i++) {
        assert_true(sio__outbox_unanswered(box));
        assert_int_equal(answer(box, false), i);
    }
    assert_false(sio__outbox_unanswered(box));
    sio__outbox_take(box);
    assert_int_equal(room.bytes, 0);
    sio__outbox_free(box);
}

static void bounds_hold_to_the_byte(void **state)
{
    size_t size = sio__publish_size(SIO__PUBLISH, SIO_STR("ch"), SIO_STR("1"));
    struct sio__outbox *box = make(3 * size, 100, 0);

    (void)state;
    assert_true(sio__outbox_fits(&room, 3 * size));
    assert_false(sio__outbox_fits(&room, 3 * size + 1));
    for (unsigned i = 1; i <= 3; i++)
        assert_int_equal(add(box, i, 1, 0), SIO_OK);
    assert_int_equal(add(box, 4, 1, 0), SIO_EFULL);
    assert_int_equal(room.publishes, 3);
    /* An answer makes room; an unanswered publish counts. */
    sio__outbox_take(box);
    write_some(box, wire, sizeof wire);
    sio__outbox_take(box);
    assert_int_equal(add(box, 4, 1, 0), SIO_EFULL);
    assert_int_equal(answer(box, false), 1);
    sio__outbox_take(box);
    assert_int_equal(add(box, 4, 2, 0), SIO_EFULL); /* one byte too long */
    assert_int_equal(add(box, 4, 1, 0), SIO_OK);
    assert_int_equal(add(box, 5, 2 * size, 0), SIO_EFULL);
    assert_int_equal(add(box, 5, 3 * size, 0), SIO_ETOOBIG);
    sio__outbox_free(box);

    box = make(1 << 20, 2, 0);
    assert_int_equal(add(box, 1, 1, 0), SIO_OK);
    assert_int_equal(add(box, 2, 1, 0), SIO_OK);
    assert_int_equal(add(box, 3, 1, 0), SIO_EFULL);
    sio__outbox_free(box);
}

static void expires_in_order(void **state)
{
    struct sio__outbox *box = make(1 << 20, 100, 1000);
    struct seen seen = {0};

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(add(box, i, 1, i * 100), SIO_OK);
    sio__outbox_take(box);
    assert_int_equal(sio__outbox_expiry(box, 400), 600);
    sio__outbox_expire(box, 999, on_end, &seen);
    assert_int_equal(seen.count, 0);
    sio__outbox_expire(box, 1199, on_end, &seen);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.ends[0], 0);
    assert_int_equal(seen.ends[1], 1);
    assert_int_equal(sio__outbox_expiry(box, 1199), 1);
    assert_int_equal(sio__outbox_expiry(box, 5000), 0);
    sio__outbox_take(box);
    assert_int_equal(room.publishes, 3);
    assert_int_equal(write_some(box, wire, sizeof wire), encode(2, 1, want) * 3);
    assert_int_equal(answer(box, false), 2);
    sio__outbox_free(box);
}

/* What was written and expired is still owed an answer, which must not be taken for
 * that of another. */
static void a_late_answer_is_no_others(void **state)
{
    struct sio__outbox *box = make(1 << 20, 100, 1000);
    struct sio__completion completion;
    struct seen seen = {0};
    size_t len;

    (void)state;
    add(box, 1, 1, 0);
    add(box, 2, 1, 0);
    sio__outbox_take(box);
    len = encode(1, 1, want);
    assert_int_equal(write_some(box, wire, len), len);
    add(box, 3, 1, 1000);
    sio__outbox_take(box);
    sio__outbox_expire(box, 1000, on_end, &seen);
    assert_int_equal(seen.count, 2); /* 1, which was written, and 2, which was not */
    len = write_some(box, wire, sizeof wire);
    assert_int_equal(len, encode(3, 1, want)); /* 2 never leaves */
    assert_memory_equal(wire, want, len);
    assert_int_equal(sio__outbox_answer(box, false, &completion), SIO__ANSWER_LATE);
    assert_int_equal(answer(box, false), 3);
    assert_int_equal(sio__outbox_answer(box, false, &completion), SIO__ANSWER_STRAY);
    sio__outbox_take(box);
    assert_int_equal(room.publishes, 0);
    assert_int_equal(room.bytes, 0);
    sio__outbox_free(box);
}

static void a_command_begun_is_completed(void **state)
{
    struct sio__outbox *box = make(1 << 20, 100, 1000);
    struct sio__completion completion;
    struct seen seen = {0};
    size_t len = encode(1, 50, want);

    (void)state;
    add(box, 1, 50, 0);
    add(box, 2, 50, 0);
    sio__outbox_take(box);
    write_some(box, wire, 10);
    assert_int_equal(sio__outbox_cut(box), len - 10);
    sio__outbox_expire(box, 1000, on_end, &seen);
    assert_int_equal(seen.count, 1);
    assert_int_equal(write_some(box, wire + 10, len - 10), len - 10);
    assert_memory_equal(wire, want, len);
    assert_int_equal(sio__outbox_cut(box), 0);
    sio__outbox_expire(box, 1000, on_end, &seen);
    assert_int_equal(seen.count, 2);
    assert_int_equal(write_some(box, wire, sizeof wire), 0);
    assert_int_equal(sio__outbox_answer(box, false, &completion), SIO__ANSWER_LATE);
    assert_false(sio__outbox_unanswered(box));
    sio__outbox_free(box);
}

static void an_answer_before_its_command_is_known(void **state)
{
    struct sio__outbox *box = make(1 << 20, 100, 0);
    struct sio__completion completion;

    (void)state;
    add(box, 1, 50, 0);
    add(box, 2, 50, 0);
    sio__outbox_take(box);
    assert_int_equal(sio__outbox_answer(box, false, &completion), SIO__ANSWER_STRAY);
    write_some(box, wire, 10);
    assert_int_equal(sio__outbox_answer(box, false, &completion), SIO__ANSWER_EARLY);
    assert_int_equal((uintptr_t)completion.user, 1);
    sio__outbox_rewind(box);
    assert_int_equal(write_some(box, wire, sizeof wire), encode(2, 50, want));
    sio__outbox_free(box);
}

static void sends_again_from_the_first_unanswered(void **state)
{
    struct sio__outbox *box = make(1 << 20, 100, 0);
    size_t len = encode(0, 1, want);

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        add(box, i, 1, 0);
    sio__outbox_take(box);
    write_some(box, wire, 3 * len + 5); /* three, and a part of the fourth */
    assert_int_equal(answer(box, false), 0);
    sio__outbox_rewind(box);
    assert_int_equal(sio__outbox_resent(box), 2); /* Redis cannot have obeyed a part */
    assert_int_equal(sio__outbox_resent(box), 0);
    assert_int_equal(write_some(box, wire, sizeof wire), 4 * len);
    for (unsigned i = 1; i < 5; i++)
        assert_int_equal(answer(box, false), i);
    sio__outbox_free(box);
}

static void at_most_once_gives_up_what_was_written_whole(void **state)
{
    struct sio__outbox *box = make(1 << 20, 100, 0);
    struct seen seen = {0};
    size_t len = encode(0, 1, want);

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        add(box, i, 1, 0);
    sio__outbox_take(box);
    write_some(box, wire, 3 * len + 5);
    assert_int_equal(answer(box, false), 0);
    sio__outbox_give_up(box, on_end, &seen);
    sio__outbox_rewind(box);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.ends[0], 1);
    assert_int_equal(seen.ends[1], 2);
    assert_int_equal(sio__outbox_resent(box), 0);
    assert_int_equal(write_some(box, wire, sizeof wire), 2 * len);
    assert_int_equal(answer(box, false), 3);
    sio__outbox_free(box);
}

static void kept_ones_go_again_and_answered_ones_do_not(void **state)
{
    struct sio__outbox *box = make(1 << 20, 100, 0);
    size_t len = 0;

    (void)state;
    for (unsigned i = 0; i < 6; i++)
        add(box, i, 1, 0);
    sio__outbox_take(box);
    write_some(box, wire, sizeof wire);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(answer(box, i == 1 || i == 3 || i == 4), i);
    assert_false(sio__outbox_empty(box));
    assert_false(sio__outbox_unanswered(box));
    add(box, 6, 1, 0);
    sio__outbox_rewind(box);
    assert_int_equal(room.publishes, 4);
    for (unsigned i = 1; i < 7; i++) {
        if (i != 2 && i != 5)
            len += encode(i, 1, want + len);
    }
    assert_int_equal(write_some(box, wire, sizeof wire), len);
    assert_memory_equal(wire, want, len);
    assert_int_equal(answer(box, false), 1);
    assert_int_equal(answer(box, false), 3);
    assert_int_equal(answer(box, false), 4);
    assert_int_equal(answer(box, false), 6);
    assert_true(sio__outbox_empty(box));
    sio__outbox_take(box);
    assert_int_equal(room.bytes, 0);
    sio__outbox_free(box);
}

static void fails_all(void **state)
{
    struct sio__outbox *box = make(1 << 20, 100, 0);
    struct seen seen = {0};

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        add(box, i, 9000, 0);
        if (i == 5) {
            sio__outbox_take(box);
            write_some(box, wire, 20000);
            assert_int_equal(answer(box, false), 0);
        }
    }
    sio__outbox_rewind(box);
    sio__outbox_fail(box, on_end, &seen);
    assert_int_equal(seen.count, 9);
    for (unsigned i = 0; i < 9; i++)
        assert_int_equal(seen.ends[i], i + 1);
    sio__outbox_take(box);
    assert_int_equal(room.publishes, 0);
    assert_true(sio__outbox_empty(box));
    sio__outbox_free(box);
}

static void a_large_command_has_a_block_of_its_own(void **state)
{
    struct sio__outbox *box = make(1 << 20, 100, 0);
    struct seen seen = {0};

    (void)state;
    for (unsigned i = 0; i < 3; i++) { /* its block is freed, so the next is the first again */
        size_t len = encode(i, 200000, want);

        assert_int_equal(add(box, i, 200000, 0), SIO_OK);
        sio__outbox_take(box);
        assert_int_equal(write_some(box, wire, sizeof wire), len);
        assert_memory_equal(wire, want, len);
        assert_int_equal(answer(box, false), i);
        sio__outbox_take(box);
        assert_int_equal(room.bytes, 0);
    }
    add(box, 3, 1, 0);
    sio__outbox_take(box);
    sio__outbox_expire(box, 1 << 30, on_end, &seen);
    assert_int_equal(seen.count, 0); /* without a TTL nothing expires */
    assert_int_equal(sio__outbox_expiry(box, 1 << 30), -1);
    assert_int_equal(write_some(box, wire, sizeof wire), encode(3, 1, want));
    sio__outbox_free(box);
}

/* -- the model: an array of what is in the outbox -- */

enum { MODEL_MAX = 64, TTL = 50 };

struct model {
    struct {
        unsigned number;
        size_t len, size;
        uint32_t added;
        bool kept, late;
    } q[MODEL_MAX];
    int n;
    int next;       /* the first not answered */
    size_t written; /* bytes of what is in q from next on */
    unsigned last;
    uint32_t now;
};

static unsigned rnd(unsigned below)
{
    static uint64_t x = 88172645463325252ULL;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (unsigned)(x >> 33) % below;
}

static void model_remove(struct model *m, int at)
{
    memmove(&m->q[at], &m->q[at + 1], (size_t)(m->n - at - 1) * sizeof m->q[0]);
    m->n--;
}

/* How many commands are written whole, and how many bytes of the next. */
static int model_whole(const struct model *m, size_t *part)
{
    size_t left = m->written;
    int i = m->next;

    while (i < m->n && left >= m->q[i].size)
        left -= m->q[i++].size;
    *part = left;
    return i;
}

static void model_add(struct model *m, struct sio__outbox *box)
{
    size_t len = rnd(20) == 0 ? rnd(80000) : rnd(3) == 0 ? rnd(3000) : rnd(100);

    if (m->n == MODEL_MAX)
        return;
    m->q[m->n].number = ++m->last;
    assert_int_equal(add(box, m->last, len, m->now), SIO_OK);
    m->q[m->n].len = len;
    m->q[m->n].size = encode(m->last, len, want);
    m->q[m->n].added = m->now;
    m->q[m->n].kept = m->q[m->n].late = false;
    m->n++;
}

static void model_write(struct model *m, struct sio__outbox *box)
{
    size_t part, max = rnd(200000), total = 0, got;
    int i = model_whole(m, &part);

    sio__outbox_take(box);
    for (; i < m->n; i++) {
        char *to = want + total;
        size_t len = encode(m->q[i].number, m->q[i].len, to);

        memmove(to, to + part, len - part);
        total += len - part;
        part = 0;
        if (total >= max)
            break;
    }
    if (total > max)
        total = max;
    got = write_some(box, wire, max);
    assert_int_equal(got, total);
    assert_memory_equal(wire, want, total);
    m->written += total;
}

static void model_answer(struct model *m, struct sio__outbox *box, bool keep)
{
    struct sio__completion completion;
    size_t part;
    int whole = model_whole(m, &part);
    enum sio__answer is;

    if (m->next == whole)
        return;
    is = sio__outbox_answer(box, keep, &completion);
    assert_int_equal((uintptr_t)completion.user, m->q[m->next].number);
    assert_int_equal(is, m->q[m->next].late ? SIO__ANSWER_LATE : SIO__ANSWER_TAKEN);
    m->written -= m->q[m->next].size;
    if (keep && !m->q[m->next].late)
        m->q[m->next++].kept = true;
    else
        model_remove(m, m->next);
}

static void model_expire(struct model *m, struct sio__outbox *box)
{
    struct seen seen = {0};
    size_t part;
    int whole = model_whole(m, &part), ends = 0, i = m->next;

    sio__outbox_take(box);
    sio__outbox_expire(box, m->now, on_end, &seen);
    while (i < m->n && (m->q[i].late || m->now - m->q[i].added >= TTL)) {
        bool partly = i == whole && part > 0;

        if (!m->q[i].late)
            assert_int_equal(seen.ends[ends++], m->q[i].number);
        if (i < whole || partly) {
            m->q[i++].late = true;
        } else {
            model_remove(m, i);
        }
        if (partly)
            break;
    }
    assert_int_equal(seen.count, ends);
}

static void model_rewind(struct model *m, struct sio__outbox *box)
{
    sio__outbox_rewind(box);
    for (int i = m->n - 1; i >= 0; i--) {
        if (m->q[i].late)
            model_remove(m, i);
        else
            m->q[i].kept = false;
    }
    m->next = 0;
    m->written = 0;
}

static void model_check(struct model *m, struct sio__outbox *box)
{
    size_t bytes = 0, part;

    sio__outbox_take(box);
    for (int i = 0; i < m->n; i++)
        bytes += m->q[i].size;
    assert_int_equal(room.publishes, m->n);
    assert_int_equal(room.bytes, bytes);
    assert_int_equal(sio__outbox_unanswered(box), m->written > 0);
    assert_int_equal(sio__outbox_empty(box), m->n == 0);
    model_whole(m, &part);
    assert_int_equal(sio__outbox_cut(box) > 0, part > 0);
}

static void agrees_with_a_model(void **state)
{
    struct sio__outbox *box = make(64 << 20, 1000, TTL);
    struct model m = {.now = UINT32_MAX - 5000}; /* it wraps on the way */

    (void)state;
    for (int round = 0; round < 60000; round++) {
        unsigned op = rnd(100);

        m.now += rnd(4);
        if (op < 40)
            model_add(&m, box);
        else if (op < 60)
            model_write(&m, box);
        else if (op < 88)
            model_answer(&m, box, rnd(30) == 0);
        else if (op < 94)
            model_expire(&m, box);
        else if (op < 96)
            model_rewind(&m, box);
        else if (op < 97)
            sio__outbox_trim(box);
        if (m.next > 0 && m.written == 0)
            model_rewind(&m, box); /* as the link does once the rest is answered */
        model_check(&m, box);
    }
    sio__outbox_free(box);
}

/* -- passing on -- */

static sio_status add_to(struct sio__outbox *box, enum sio__publish_kind kind, const char *channel,
                         unsigned number, uint32_t now_ms)
{
    struct sio__completion completion = {.user = (void *)(uintptr_t)number};
    char text[16];
    size_t len = payload(number, text, 0);

    return sio__outbox_add(box, kind, sio_str_c(channel), sio_str_of(text, len), &completion,
                           now_ms);
}

/* What is published to "moved" goes to the other outbox. */
static struct sio__outbox *route(void *arg, sio_str channel)
{
    return sio_str_eq(channel, SIO_STR("moved")) ? arg : NULL;
}

static void passes_on_what_is_anothers(void **state)
{
    struct sio__outbox *box = make(1 << 20, 100, 1000), *other = sio__outbox_new(&room);
    struct seen seen = {.count = 0};
    size_t bytes;
    uint64_t sent = 9;

    (void)state;
    assert_int_equal(add_to(box, SIO__SPUBLISH, "moved", 1, 0), SIO_OK);
    assert_int_equal(add_to(box, SIO__SPUBLISH, "stays", 2, 0), SIO_OK);
    assert_int_equal(add_to(box, SIO__PUBLISH, "moved", 3, 0), SIO_OK); /* no shard channel */
    assert_int_equal(add_to(box, SIO__SPUBLISH, "moved", 4, 0), SIO_OK);
    sio__outbox_take(box);
    write_some(box, wire, sizeof wire);
    assert_int_equal(answer(box, true), 1); /* -MOVED: kept */
    assert_int_equal(answer(box, false), 2);
    assert_int_equal(answer(box, false), 3);
    assert_int_equal(answer(box, true), 4);
    sio__outbox_rewind(box);
    assert_int_equal(add_to(box, SIO__SPUBLISH, "moved", 5, 500), SIO_OK); /* not seen as yet */
    assert_int_equal(add_to(box, SIO__SPUBLISH, "stays", 6, 500), SIO_OK);
    bytes = room.bytes;
    assert_true(sio__outbox_pass(box, route, other, &sent));
    assert_int_equal(sent, 2); /* the first two had been written */
    assert_int_equal(room.bytes, bytes);
    assert_int_equal(room.publishes, 4);

    sio__outbox_take(other);
    sio__outbox_expire(other, 1000, on_end, &seen); /* as old as they were */
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.ends[0], 1);
    assert_int_equal(seen.ends[1], 4);
    assert_true(write_some(other, wire, sizeof wire) > 0);
    assert_memory_equal(wire, "*3\r\n$8\r\nSPUBLISH\r\n$5\r\nmoved\r\n$1\r\n5\r\n", 36);
    assert_int_equal(answer(other, false), 5);
    assert_true(write_some(box, wire, sizeof wire) > 0);
    assert_memory_equal(wire, "*3\r\n$8\r\nSPUBLISH\r\n$5\r\nstays\r\n$1\r\n6\r\n", 36);
    assert_int_equal(answer(box, false), 6);
    sio__outbox_take(box);
    sio__outbox_take(other);
    assert_int_equal(room.bytes, 0);
    assert_int_equal(room.publishes, 0);
    assert_true(sio__outbox_empty(box) && sio__outbox_empty(other));
    sio__outbox_free(other);
    sio__outbox_free(box);
}

static void ends_counts_that_are_not_written(void **state)
{
    struct sio__outbox *box = make(1 << 20, 100, 0);
    struct sio__completion count = {.user = (void *)(uintptr_t)50};
    struct seen seen = {.count = 0};

    (void)state;
    assert_int_equal(add_to(box, SIO__PUBLISH, "ch", 1, 0), SIO_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            sio__outbox_add_count(box, SIO__COUNT_SUBSCRIBERS, SIO_STR("ch"), &count, 0), SIO_OK);
    assert_int_equal(add_to(box, SIO__PUBLISH, "ch", 2, 0), SIO_OK);
    sio__outbox_take(box);
    sio__outbox_end_counts(box, on_end, &seen);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.ends[1], 50);
    sio__outbox_end_counts(box, on_end, &seen);
    assert_int_equal(seen.count, 2);
    write_some(box, wire, sizeof wire);
    assert_int_equal(answer(box, false), 1);
    assert_int_equal(answer(box, false), 2);
    sio__outbox_take(box);
    assert_int_equal(room.bytes, 0);
    assert_int_equal(room.publishes, 0);
    sio__outbox_free(box);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(encodes_commands_in_order),
    cmocka_unit_test(bounds_hold_to_the_byte),
    cmocka_unit_test(expires_in_order),
    cmocka_unit_test(a_late_answer_is_no_others),
    cmocka_unit_test(a_command_begun_is_completed),
    cmocka_unit_test(an_answer_before_its_command_is_known),
    cmocka_unit_test(sends_again_from_the_first_unanswered),
    cmocka_unit_test(at_most_once_gives_up_what_was_written_whole),
    cmocka_unit_test(kept_ones_go_again_and_answered_ones_do_not),
    cmocka_unit_test(fails_all),
    cmocka_unit_test(a_large_command_has_a_block_of_its_own),
    cmocka_unit_test(agrees_with_a_model),
    cmocka_unit_test(passes_on_what_is_anothers),
    cmocka_unit_test(ends_counts_that_are_not_written),
};

SIO_TEST_MAIN(tests)
