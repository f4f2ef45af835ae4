/* SPDX-License-Identifier: MIT */
/* Standard output, written whole. */
#ifndef SIO_CLI_OUTPUT_H
#define SIO_CLI_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include <sio/export.h>
#include <sio/str.h>

/* After a signal, wait no longer than this for a reader that does not read. */
void output_limit(int64_t ms);

/* false: stdout cannot be written; reported once. Main thread. */
bool output_write(sio_str text);
bool output_print(const char *fmt, ...) SIO_PRINTF(1, 2);

#endif
