/* SPDX-License-Identifier: MIT */
/* Reads a command line into `struct options`: getopt_long driven by the option table,
 * with words such as -4 and -0.5 taken as arguments and the order of arguments kept. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sio/link.h>

#include "exit_codes.h"
#include "report.h"

#define LONG_BASE      256 /* getopt's value for the long name of row i is LONG_BASE + i */
#define LONG_MAX_NAMES 128

void options_init(struct options *opts)
{
    *opts = (struct options){
        .port = -1,
        .db = -1,
        .family = SIO_FAMILY_ANY,
        .connect_timeout = 5000,
        .answer_timeout = 30000,
        .flags = {.volatile_ = -1, .compress = -1},
        .delimiter = -1,
        .max_line = INT64_C(16) << 20,
        .repeat = 1,
        .interval = -1,
        .flush_timeout = 5000,
        .min_receivers = -1,
    };
}

static void free_secret(char *secret)
{
    if (secret != NULL)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

void options_fini(struct options *opts)
{
    free_secret(opts->url);
    free_secret(opts->password);
    free_secret(opts->key_passphrase);
    free(opts->to.items);
    free(opts->except.items);
    free(opts->join.items);
    free(opts->leave.items);
    free(opts->args.items);
    if (opts->config_text != NULL)
        explicit_bzero(opts->config_text, opts->config_len);
    free(opts->config_text);
}

void options_wipe_url(char *url)
{
    static const char key[] = "sentinel_password=";
    char *start = strstr(url, "://");
    char *end = strrchr(url, '@');

    start = start != NULL ? start + 3 : url;
    /* The last '@', since a password may hold one that should have been encoded. */
    if (end != NULL && end > start)
        memset(start, '*', (size_t)(end - start));
    start = strstr(start, key);
    if (start != NULL)
        memset(start + strlen(key), '*', strcspn(start + strlen(key), "&"));
}

void flags_volatile(struct flags *flags, bool value)
{
    flags->volatile_ = value;
}

void flags_compress(struct flags *flags, bool value)
{
    if (flags->compress < 0)
        flags->compress_first = flags->volatile_ < 0;
    flags->compress = value;
}

static bool refuse(char *err, size_t errlen, const char *fmt, ...) SIO_PRINTF(3, 4);
static bool refuse(char *err, size_t errlen, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err, errlen, fmt, ap);
    va_end(ap);
    return false;
}

static bool no_memory(char *err, size_t errlen)
{
    return refuse(err, errlen, "out of memory");
}

static bool store_copy(char **field, const struct option_spec *spec, char *value, char *err,
                       size_t errlen)
{
    char *copy = strdup(value);

    if (spec->kind == OPT_URL)
        options_wipe_url(value);
    else
        memset(value, '*', strlen(value));
    if (copy == NULL)
        return no_memory(err, errlen);
    free_secret(*field);
    *field = copy;
    return true;
}

static bool store_list(struct str_list *list, const char *value, char *err, size_t errlen)
{
    /* Powers of two: grown when the count is one. */
    if ((list->count & (list->count - 1)) == 0) {
        size_t cap = list->count == 0 ? 1 : list->count * 2;
        sio_str *items = reallocarray(list->items, cap, sizeof(*items));
        if (items == NULL)
            return no_memory(err, errlen);
        list->items = items;
    }
    list->items[list->count++] = sio_str_c(value);
    return true;
}

static bool store_arg(struct arg_list *list, enum arg_kind kind, const char *value, char *err,
                      size_t errlen)
{
    if ((list->count & (list->count - 1)) == 0) {
        size_t cap = list->count == 0 ? 1 : list->count * 2;
        struct arg *items = reallocarray(list->items, cap, sizeof(*items));
        if (items == NULL)
            return no_memory(err, errlen);
        list->items = items;
    }
    list->items[list->count++] = (struct arg){kind, value};
    return true;
}

static bool store_count(int64_t *field, const struct option_spec *spec, const char *value,
                        char *err, size_t errlen)
{
    char *end;
    errno = 0;
    long long n = strtoll(value, &end, 10);

    if (errno != 0 || end == value || *end != '\0' || n < spec->min || n > spec->max ||
        strchr("-0123456789", value[0]) == NULL)
        return spec->max == INT64_MAX
                   ? refuse(err, errlen, "wants a whole number from %lld", (long long)spec->min)
                   : refuse(err, errlen, "wants a whole number from %lld to %lld",
                            (long long)spec->min, (long long)spec->max);
    *field = n;
    return true;
}

