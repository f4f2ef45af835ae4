/* SPDX-License-Identifier: MIT */
/* Acknowledged emits of an adapter without a link. */
#include "adapter_world.h"

static void free_b(struct world *w)
{
    sio_socket_free(world_find(w, "b"));
}

static void on_ack(sio_adapter *adapter, sio_str value, void *user)
{
    char text[64] = "nothing";
    sio_buf json;

    (void)adapter;
    sio_buf_init_on(&json, text, sizeof text);
    if (value.len > 0) {
        assert_int_equal(sio_json_write(value, NULL, NULL, &json), SIO_OK);
        text[json.len] = '\0';
    }
    world_line(user, "ack %s", text);
}

static void on_acked(sio_adapter *adapter, const sio_answers *answers, uint64_t clients,
                     uint64_t acks, void *user)
{
    (void)adapter;
    world_line(user, "acked %s %llu of %llu, %u of %u", sio_status_name(answers->status),
               (unsigned long long)acks, (unsigned long long)clients, answers->answered,
               answers->expected);
}

static void acks_end_when_all_have_answered(void **state)
{
    struct world w;
    sio_adapter_stats stats;
    (void)state;
    world_init(&w, WORLD_ALONE);
    w.quiet_rooms = true;
    sio_socket *a = world_socket(&w, "a", NULL), *b = world_socket(&w, "b", NULL);
    assert_int_equal(
        sio_adapter_emit_with_ack(w.adapter, NULL, SIO_STR("e"), NULL, on_ack, on_acked, &w),
        SIO_OK);
    world_expect(&w, "packet \"e\" id 0\nto a\nto b\ndelivered 2\n");
    assert_int_equal(sio_socket_ack(a, 1, SIO_STR("\x01")), SIO_EINVAL);
    assert_int_equal(sio_socket_ack(a, 0, SIO_STR("\x07\x08")), SIO_OK);
    assert_int_equal(sio_socket_ack(a, 0, SIO_STR("\x07")), SIO_EINVAL);
    world_expect(&w, "ack 7\n");
    sio_adapter_get_stats(w.adapter, &stats);
    assert_int_equal(stats.ack_requests, 1);
    assert_int_equal(stats.acks_awaited, 1);
    assert_int_equal(sio_socket_ack(b, 0, SIO_STR("")), SIO_OK);
    world_expect(&w, "ack nothing\nacked SIO_OK 2 of 2, 0 of 0\n");
    sio_adapter_get_stats(w.adapter, &stats);
    assert_int_equal(stats.ack_requests, 0);
    assert_int_equal(stats.acks_awaited, 0);
    world_fini(&w);
}

static void nobody_to_answer(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_ALONE);
    assert_int_equal(
        sio_adapter_emit_with_ack(w.adapter, NULL, SIO_STR("e"), NULL, on_ack, on_acked, &w),
        SIO_OK);
    world_expect(&w, "acked SIO_OK 0 of 0, 0 of 0\n");
    world_fini(&w);
}

static void acks_end_at_the_timeout(void **state)
{
    struct world w;
    sio_target *to = world_target("");
    sio_adapter_stats stats;
    (void)state;
    world_init(&w, WORLD_ALONE);
    w.quiet_rooms = true;
    sio_socket *a = world_socket(&w, "a", NULL);
    world_socket(&w, "b", NULL);
    sio_target_timeout(to, 30);
    assert_int_equal(
        sio_adapter_emit_with_ack(w.adapter, to, SIO_STR("e"), NULL, on_ack, on_acked, &w), SIO_OK);
    assert_int_equal(sio_socket_ack(a, 0, SIO_STR("\xc0")), SIO_OK);
    world_expect(&w, "packet \"e\" id 0\nto a\nto b\ndelivered 2\nack null\n");
    WORLD_WAIT(&w, w.log.len > 0);
    world_expect(&w, "acked SIO_ETIMEDOUT 1 of 2, 0 of 0\n");
    sio_adapter_get_stats(w.adapter, &stats);
    assert_int_equal(stats.acks_awaited, 0);
    assert_int_equal(sio_socket_ack(world_find(&w, "b"), 0, SIO_STR("\xc0")), SIO_EINVAL);
    sio_target_free(to);
    world_fini(&w);
}

static void ack_at_once(struct world *w)
{
    assert_int_equal(sio_socket_ack(world_find(w, "a"), w->last_id, SIO_STR("\xc3")), SIO_OK);
}

static void acks_may_come_while_it_is_delivered(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_ALONE);
    w.quiet_rooms = true;
    world_socket(&w, "a", NULL);
    w.trap = "to a";
    w.on_trap = ack_at_once;
    assert_int_equal(
        sio_adapter_emit_with_ack(w.adapter, NULL, SIO_STR("e"), NULL, on_ack, on_acked, &w),
        SIO_OK);
    world_expect(&w, "packet \"e\" id 0\nto a\nack true\nacked SIO_OK 1 of 1, 0 of 0\n"
                     "delivered 1\n");
    world_fini(&w);
}

