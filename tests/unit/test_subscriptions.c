/* SPDX-License-Identifier: MIT */
/* The table of subscriptions against a Redis that is a set of names, with any interleaving of
 * wishes, commands, answers and lost connections. */
#include "link/asker.h"
#include "link/subscriptions.h"

#include <stdbool.h>

#include "steps.h"
#include "unit.h"

enum { NAMES = 40, LISTENERS = 3, IN_FLIGHT = 256 };

/* Redis: executes what it is sent; the answers wait until the test lets them come. */
struct redis {
    bool has[SIO__SUBSCRIBE_KINDS][NAMES];
    struct {
        int kind, name;
        bool subscribe, denied;
    } answers[IN_FLIGHT];
    size_t written, answered;
    bool denies[NAMES];
};

struct model {
    struct sio__subscriptions subs;
    struct sio__asker asker;
    struct redis redis;
    struct sio__subscription *wishes[LISTENERS][SIO__SUBSCRIBE_KINDS][NAMES];
    char listeners[LISTENERS]; /* their addresses are what is needed */
    unsigned random;
    bool denies;
};

static unsigned pick(struct model *model, unsigned n)
{
    model->random = model->random * 1664525 + 1013904223;
    return (model->random >> 10) % n;
}

static sio_str name_text(int name)
{
    static char text[32];

    return sio_str_of(text, (size_t)snprintf(text, sizeof text, "name %d\r\n", name));
}

static bool is_wanted(const struct model *model, int kind, int name)
{
    bool wanted = false;

    for (int l = 0; l < LISTENERS; l++)
        wanted = wanted || model->wishes[l][kind][name] != NULL;
    return wanted;
}

static void wish(struct model *model)
{
    int l = (int)pick(model, LISTENERS), kind = (int)pick(model, SIO__SUBSCRIBE_KINDS),
        name = (int)pick(model, NAMES);
    struct sio__subscription **at = &model->wishes[l][kind][name];

    if (*at == NULL) {
        assert_int_equal(sio__subscriptions_add(&model->subs, &model->asker,
                                                (enum sio__subscribe_kind)kind, name_text(name),
                                                &model->listeners[l], name, at),
                         SIO_OK);
        assert_ptr_equal(sio__subscriptions_of((*at)->name, &model->listeners[l]), *at);
    } else {
        sio__subscriptions_remove(&model->subs, *at);
        *at = NULL;
    }
}

static void execute(struct redis *redis, bool subscribe, int kind, int name)
{
    bool denied = subscribe && redis->denies[name];

    if (!denied)
        redis->has[kind][name] = subscribe;
    assert_true(redis->written - redis->answered < IN_FLIGHT);
    redis->answers[redis->written % IN_FLIGHT].kind = kind;
    redis->answers[redis->written % IN_FLIGHT].name = name;
    redis->answers[redis->written % IN_FLIGHT].subscribe = subscribe;
    redis->answers[redis->written % IN_FLIGHT].denied = denied;
    redis->written++;
}

/* The command at *at, "*2 $n verb $n name". */
static void parse(const char **at, char *verb, int *name)
{
    int len = 0, used = 0;

    assert_int_equal(sscanf(*at, "*2\r\n$%d\r\n%n", &len, &used), 1);
    snprintf(verb, 16, "%.*s", len, *at + used);
    *at += used + len + 2;
    assert_int_equal(sscanf(*at, "$%d\r\n%n", &len, &used), 1);
    assert_int_equal(sscanf(*at + used, "name %d", name), 1);
    assert_memory_equal(*at + used, name_text(*name).ptr, (size_t)len);
    *at += used + len + 2;
}

static int kind_of(const char *verb)
{
    if (verb[0] == 'P')
        return SIO__PATTERN;
    return strncmp(verb, "SS", 2) == 0 || strncmp(verb, "SUN", 3) == 0 ? SIO__SHARD_CHANNEL
                                                                       : SIO__CHANNEL;
}

