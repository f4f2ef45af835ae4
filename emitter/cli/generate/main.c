/* SPDX-License-Identifier: MIT */
/* sio-emit-generate man OUTPUT TEMPLATE VERSION
 * sio-emit-generate bash|zsh|fish OUTPUT
 * Writes the man page or a shell's completion. Runs at build time. */
#include <string.h>

#include "generate.h"

int help_first(const char *help)
{
    const char *end = help;

    while (*end != '\0' && !(strchr(".:;", *end) != NULL && (end[1] == ' ' || end[1] == '\0')))
        end++;
    return (int)(end - help);
}

static bool generate(FILE *out, int argc, char **argv)
{
    if (strcmp(argv[1], "man") == 0 && argc == 5)
        return generate_man(out, argv[3], argv[4]);
    if (strcmp(argv[1], "bash") == 0)
        generate_bash(out);
    else if (strcmp(argv[1], "zsh") == 0)
        generate_zsh(out);
    else if (strcmp(argv[1], "fish") == 0)
        generate_fish(out);
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: sio-emit-generate man OUTPUT TEMPLATE VERSION | bash OUTPUT | zsh OUTPUT | "
              "fish OUTPUT\n",
              stderr);
        return 2;
    }
    FILE *out = fopen(argv[2], "w");
    if (out == NULL) {
        perror(argv[2]);
        return 1;
    }
    bool done = generate(out, argc, argv);
    if (fclose(out) != 0 || !done) {
        fprintf(stderr, "sio-emit-generate: cannot make %s\n", argv[2]);
        return 1;
    }
    return 0;
}
