/* SPDX-License-Identifier: MIT */
/* Completion for zsh: one _arguments specification a row of the table. */
#include "generate.h"

#include <string.h>

static bool is_repeatable(const struct option_spec *spec)
{
    return spec->kind == OPT_LIST || spec->kind == OPT_ARG;
}

/* Text inside single quotes and brackets. */
static void put_text(FILE *out, const char *text, int len)
{
    for (; len > 0; text++, len--) {
        if (*text == '\'')
            fputs("'\\''", out);
        else if (strchr("[]:\\", *text) != NULL)
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
    }
}

/* One way to type an option, as _arguments wants it: -h+ takes its argument in the same word
 * or the next, --host= behind '=' or in the next, --disconnect=- behind '=' only. */
static void put_name(FILE *out, const char *name, const struct option_spec *spec)
{
    bool is_long = name[1] == '-';

    fputs(name, out);
    if (spec->arg != NULL && spec->arg[0] == '[')
        fputs(is_long ? "=-" : "-", out);
    else if (spec->arg != NULL)
        fputs(is_long ? "=" : "+", out);
}

static size_t names_of(const struct option_spec *spec, char names[4][40])
{
    size_t n = 0;

    if (spec->letter != 0)
        snprintf(names[n++], 40, "-%c", spec->letter);
    snprintf(names[n++], 40, "--%s", spec->name);
    for (size_t k = 0; k < 2 && spec->alias[k] != NULL; k++)
        snprintf(names[n++], 40, "--%s", spec->alias[k]);
    return n;
}

static void put_argument(FILE *out, const struct option_spec *spec)
{
    if (spec->arg == NULL)
        return;
    if (spec->arg[0] == '[') {
        size_t len = strlen(spec->arg) - 2;
        fprintf(out, "::%.*s:(%.*s)", (int)len, spec->arg + 1, (int)len, spec->arg + 1);
        return;
    }
    fprintf(out, ":%s:", spec->arg);
    if ((spec->traits & OPTION_NAMES_FILE) != 0)
        fputs("_files", out);
    else if ((spec->traits & OPTION_NAMES_HOST) != 0)
        fputs("_hosts", out);
    else
        fputc(' ', out);
}

static void put_row(FILE *out, const struct option_spec *spec)
{
    char names[4][40];
    size_t n = names_of(spec, names);

    for (size_t i = 0; i < n; i++) {
        fputs("    '", out);
        if (is_repeatable(spec)) {
            fputc('*', out);
        } else {
            for (size_t k = 0; k < n; k++)
                fprintf(out, "%c%s", k == 0 ? '(' : ' ', names[k]);
            fputc(')', out);
        }
        put_name(out, names[i], spec);
        fputc('[', out);
        put_text(out, spec->help, help_first(spec->help));
        fputc(']', out);
        put_argument(out, spec);
        fputs("' \\\n", out);
    }
}

void generate_zsh(FILE *out)
{
    fputs("#compdef sio-emit\n"
          "# SPDX-License-Identifier: MIT\n"
          "# zsh completion for sio-emit(1), made from its option table.\n"
          "_arguments -s -S \\\n",
          out);
    for (size_t i = 0; i < option_count; i++)
        put_row(out, &option_table[i]);
    fputs("    '1:EVENT: ' \\\n"
          "    '*:ARG: '\n",
          out);
}
