/* SPDX-License-Identifier: MIT */
/* OpenSSL over a BIO of our own: it reads the socket by recv(), straight into OpenSSL's
 * buffer, and collects what is to be written, many records for one sendmsg(). */
#include "link/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <sio/buf.h>

#include "link/openssl.h"
#include "link/tls_config.h"
#include "link/tls_text.h"

enum {
    ENCRYPT_MAX = 48 * 1024, /* bytes of one go: three records */
    OVERHEAD_MAX = 1024,     /* more than encrypting adds to that */
    KEEP_MAX = 4 * 1024,     /* a larger buffer is given back once all is sent */
    UNSENT_MAX = ENCRYPT_MAX + OVERHEAD_MAX + 64 * 1024, /* while more is received */
    BUDGET = 256 * 1024 /* bytes received at a time: a peer may send what has no content */
};

struct sio__tls {
    SSL *ssl;
    int fd;
    sio_buf out; /* encrypted; of it sent: */
    size_t sent;
    uint64_t bytes_in;
    size_t budget; /* bytes that may be received before others have their turn */
    bool up, failed;
    struct sio__tls_seen seen;
    char text[SIO__TLS_TEXT_MAX];
};

/* -- what OpenSSL reads and writes -- */

static int bio_read(BIO *bio, char *at, size_t room, size_t *len)
{
    struct sio__tls *tls = BIO_get_data(bio);
    ssize_t n;

    BIO_clear_retry_flags(bio);
    *len = 0;
    if (tls->budget == 0) { /* what is left has the socket readable still */
        BIO_set_retry_read(bio);
        return 0;
    }
    n = recv(tls->fd, at, room < tls->budget ? room : tls->budget, 0);
    if (n > 0) {
        tls->budget -= (size_t)n;
        sio__tls_saw(&tls->seen, at, (size_t)n);
        tls->bytes_in += (size_t)n;
        *len = (size_t)n;
        return 1;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(bio);
    else if (n < 0)
        tls->seen.error = errno;
    else
        tls->seen.cut = true;
    return 0;
}

static int bio_write(BIO *bio, const char *bytes, size_t len, size_t *written)
{
    struct sio__tls *tls = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    *written = 0;
    if (sio_buf_append(&tls->out, bytes, len) != SIO_OK)
        return 0;
    *written = len;
    return 1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    struct sio__tls *tls = BIO_get_data(bio);

    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF)
        return tls->seen.cut;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method; /* made once, and kept */

static void make_method(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sio");
    if (method == NULL)
        return;
    BIO_meth_set_read_ex(method, bio_read);
    BIO_meth_set_write_ex(method, bio_write);
    BIO_meth_set_ctrl(method, bio_ctrl);
}

static bool set_bio(struct sio__tls *tls)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    BIO *bio = NULL;

    pthread_once(&once, make_method);
    if (method != NULL)
        bio = BIO_new(method);
    if (bio == NULL)
        return false;
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    return true;
}

/* -- whom it is to be -- */

/* As names are compared and sent: without a final dot; addresses without a scope. */
static void plain_name(const char *host, char *out, size_t size)
{
    size_t len = strcspn(host, "%");

    if (len > 0 && host[len] == '\0' && host[len - 1] == '.')
        len--;
    if (len >= size)
        len = size - 1;
    memcpy(out, host, len);
    out[len] = '\0';
}

static bool is_address(const char *name)
{
    unsigned char bytes[16];

    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

/* A name in the certificate's subject counts for nothing (RFC 9525, section 2). */
static bool expect(struct sio__tls *tls, const char *name)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(tls->ssl);

    if (name[0] == '\0') /* which OpenSSL takes for any */
        return false;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (is_address(name))
        return X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1;
    return X509_VERIFY_PARAM_set1_host(param, name, 0) == 1 &&
           SSL_set_tlsext_host_name(tls->ssl, name) == 1;
}

static int on_verify(int good, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct sio__tls *tls = SSL_get_app_data(ssl);

    if (!good)
        sio__tls_explain_certificate(store, tls->seen.name, tls->text, sizeof tls->text);
    return good;
}

/* The server has asked for our certificate. */
static int on_asked(SSL *ssl, void *arg)
{
    struct sio__tls *tls = arg;

    (void)ssl;
    tls->seen.asked = true;
    return 1;
}

static bool prepare(struct sio__tls *tls, const struct sio__tls_config *config, const char *host)
{
    plain_name(config->server_name != NULL ? config->server_name : host, tls->seen.name,
               sizeof tls->seen.name);
    if (!set_bio(tls) || !expect(tls, tls->seen.name))
        return false;
    SSL_set_app_data(tls->ssl, tls);
    SSL_set_connect_state(tls->ssl);
    SSL_set_verify(tls->ssl, config->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                   config->insecure ? NULL : on_verify);
    SSL_set_cert_cb(tls->ssl, on_asked, tls);
    tls->seen.has_certificate = config->cert_file != NULL;
    return true;
}

sio_status sio__tls_new(struct ssl_ctx_st *context, const struct sio__tls_config *config,
                        const char *host, struct sio__tls **out)
{
    struct sio__tls *tls = calloc(1, sizeof *tls);

    if (tls != NULL) {
        tls->fd = -1;
        sio_buf_init(&tls->out);
        tls->ssl = SSL_new(context);
    }
    SSL_CTX_free(context); /* SSL_new() has its own share of it */
    if (tls == NULL || tls->ssl == NULL || !prepare(tls, config, host)) {
        sio__tls_free(tls);
        ERR_clear_error();
        return SIO_ENOMEM;
    }
    *out = tls;
    return SIO_OK;
}

