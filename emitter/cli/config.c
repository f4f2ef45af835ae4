/* SPDX-License-Identifier: MIT */
/* Finds the configuration file and decides which of its settings count.
 *
 * The address (url, host, port, socket, sentinel, db, cluster) is one setting, as it is for the
 * environment.
 * A file that names one keeps its user, its password and what it says of TLS for that server:
 * when an option or the environment names another, they are left out too. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connect.h"
#include "exit_codes.h"
#include "file.h"
#include "report.h"

#define CONFIG_MAX_BYTES ((size_t)64 << 10)

#define FIELD(member) offsetof(struct options, member)

static bool is_address(const struct option_spec *spec)
{
    return spec->offset == FIELD(url) || spec->offset == FIELD(host) ||
           spec->offset == FIELD(port) || spec->offset == FIELD(socket) ||
           spec->offset == FIELD(sentinels) || spec->offset == FIELD(master);
}

static bool is_password(const struct option_spec *spec)
{
    return spec->offset == FIELD(password) || spec->offset == FIELD(pass_file) ||
           spec->offset == FIELD(askpass);
}

static bool is_user(const struct option_spec *spec)
{
    return spec->offset == FIELD(user);
}

static bool is_tls(const struct option_spec *spec)
{
    return spec->group == GROUP_TLS;
}

static bool is_family(const struct option_spec *spec)
{
    return spec->offset == FIELD(family);
}

static bool any_set(const bool *set, bool (*is)(const struct option_spec *spec))
{
    for (size_t i = 0; i < option_count; i++) {
        if (set[i] && is(&option_table[i]))
            return true;
    }
    return false;
}

/* What the sources before the file have settled. */
struct settled {
    bool address, user, password, family, tls;
};

static struct settled settled_before(const struct options *opts, const struct config *config)
{
    bool named = any_set(opts->given, is_address);
    const char *url = named ? opts->url : connect_env_url();
    struct settled settled = {
        .address = named || url != NULL,
        .user = any_set(opts->given, is_user),
        .password = any_set(opts->given, is_password) || connect_env_password() != NULL,
        .family = any_set(opts->given, is_family),
    };

    settled.tls = settled.address && any_set(config->set, is_address);
    if (settled.user)
        settled.password = true; /* the file's is another user's */
    if ((settled.address && any_set(config->set, is_address)) ||
        (url != NULL && connect_url_has_password(url)))
        settled.user = settled.password = true;
    return settled;
}

static bool is_settled(const struct settled *settled, const struct option_spec *spec)
{
    if (is_address(spec) || spec->offset == FIELD(db) || spec->offset == FIELD(cluster))
        return settled->address;
    if (is_user(spec))
        return settled->user;
    if (is_password(spec))
        return settled->password;
    if (is_tls(spec))
        return settled->tls;
    return is_family(spec) && settled->family;
}

/* Move one field; a secret has one owner. */
static void move_value(struct options *to, struct options *from, const struct option_spec *spec)
{
    char *source = (char *)from + spec->offset;
    size_t size = sizeof(int64_t);

    if (spec->kind == OPT_STRING || spec->kind == OPT_SECRET || spec->kind == OPT_URL)
        size = sizeof(char *);
    else if (spec->kind == OPT_SET)
        size = sizeof(int);
    else if (spec->kind == OPT_FLAG)
        size = sizeof(bool);
    memcpy((char *)to + spec->offset, source, size);
    if (spec->kind == OPT_SECRET || spec->kind == OPT_URL)
        memset(source, 0, size);
}

static int merge(struct options *opts, struct config *config)
{
    const struct settled settled = settled_before(opts, config);
    const char *password = connect_env_password();

    for (size_t i = 0; i < option_count; i++) {
        const struct option_spec *spec = &option_table[i];
        if (config->set[i] && !opts->given[i] && !is_settled(&settled, spec))
            move_value(opts, &config->values, spec);
    }
    /* A password inside an URL comes before the environment's, unless that URL is the file's. */
    if (!settled.address && opts->url != NULL && password != NULL &&
        !any_set(opts->given, is_password)) {
        opts->password = strdup(password);
        if (opts->password == NULL)
            return report_exit(EXIT_INTERNAL, "out of memory");
    }
    return EXIT_ACCEPTED;
}

