/* SPDX-License-Identifier: Apache-2.0
 *
 * An ordinary main for a fuzz target, so that gcc builds it and `make check` replays what is
 * known. Each argument is a file or a folder (walked, in name order). A file is one input;
 * a .tsv file is one input per line, because the tables in t/data are hostile input too.
 * Replaying nothing is a failure. Real fuzzing links libFuzzer instead of this file.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static unsigned long replayed;
static const char *now_reading = "";

static void die(const char *what, const char *path)
{
    fprintf(stderr, "%s '%s': %s\n", what, path, strerror(errno));
    exit(2);
}

/* A copy of exactly the right size: with ASan a read one byte too far is seen. */
static void replay(const char *bytes, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);

    if (!copy) {
        die("no memory for an input of", now_reading);
    }
    memcpy(copy, bytes, len);
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
    replayed++;
}

static char *load(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    size_t size = 0, room = 65536;
    char *bytes = malloc(room);

    if (!file) {
        die("cannot open", path);
    }
    while (bytes) {
        size_t got = fread(bytes + size, 1, room - size, file);

        size += got;
        if (got == 0) {
            break;
        }
        if (size == room) {
            room *= 2;
            bytes = realloc(bytes, room);
        }
    }
    if (!bytes || ferror(file)) {
        die("cannot read", path);
    }
    fclose(file);
    *len = size;
    return bytes;
}

static int ends_with(const char *text, const char *tail)
{
    size_t len = strlen(text), tail_len = strlen(tail);

    return len >= tail_len && strcmp(text + len - tail_len, tail) == 0;
}

static void replay_file(const char *path)
{
    size_t len, start = 0;
    char *bytes = load(path, &len);

    now_reading = path;
    if (!ends_with(path, ".tsv")) {
        replay(bytes, len);
    }
    else {
        while (start < len) {
            const char *end = memchr(bytes + start, '\n', len - start);
            size_t line = end ? (size_t)(end - bytes) - start : len - start;

            replay(bytes + start, line);
            start += line + 1;
        }
    }
    free(bytes);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void replay_path(const char *path)
{
    struct stat about;
    struct dirent **entries = NULL;
    int i, count;

    if (stat(path, &about) != 0) {
        die("cannot read", path);
    }
    if (!S_ISDIR(about.st_mode)) {
        replay_file(path);
        return;
    }
    count = scandir(path, &entries, is_visible, alphasort);
    if (count < 0) {
        die("cannot list", path);
    }
    for (i = 0; i < count; i++) {
        size_t room = strlen(path) + strlen(entries[i]->d_name) + 2;
        char *child = malloc(room);

        if (!child) {
            die("no memory for", path);
        }
        snprintf(child, room, "%s/%s", path, entries[i]->d_name);
        replay_path(child);
        free(child);
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    int i;

    for (i = 1; i < argc; i++) {
        replay_path(argv[i]);
    }
    printf("replayed %lu inputs\n", replayed);
    if (replayed == 0) {
        fprintf(stderr, "%s: no input was found, so nothing was tested\n", argv[0]);
        return 1;
    }
    return 0;
}
