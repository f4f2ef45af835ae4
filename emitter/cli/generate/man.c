/* SPDX-License-Identifier: MIT */
/* The man page: lines @OPTIONS@, @SETTINGS@ and @EXIT_STATUS@ of the template stand for what
 * the tables say, @VERSION@ anywhere in a line for the version. */
#include "generate.h"

#include <string.h>

#include "exit_codes.h"

/* Text as roff takes it: '-' as it is typed, no escapes, no control line. */
static void put_text(FILE *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", out);
    for (; *text != '\0'; text++) {
        if (*text == '-')
            fputs("\\-", out);
        else if (*text == '\\')
            fputs("\\e", out);
        else
            fputc(*text, out);
    }
}

static void put_bold(FILE *out, const char *prefix, const char *name)
{
    fputs("\\fB", out);
    put_text(out, prefix);
    put_text(out, name);
    fputs("\\fR", out);
}

static void put_option(FILE *out, const struct option_spec *spec)
{
    const char letter[2] = {spec->letter, '\0'};

    fputs(".TP\n", out);
    if (spec->letter != 0) {
        put_bold(out, "-", letter);
        fputs(", ", out);
    }
    put_bold(out, "--", spec->name);
    for (size_t i = 0; i < 2 && spec->alias[i] != NULL; i++) {
        fputs(", ", out);
        put_bold(out, "--", spec->alias[i]);
    }
    if (spec->arg != NULL && spec->arg[0] == '[')
        fprintf(out, "[\\fB=\\fI%s\\fR", spec->arg + 1);
    else if (spec->arg != NULL)
        fprintf(out, " \\fI%s\\fR", spec->arg);
    fputc('\n', out);
    put_text(out, spec->help);
    fputc('\n', out);
}

static void put_options(FILE *out)
{
    for (enum option_group group = 0; group < GROUP_COUNT; group++) {
        fprintf(out, ".SS %s\n", option_group_titles[group]);
        for (size_t i = 0; i < option_count; i++) {
            if (option_table[i].group == group)
                put_option(out, &option_table[i]);
        }
    }
}

/* The settings of the configuration file, one after the other. */
static void put_settings(FILE *out)
{
    const char *between = "";

    for (size_t i = 0; i < option_count; i++) {
        if ((option_table[i].traits & OPTION_IN_CONFIG) == 0)
            continue;
        fputs(between, out);
        put_bold(out, "", option_table[i].name);
        between = ",\n";
    }
    fputs(".\n", out);
}

static void put_exit_codes(FILE *out)
{
    for (int i = 0; i < exit_meaning_count; i++) {
        fputs(".TP\n", out);
        put_bold(out, "", exit_meanings[i].label);
        fputc('\n', out);
        put_text(out, exit_meanings[i].text);
        fputc('\n', out);
    }
}

static void put_line(FILE *out, const char *line, const char *version)
{
    const char *mark = strstr(line, "@VERSION@");

    if (strcmp(line, "@OPTIONS@\n") == 0)
        put_options(out);
    else if (strcmp(line, "@SETTINGS@\n") == 0)
        put_settings(out);
    else if (strcmp(line, "@EXIT_STATUS@\n") == 0)
        put_exit_codes(out);
    else if (mark != NULL)
        fprintf(out, "%.*s%s%s", (int)(mark - line), line, version, mark + strlen("@VERSION@"));
    else
        fputs(line, out);
}

bool generate_man(FILE *out, const char *template, const char *version)
{
    char line[1024];
    FILE *in = fopen(template, "r");

    if (in == NULL) {
        perror(template);
        return false;
    }
    while (fgets(line, sizeof(line), in) != NULL)
        put_line(out, line, version);
    bool failed = ferror(in) != 0;
    fclose(in);
    return !failed;
}
