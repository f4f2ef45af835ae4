/* SPDX-License-Identifier: MIT */
/** @file sio/result.h
 *  What became of something that was published. */
#ifndef SIO_RESULT_H
#define SIO_RESULT_H

#include <stdint.h>

#include <sio/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What became of an emit. Borrowed until the callback returns. */
typedef struct sio_emit_result {
    sio_status status;  /**< SIO_OK: Redis has taken it */
    int64_t receivers;  /**< subscribers that Redis reached, which are servers and not clients;
                             -1 unless status is SIO_OK */
    const char *text;   /**< the reason for people, Redis's own words if it gave any; never NULL */
} sio_emit_result;

#ifdef __cplusplus
}
#endif

#endif