static bool store_seconds(int64_t *field, const struct option_spec *spec, const char *value,
                          char *err, size_t errlen)
{
    char *end;
    double secs = strtod(value, &end);

    if (end == value || *end != '\0' || strspn(value, "0123456789.") != strlen(value) ||
        secs * 1000 > (double)spec->max || (spec->min > 0 && !(secs > 0)))
        return refuse(err, errlen, "wants seconds, such as 2 or 0.5, up to %lld",
                      (long long)(spec->max / 1000));
    *field = (int64_t)(secs * 1000 + 0.5);
    if (*field < spec->min)
        *field = spec->min;
    return true;
}

static bool store_byte(int *field, const char *value, char *err, size_t errlen)
{
    static const char names[] = "nrt0\\";
    static const char bytes[] = "\n\r\t\0\\";
    const char *name;
    char *end;

    if (value[0] != '\0' && value[1] == '\0') {
        *field = (unsigned char)value[0];
        return true;
    }
    if (value[0] == '\\' && value[1] == 'x' && strlen(value) == 4) {
        unsigned long byte = strtoul(value + 2, &end, 16);
        if (*end == '\0' && strspn(value + 2, "0123456789abcdefABCDEF") == 2) {
            *field = (int)byte;
            return true;
        }
    }
    if (value[0] == '\\' && strlen(value) == 2 && (name = strchr(names, value[1])) != NULL) {
        *field = (unsigned char)bytes[name - names];
        return true;
    }
    return refuse(err, errlen, "wants one byte: a character, or \\n, \\r, \\t, \\0, \\\\ or \\xHH");
}

static bool store_close(int *field, const char *value, char *err, size_t errlen)
{
    if (value != NULL && strcmp(value, "close") != 0)
        return refuse(err, errlen, "takes nothing or =close");
    *field = value != NULL ? DISCONNECT_CLOSE : DISCONNECT_NAMESPACE;
    return true;
}

const struct option_spec *option_find(const char *name)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option_spec *spec = &option_table[i];
        if (strcmp(spec->name, name) == 0)
            return spec;
        for (size_t k = 0; k < 2 && spec->alias[k] != NULL; k++) {
            if (strcmp(spec->alias[k], name) == 0)
                return spec;
        }
    }
    return NULL;
}

bool option_store(struct options *opts, const struct option_spec *spec, char *value, char *err,
                  size_t errlen)
{
    void *field = (char *)opts + spec->offset;

    switch (spec->kind) {
    case OPT_FLAG:
        *(bool *)field = true;
        return true;
    case OPT_SET:
        *(int *)field = (int)spec->min;
        return true;
    case OPT_STRING:
        *(const char **)field = value;
        return true;
    case OPT_SECRET:
    case OPT_URL:
        return store_copy(field, spec, value, err, errlen);
    case OPT_LIST:
        return store_list(field, value, err, errlen);
    case OPT_COUNT:
        return store_count(field, spec, value, err, errlen);
    case OPT_SECONDS:
        return store_seconds(field, spec, value, err, errlen);
    case OPT_BYTE:
        return store_byte(field, value, err, errlen);
    case OPT_VOLATILE:
        flags_volatile(field, true);
        return true;
    case OPT_COMPRESS:
        flags_compress(field, spec->min != 0);
        return true;
    case OPT_CLOSE:
        return store_close(field, value, err, errlen);
    case OPT_ARG:
        return store_arg(field, (enum arg_kind)spec->min, value, err, errlen);
    }
    return refuse(err, errlen, "is of an unknown kind");
}

/* The table in getopt's terms. */
struct getopt_tables {
    char letters[2 + 3 * 64];
    struct option longs[LONG_MAX_NAMES];
};

static int takes_argument(const struct option_spec *spec)
{
    if (spec->arg == NULL)
        return no_argument;
    return spec->arg[0] == '[' ? optional_argument : required_argument;
}

