/* SPDX-License-Identifier: MIT */
/* Why a TLS connection failed, in words: what OpenSSL says, made of use to who reads it. */
#ifndef SIO_COMMON_LINK_TLS_TEXT_H
#define SIO_COMMON_LINK_TLS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "link/speaks.h"

struct x509_store_ctx_st;

enum { SIO__TLS_NAME_MAX = 256, SIO__TLS_TEXT_MAX = 224 };

/* What is known of a connection. */
struct sio__tls_seen {
    char name[SIO__TLS_NAME_MAX];  /* whom the certificate is to be for */
    char first[SIO__SPEAKS_BYTES]; /* the first bytes that came */
    size_t nfirst;
    bool up;    /* the handshake is over, */
    bool heard; /* and something else has been said */
    bool asked; /* the server wants a client certificate, */
    bool has_certificate;
    bool ended; /* the peer said that no more will come */
    bool cut;   /* the connection ended */
    int error;  /* errno of recv(); 0: none */
};

void sio__tls_saw(struct sio__tls_seen *seen, const char *bytes, size_t len);

/* The certificate that has just been refused. */
void sio__tls_explain_certificate(struct x509_store_ctx_st *store, const char *name, char *out,
                                  size_t size);

/* error: OpenSSL's first. */
void sio__tls_explain(const struct sio__tls_seen *seen, unsigned long error, char *out,
                      size_t size);

#endif
