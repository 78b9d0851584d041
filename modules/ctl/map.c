/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "engine/image_block.h"
#include "engine/token.h"

static int ends_in(const char *text, const char *ending)
{
    size_t len = strlen(text), n = strlen(ending);

    return len >= n && r307_text_same_fold(text + len - n, n, ending, n);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

int r307_map_is(const char *file)
{
    return ends_in(file, ".map") || ends_in(file, ".csv") || ends_in(file, ".tsv")
        || ends_in(file, ".image") || strcmp(base_name(file), "_redirects") == 0;
}

const char *r307_map_beside(apr_pool_t *p, const char *file, const char *name)
{
    const char *slash = strrchr(file, '/');

    return name[0] == '/' || !slash ? name
        : apr_pstrcat(p, apr_pstrmemdup(p, file, (size_t)(slash + 1 - file)), name, NULL);
}

/* Sources without a leading '/' belong to a .htaccess, and one that lies beside the map is
 * likely the one that names it. */
static r307_where_t where_of(apr_pool_t *p, const char *file)
{
    struct stat st;

    return stat(r307_map_beside(p, file, ".htaccess"), &st) == 0 ? R307_WHERE_DIRECTORY
                                                                 : R307_WHERE_SERVER;
}

const char *r307_map_plain(apr_pool_t *p, const char *file, const char *options,
                           r307_mapdef_t *def)
{
    r307_context_t context;

    memset(&context, 0, sizeof(context));
    context.directive = "Redirect307Map";
    context.where = where_of(p, file);
    return r307_map_parse(p, apr_pstrcat(p, r307_token_quote(p, file), " ", options, NULL),
                          &context, def);
}

/* --- reading --- */

/* A whole file, in p. */
static const char *read_bytes(apr_pool_t *p, const char *file, r307_mapbytes_t *bytes)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    const char *bad = NULL;
    struct stat st;
    size_t have = 0;
    char *s = NULL;

    if (fd < 0 || fstat(fd, &st) != 0) {
        bad = apr_psprintf(p, "%s: %s", file, strerror(errno));
    }
    else if (!S_ISREG(st.st_mode)) {
        bad = apr_psprintf(p, "%s: is no plain file", file);
    }
    else {
        s = apr_palloc(p, (size_t)st.st_size + 1);
    }
    while (!bad && have < (size_t)st.st_size) {
        ssize_t n = read(fd, s + have, (size_t)st.st_size - have);

        if (n <= 0) {
            bad = apr_psprintf(p, "%s: cannot be read to its end", file);
        }
        have += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    bytes->s = s;
    bytes->len = have;
    bytes->time = bad ? 0 : (apr_uint64_t)st.st_mtime;
    return bad;
}

static int is_image(const r307_mapbytes_t *bytes)
{
    return bytes->len >= sizeof(R307_IMAGE_MAGIC)
        && memcmp(bytes->s, R307_IMAGE_MAGIC, sizeof(R307_IMAGE_MAGIC)) == 0;
}

typedef struct telling_t {
    const char *file;
    FILE *out;
} telling_t;

static void tell(void *baton, unsigned line, const char *why)
{
    const telling_t *telling = baton;

    if (line) {
        fprintf(telling->out, "%s:%u: %s\n", telling->file, line, why);
    }
    else {
        fprintf(telling->out, "%s: %s\n", telling->file, why);
    }
}

const char *r307_map_load(apr_pool_t *p, r307_mapdef_t *def, const char *file,
                          FILE *out, r307_maploaded_t *loaded)
{
    telling_t telling = { file, out };
    r307_maplimits_t limits;
    r307_mapbytes_t bytes;
    r307_mapresult_t result;
    const char *bad = read_bytes(p, file, &bytes);
    void *image;

    memset(loaded, 0, sizeof(*loaded));
    if (bad) {
        return bad;
    }
    if (is_image(&bytes)) {
        const r307_image_head_t *head = (const void *)bytes.s;

        bad = r307_image_check(p, bytes.s, bytes.len);
        if (bad) {
            return apr_psprintf(p, "%s: %s", file, bad);
        }
        def->where = (r307_where_t)head->where;
        def->match = (r307_match_t)head->match;
        loaded->bytes = bytes.s;
        loaded->size = bytes.len;
        loaded->rules = head->count;
        return NULL;
    }
    memset(&limits, 0, sizeof(limits));
    limits.regex_most = APR_INT64_MAX;
    limits.bad = tell;
    limits.baton = &telling;
    apr_generate_random_bytes((unsigned char *)&limits.seed, sizeof(limits.seed));
    bad = r307_map_build(p, def, NULL, &bytes, &limits, &result);
    if (bad) {
        return apr_psprintf(p, "%s: %s", file, bad);
    }
    loaded->size = r307_image_size(result.builder);
    if (!loaded->size) {
        return apr_psprintf(p, "%s: makes an image of more than 4 GiB", file);
    }
    image = apr_palloc(p, loaded->size);
    r307_image_write(result.builder, image);
    loaded->bytes = image;
    loaded->rules = result.rules;
    loaded->bad = result.bad;
    return NULL;
}

/* --- compile --- */

static int write_all(int fd, const char *s, size_t len)
{
    while (len) {
        ssize_t n = write(fd, s, len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return 0;
        }
        s += n;
        len -= (size_t)n;
    }
    return 1;
}

/* Under another name, then moved: a server that maps the old file keeps it, and nobody
 * meets a part of the new one. */
static const char *write_image(apr_pool_t *p, const char *name,
                               const r307_maploaded_t *loaded)
{
    char *temporary = apr_pstrcat(p, name, ".XXXXXX", NULL);
    int fd = mkstemp(temporary), fine;
    const char *bad = NULL;

    if (fd < 0) {
        return apr_psprintf(p, "%s: %s", temporary, strerror(errno));
    }
    fine = write_all(fd, loaded->bytes, loaded->size) && fchmod(fd, 0644) == 0
           && fsync(fd) == 0;
    if (close(fd) != 0 || !fine || rename(temporary, name) != 0) {
        bad = apr_psprintf(p, "%s: %s", name, strerror(errno));
        unlink(temporary);
    }
    return bad;
}

/* The words behind the map's name, as a line would have them. */
static const char *take_words(apr_pool_t *p, int argc, const char *const *argv,
                              const char **file, const char **image)
{
    const char *options = "";
    int i;

    for (i = 0; i < argc; i++) {
        if (strcmp(argv[i], "-o") == 0 && i + 1 < argc) {
            *image = argv[++i];
        }
        else if (!*file && argv[i][0] != '-') {
            *file = argv[i];
        }
        else if (strchr(argv[i], '=') && argv[i][0] != '-') {
            options = apr_pstrcat(p, options, " ", r307_token_quote(p, argv[i]), NULL);
        }
        else {
            fprintf(stderr, "redirect307ctl compile: '%s' is not understood; see "
                    "redirect307ctl help\n", argv[i]);
            return NULL;
        }
    }
    if (!*file) {
        fprintf(stderr, "redirect307ctl compile: name the map\n");
        return NULL;
    }
    return options;
}

r307_exit_t r307_compile_run(apr_pool_t *p, int argc, const char *const *argv)
{
    const char *file = NULL, *image = NULL, *bad;
    const char *options = take_words(p, argc, argv, &file, &image);
    r307_maploaded_t loaded;
    r307_mapdef_t def;

    if (!options) {
        return R307_EXIT_UNKNOWN;
    }
    bad = r307_map_plain(p, file, options, &def);
    if (bad) {
        fprintf(stderr, "redirect307ctl compile: %s\n", bad);
        return R307_EXIT_UNKNOWN;
    }
    def.where = R307_WHERE_SERVER;      /* an image is for httpd.conf */
    def.name = base_name(file);
    image = image ? image : apr_pstrcat(p, file, ".image", NULL);
    bad = r307_map_load(p, &def, file, stdout, &loaded);
    bad = bad ? bad : write_image(p, image, &loaded);
    if (bad) {
        fprintf(stderr, "redirect307ctl: %s\n", bad);
        return R307_EXIT_UNKNOWN;
    }
    printf("%s: %u rule%s, %lu KiB", image, loaded.rules, loaded.rules == 1 ? "" : "s",
           (unsigned long)(loaded.size / 1024 + 1));
    if (loaded.bad) {
        printf("; %u line%s skipped", loaded.bad, loaded.bad == 1 ? "" : "s");
    }
    printf(".\n");
    return loaded.bad ? R307_EXIT_FINDINGS : R307_EXIT_FINE;
}
