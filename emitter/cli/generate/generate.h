/* SPDX-License-Identifier: MIT */
/* The files that are made from the option table at build time. */
#ifndef SIO_CLI_GENERATE_H
#define SIO_CLI_GENERATE_H

#include <stdbool.h>
#include <stdio.h>

#include "options.h"

/* Fill the tables into the man page's template. false: it cannot be read. */
bool generate_man(FILE *out, const char *template, const char *version);

void generate_bash(FILE *out);
void generate_zsh(FILE *out);
void generate_fish(FILE *out);

/* How much of an option's help is its first statement, for places with little room. */
int help_first(const char *help);

#endif
