/* SPDX-License-Identifier: MIT */
/* Feeds files, or all files of folders, to one fuzz target: the seed corpus as a unit test
 * with any compiler. Each input is read into memory of exactly its size. */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

static bool replay_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(size > 0 ? size : 1);
    bool whole =
        file != NULL && bytes != NULL && fread(bytes, 1, size, file) == size && fgetc(file) == EOF;
    if (file != NULL)
        fclose(file);
    if (whole)
        LLVMFuzzerTestOneInput(bytes, size);
    else
        fprintf(stderr, "%s: cannot be read\n", path);
    free(bytes);
    return whole;
}

/* The number of files read; -1: one could not be. */
static long replay(const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    if (S_ISREG(about.st_mode))
        return replay_file(path, (size_t)about.st_size) ? 1 : -1;
    DIR *folder = opendir(path);
    long files = folder != NULL ? 0 : -1;
    for (struct dirent *entry; files >= 0 && (entry = readdir(folder)) != NULL;) {
        char inside[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        long more = replay(inside);
        files = more < 0 ? -1 : files + more;
    }
    if (folder != NULL)
        closedir(folder);
    return files;
}

int main(int argc, char **argv)
{
    long files = 0;
    for (int i = 1; i < argc && files >= 0; i++) {
        long more = replay(argv[i]);
        files = more < 0 ? -1 : files + more;
    }
    if (files <= 0) {
        fprintf(stderr, "nothing was replayed\n");
        return 1;
    }
    printf("%ld inputs\n", files);
    return 0;
}
