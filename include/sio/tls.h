/* SPDX-License-Identifier: MIT */
/** @file sio/tls.h
 *  How a link encrypts and whom it trusts, with OpenSSL 3, which is loaded when the first link
 *  wants it. */
#ifndef SIO_TLS_H
#define SIO_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include <sio/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The passphrase of an encrypted private key is wanted, each time the key is read: at every
 *  attempt to connect. Called on a helper thread of the library's, never on the loop: what it
 *  uses must allow that, and must live until the link has been freed, which waits for a call
 *  that is under way. It must not use the link.
 *  @param out   to be filled; not terminated; wiped after use
 *  @param size  room there
 *  @param user  sio_tls_opts.passphrase_user
 *  @return its length in bytes, or -1: there is none, and the attempt fails. */
typedef int sio_tls_passphrase_cb(char *out, size_t size, void *user);

/** Part of sio_link_opts; all zero is the default: plaintext unless the URL says otherwise, and
 *  then the server's chain and name (or IP address) are verified, the name by subjectAltName
 *  alone. Strings are copied. Files are read anew at every attempt to connect, on a helper
 *  thread (of a directory of authorities those that a chain needs, when it is verified); what
 *  is wrong with them is the attempt's failure. TLS 1.2 is the least that is spoken. Settings
 *  where nothing asks for TLS are refused, and so is TLS on a unix socket. */
typedef struct sio_tls_opts {
    bool on;                  /**< encrypt; a URL of rediss:// or valkeys:// says so, too */
    bool insecure;            /**< do not verify the server; logged as a warning */
    const char *ca_file;      /**< PEM; NULL and ca_dir NULL: the system's authorities */
    const char *ca_dir;       /**< a directory as openssl-rehash(1) makes it */
    const char *cert_file;    /**< PEM, the client's certificate and its chain; with key_file */
    const char *key_file;     /**< PEM, its private key; with cert_file */
    const char *server_name;  /**< verified, and if it is a name sent as SNI, instead of the host */
    const char *ciphers;      /**< of TLS 1.2, as openssl-ciphers(1); NULL: OpenSSL's default */
    const char *ciphersuites; /**< of TLS 1.3; NULL: OpenSSL's default */
    sio_tls_passphrase_cb *passphrase; /**< NULL: keys are not encrypted */
    void *passphrase_user;             /**< for passphrase */
} sio_tls_opts;

#ifdef __cplusplus
}
#endif

#endif
