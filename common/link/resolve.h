/* SPDX-License-Identifier: MIT */
/* Host names to addresses, by getaddrinfo() on a helper thread, so that nsswitch is
 * obeyed and the loop is not blocked. */
#ifndef SIO_COMMON_LINK_RESOLVE_H
#define SIO_COMMON_LINK_RESOLVE_H

#include <stdint.h>

#include <sio/link.h>
#include <sio/status.h>

struct addrinfo;
struct sio__resolve;

/* SIO_OK, SIO_ENOMEM or SIO_ESYS. A numeric host is resolved before it returns. */
sio_status sio__resolve_start(const char *host, uint16_t port, sio_link_family family,
                              struct sio__resolve **out);

/* Becomes readable once there is a result. */
int sio__resolve_fd(const struct sio__resolve *request);

/* The result: getaddrinfo()'s code, 0 for success, and the list, which lives as long as
 * the request. *done false: none yet. */
int sio__resolve_result(struct sio__resolve *request, const struct addrinfo **list, _Bool *done);

/* Never waits; what getaddrinfo() still finds is dropped. NULL allowed. */
void sio__resolve_free(struct sio__resolve *request);

/* In the child of a fork(), where the helper threads are no more. */
void sio__resolve_after_fork(void);

#endif
