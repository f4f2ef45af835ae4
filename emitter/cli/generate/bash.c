/* SPDX-License-Identifier: MIT */
/* Completion for bash, in bash's own means: it needs no bash-completion package. */
#include "generate.h"

#include <string.h>

/* Print every way to type the options that `want` picks, with `between` in between. */
static void put_names(FILE *out, bool (*want)(const struct option_spec *spec), const char *between)
{
    const char *before = "";

    for (size_t i = 0; i < option_count; i++) {
        const struct option_spec *spec = &option_table[i];
        if (!want(spec))
            continue;
        if (spec->letter != 0) {
            fprintf(out, "%s-%c", before, spec->letter);
            before = between;
        }
        fprintf(out, "%s--%s", before, spec->name);
        before = between;
        for (size_t k = 0; k < 2 && spec->alias[k] != NULL; k++)
            fprintf(out, "%s--%s", before, spec->alias[k]);
    }
}

static bool is_any(const struct option_spec *spec)
{
    return spec->name != NULL;
}

static bool names_file(const struct option_spec *spec)
{
    return (spec->traits & OPTION_NAMES_FILE) != 0;
}

static bool names_host(const struct option_spec *spec)
{
    return (spec->traits & OPTION_NAMES_HOST) != 0;
}

static bool takes_text(const struct option_spec *spec)
{
    return spec->arg != NULL && spec->arg[0] != '[' && !names_file(spec) && !names_host(spec);
}

static bool takes_optional(const struct option_spec *spec)
{
    return spec->arg != NULL && spec->arg[0] == '[';
}

/* "--disconnect=close": what may stand behind the '='. */
static void put_optional(FILE *out)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option_spec *spec = &option_table[i];
        if (takes_optional(spec))
            fprintf(out,
                    "    --%s)\n"
                    "        if [[ $behind ]]; then\n"
                    "            mapfile -t COMPREPLY < <(compgen -W '%.*s' -- \"$cur\")\n"
                    "            return\n"
                    "        fi\n"
                    "        ;;\n",
                    spec->name, (int)strlen(spec->arg) - 2, spec->arg + 1);
    }
}

void generate_bash(FILE *out)
{
    fputs("# SPDX-License-Identifier: MIT\n"
          "# bash completion for sio-emit(1), made from its option table.\n"
          "_sio_emit()\n"
          "{\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} option= behind= i\n"
          "    COMPREPLY=()\n"
          "    # '=' is a word of its own to readline: --socket = PATH\n"
          "    if [[ $cur == = ]]; then\n"
          "        behind=yes option=${COMP_WORDS[COMP_CWORD - 1]} cur=\n"
          "    elif ((COMP_CWORD > 2)) && [[ ${COMP_WORDS[COMP_CWORD - 1]} == = ]]; then\n"
          "        behind=yes option=${COMP_WORDS[COMP_CWORD - 2]}\n"
          "    else\n"
          "        option=${COMP_WORDS[COMP_CWORD - 1]}\n"
          "    fi\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        [[ ${COMP_WORDS[i]} == -- ]] && return # behind it there are no options\n"
          "    done\n"
          "    case $option in\n"
          "    ",
          out);
    put_names(out, names_file, " | ");
    fputs(")\n"
          "        compopt -o filenames 2> /dev/null\n"
          "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
          "        return\n"
          "        ;;\n"
          "    ",
          out);
    put_names(out, names_host, " | ");
    fputs(")\n"
          "        mapfile -t COMPREPLY < <(compgen -A hostname -- \"$cur\")\n"
          "        return\n"
          "        ;;\n"
          "    ",
          out);
    put_names(out, takes_text, " | ");
    fputs(")\n"
          "        return # a text that only the user knows\n"
          "        ;;\n",
          out);
    put_optional(out);
    fputs("    esac\n"
          "    [[ $cur == -* ]] || return\n"
          "    mapfile -t COMPREPLY < <(compgen -W '",
          out);
    put_names(out, is_any, " ");
    fputs("' -- \"$cur\")\n"
          "}\n"
          "complete -F _sio_emit sio-emit\n",
          out);
}
