/* SPDX-License-Identifier: MIT */
/* The options of sio-emit: one table that getopt_long, the configuration file, --help, the
 * man page and the completions are made from, and what a command line comes to. */
#ifndef SIO_CLI_OPTIONS_H
#define SIO_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sio/str.h>

/* How an argument of the event was given. */
enum arg_kind {
    ARG_WORD,   /* positional: the argument rule decides what it is */
    ARG_STRING, /* --string */
    ARG_JSON,   /* --json-arg */
    ARG_FILE,   /* -f: text; "-" is stdin */
    ARG_BINARY, /* -b: bytes; "-" is stdin */
    ARG_STDIN   /* -x */
};

struct arg {
    enum arg_kind kind;
    const char *text;
};

struct arg_list {
    struct arg *items;
    size_t count;
};

struct str_list {
    sio_str *items;
    size_t count;
};

/* Flags of a packet. Their order is the order on the wire, as in the npm emitter. */
struct flags {
    signed char volatile_; /* -1: not said */
    signed char compress;  /* -1: not said */
    bool compress_first;
};

enum disconnect { DISCONNECT_NO, DISCONNECT_NAMESPACE, DISCONNECT_CLOSE };

#define OPTION_MAX 96 /* rows of the table, at most */

/* Times are milliseconds. Strings belong to argv or to config_text unless said otherwise. */
struct options {
    const char *config; /* the file named */
    bool no_config;
    char *config_text; /* what settings from the file point into; owned */
    size_t config_len;
    bool given[OPTION_MAX]; /* rows of the table that the command line has set */

    /* connection */
    const char *host, *socket;
    const char *sentinels, *master;
    int cluster; /* 1: the address is a cluster's */
    int64_t port; /* -1: not given */
    int64_t db;   /* -1: not given */
    char *url;    /* own copy: argv's is wiped; NULL: not given */
    const char *user;
    char *password; /* own copy; NULL: none */
    const char *pass_file;
    bool askpass;
    int family; /* enum sio_link_family */
    const char *client_name;
    int64_t connect_timeout;
    int64_t answer_timeout;

    /* TLS */
    bool tls, insecure;
    const char *sni, *cacert, *cacertdir, *cert, *cert_key, *key_pass_file;
    char *key_passphrase; /* own copy; NULL: none */
    const char *tls_ciphers, *tls_ciphersuites;

    /* what is sent, and to whom */
    const char *nsp, *key;
    struct str_list to, except;
    struct flags flags;
    bool server_emit;
    struct str_list join, leave;
    int disconnect; /* enum disconnect */
    const char *event;
    struct arg_list args;

    /* several emits */
    bool lines, lines_json, text;
    bool null_lines;
    int delimiter; /* a byte; -1: not given */
    int64_t max_line;
    int64_t repeat;   /* -1: for ever */
    int64_t interval; /* -1: not given */
    int64_t rate;     /* a second; 0: not given */
    bool strict;
    int64_t flush_timeout;

    /* output */
    bool verbose, json, dry_run, progress;
    int64_t min_receivers; /* -1: not given */
    bool help, version;
};

enum option_group {
    GROUP_CONNECTION,
    GROUP_TLS,
    GROUP_TARGET,
    GROUP_ACTION,
    GROUP_ARGUMENT,
    GROUP_STREAM,
    GROUP_OUTPUT,
    GROUP_COUNT
};

/* What an option's argument is and how it is stored at `offset`. */
enum option_kind {
    OPT_FLAG,     /* none; bool */
    OPT_SET,      /* none; int becomes `min` */
    OPT_STRING,   /* text; const char * */
    OPT_SECRET,   /* text; char *, a copy: the word in argv is wiped */
    OPT_URL,      /* as OPT_SECRET, but only a user and password in it are wiped */
    OPT_LIST,     /* text, repeatable; struct str_list */
    OPT_COUNT,    /* whole number, min to max; int64_t */
    OPT_SECONDS,  /* decimal seconds, min to max ms; int64_t in ms */
    OPT_BYTE,     /* one byte or an escape; int */
    OPT_VOLATILE, /* none; struct flags */
    OPT_COMPRESS, /* none; struct flags, compress becomes `min` */
    OPT_CLOSE,    /* optional, the word "close"; int, enum disconnect */
    OPT_ARG       /* text or none; appended to struct arg_list with kind `min` */
};

/* What else there is to say about an option; bits. */
enum option_trait {
    OPTION_IN_CONFIG = 1,  /* a setting of the configuration file too */
    OPTION_NAMES_FILE = 2, /* completed with file names */
    OPTION_NAMES_HOST = 4  /* completed with host names */
};

struct option_spec {
    const char *name;     /* long name */
    const char *alias[2]; /* further long names, or NULL */
    char letter;          /* 0: none */
    const char *arg;      /* its argument's name; NULL: none; in brackets: optional */
    enum option_group group;
    enum option_kind kind;
    size_t offset; /* in struct options */
    int64_t min, max;
    unsigned traits; /* enum option_trait */
    const char *help;
};

extern const struct option_spec option_table[];
extern const size_t option_count;
extern const char *const option_group_titles[GROUP_COUNT];

/* Every default. */
void options_init(struct options *opts);
/* Releases what the options own; the password is overwritten. */
void options_fini(struct options *opts);

/* Read a command line. Secrets are overwritten in argv as soon as they are read.
 * 0, or the exit code after a report on stderr. */
int options_parse(struct options *opts, int argc, char **argv);

/* The row with this long name, or NULL. */
const struct option_spec *option_find(const char *name);

/* Store one option's argument (NULL: none was given). `err` gets the reason for a refusal.
 * false: refused. */
bool option_store(struct options *opts, const struct option_spec *spec, char *value, char *err,
                  size_t errlen);

/* Set a flag, keeping the order in which they were set first. */
void flags_volatile(struct flags *flags, bool value);
void flags_compress(struct flags *flags, bool value);

/* Refuse what does not go together. 0, or the exit code after a report. */
int options_check(const struct options *opts);

/* Overwrite the user and passwords of a URL in place. */
void options_wipe_url(char *url);

/* Usage, options and exit codes, on stdout. false: it cannot be written. */
bool options_help(void);

#endif
