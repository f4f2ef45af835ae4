/* SPDX-License-Identifier: MIT */
/* Read the vector files with the toolkit's own JSON reader (judged by JSONTestSuite). */
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>

#include <sio/value.h>

#include "tagged.h"

static void one(const char *line, size_t len, const char *prefix,
                void (*each)(const struct vector *, void *), void *user, size_t *count)
{
    sio_buf packed;
    struct vector vector;
    sio_buf_init(&packed);
    if (sio_json_read(sio_str_of(line, len), 0, &packed, NULL) != SIO_OK)
        abort();
    vector.whole = sio_buf_str(&packed);
    sio_str name = tagged_text(vector.whole, "name");
    snprintf(vector.name, sizeof vector.name, "%.*s", (int)name.len, name.ptr);
    if (strncmp(vector.name, prefix, strlen(prefix)) == 0) {
        sio_str hex = tagged_text(vector.whole, "payload_hex");
        unsigned char *bytes = malloc(hex.len / 2 + 1);
        vector.inputs = tagged_field(vector.whole, "inputs");
        vector.channel = tagged_text(vector.whole, "channel");
        vector.payload = sio_str_of(bytes, tagged_hex(hex, bytes));
        each(&vector, user);
        free(bytes);
        (*count)++;
    }
    sio_buf_fini(&packed);
}

size_t vectors_each(const char *file, const char *prefix,
                    void (*each)(const struct vector *vector, void *user), void *user)
{
    char path[512];
    char *line = NULL;
    size_t room = 0, count = 0;
    ssize_t len;
    snprintf(path, sizeof path, "%s/vectors/%s", SIO_FIXTURES, file);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        abort();
    while ((len = getline(&line, &room, f)) > 0)
        one(line, (size_t)len, prefix, each, user, &count);
    free(line);
    fclose(f);
    return count;
}
