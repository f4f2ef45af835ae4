/* SPDX-License-Identifier: MIT */
/* A fake Redis that follows a script, word for word: for answers, pauses and ends that
 * must come at an exact byte. One step a line; bytes with C's \r \n \t \\ \xHH:
 *
 *     accept          wait for the next connection; the one before is closed
 *     greet           answer as a master until ROLE has been answered
 *     expect BYTES    exactly these must come next
 *     publish N       PUBLISH commands must come next, so many, whole
 *     send BYTES
 *     sleep MS
 *     hang            until the other side has closed or the script is freed
 *     close
 *     reset           close with RST
 *
 * sio-fake-redis (fake_main.c) is the same as a program, for tests in other languages. */
#ifndef SIO_TESTS_FAKE_SCRIPT_H
#define SIO_TESTS_FAKE_SCRIPT_H

#include <stddef.h>

struct fake_script;

/* Begins at once, on a free TCP port of 127.0.0.1. */
struct fake_script *fake_script_new(const char *script);
const char *fake_script_url(const struct fake_script *fake);

/* The step it is at, from 0; -1: all done. */
int fake_script_step(struct fake_script *fake);

/* NULL, or what did not happen as written. */
const char *fake_script_error(struct fake_script *fake);

void fake_script_free(struct fake_script *fake); /* also in the middle */

#endif