void sio__tls_free(struct sio__tls *tls)
{
    if (tls == NULL)
        return;
    SSL_free(tls->ssl);
    sio_buf_fini(&tls->out);
    free(tls);
}

void sio__tls_attach(struct sio__tls *tls, int fd)
{
    tls->fd = fd;
}

/* -- failures -- */

/* What OpenSSL's call that returned `result` means: SIO_OK, it waits for bytes. */
static sio_status judge(struct sio__tls *tls, int result)
{
    int error = SSL_get_error(tls->ssl, result);

    if (error == SSL_ERROR_WANT_READ)
        return SIO_OK;
    tls->failed = true;
    tls->seen.up = tls->up;
    tls->seen.ended = error == SSL_ERROR_ZERO_RETURN;
    if (tls->text[0] == '\0')
        sio__tls_explain(&tls->seen, ERR_peek_error(), tls->text, sizeof tls->text);
    ERR_clear_error();
    return SIO_ECONN;
}

/* A host's own use of OpenSSL on this thread may have left errors behind. */
static bool begin(struct sio__tls *tls)
{
    ERR_clear_error();
    tls->budget = BUDGET;
    return !tls->failed;
}

sio_status sio__tls_handshake(struct sio__tls *tls)
{
    int result;

    if (tls->up)
        return SIO_OK;
    if (!begin(tls))
        return SIO_ECONN;
    result = SSL_do_handshake(tls->ssl);
    tls->up = result == 1;
    return tls->up ? SIO_OK : judge(tls, result);
}

bool sio__tls_is_up(const struct sio__tls *tls)
{
    return tls->up;
}

/* -- bytes -- */

sio_status sio__tls_receive(struct sio__tls *tls, char *at, size_t room, size_t *len, bool *more)
{
    *len = 0;
    *more = false;
    if (!begin(tls))
        return SIO_ECONN;
    if (tls->out.len - tls->sent > UNSENT_MAX) {
        snprintf(tls->text, sizeof tls->text, "TLS: the peer asks and takes no answers");
        tls->failed = true;
        return SIO_ECONN;
    }
    while (*len < room) {
        size_t n;
        int result = SSL_read_ex(tls->ssl, at + *len, room - *len, &n);

        if (result == 1) {
            tls->seen.heard = true;
            *len += n;
            continue;
        }
        if (judge(tls, result) == SIO_OK)
            return SIO_OK;
        *more = *len > 0; /* what was read before counts; then this is told again */
        return *len > 0 ? SIO_OK : SIO_ECONN;
    }
    *more = SSL_has_pending(tls->ssl) == 1;
    return SIO_OK;
}

static size_t sum(const struct iovec *iov, int pieces)
{
    size_t len = 0;

    for (int i = 0; i < pieces && len < ENCRYPT_MAX; i++)
        len += iov[i].iov_len;
    return len < ENCRYPT_MAX ? len : ENCRYPT_MAX;
}

sio_status sio__tls_encrypt(struct sio__tls *tls, const struct iovec *iov, int pieces,
                            size_t *taken)
{
    size_t most = sum(iov, pieces);

    *taken = 0;
    if (!begin(tls))
        return SIO_ECONN;
    /* Once, instead of growing; where there is none, OpenSSL fails. */
    (void)sio_buf_reserve(&tls->out, most + OVERHEAD_MAX);
    for (int i = 0; i < pieces && *taken < most; i++) {
        size_t len = iov[i].iov_len, n;
        int result;

        if (len > most - *taken)
            len = most - *taken;
        result = SSL_write_ex(tls->ssl, iov[i].iov_base, len, &n);
        if (result != 1) {
            judge(tls, result); /* nothing but memory can be wanting here */
            tls->failed = true;
            return SIO_ECONN;
        }
        *taken += n;
    }
    return SIO_OK;
}

bool sio__tls_unsent(const struct sio__tls *tls)
{
    return tls->sent < tls->out.len;
}

ssize_t sio__tls_send(struct sio__tls *tls)
{
    ssize_t n = send(tls->fd, tls->out.ptr + tls->sent, tls->out.len - tls->sent, MSG_NOSIGNAL);

    if (n < 0)
        return n;
    tls->sent += (size_t)n;
    if (tls->sent == tls->out.len) {
        tls->sent = 0;
        if (tls->out.cap > KEEP_MAX)
            sio_buf_fini(&tls->out);
        else
            sio_buf_clear(&tls->out);
    }
    return n;
}

void sio__tls_goodbye(struct sio__tls *tls)
{
    if (!begin(tls) || !tls->up)
        return;
    SSL_shutdown(tls->ssl);
    ERR_clear_error();
}

/* -- what is known about it -- */

const char *sio__tls_text(const struct sio__tls *tls)
{
    return tls->text;
}

bool sio__tls_ended(const struct sio__tls *tls)
{
    return tls->seen.ended || (tls->up && tls->seen.cut);
}

bool sio__tls_silent(const struct sio__tls *tls)
{
    return tls->seen.nfirst == 0;
}

uint64_t sio__tls_bytes_in(const struct sio__tls *tls)
{
    return tls->bytes_in;
}
