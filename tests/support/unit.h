/* SPDX-License-Identifier: MIT */
/* What every C test needs: cmocka, and a main that runs one case by name, so that
 * each case has a ctest entry, a deadline and a process of its own. */
#ifndef SIO_TESTS_UNIT_H
#define SIO_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Leave the case as skipped, visibly: ctest knows exit status 77. */
#define SIO_SKIP(reason)                                                                           \
    do {                                                                                           \
        printf("SKIP: %s\n", (reason));                                                            \
        fflush(stdout);                                                                            \
        _exit(77); /* no leak check of what the case had prepared */                               \
    } while (0)

/* A case that means the same whatever kind of Redis it meets: ctest labels it "topology". */
#define cmocka_unit_test_any_topology(test) cmocka_unit_test(test)
#define cmocka_unit_test_any_topology_teardown(test, teardown)                                     \
    cmocka_unit_test_teardown(test, teardown)

/* Whether valgrind runs this: everything takes thirty times as long. */
static inline int under_valgrind(void)
{
    const char *preloaded = getenv("LD_PRELOAD");

    return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
}

/* `program` runs all cases, `program CASE` one; an unknown name fails. */
#define SIO_TEST_MAIN(tests)                                                                       \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        if (argc > 1) {                                                                            \
            size_t i = 0;                                                                          \
            while (i < sizeof(tests) / sizeof((tests)[0]) &&                                       \
                   strcmp((tests)[i].name, argv[1]) != 0)                                          \
                i++;                                                                               \
            if (i == sizeof(tests) / sizeof((tests)[0])) {                                         \
                fprintf(stderr, "no such case: %s\n", argv[1]);                                    \
                return 2;                                                                          \
            }                                                                                      \
            cmocka_set_test_filter(argv[1]);                                                       \
        }                                                                                          \
        return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? 0 : 1;                             \
    }

#endif