static const char *contradiction(const struct options *values)
{
    if (values->url != NULL &&
        (values->host != NULL || values->port >= 0 || values->socket != NULL))
        return "url says where Redis is: leave out host, port and socket";
    if (values->socket != NULL && (values->host != NULL || values->port >= 0))
        return "socket says where Redis is: leave out host and port";
    if (values->sentinels != NULL && (values->url != NULL || values->host != NULL ||
                                      values->port >= 0 || values->socket != NULL))
        return "sentinel says where Redis is: leave out url, host, port and socket";
    if (values->password != NULL && values->pass_file != NULL)
        return "give only one of pass and pass-file";
    return NULL;
}

static int check(const struct config *config, int fd)
{
    const struct options *values = &config->values;
    const char *wrong = contradiction(values);

    if (wrong != NULL)
        return report_exit(EXIT_USAGE, "%s: %s", config->path, wrong);
    if (values->password != NULL || (values->url != NULL && connect_url_has_secret(values->url)))
        return file_check_private(fd, config->path);
    return EXIT_ACCEPTED;
}

static int read_text(struct config *config, int fd, size_t *len)
{
    config->text = malloc(CONFIG_MAX_BYTES + 1);
    if (config->text == NULL)
        return report_exit(EXIT_INTERNAL, "out of memory");
    config->text[0] = '\0';
    for (*len = 0; *len <= CONFIG_MAX_BYTES;) {
        ssize_t n = read(fd, config->text + *len, CONFIG_MAX_BYTES + 1 - *len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return report_exit(EXIT_USAGE, "cannot read %s: %s", config->path, strerror(errno));
        if (n == 0) {
            config->text[*len] = '\0';
            return EXIT_ACCEPTED;
        }
        *len += (size_t)n;
    }
    config->text[CONFIG_MAX_BYTES] = '\0';
    return report_exit(EXIT_USAGE, "%s is longer than %zu bytes: this is no configuration file",
                       config->path, CONFIG_MAX_BYTES);
}

static int read_open(struct options *opts, const char *path, int fd)
{
    struct config config = {.path = path};
    size_t len = 0;

    options_init(&config.values);
    int code = read_text(&config, fd, &len);
    if (code == EXIT_ACCEPTED)
        code = config_parse(&config, len);
    if (code == EXIT_ACCEPTED)
        code = check(&config, fd);
    if (code == EXIT_ACCEPTED)
        code = merge(opts, &config);
    opts->config_text = config.text;
    opts->config_len = len;
    options_fini(&config.values);
    return code;
}

/* The user's own file, or NULL: without XDG_CONFIG_HOME and HOME there is none. Relative
 * paths are to be ignored (XDG Base Directory Specification). */
static char *default_path(bool *no_memory)
{
    const char *dir = getenv("XDG_CONFIG_HOME");
    const char *below = "";
    char *path = NULL;

    if (dir == NULL || dir[0] != '/') {
        dir = getenv("HOME");
        below = "/.config";
    }
    if (dir != NULL && dir[0] == '/')
        *no_memory = asprintf(&path, "%s%s/sio-emit/config", dir, below) < 0;
    return *no_memory ? NULL : path;
}

/* Whether there is no such file, as far as this user can tell: HOME may still be root's
 * after a change of user. */
static bool is_absent(const char *path, int error)
{
    return error == ENOENT || error == ENOTDIR ||
           (error == EACCES && faccessat(AT_FDCWD, path, F_OK, AT_EACCESS) != 0);
}

int config_read(struct options *opts)
{
    bool no_memory = false;
    char *own = NULL;
    const char *path = opts->config;

    if (path == NULL && !opts->no_config)
        path = own = default_path(&no_memory);
    if (no_memory)
        return report_exit(EXIT_INTERNAL, "out of memory");
    if (path == NULL)
        return EXIT_ACCEPTED;
    int code = EXIT_ACCEPTED;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int error = errno;
    if (fd >= 0) {
        code = read_open(opts, path, fd);
        close(fd);
    } else if (own == NULL || !is_absent(path, error)) {
        code = report_exit(EXIT_USAGE, "cannot open %s: %s", path, strerror(error));
    }
    free(own);
    return code;
}