static void fill_tables(struct getopt_tables *tables)
{
    size_t nlongs = 0;
    char *letter = tables->letters;

    *letter++ = '-'; /* positional words come in their place, as option 1 */
    *letter++ = ':'; /* no messages from getopt; ':' for a missing argument */
    for (size_t i = 0; i < option_count; i++) {
        const struct option_spec *spec = &option_table[i];
        const char *names[] = {spec->name, spec->alias[0], spec->alias[1]};
        for (size_t k = 0; k < 3 && names[k] != NULL && nlongs < LONG_MAX_NAMES - 1; k++)
            tables->longs[nlongs++] =
                (struct option){names[k], takes_argument(spec), NULL, LONG_BASE + (int)i};
        if (spec->letter != 0) {
            *letter++ = spec->letter;
            if (spec->arg != NULL)
                *letter++ = ':';
        }
    }
    *letter = '\0';
    tables->longs[nlongs] = (struct option){NULL, 0, NULL, 0};
}

static const struct option_spec *spec_of(int opt)
{
    if (opt >= LONG_BASE)
        return &option_table[opt - LONG_BASE];
    for (size_t i = 0; i < option_count; i++) {
        if (option_table[i].letter == opt)
            return &option_table[i];
    }
    return NULL;
}

/* getopt_long takes unambiguous prefixes of long names; a script that used one would break
 * when an option is added. */
static bool is_abbreviated(const char *word, const struct option *found)
{
    return strncmp(word, "--", 2) == 0 && strcspn(word + 2, "=") != strlen(found->name);
}

static void report_unknown(int opt, const char *word)
{
    if (opt == ':')
        report("option %s needs an argument; see sio-emit --help", word);
    else if (optopt != 0 && spec_of(optopt) != NULL)
        report("option %.*s takes no argument; see sio-emit --help", (int)strcspn(word, "="), word);
    else
        /* what stands behind '=' may be a password */
        report("unknown option %.*s; see sio-emit --help, or put -- before words that begin with -",
               (int)strcspn(word, "="), word);
}

/* A word of '-' and a digit is an argument: -4, -0.5. */
static bool is_negative_number(const char *word)
{
    return word != NULL && word[0] == '-' && word[1] >= '0' && word[1] <= '9';
}

/* A positional word: the event, then its arguments. */
static bool store_word(struct options *opts, const char *word, char *err, size_t errlen)
{
    if (opts->event == NULL) {
        opts->event = word;
        return true;
    }
    return store_arg(&opts->args, ARG_WORD, word, err, errlen);
}

static int parse_failed(const char *name, const char *err)
{
    if (strcmp(err, "out of memory") == 0)
        return report_exit(EXIT_INTERNAL, "%s", err);
    return report_exit(EXIT_USAGE, "%s %s; see sio-emit --help", name, err);
}

/* One option that getopt_long has recognised. */
static int parse_option(struct options *opts, int opt)
{
    const struct option_spec *spec = spec_of(opt);
    char err[160], name[64];

    if (opt >= LONG_BASE)
        snprintf(name, sizeof(name), "option --%s", spec->name);
    else
        snprintf(name, sizeof(name), "option -%c", spec->letter);
    if (!option_store(opts, spec, optarg, err, sizeof(err)))
        return parse_failed(name, err);
    opts->given[spec - option_table] = true;
    return EXIT_ACCEPTED;
}

int options_parse(struct options *opts, int argc, char **argv)
{
    struct getopt_tables tables;
    char err[160];

    fill_tables(&tables);
    opterr = 0;
    optind = 0; /* forget an earlier scan; the call below leaves it at 1 */
    getopt_long(1, argv, tables.letters, tables.longs, NULL);
    for (;;) {
        char *word = argv[optind];
        int index = -1;
        int opt = 1;
        if (is_negative_number(word)) {
            optarg = word;
            optind++;
        } else {
            opt = getopt_long(argc, argv, tables.letters, tables.longs, &index);
        }
        if (opt == -1)
            break;
        if (opt == '?' || opt == ':' ||
            (index >= 0 && is_abbreviated(word, &tables.longs[index]))) {
            report_unknown(opt, word);
            return EXIT_USAGE;
        }
        if (opt == 1 && !store_word(opts, optarg, err, sizeof(err)))
            return parse_failed(optarg, err);
        if (opt != 1) {
            int code = parse_option(opts, opt);
            if (code != EXIT_ACCEPTED)
                return code;
        }
    }
    for (; optind < argc; optind++) {
        if (!store_word(opts, argv[optind], err, sizeof(err)))
            return parse_failed(argv[optind], err);
    }
    return EXIT_ACCEPTED;
}
