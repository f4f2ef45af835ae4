/* SPDX-License-Identifier: MIT */
/* The recorded vectors (tests/fixtures/vectors), line by line. */
#ifndef SIO_TESTS_VECTORS_H
#define SIO_TESTS_VECTORS_H

#include <sio/buf.h>

struct vector {
    char name[128];
    sio_str whole;  /* the packed line */
    sio_str inputs; /* packed map */
    sio_str channel;
    sio_str payload; /* the bytes */
};

/* Call `each` with every vector of the file whose name begins with `prefix`; returns how
 * many there were. */
size_t vectors_each(const char *file, const char *prefix,
                    void (*each)(const struct vector *vector, void *user), void *user);

#endif