static void send_commands(struct model *model)
{
    const char *at, *end;

    sio__asker_write(&model->asker);
    assert_int_equal(sio_buf_append(&model->asker.commands, "", 1), SIO_OK); /* for sscanf() */
    at = model->asker.commands.ptr;
    end = at + model->asker.commands.len - 1;
    while (at < end) {
        char verb[16];
        int name;

        parse(&at, verb, &name);
        execute(&model->redis, strstr(verb, "UNSUB") == NULL, kind_of(verb), name);
    }
}

static void answer(struct model *model)
{
    struct redis *redis = &model->redis;
    bool subscribe = false, denied;
    struct sio__name *name = sio__asker_awaited(&model->asker, &subscribe);
    size_t i = redis->answered % IN_FLIGHT;

    if (redis->answered == redis->written) {
        assert_null(name);
        return;
    }
    redis->answered++;
    assert_non_null(name);
    assert_int_equal(name->kind, redis->answers[i].kind);
    assert_int_equal(name->first.tag, redis->answers[i].name);
    assert_int_equal(subscribe, redis->answers[i].subscribe);
    denied = redis->answers[i].denied;
    name = sio__asker_answer(&model->asker, denied ? SIO__ASKER_DENIED : SIO__ASKER_OBEYED);
    if (name != NULL) {
        assert_true(name->subscriptions > 0);
        assert_int_equal(name->denied, denied);
        assert_int_equal(name->subscribed, !denied);
        sio__subscriptions_release(&model->subs, name);
    }
}

static void lose(struct model *model)
{
    sio__asker_disconnected(&model->asker);
    memset(&model->redis.has, 0, sizeof model->redis.has);
    for (int i = 0; i < NAMES && model->denies; i++) /* others on the next one */
        model->redis.denies[i] = pick(model, 4) == 0;
    model->redis.written = model->redis.answered = 0;
}

static void settle_all(struct model *model)
{
    do {
        send_commands(model);
        while (model->redis.answered < model->redis.written)
            answer(model);
    } while (sio__asker_can_write(&model->asker));
    answer(model); /* none is awaited */
}

/* What Redis has is what is wanted, and what is not wanted is forgotten. */
static void check(struct model *model)
{
    size_t known = 0;

    for (int kind = 0; kind < SIO__SUBSCRIBE_KINDS; kind++) {
        for (int name = 0; name < NAMES; name++) {
            struct sio__name *at = sio__subscriptions_find(
                &model->subs, (enum sio__subscribe_kind)kind, name_text(name));
            bool wanted = is_wanted(model, kind, name);

            assert_int_equal(at != NULL, wanted);
            known += wanted;
            assert_int_equal(model->redis.has[kind][name], wanted && !model->redis.denies[name]);
        }
    }
    for (int kind = 0; kind < SIO__SUBSCRIBE_KINDS; kind++)
        known -= sio__table_count(&model->subs.tables[kind]);
    assert_int_equal(known, 0);
}

static void run(unsigned seed, bool denies)
{
    static struct model model;

    memset(&model, 0, sizeof model);
    model.random = seed;
    assert_int_equal(sio__subscriptions_init(&model.subs), SIO_OK);
    assert_int_equal(sio__asker_init(&model.asker, &model.subs), SIO_OK);
    model.denies = denies;
    lose(&model);
    for (int step = 0; step < 3000; step++) {
        switch (pick(&model, 12)) {
        case 0:
            if (model.redis.written - model.redis.answered < IN_FLIGHT - 2 * NAMES)
                send_commands(&model);
            break;
        case 1:
        case 2:
        case 3:
            answer(&model);
            break;
        case 4:
            if (pick(&model, 40) == 0)
                lose(&model);
            break;
        case 5:
            if (pick(&model, 40) == 0) {
                settle_all(&model);
                check(&model);
            }
            break;
        default:
            wish(&model);
        }
    }
    settle_all(&model);
    check(&model);
    sio__asker_fini(&model.asker);
    sio__subscriptions_fini(&model.subs);
}

