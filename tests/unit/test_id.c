/* SPDX-License-Identifier: MIT */
/* Ids: of the right letters, each as likely, not foreseeable; refused where the system has
 * no random numbers. */
#include "unit.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "wire/id.h"
#include "wire/wire.h"

static void letters_of_the_alphabet(void **state)
{
    (void)state;
    const char *alphabet = sio__wire_classic.id_alphabet;
    struct sio__ids ids = {.left = 0};
    bool seen[256] = {false};
    assert_int_equal(strlen(alphabet), 64);
    for (unsigned i = 0; i < 1000; i++) {
        char id[8] = "~~~~~~~~";
        assert_int_equal(sio__ids_draw(&ids, alphabet, 6, id), SIO_OK);
        assert_memory_equal(id + 6, "~~", 2);
        for (unsigned n = 0; n < 6; n++) {
            assert_non_null(strchr(alphabet, id[n]));
            seen[(unsigned char)id[n]] = true;
        }
    }
    for (const char *c = alphabet; *c != '\0'; c++)
        assert_true(seen[(unsigned char)*c]);
}

/* The bytes drawn ahead decide: those that would favour some letters are passed over. */
static void every_letter_is_as_likely(void **state)
{
    (void)state;
    struct sio__ids ids = {.left = sizeof ids.bytes};
    unsigned count[10] = {0};
    char id[250];
    for (unsigned i = 0; i < sizeof ids.bytes; i++)
        ids.bytes[i] = (unsigned char)i;
    assert_int_equal(sio__ids_draw(&ids, "0123456789", sizeof id, id), SIO_OK);
    assert_int_equal(ids.left, 6);
    for (unsigned i = 0; i < sizeof id; i++)
        count[id[i] - '0']++;
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(count[i], 25);
    for (unsigned i = 0; i < 6; i++) /* those six are over the bound */
        ids.bytes[sizeof ids.bytes - 1 - i] = 255;
    assert_int_equal(sio__ids_draw(&ids, "0123456789", 1, id), SIO_OK);
    assert_true(ids.left > 200);
}

static void ids_differ(void **state)
{
    (void)state;
    struct sio__ids a = {.left = 0}, b = {.left = 0};
    char one[16], two[16], other[16];
    assert_int_equal(sio__ids_draw(&a, "0123456789abcdef", 16, one), SIO_OK);
    assert_int_equal(sio__ids_draw(&a, "0123456789abcdef", 16, two), SIO_OK);
    assert_int_equal(sio__ids_draw(&b, "0123456789abcdef", 16, other), SIO_OK);
    assert_memory_not_equal(one, two, 16);
    assert_memory_not_equal(one, other, 16);
}

/* From here on getrandom() fails in this process. */
static bool forbid_getrandom(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), /* the call's number */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof filter / sizeof filter[0], .filter = filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void without_random_numbers(void **state)
{
    (void)state;
    enum { CANNOT_FORBID = 100 };
    int end;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct sio__ids ids = {.left = 0};
        char id[6];
        _exit(forbid_getrandom() ? (int)sio__ids_draw(&ids, "ab", sizeof id, id) : CANNOT_FORBID);
    }
    assert_int_equal(waitpid(child, &end, 0), child);
    assert_true(WIFEXITED(end));
    if (WEXITSTATUS(end) == CANNOT_FORBID)
        SIO_SKIP("seccomp is not available");
    assert_int_equal(WEXITSTATUS(end), SIO_ESYS);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(letters_of_the_alphabet),
    cmocka_unit_test(every_letter_is_as_likely),
    cmocka_unit_test(ids_differ),
    cmocka_unit_test(without_random_numbers),
};

SIO_TEST_MAIN(tests)
