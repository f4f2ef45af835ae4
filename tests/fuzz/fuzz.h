/* SPDX-License-Identifier: MIT */
/* What every fuzz target has: the entry that libFuzzer and replay.c call, a check that ends
 * the process in any build, and input in memory that ends where it ends. */
#ifndef SIO_TESTS_FUZZ_H
#define SIO_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sio/str.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Take n bytes, or what is left, from the front. */
static inline sio_str fuzz_take(sio_str *input, size_t n)
{
    sio_str front = sio_str_of(input->ptr, n < input->len ? n : input->len);
    input->ptr += front.len;
    input->len -= front.len;
    return front;
}

/* One byte from the front; 0 when nothing is left. */
static inline unsigned fuzz_byte(sio_str *input)
{
    sio_str byte = fuzz_take(input, 1);
    return byte.len == 1 ? (unsigned char)byte.ptr[0] : 0;
}

/* What stands before the next line feed, which is taken too. */
static inline sio_str fuzz_line(sio_str *input)
{
    const char *end = input->len > 0 ? memchr(input->ptr, '\n', input->len) : NULL;
    sio_str line = fuzz_take(input, end != NULL ? (size_t)(end - input->ptr) : input->len);
    fuzz_take(input, 1);
    return line;
}

#endif
