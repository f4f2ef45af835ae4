/* SPDX-License-Identifier: MIT */
/* --help: the option table and the exit codes, folded to 80 columns. */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "exit_codes.h"

#define COLUMNS 79
#define INDENT  28

/* Print text from column `at`, folded and indented. */
static void fold(const char *text, int at)
{
    int column = at;

    while (*text != '\0') {
        int len = (int)strcspn(text, " ");
        if (column > INDENT && column + 1 + len > COLUMNS) {
            printf("\n%*s", INDENT, "");
            column = INDENT;
        } else if (column > INDENT) {
            putchar(' ');
            column++;
        }
        printf("%.*s", len, text);
        column += len;
        text += len;
        while (*text == ' ')
            text++;
    }
    putchar('\n');
}

/* Print the left column; returns the column where text goes. */
static void row(const char *left, const char *text)
{
    int width = printf("%s", left);

    if (width > INDENT - 2)
        printf("\n%*s", INDENT, "");
    else
        printf("%*s", INDENT - width, "");
    fold(text, INDENT);
}

static void option_row(const struct option_spec *spec)
{
    char left[128];
    size_t len = 0;

    if (spec->letter != 0)
        len += (size_t)snprintf(left, sizeof(left), "  -%c, --%s", spec->letter, spec->name);
    else
        len += (size_t)snprintf(left, sizeof(left), "      --%s", spec->name);
    for (size_t i = 0; i < 2 && spec->alias[i] != NULL; i++)
        len += (size_t)snprintf(left + len, sizeof(left) - len, ", --%s", spec->alias[i]);
    if (spec->arg != NULL && spec->arg[0] == '[')
        snprintf(left + len, sizeof(left) - len, "[=%s", spec->arg + 1);
    else if (spec->arg != NULL)
        snprintf(left + len, sizeof(left) - len, " %s", spec->arg);
    row(left, spec->help);
}

bool options_help(void)
{
    fputs("Usage: sio-emit [OPTIONS] EVENT [ARG...]\n"
          "       sio-emit [OPTIONS] --join ROOM | --leave ROOM | --disconnect[=close]\n"
          "\n"
          "Send an event to the clients of a Socket.IO cluster, through Redis.\n"
          "\n"
          "An ARG that is a JSON number, true, false or null is that value; one that\n"
          "begins with {, [ or \" has to be JSON; anything else is a string. A word of -\n"
          "and a digit is an ARG; everything after -- is EVENT and ARGs.\n"
          "\n"
          "  sio-emit --to news headline '{\"n\":1}' 'second argument'\n"
          "  tail -f app.log | sio-emit --of /admin -l --text log\n",
          stdout);
    for (enum option_group group = 0; group < GROUP_COUNT; group++) {
        printf("\n%s:\n", option_group_titles[group]);
        for (size_t i = 0; i < option_count; i++) {
            if (option_table[i].group == group)
                option_row(&option_table[i]);
        }
    }
    fputs("\nExit status:\n", stdout);
    for (int i = 0; i < exit_meaning_count; i++) {
        char left[16];
        snprintf(left, sizeof(left), "  %s", exit_meanings[i].label);
        row(left, exit_meanings[i].text);
    }
    return fflush(stdout) == 0;
}
