/* SPDX-License-Identifier: MIT */
/* Signal handling. Its state is global, since handlers know no other. */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "clock.h"
#include "exit_codes.h"
#include "password.h"

static const int handled[] = {SIGINT, SIGTERM, SIGHUP};
#define HANDLED (sizeof(handled) / sizeof(handled[0]))

static volatile sig_atomic_t caught;
static volatile sig_atomic_t wake = -1;
static volatile int64_t caught_ns; /* written once, before `caught` */

static void on_signal(int number)
{
    int saved = errno;
    const uint64_t one = 1;

    if (caught != 0 || wake < 0) {
        password_restore_terminal();
        _exit(EXIT_SIGNAL + number);
    }
    caught_ns = clock_now_ns();
    caught = number;
    if (write(wake, &one, sizeof(one)) < 0)
        _exit(EXIT_SIGNAL + number);
    errno = saved;
}

void signals_init(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct sigaction before;

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < HANDLED; i++)
        sigaddset(&action.sa_mask, handled[i]);
    for (size_t i = 0; i < HANDLED; i++) {
        if (sigaction(handled[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(handled[i], &action, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
}

void signals_defer(int wake_fd)
{
    wake = wake_fd;
}

int signals_caught(void)
{
    return caught;
}

int64_t signals_caught_ns(void)
{
    return caught_ns;
}

void signals_block(bool block)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < HANDLED; i++)
        sigaddset(&set, handled[i]);
    sigprocmask(block ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}
