/* SPDX-License-Identifier: MIT */
/* The configuration file: settings that are the same from call to call. */
#ifndef SIO_CLI_CONFIG_H
#define SIO_CLI_CONFIG_H

#include "options.h"

/* A file as it is read. */
struct config {
    const char *path;
    char *text;            /* owned; cut into keys and values */
    struct options values; /* strings point into the text */
    bool set[OPTION_MAX];  /* rows of the table that the file has set */
};

/* Put the settings of --config, or of the user's own file if there is one, where neither the
 * command line nor the environment has set them. 0, or the exit code after a report. */
int config_read(struct options *opts);

/* Cut the text, of `len` bytes and a terminator, into settings and store them. 0, or the
 * exit code after a report, which names file and line. */
int config_parse(struct config *config, size_t len);

#endif
