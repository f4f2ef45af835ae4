/* SPDX-License-Identifier: MIT */
/* Binary inside an argument: clients receive {name, size, data}, where data is a Buffer
 * in Node and an ArrayBuffer in a browser. example_binary [URL [FILE]] */
#include <stdio.h>
#include <stdlib.h>

#include <sio/emitter.h>

enum { FLUSH_MS = 5000 };

/* Sent when no file is named: one transparent pixel, a whole GIF image. */
static const unsigned char pixel[] = {
    0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x01, 0x00, 0x01, 0x00, 0x80, 0x00, 0x00, 0x00,
    0x00, 0x00, 0xff, 0xff, 0xff, 0x21, 0xf9, 0x04, 0x01, 0x00, 0x00, 0x00, 0x00, 0x2c,
    0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x02, 0x01, 0x44, 0x00, 0x3b};

/* Append a file's bytes. The buffer grows; the emitter refuses what is over 8 MiB. */
static sio_status read_file(const char *path, sio_buf *out)
{
    char chunk[65536];
    size_t n;
    sio_status status = SIO_OK;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return SIO_EINVAL;
    }
    while (status == SIO_OK && (n = fread(chunk, 1, sizeof chunk, file)) > 0)
        status = sio_buf_append(out, chunk, n);
    fclose(file);
    return status;
}

static sio_status send_image(sio_emitter *em, const char *name, sio_str bytes)
{
    sio_args *args;
    sio_status status = sio_args_new(&args);
    if (status != SIO_OK)
        return status;
    sio_args_map_begin(args);
    sio_args_key(args, SIO_STR("name"));
    sio_args_string(args, sio_str_c(name));
    sio_args_key(args, SIO_STR("size"));
    sio_args_uint(args, bytes.len);
    sio_args_key(args, SIO_STR("data"));
    sio_args_binary(args, bytes.ptr, bytes.len);
    sio_args_map_end(args);
    status = sio_emitter_emit(em, NULL, SIO_STR("image"), args, NULL, NULL);
    sio_args_free(args);
    return status;
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : getenv("REDIS_URL");
    const char *name = argc > 2 ? argv[2] : "pixel.gif";
    sio_link *link = NULL;
    sio_emitter *em = NULL;
    sio_buf file;
    char err[160];

    sio_link_opts opts;
    sio_link_opts_init(&opts);
    if (url != NULL)
        opts.url = url;
    if (sio_link_new(&opts, &link, err, sizeof err) != SIO_OK) {
        fprintf(stderr, "link: %s\n", err);
        return 1;
    }
    sio_buf_init(&file);
    sio_status status =
        argc > 2 ? read_file(name, &file) : sio_buf_append(&file, pixel, sizeof pixel);
    if (status == SIO_OK)
        status = sio_emitter_new(link, NULL, &em);
    if (status == SIO_OK)
        status = send_image(em, name, sio_buf_str(&file));
    if (status == SIO_OK)
        status = sio_link_flush(link, FLUSH_MS);

    /* Without a completion the counters tell whether Redis took it. */
    sio_link_stats stats = {.accepted = 0};
    sio_link_get_stats(link, &stats);
    if (status == SIO_OK && stats.accepted == 1)
        printf("sent %zu bytes\n", file.len);
    else
        fprintf(stderr, "emit: %s\n", sio_status_text(status));
    sio_emitter_free(em);
    sio_link_free(link);
    sio_buf_fini(&file);
    return stats.accepted == 1 ? 0 : 1;
}