static void the_first_ack_is_enough_for_one_socket(void **state)
{
    struct world w;
    sio_target *to = world_target("");
    (void)state;
    world_init(&w, WORLD_ALONE);
    w.quiet_rooms = true;
    sio_socket *a = world_socket(&w, "a", NULL);
    world_socket(&w, "b", "a", NULL); /* in the room of a's id, too */
    assert_int_equal(sio_target_socket(to, SIO_STR("a")), SIO_OK);
    assert_int_equal(
        sio_adapter_emit_with_ack(w.adapter, to, SIO_STR("e"), NULL, on_ack, on_acked, &w), SIO_OK);
    world_forget(&w);
    assert_int_equal(sio_socket_ack(a, 0, SIO_STR("\x01")), SIO_OK);
    world_expect(&w, "ack 1\nacked SIO_OK 1 of 2, 0 of 0\n");
    sio_target_free(to);
    world_fini(&w);
}

/* The host draws the packet id, and meanwhile a socket goes. */
static void who_goes_before_the_id_is_drawn(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_ALONE);
    w.quiet_rooms = true;
    sio_socket *a = world_socket(&w, "a", NULL);
    world_socket(&w, "b", NULL);
    w.trap = "id";
    w.on_trap = free_b;
    assert_int_equal(
        sio_adapter_emit_with_ack(w.adapter, NULL, SIO_STR("e"), NULL, on_ack, on_acked, &w),
        SIO_OK);
    sio_socket *b = world_socket(&w, "b", NULL); /* perhaps where the other was */
    assert_int_equal(sio_socket_ack(b, 0, SIO_STR("\x01")), SIO_EINVAL);
    assert_int_equal(sio_socket_ack(a, 0, SIO_STR("\x01")), SIO_OK);
    world_expect(&w, "packet \"e\" id 0\nto a\ndelivered 1\nack 1\nacked SIO_OK 1 of 1, 0 of 0\n");
    world_fini(&w);
}

static void awaited_acks_are_bounded(void **state)
{
    struct world w;
    sio_adapter_opts opts;
    (void)state;
    memset(&w, 0, sizeof w);
    sio_buf_init(&w.log);
    w.quiet_rooms = true;
    world_opts(&w, &opts);
    opts.max_acks = 3;
    world_open(&w, &opts, WORLD_ALONE);
    world_socket(&w, "a", NULL);
    world_socket(&w, "b", NULL);
    assert_int_equal(
        sio_adapter_emit_with_ack(w.adapter, NULL, SIO_STR("e"), NULL, on_ack, on_acked, &w),
        SIO_OK);
    world_forget(&w);
    assert_int_equal(
        sio_adapter_emit_with_ack(w.adapter, NULL, SIO_STR("e"), NULL, on_ack, on_acked, &w),
        SIO_EFULL);
    world_expect(&w, "");
    sio_socket_free(world_find(&w, "a"));
    assert_int_equal(
        sio_adapter_emit_with_ack(w.adapter, NULL, SIO_STR("e"), NULL, on_ack, on_acked, &w),
        SIO_OK);
    world_forget(&w);
    world_fini(&w);
}

/* 3,000,000,000 ms are beyond what the clock's differences can tell. */
static void long_timeouts_are_long(void **state)
{
    struct world w;
    sio_target *to = world_target("");
    (void)state;
    world_init(&w, WORLD_ALONE);
    w.quiet_rooms = true;
    sio_socket *a = world_socket(&w, "a", NULL);
    sio_target_timeout(to, 3000000000U);
    assert_int_equal(
        sio_adapter_emit_with_ack(w.adapter, to, SIO_STR("e"), NULL, on_ack, on_acked, &w), SIO_OK);
    sio_target_timeout(to, 20);
    assert_int_equal(
        sio_adapter_emit_with_ack(w.adapter, to, SIO_STR("e"), NULL, on_ack, on_acked, &w), SIO_OK);
    world_forget(&w);
    WORLD_WAIT(&w, w.log.len > 0);
    world_expect(&w, "acked SIO_ETIMEDOUT 0 of 1, 0 of 0\n"); /* one of them */
    assert_int_equal(sio_socket_ack(a, 0, SIO_STR("\x01")), SIO_OK);
    world_expect(&w, "ack 1\nacked SIO_OK 1 of 1, 0 of 0\n");
    sio_target_free(to);
    world_fini(&w);
}

static void freed_with_acks_awaited(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_ALONE);
    w.quiet_rooms = true;
    sio_socket *a = world_socket(&w, "a", NULL);
    world_socket(&w, "b", NULL);
    assert_int_equal(
        sio_adapter_emit_with_ack(w.adapter, NULL, SIO_STR("e"), NULL, on_ack, on_acked, &w),
        SIO_OK);
    sio_socket_free(a);
    world_forget(&w);
    sio_adapter_free(w.adapter);
    w.adapter = NULL;
    world_expect(&w, "acked SIO_ECLOSED 0 of 2, 0 of 0\n");
    world_fini(&w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(acks_end_when_all_have_answered),
    cmocka_unit_test(nobody_to_answer),
    cmocka_unit_test(acks_end_at_the_timeout),
    cmocka_unit_test(acks_may_come_while_it_is_delivered),
    cmocka_unit_test(the_first_ack_is_enough_for_one_socket),
    cmocka_unit_test(who_goes_before_the_id_is_drawn),
    cmocka_unit_test(awaited_acks_are_bounded),
    cmocka_unit_test(long_timeouts_are_long),
    cmocka_unit_test(freed_with_acks_awaited),
};

SIO_TEST_MAIN(tests)
