/* SPDX-License-Identifier: MIT */
/** @file sio/export.h
 *  Which symbols the shared libraries offer, and their version. */
#ifndef SIO_EXPORT_H
#define SIO_EXPORT_H

#if defined(__GNUC__)
/** Part of the interface: visible outside the shared library. */
#define SIO_API __attribute__((visibility("default")))
/** Checks a printf-like function's arguments. */
#define SIO_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define SIO_API
#define SIO_PRINTF(fmt, args)
#endif

#endif
