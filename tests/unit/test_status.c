/* SPDX-License-Identifier: MIT */
/* Every status has a name and a text of its own; other numbers are survived. */
#include "unit.h"

#include <sio/status.h>

static void names_and_texts(void **state)
{
    (void)state;
    for (int i = 0; i < SIO_STATUS_COUNT; i++) {
        sio_status status = (sio_status)i;
        assert_memory_equal(sio_status_name(status), "SIO_", 4);
        assert_int_not_equal(sio_status_text(status)[0], '\0');
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(sio_status_name(status), sio_status_name((sio_status)j));
            assert_string_not_equal(sio_status_text(status), sio_status_text((sio_status)j));
        }
    }
    assert_string_equal(sio_status_name(SIO_OK), "SIO_OK");
    assert_string_equal(sio_status_name(SIO_ENOMEM), "SIO_ENOMEM");
}

static void unknown_numbers(void **state)
{
    (void)state;
    assert_string_equal(sio_status_name(SIO_STATUS_COUNT), "SIO_?");
    assert_string_equal(sio_status_text(SIO_STATUS_COUNT), "unknown status");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(names_and_texts),
    cmocka_unit_test(unknown_numbers),
};

SIO_TEST_MAIN(tests)
