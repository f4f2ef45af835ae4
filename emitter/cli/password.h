/* SPDX-License-Identifier: MIT */
/* Passwords from a file or from the person at the terminal. */
#ifndef SIO_CLI_PASSWORD_H
#define SIO_CLI_PASSWORD_H

#include "options.h"

/* Put the password of --pass-file or --askpass into opts->password, the passphrase of
 * --key-pass-file into opts->key_passphrase. 0, or the exit code. */
int password_read(struct options *opts);

/* Give the terminal its echo back if --askpass has it turned off. For signal handlers too. */
void password_restore_terminal(void);

#endif
