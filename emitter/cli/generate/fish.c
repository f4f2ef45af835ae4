/* SPDX-License-Identifier: MIT */
/* Completion for fish: one or more `complete` lines a row of the table. */
#include "generate.h"

#include <string.h>

/* Text inside single quotes. */
static void put_text(FILE *out, const char *text, int len)
{
    for (; len > 0; text++, len--) {
        if (*text == '\'' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void put_line(FILE *out, const struct option_spec *spec, const char *name, char letter)
{
    fputs("complete -c sio-emit", out);
    if (letter != 0)
        fprintf(out, " -s %c", letter);
    fprintf(out, " -l %s -d '", name);
    put_text(out, spec->help, help_first(spec->help));
    fputc('\'', out);
    if (spec->arg != NULL && spec->arg[0] == '[')
        fprintf(out, " -a %.*s", (int)strlen(spec->arg) - 2, spec->arg + 1);
    else if ((spec->traits & OPTION_NAMES_FILE) != 0)
        fputs(" -r -F", out);
    else if ((spec->traits & OPTION_NAMES_HOST) != 0)
        fputs(" -x -a '(__fish_print_hostnames)'", out);
    else if (spec->arg != NULL)
        fputs(" -x", out);
    fputc('\n', out);
}

void generate_fish(FILE *out)
{
    fputs("# SPDX-License-Identifier: MIT\n"
          "# fish completion for sio-emit(1), made from its option table.\n"
          "complete -c sio-emit -f\n",
          out);
    for (size_t i = 0; i < option_count; i++) {
        const struct option_spec *spec = &option_table[i];
        put_line(out, spec, spec->name, spec->letter);
        for (size_t k = 0; k < 2 && spec->alias[k] != NULL; k++)
            put_line(out, spec, spec->alias[k], 0);
    }
}
