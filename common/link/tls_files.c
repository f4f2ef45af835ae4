/* SPDX-License-Identifier: MIT */
/* Everything here runs on a helper thread, but for the public functions: OpenSSL's own
 * loading and start, its configuration and the authorities' files take milliseconds. */
#include "link/tls_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "link/helper.h"
#include "link/openssl.h"
#include "link/tls.h"
#include "link/tls_config.h"

enum { KEY_MAX = 64 * 1024, ERROR_MAX = 256, PASSPHRASE_MAX = 1024 };

const bool sio__tls_built_in = true;

struct sio__tls_files {
    struct sio__job job;
    struct sio__tls_config *config;
    SSL_CTX *context; /* NULL: see error */
    char error[ERROR_MAX];
};

static bool wrong(struct sio__tls_files *files, const char *format, ...) SIO_PRINTF(2, 3);

/* Returns false. */
static bool wrong(struct sio__tls_files *files, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(files->error, sizeof files->error, format, args);
    va_end(args);
    return false;
}

/* OpenSSL's word for what it noted first. */
static const char *reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_error());

    return text != NULL ? text : "unknown format";
}

/* What OpenSSL would only call a system error. */
static bool can_read(struct sio__tls_files *files, const char *what, const char *path, bool is_dir)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | (is_dir ? O_DIRECTORY : O_NONBLOCK));

    if (fd < 0)
        return wrong(files, "TLS: %s %.120s: %s", what, path, strerror(errno));
    close(fd);
    return true;
}

/* -- authorities -- */

static bool read_authorities(struct sio__tls_files *files)
{
    const struct sio__tls_config *config = files->config;

    if (config->insecure)
        return true;
    if (config->ca_file == NULL && config->ca_dir == NULL)
        return SSL_CTX_set_default_verify_paths(files->context) == 1 ||
               wrong(files, "TLS: the system's authorities: %s", reason());
    if (config->ca_file != NULL) {
        if (!can_read(files, "authorities", config->ca_file, false))
            return false;
        if (SSL_CTX_load_verify_file(files->context, config->ca_file) != 1)
            return wrong(files, "TLS: authorities %.120s: %s", config->ca_file, reason());
    }
    if (config->ca_dir != NULL) {
        if (!can_read(files, "authorities", config->ca_dir, true))
            return false;
        if (SSL_CTX_load_verify_dir(files->context, config->ca_dir) != 1)
            return wrong(files, "TLS: authorities %.120s: %s", config->ca_dir, reason());
    }
    return true;
}

/* -- our own certificate and key -- */

static bool read_certificate(struct sio__tls_files *files)
{
    const char *path = files->config->cert_file;

    if (!can_read(files, "certificate", path, false))
        return false;
    return SSL_CTX_use_certificate_chain_file(files->context, path) == 1 ||
           wrong(files, "TLS: certificate %.120s: %s", path, reason());
}

/* The length, or -1 and errno. */
static ssize_t read_secret(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    size_t len = 0;
    ssize_t n = 1;

    if (fd < 0)
        return -1;
    while (n > 0 && len < size) {
        n = read(fd, out + len, size - len);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0)
            len += (size_t)n;
    }
    close(fd);
    if (len == size)
        errno = EFBIG;
    return n < 0 || len == size ? -1 : (ssize_t)len;
}

struct asking {
    struct sio__tls_config *config;
    bool asked, refused;
};

/* Always given to OpenSSL, which would ask on the terminal otherwise. */
static int on_passphrase(char *out, int size, int writing, void *arg)
{
    struct asking *asking = arg;
    char text[PASSPHRASE_MAX];
    int most = size < PASSPHRASE_MAX ? size : PASSPHRASE_MAX;
    int len = sio__tls_config_ask(asking->config, text, (size_t)most);

    (void)writing;
    asking->asked = true;
    asking->refused = len < 0 || len > most;
    if (!asking->refused)
        memcpy(out, text, (size_t)len);
    explicit_bzero(text, sizeof text);
    return asking->refused ? -1 : len;
}

