/* SPDX-License-Identifier: MIT */
/* JavaScript's numbers as text, independent of the process's locale. */
#ifndef SIO_COMMON_VALUE_NUMBER_H
#define SIO_COMMON_VALUE_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#include <sio/export.h>

#define SIO__NUMBER_MAX  32 /* bytes that sio__number_print() may write */
#define SIO__NATURAL_MAX 20 /* and sio__natural_print() */

/* Print a finite double as Number.prototype.toString does; returns its length. No terminator. */
SIO_API size_t sio__number_print(double number, char out[SIO__NUMBER_MAX]);

/* Print an integer in decimal; returns its length. No terminator. */
SIO_API size_t sio__natural_print(uint64_t number, char out[SIO__NATURAL_MAX]);

/* The double nearest to JSON number text (already checked against the grammar;
 * not terminated). Beyond the range: +-infinity or 0. */
SIO_API double sio__number_parse(const char *text, size_t len);

/* The double nearest to digits * 10^-places; digits up to 2^53, places up to 22. */
SIO_API double sio__number_shift(uint64_t digits, unsigned places);

#endif
