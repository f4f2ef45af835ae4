/* SPDX-License-Identifier: MIT */
/* sio-oracle-driver: the value codec for tests in other languages. A line "CALL HEX" is
 * answered by a line of hex digits, or "!" if the bytes are refused:
 *   read   JSON text -> packed values
 *   write  packed value -> JSON text
 *   wire   packed values, as a caller gives them -> as the classic wire carries them */
#include <stdio.h>
#include <stdlib.h>

#include <sio/args.h>
#include <sio/value.h>

#include "value/args.h"
#include "wire/classic.h"

static int digit(char c)
{
    return c >= 'a' ? c - 'a' + 10 : c - '0';
}

/* In place. */
static sio_str from_hex(char *hex)
{
    size_t len = strspn(hex, "0123456789abcdef") / 2;
    for (size_t i = 0; i < len; i++)
        hex[i] = (char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    return sio_str_of(hex, len);
}

static sio_status to_wire(sio_str packed, sio_buf *out)
{
    struct sio__args_view view;
    sio_args *args;
    sio_status status = sio_args_new(&args);
    if (status == SIO_OK)
        status = sio_args_msgpack(args, packed);
    if (status == SIO_OK)
        status = sio__args_view(args, &view);
    if (status == SIO_OK)
        status = sio__classic_values(view.packed, view.has, out);
    sio_args_free(args);
    return status;
}

static sio_status run(const char *call, sio_str bytes, sio_buf *out)
{
    if (strcmp(call, "read") == 0)
        return sio_json_read(bytes, 0, out, NULL);
    if (strcmp(call, "write") == 0)
        return sio_json_write(bytes, NULL, NULL, out);
    return strcmp(call, "wire") == 0 ? to_wire(bytes, out) : SIO_EINVAL;
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    sio_buf out;
    sio_buf_init(&out);
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    while (getline(&line, &room, stdin) > 0) {
        char *space = strchr(line, ' ');
        if (space == NULL) { /* an empty line: all that was asked is wanted */
            fflush(stdout);
            continue;
        }
        *space = '\0';
        sio_buf_clear(&out);
        if (run(line, from_hex(space + 1), &out) != SIO_OK)
            putchar('!');
        else
            for (size_t i = 0; i < out.len; i++)
                printf("%02x", (unsigned)(unsigned char)out.ptr[i]);
        putchar('\n');
    }
    sio_buf_fini(&out);
    free(line);
    return 0;
}
