/* SPDX-License-Identifier: Apache-2.0
 *
 * redirect307ctl compile: the rules of a map as a file that a server maps. */
#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>

#include "ctl_map.h"
#include "ctl_replace.h"
#include "grammar/token.h"

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* A server that maps the old file keeps it, and nobody meets a part of the new one. */
static const char *write_image(apr_pool_t *p, const char *name,
                               const ctl_maploaded_t *loaded)
{
    static const ctl_replace_as_t as = { 0644, 0, 0, 0 };
    const char *leaf = base_name(name), *bad;
    const char *folder = leaf == name ? "."
        : apr_pstrmemdup(p, name, (size_t)(leaf - name));
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    bad = fd < 0 ? strerror(errno)
        : ctl_replace(p, fd, leaf, loaded->bytes, loaded->size, &as);
    bad = bad ? apr_psprintf(p, "%s: %s", name, bad) : NULL;
    if (fd >= 0) {
        close(fd);
    }
    return bad;
}

/* The words behind the map's name, as a line would have them. */
static const char *options_of(const ctl_args_t *args)
{
    const char *options = "";
    int i;

    for (i = 1; i < args->count; i++) {
        options = apr_pstrcat(args->p, options, " ",
                              r307_token_quote(args->p, args->words[i]), NULL);
    }
    return options;
}

static void tell(void *baton, const ctl_told_t *told)
{
    fputs(ctl_told_say(baton, told), stdout);
}

ctl_exit_t ctl_cmd_compile(const ctl_args_t *args)
{
    const char *file = args->words[0], *image = ctl_args_value(args, "o"), *bad;
    const ctl_teller_t teller = { tell, args->p, 0, 1 };
    apr_pool_t *p = args->p;
    ctl_maploaded_t loaded;
    ctl_reached_t reached;
    r307_mapdef_t def;

    bad = ctl_map_plain(p, file, options_of(args), &def);
    if (bad) {
        return ctl_args_refuse(args, bad);
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
