/* SPDX-License-Identifier: Apache-2.0
 *
 * redirect307ctl compile: the rules of a map as a file that a server maps. */
#include "ctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>

#include "ctl_map.h"
#include "grammar/token.h"

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

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
                               const ctl_maploaded_t *loaded)
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
    static const char *const words[] = { "-o", NULL };
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
            (void)ctl_main_refuse(p, "compile", argv[i], words);
            return NULL;
        }
    }
    if (!*file) {
        fprintf(stderr, "redirect307ctl compile: name the map\n");
        return NULL;
    }
    return options;
}

ctl_exit_t ctl_cmd_compile(apr_pool_t *p, int argc, const char *const *argv)
{
    const char *file = NULL, *image = NULL, *bad;
    const char *options = take_words(p, argc, argv, &file, &image);
    const ctl_teller_t teller = { ctl_map_tell, stdout, 0 };
    ctl_maploaded_t loaded;
    ctl_reached_t reached;
    r307_mapdef_t def;

    if (!options) {
        return CTL_EXIT_UNKNOWN;
    }
    bad = ctl_map_plain(p, file, options, &def);
    if (bad) {
        fprintf(stderr, "redirect307ctl compile: %s\n", bad);
        return CTL_EXIT_UNKNOWN;
    }
    def.where = R307_WHERE_SERVER;      /* an image is for httpd.conf */
    def.name = base_name(file);
    image = image ? image : apr_pstrcat(p, file, ".image", NULL);
    bad = ctl_map_named(p, &def, file, &teller, &loaded, &reached);
    bad = bad ? bad : write_image(p, image, &loaded);
    if (bad) {
        fprintf(stderr, "redirect307ctl: %s\n", bad);
        return CTL_EXIT_UNKNOWN;
    }
    printf("%s: %u rule%s, %lu KiB", image, loaded.rules - loaded.stays,
           loaded.rules - loaded.stays == 1 ? "" : "s",
           (unsigned long)(loaded.size / 1024 + 1));
    if (loaded.bad) {
        printf("; %u line%s skipped", loaded.bad, loaded.bad == 1 ? "" : "s");
    }
    printf(".\n");
    return loaded.bad ? CTL_EXIT_FINDINGS : CTL_EXIT_FINE;
}
