/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_others.h"

#include <string.h>

#include "base/text.h"

const char *const ctl_others_redirect[CTL_OTHERS_REDIRECTS] = {
    "Redirect", "RedirectMatch", "RedirectPermanent", "RedirectTemp", "RewriteRule"
};

/* Others that answer for what is not there. */
static const char *const answering[] = {
    "RewriteRule", "FallbackResource", "ErrorDocument", "Alias", "AliasMatch", "ScriptAlias",
    "ProxyPass", "ProxyPassMatch", "SetHandler", "Action", "JkMount"
};

/* Which of the names a line begins with; -1: none. */
static int name_at(const char *line, const char *const *names, size_t count)
{
    size_t n, i;

    line += strspn(line, " \t");
    n = strcspn(line, " \t\r\n");
    for (i = 0; i < count; i++) {
        if (r307_text_same_fold(line, n, names[i], strlen(names[i]))) {
            return (int)i;
        }
    }
    return -1;
}

static const char *next_line(const char *s)
{
    s += strcspn(s, "\n");
    return s + (*s == '\n');
}

void ctl_others_count(const char *bytes, unsigned counts[CTL_OTHERS_REDIRECTS])
{
    for (; *bytes; bytes = next_line(bytes)) {
        int which = name_at(bytes, ctl_others_redirect, CTL_OTHERS_REDIRECTS);

        if (which >= 0) {
            counts[which]++;
        }
    }
}

unsigned ctl_others_first(const char *bytes, const char **name)
{
    unsigned line = 1;

    for (; *bytes; bytes = next_line(bytes), line++) {
        int which = name_at(bytes, answering, sizeof(answering) / sizeof(answering[0]));

        if (which >= 0) {
            *name = answering[which];
            return line;
        }
    }
    return 0;
}
