/* SPDX-License-Identifier: MIT */
/* A link's counters for Prometheus: take prometheus.c into your server as it is. */
#ifndef PROMETHEUS_H
#define PROMETHEUS_H

#include <sio/link.h>

struct evbuffer;

/* The Content-Type of the answer. */
#define PROMETHEUS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Append the text to the buffer. 0, or -1: out of memory. */
int prometheus_write(const sio_link_stats *stats, struct evbuffer *out);

#endif
