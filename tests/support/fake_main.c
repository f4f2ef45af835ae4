/* SPDX-License-Identifier: MIT */
/* sio-fake-redis [SCRIPT]: follows a script (fake_script.h; without an argument it is read
 * from stdin, to its end). Prints "ready URL", and at the script's end "done" (status 0)
 * or "failed REASON" (status 1). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fake_script.h"

int main(int argc, char **argv)
{
    static char text[64 * 1024];
    const struct timespec pause = {.tv_nsec = 1000000};
    struct fake_script *fake;
    const char *error;

    if (argc > 1)
        snprintf(text, sizeof text, "%s", argv[1]);
    else
        text[fread(text, 1, sizeof text - 1, stdin)] = '\0';
    fake = fake_script_new(text);
    printf("ready %s\n", fake_script_url(fake));
    fflush(stdout);
    while ((error = fake_script_error(fake)) == NULL && fake_script_step(fake) != -1)
        nanosleep(&pause, NULL);
    if (error != NULL)
        printf("failed %s\n", error);
    else
        printf("done\n");
    fflush(stdout);
    fake_script_free(fake);
    return error != NULL;
}