static void any_order_of_things_ends_as_wished(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 200; seed++)
        run(seed, false);
}

static void denied_names_are_left_alone(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 200; seed++)
        run(seed, true);
}

/* A sync ends when what was wished before it is answered, and not later. */
static void a_sync_has_its_place(void **state)
{
    static struct model model;
    struct sio__subscription *a, *b, *c;
    struct sio__sync sync = {.done = NULL};
    int connections;

    (void)state;
    for (connections = 1; connections <= 2; connections++) {
        memset(&model, 0, sizeof model);
        assert_int_equal(sio__subscriptions_init(&model.subs), SIO_OK);
        assert_int_equal(sio__asker_init(&model.asker, &model.subs), SIO_OK);
        sio__subscriptions_add(&model.subs, &model.asker, SIO__CHANNEL, name_text(1), &model, 1,
                               &a);
        settle_all(&model);
        sio__subscriptions_add(&model.subs, &model.asker, SIO__CHANNEL, name_text(2), &model, 2,
                               &b);
        sio__subscriptions_sync(&model.subs, &sync);
        sio__subscriptions_add(&model.subs, &model.asker, SIO__CHANNEL, name_text(3), &model, 3,
                               &c);
        assert_null(sio__subscriptions_synced(&model.subs));
        send_commands(&model);
        assert_null(sio__subscriptions_synced(&model.subs));
        if (connections == 2) {
            lose(&model);
            /* This one is due again already, before the sync, and stays there. */
            sio__subscriptions_add(&model.subs, &model.asker, SIO__CHANNEL, name_text(1), &b, 1,
                                   &a);
            assert_null(sio__subscriptions_synced(&model.subs));
            send_commands(&model);
            assert_null(sio__subscriptions_synced(&model.subs));
        }
        if (connections == 2) {
            answer(&model);
            assert_null(sio__subscriptions_synced(&model.subs));
        }
        answer(&model); /* the second name's; the third's is not waited for */
        assert_int_equal(model.redis.written - model.redis.answered, 1);
        assert_ptr_equal(sio__subscriptions_synced(&model.subs), &sync);
        assert_null(sio__subscriptions_synced(&model.subs));
        sio__asker_fini(&model.asker);
        sio__subscriptions_fini(&model.subs);
    }
}

/* The names of a connection that is lost, asked for again on the next one, piece by piece. */
static void come_back(struct sio__asker *asker, uint64_t many, struct steps *steps)
{
    steps_begin(steps);
    sio__asker_disconnected(asker);
    steps_end(steps);
    for (uint64_t asked = 0; asked < many;) {
        steps_begin(steps);
        sio__asker_write(asker);
        steps_end(steps);
        for (asked += asker->written - asker->answered; asker->answered < asker->written;) {
            struct sio__name *name = sio__asker_answer(asker, SIO__ASKER_OBEYED);

            assert_non_null(name);
            sio__subscriptions_release(asker->subs, name);
        }
    }
}

/* A name that passes to another connection: what was noted of the first does not follow it, and
 * a sync waits for it wherever it is. */
