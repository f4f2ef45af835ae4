/* SPDX-License-Identifier: MIT */
/* Reads lines of `key = value`. A key is an option's long name. A value is the rest of the
 * line without the blanks around it; in double quotes it keeps its blanks, and \" and \\
 * stand for the two characters. Lines that are blank or begin with # say nothing. Values are
 * never shown in a message: one may be a password. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "exit_codes.h"
#include "report.h"

static const char blanks[] = " \t\r";

static char *trim(char *text)
{
    text += strspn(text, blanks);
    size_t len = strlen(text);
    while (len > 0 && strchr(blanks, text[len - 1]) != NULL)
        len--;
    text[len] = '\0';
    return text;
}

/* Take the quotes off in place. NULL, or what is wrong. */
static const char *unquote(char *value)
{
    char *to = value;
    const char *at = value + 1;

    if (value[0] != '"')
        return NULL;
    for (; *at != '"'; at++) {
        if (*at == '\\' && at[1] != '"' && at[1] != '\\')
            return "has a \\ in quotes that is not followed by \" or \\";
        if (*at == '\\')
            at++;
        if (*at == '\0')
            return "has no closing quote";
        *to++ = *at;
    }
    if (at[1] != '\0')
        return "has something behind the closing quote";
    *to = '\0';
    return NULL;
}

/* A setting that takes no argument on the command line. */
static bool is_switch(const struct option_spec *spec)
{
    return spec->arg == NULL;
}

static const char *store(struct config *config, const struct option_spec *spec, char *value,
                         char *err, size_t errlen)
{
    const char *wrong = unquote(value);

    if (wrong != NULL)
        return wrong;
    if (is_switch(spec)) {
        if (strcmp(value, "no") == 0)
            return NULL;
        if (strcmp(value, "yes") != 0)
            return "wants yes or no";
    }
    if (value[0] == '\0')
        return "has no value";
    return option_store(&config->values, spec, value, err, errlen) ? NULL : err;
}

static int parse_line(struct config *config, char *line, unsigned number)
{
    char err[160];
    char *equals;

    line = trim(line);
    if (line[0] == '\0' || line[0] == '#')
        return EXIT_ACCEPTED;
    equals = strchr(line, '=');
    if (equals == NULL)
        return report_exit(EXIT_USAGE, "%s:%u: a setting is written NAME = VALUE", config->path,
                           number);
    *equals = '\0';
    const char *key = trim(line);
    const struct option_spec *spec = option_find(key);
    if (spec == NULL)
        return report_exit(EXIT_USAGE, "%s:%u: no setting is called \"%.40s\"; see man sio-emit",
                           config->path, number, key);
    if ((spec->traits & OPTION_IN_CONFIG) == 0)
        return report_exit(EXIT_USAGE, "%s:%u: %s can be given on the command line only",
                           config->path, number, key);
    bool *set = &config->set[spec - option_table];
    if (*set)
        return report_exit(EXIT_USAGE, "%s:%u: %s is set a second time", config->path, number, key);
    const char *wrong = store(config, spec, trim(equals + 1), err, sizeof(err));
    if (wrong != NULL && strcmp(wrong, "out of memory") == 0)
        return report_exit(EXIT_INTERNAL, "%s", wrong);
    if (wrong != NULL)
        return report_exit(EXIT_USAGE, "%s:%u: %s %s", config->path, number, key, wrong);
    *set = true;
    return EXIT_ACCEPTED;
}

int config_parse(struct config *config, size_t len)
{
    char *line = config->text, *end = config->text + len;
    int code = EXIT_ACCEPTED;

    for (unsigned number = 1; line < end && code == EXIT_ACCEPTED; number++) {
        char *newline = memchr(line, '\n', (size_t)(end - line));
        char *next = newline != NULL ? newline + 1 : end;
        if (newline != NULL)
            *newline = '\0';
        if (strlen(line) < (size_t)((newline != NULL ? newline : end) - line))
            return report_exit(EXIT_USAGE, "%s:%u: there is a zero byte: this is no text file",
                               config->path, number);
        code = parse_line(config, line, number);
        line = next;
    }
    return code;
}
