/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_flag.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>

#include "base/datetime.h"
#include "base/disk.h"
#include "ctl_replace.h"

#define TEXT_MOST 4096

/* Where the server will look. */
const char *ctl_flag_find(ctl_flag_t *flag)
{
    const char *name = flag->line->flag, *file, *bad;

    if (!name) {
        return apr_psprintf(flag->p, "%s:%u: this line has no flag=, so it is in force "
                            "whenever its window is; write: %s flag=down.on",
                            flag->line->rule.place.file, flag->line->rule.place.line,
                            flag->args);
    }
    if (ctl_reach_is_elsewhere(flag->reach, name)) {
        return apr_psprintf(flag->p, "flag='%s' is relative to ServerRoot; say which that "
                            "is: --root DIR", name);
    }
    file = flag->reach->is_conf ? name : ctl_reach_relative(flag->p, flag->reach, name);
    if (!flag->reach->is_conf && (*file == '/' || r307_disk_climbs(file))) {
        return apr_psprintf(flag->p, "flag='%s' lies outside of the directory of this "
                            ".htaccess, where the server does not look; write "
                            "flag=down.on", name);
    }
    flag->path = *file == '/' ? file
        : apr_pstrcat(flag->p, flag->reach->is_conf ? flag->reach->root
                                                     : flag->reach->directory, "/", file,
                      NULL);
    bad = ctl_reach_parent(flag->p, flag->reach, file, &flag->folder, &flag->leaf);
    return bad ? apr_psprintf(flag->p, "flag='%s': %s; this command leaves it alone", name,
                              bad) : NULL;
}

static const char *take_flag_text(ctl_flag_t *flag, const r307_opened_t *opened)
{
    char *text = apr_palloc(flag->p, TEXT_MOST + 1);
    r307_flag_says_t says;
    ssize_t len = r307_open_read(opened->fd, text, TEXT_MOST);

    close(opened->fd);
    len = len < 0 ? 0 : len;
    text[len] = '\0';
    flag->seen.exists = 1;
    flag->seen.made = apr_time_from_sec((apr_time_t)(opened->written / 1000000000u));
    flag->seen.text = text;
    r307_flag_read(flag->p, text, &says);
    flag->is_foreign = says.problems != NULL || opened->size > TEXT_MOST
                        || strlen(text) != (size_t)len;
    return NULL;
}

const char *ctl_flag_read(ctl_flag_t *flag)
{
    r307_opened_t opened;

    switch (r307_open_below(flag->folder, flag->leaf, NULL, &opened)) {
    case R307_OPEN_FINE:
        return take_flag_text(flag, &opened);
    case R307_OPEN_MISSING:
        return NULL;
    case R307_OPEN_FAILED:
        return apr_psprintf(flag->p, "%s: %s", flag->path, strerror(opened.error));
    default:
        return apr_psprintf(flag->p, "%s is no plain file; this command leaves it alone",
                            flag->path);
    }
}

const char *ctl_flag_write(const ctl_flag_t *flag, const ctl_flag_says_t *says)
{
    static const ctl_replace_as_t as = { 0644, 0, 0, 0 };   /* the server's user reads it */
    apr_pool_t *p = flag->p;
    const char *text = apr_psprintf(p, "# redirect307ctl maintenance on, %s\n",
                                    r307_time_print(p, says->now)), *bad;
    int i;

    if (says->eta) {
        text = apr_pstrcat(p, text, "eta=", r307_time_print(p, says->eta), "\n", NULL);
    }
    if (says->until) {
        text = apr_pstrcat(p, text, "until=", r307_time_print(p, says->until), "\n", NULL);
    }
    for (i = 0; i < says->allow->nelts; i++) {
        text = apr_pstrcat(p, text, "allow=", APR_ARRAY_IDX(says->allow, i, const char *),
                           "\n", NULL);
    }
    bad = ctl_replace(p, flag->folder, flag->leaf, text, strlen(text), &as);
    return bad ? apr_psprintf(p, "%s: %s", flag->path, bad) : NULL;
}

const char *ctl_flag_remove(const ctl_flag_t *flag)
{
    return unlinkat(flag->folder, flag->leaf, 0) == 0 ? NULL
        : apr_psprintf(flag->p, "%s: %s", flag->path, strerror(errno));
}