static void a_name_passes_to_another_connection(void **state)
{
    struct sio__subscriptions subs;
    struct sio__asker from, to;
    struct sio__subscription *sub, *other;
    struct sio__sync sync = {.done = NULL};
    bool subscribe;

    (void)state;
    assert_int_equal(sio__subscriptions_init(&subs), SIO_OK);
    assert_int_equal(sio__asker_init(&from, &subs), SIO_OK);
    assert_int_equal(sio__asker_init(&to, &subs), SIO_OK);
    sio__subscriptions_add(&subs, &from, SIO__SHARD_CHANNEL, name_text(1), &subs, 1, &sub);
    sio__subscriptions_add(&subs, &from, SIO__SHARD_CHANNEL, name_text(2), &subs, 2, &other);
    sio__asker_write(&from);
    assert_false(sio__asker_pass(sub->name, &to));           /* not with a command in flight */
    assert_null(sio__asker_answer(&from, SIO__ASKER_AGAIN)); /* -MOVED */
    assert_non_null(sio__asker_answer(&from, SIO__ASKER_OBEYED));
    sio__subscriptions_release(&subs, other->name);
    sio__subscriptions_sync(&subs, &sync);

    sio__asker_unsort(&from);
    assert_ptr_equal(sio__asker_next_unsorted(&from), other->name);
    assert_ptr_equal(sio__asker_next_unsorted(&from), sub->name);
    assert_null(sio__asker_next_unsorted(&from));
    assert_true(sio__asker_pass(sub->name, &to));
    assert_ptr_equal(sub->name->asker, &to);
    assert_false(sio__asker_can_write(&from)); /* the other one is confirmed still */
    assert_null(sio__subscriptions_synced(&subs));
    assert_true(sio__asker_can_write(&to));
    sio__asker_write(&to);
    assert_ptr_equal(sio__asker_awaited(&to, &subscribe), sub->name);
    assert_true(subscribe);
    assert_ptr_equal(sio__asker_answer(&to, SIO__ASKER_OBEYED), sub->name);
    sio__subscriptions_release(&subs, sub->name);
    assert_ptr_equal(sio__subscriptions_synced(&subs), &sync);

    sio__asker_ended(&from, other->name); /* by Redis: to be asked for again */
    assert_true(sio__asker_can_write(&from));
    sio__asker_ended(&from, other->name); /* which does nothing twice */
    assert_true(sio__asker_pass(other->name, &to));
    assert_false(sio__asker_can_write(&from));
    sio__asker_disconnected(&from);
    assert_false(sio__asker_can_write(&from));
    sio__subscriptions_remove(&subs, sub);
    sio__subscriptions_remove(&subs, other); /* never asked for there: forgotten */
    assert_null(sio__subscriptions_find(&subs, SIO__SHARD_CHANNEL, name_text(2)));
    sio__asker_fini(&to);
    sio__asker_fini(&from);
    sio__subscriptions_fini(&subs);
}

/* A million names: no step takes long, neither the loss nor a piece of the way back. */
static void a_million_names_are_no_moment(void **state)
{
    const uint64_t many = under_valgrind() ? 10000 : 1000000;
    struct steps steps = {0};
    struct sio__subscriptions subs;
    struct sio__asker asker;
    struct sio__subscription *sub;
    int rounds = 1;

    (void)state;
    assert_int_equal(sio__subscriptions_init(&subs), SIO_OK);
    assert_int_equal(sio__asker_init(&asker, &subs), SIO_OK);
    for (int i = 0; i < (int)many; i++)
        assert_int_equal(
            sio__subscriptions_add(&subs, &asker, SIO__CHANNEL, name_text(i), &subs, i, &sub),
            SIO_OK);
    come_back(&asker, many, &steps); /* the first connection has nothing to lose */
    do {
        steps.longest_us = 0;
        come_back(&asker, many, &steps);
    } while (!steps_within(&steps, 2000) && !under_valgrind() && rounds++ < STEPS_ROUNDS);
    assert_true(rounds <= STEPS_ROUNDS);
    assert_false(sio__asker_can_write(&asker));
    sio__asker_fini(&asker);
    sio__subscriptions_fini(&subs);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(any_order_of_things_ends_as_wished),
    cmocka_unit_test(denied_names_are_left_alone),
    cmocka_unit_test(a_sync_has_its_place),
    cmocka_unit_test(a_name_passes_to_another_connection),
    cmocka_unit_test(a_million_names_are_no_moment),
};

SIO_TEST_MAIN(tests)
