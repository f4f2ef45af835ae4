/* SPDX-License-Identifier: MIT */
/* The library reads the files at each attempt to connect; here they are looked at once, so
 * that a wrong name is wrong usage and not a connection that fails. */
#include "tls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "exit_codes.h"
#include "file.h"
#include "report.h"

/* rediss, valkeys, rediss-sentinel, rediss-cluster */
static bool is_tls_url(const char *url)
{
    return url != NULL &&
           (strncasecmp(url, "rediss", 6) == 0 || strncasecmp(url, "valkeys", 7) == 0);
}

/* The first option about TLS on the command line, or NULL. */
static const char *given(const struct options *opts)
{
    for (size_t i = 0; i < option_count; i++) {
        if (opts->given[i] && option_table[i].group == GROUP_TLS)
            return option_table[i].name;
    }
    return NULL;
}

static int look_at(const char *path, const char *option, bool is_key)
{
    int fd, code = EXIT_ACCEPTED;

    if (path == NULL)
        return EXIT_ACCEPTED;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return report_exit(EXIT_USAGE, "--%s: cannot open %s: %s", option, path, strerror(errno));
    if (is_key)
        code = file_check_key(fd, path);
    close(fd);
    return code;
}

static int look_at_files(const struct options *opts)
{
    int code = look_at(opts->cacert, "cacert", false);

    if (code == EXIT_ACCEPTED)
        code = look_at(opts->cacertdir, "cacertdir", false);
    if (code == EXIT_ACCEPTED)
        code = look_at(opts->cert, "cert", false);
    if (code == EXIT_ACCEPTED)
        code = look_at(opts->cert_key, "key", true);
    return code;
}

static int on_passphrase(char *out, size_t size, void *user)
{
    const char *passphrase = user;
    size_t len = strlen(passphrase);

    if (len > size)
        return -1;
    memcpy(out, passphrase, len);
    return (int)len;
}

int tls_fill(const struct options *opts, const char *url, sio_tls_opts *out)
{
    if (!opts->tls && !is_tls_url(url)) {
        if (given(opts) != NULL) /* the file's settings are for when there is TLS */
            return report_exit(EXIT_USAGE,
                               "--%s is about TLS: add --tls, or let the URL be rediss://",
                               given(opts));
        return EXIT_ACCEPTED;
    }
    if (opts->insecure && opts->verbose)
        report("--insecure: nobody verifies who the server is");
    out->on = true;
    out->insecure = opts->insecure;
    out->server_name = opts->sni;
    out->ca_file = opts->cacert;
    out->ca_dir = opts->cacertdir;
    out->cert_file = opts->cert;
    out->key_file = opts->cert_key;
    out->ciphers = opts->tls_ciphers;
    out->ciphersuites = opts->tls_ciphersuites;
    if (opts->key_passphrase != NULL) {
        out->passphrase = on_passphrase;
        out->passphrase_user = opts->key_passphrase;
    }
    return look_at_files(opts);
}
