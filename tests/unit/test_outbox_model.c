/* SPDX-License-Identifier: MIT */
/* The outbox against a simple model, an array of what is in it, with random operations. */
#include "outbox_numbers.h"

static char wire[1 << 20], want[1 << 20];

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
    assert_int_equal(box_add(box, m->last, len, m->now), SIO_OK);
    m->q[m->n].len = len;
    m->q[m->n].size = box_encode(m->last, len, want);
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
        size_t len = box_encode(m->q[i].number, m->q[i].len, to);

        memmove(to, to + part, len - part);
        total += len - part;
        part = 0;
        if (total >= max)
            break;
    }
    if (total > max)
        total = max;
    got = box_write(box, wire, max);
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
    struct box_seen seen = {0};
    size_t part;
    int whole = model_whole(m, &part), ends = 0, i = m->next;

    sio__outbox_take(box);
    sio__outbox_expire(box, m->now, box_on_end, &seen);
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
    assert_int_equal(box_room.publishes, m->n);
    assert_int_equal(box_room.bytes, bytes);
    assert_int_equal(sio__outbox_unanswered(box), m->written > 0);
    assert_int_equal(sio__outbox_empty(box), m->n == 0);
    model_whole(m, &part);
    assert_int_equal(sio__outbox_cut(box) > 0, part > 0);
}

static void agrees_with_a_model(void **state)
{
    struct sio__outbox *box = box_make(64 << 20, 1000, TTL);
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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(agrees_with_a_model),
};

SIO_TEST_MAIN(tests)