static bool use_key(struct sio__tls_files *files, const char *text, size_t len)
{
    const char *path = files->config->key_file;
    struct asking asking = {.config = files->config};
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    EVP_PKEY *key;
    int used;

    if (bio == NULL)
        return wrong(files, "out of memory");
    key = PEM_read_bio_PrivateKey(bio, NULL, on_passphrase, &asking);
    BIO_free(bio);
    if (key == NULL && asking.asked && files->config->passphrase == NULL)
        return wrong(files, "TLS: key %.120s is encrypted, and there is no passphrase", path);
    if (key == NULL && asking.asked)
        return wrong(files,
                     asking.refused ? "TLS: no passphrase was given for key %.120s"
                                    : "TLS: the passphrase is not that of key %.120s",
                     path);
    if (key == NULL)
        return wrong(files, "TLS: there is no private key in %.120s: %s", path, reason());
    used = SSL_CTX_use_PrivateKey(files->context, key);
    EVP_PKEY_free(key);
    if (used != 1 || SSL_CTX_check_private_key(files->context) != 1)
        return wrong(files, "TLS: key %.100s is not that of certificate %.100s", path,
                     files->config->cert_file);
    return true;
}

static bool read_key(struct sio__tls_files *files)
{
    char *text = malloc(KEY_MAX);
    ssize_t len;
    bool good;

    if (text == NULL)
        return wrong(files, "out of memory");
    len = read_secret(files->config->key_file, text, KEY_MAX);
    if (len < 0)
        good = wrong(files, "TLS: key %.120s: %s", files->config->key_file, strerror(errno));
    else
        good = use_key(files, text, (size_t)len);
    explicit_bzero(text, KEY_MAX);
    free(text);
    return good;
}

/* -- all of it -- */

static bool set_ciphers(struct sio__tls_files *files)
{
    const struct sio__tls_config *config = files->config;

    if (config->ciphers != NULL && SSL_CTX_set_cipher_list(files->context, config->ciphers) != 1)
        return wrong(files, "TLS: no cipher is known of \"%.120s\"", config->ciphers);
    if (config->ciphersuites != NULL &&
        SSL_CTX_set_ciphersuites(files->context, config->ciphersuites) != 1)
        return wrong(files, "TLS: no cipher suite is known of \"%.120s\"", config->ciphersuites);
    return true;
}

/* The system's configuration may ask for more than TLS 1.2; it is not asked for less. */
static void set_policy(SSL_CTX *context)
{
    if (SSL_CTX_get_min_proto_version(context) < TLS1_2_VERSION)
        SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS); /* idle connections keep none */
    SSL_CTX_set_read_ahead(context, 1);                  /* not a recv() for each header */
}

static bool read_all(struct sio__tls_files *files)
{
    files->context = SSL_CTX_new(TLS_client_method());
    if (files->context == NULL)
        return wrong(files, "TLS: OpenSSL does not start: %s", reason());
    set_policy(files->context);
    if (!set_ciphers(files) || !read_authorities(files))
        return false;
    return files->config->cert_file == NULL || (read_certificate(files) && read_key(files));
}

static void run(struct sio__job *job)
{
    struct sio__tls_files *files = (struct sio__tls_files *)job;

    if (!sio__openssl_load(files->error, sizeof files->error))
        return;
    ERR_clear_error();
    if (!read_all(files)) {
        SSL_CTX_free(files->context);
        files->context = NULL;
    }
    ERR_clear_error();
}

static void destroy(struct sio__job *job)
{
    struct sio__tls_files *files = (struct sio__tls_files *)job;

    if (files->context != NULL)
        SSL_CTX_free(files->context);
    sio__tls_config_release(files->config);
    free(files);
}

sio_status sio__tls_files_read(struct sio__tls_config *config, struct sio__tls_files **out)
{
    struct sio__tls_files *files = calloc(1, sizeof *files);
    sio_status status;

    if (files == NULL)
        return SIO_ENOMEM;
    status = sio__job_init(&files->job, run, destroy);
    if (status != SIO_OK) {
        free(files);
        return status;
    }
    files->config = sio__tls_config_share(config);
    status = sio__job_start(&files->job);
    if (status == SIO_OK)
        *out = files;
    else
        sio__job_drop(&files->job);
    return status;
}

int sio__tls_files_fd(const struct sio__tls_files *files)
{
    return files->job.fd;
}

bool sio__tls_files_done(struct sio__tls_files *files)
{
    return sio__job_done(&files->job);
}

struct ssl_ctx_st *sio__tls_files_take(struct sio__tls_files *files, const char **error)
{
    SSL_CTX *context = files->context;

    files->context = NULL;
    *error = files->error;
    return context;
}

void sio__tls_files_drop(struct sio__tls_files *files)
{
    sio__job_drop(files != NULL ? &files->job : NULL);
}
