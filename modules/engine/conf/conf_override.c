/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf_override.h"

#include <string.h>

#include "conf/directive_names.h"

typedef struct override_t {
    const char *word;
    int value;
} override_t;

static const override_t overrides[] = {
    { "FileInfo", R307_OVERRIDE_FILEINFO }, { "AuthConfig", R307_OVERRIDE_AUTH },
    { "Limit", R307_OVERRIDE_LIMIT }, { "Indexes", R307_OVERRIDE_INDEXES },
    { "Options", R307_OVERRIDE_OPTIONS }, { "All", R307_OVERRIDE_ALL },
    { "Nonfatal", R307_OVERRIDE_LENIENT }, { NULL, 0 }
};

int r307_override_add(int so_far, const char *word)
{
    size_t n = strcspn(word, "=");
    const override_t *row = overrides;

    while (row->word && !r307_text_same_fold(row->word, strlen(row->word), word, n)) {
        row++;
    }
    if (row->value == R307_OVERRIDE_OPTIONS) {
        so_far &= ~(R307_OVERRIDE_SOME | R307_OVERRIDE_PLAIN);
        so_far |= word[n] ? R307_OVERRIDE_SOME : R307_OVERRIDE_PLAIN;
    }
    return row->word ? so_far | row->value : 0;
}

/* Of the lines that .htaccess files have most often: what lets them in. */
static const override_t let_in[] = {
    { "Require", R307_OVERRIDE_AUTH }, { "AuthType", R307_OVERRIDE_AUTH },
    { "AuthName", R307_OVERRIDE_AUTH }, { "AuthUserFile", R307_OVERRIDE_AUTH },
    { "AuthGroupFile", R307_OVERRIDE_AUTH }, { "Satisfy", R307_OVERRIDE_AUTH },
    { "Order", R307_OVERRIDE_LIMIT }, { "Allow", R307_OVERRIDE_LIMIT },
    { "Deny", R307_OVERRIDE_LIMIT }, { "Options", R307_OVERRIDE_OPTIONS },
    { "DirectoryIndex", R307_OVERRIDE_INDEXES },
    { "IndexOptions", R307_OVERRIDE_INDEXES }, { "ExpiresActive", R307_OVERRIDE_INDEXES },
    { "ExpiresByType", R307_OVERRIDE_INDEXES },
    { "ExpiresDefault", R307_OVERRIDE_INDEXES },
    { "RewriteEngine", R307_OVERRIDE_FILEINFO },
    { "RewriteBase", R307_OVERRIDE_FILEINFO }, { "RewriteRule", R307_OVERRIDE_FILEINFO },
    { "RewriteCond", R307_OVERRIDE_FILEINFO }, { "Redirect", R307_OVERRIDE_FILEINFO },
    { "RedirectMatch", R307_OVERRIDE_FILEINFO },
    { "ErrorDocument", R307_OVERRIDE_FILEINFO }, { "Header", R307_OVERRIDE_FILEINFO },
    { "RequestHeader", R307_OVERRIDE_FILEINFO }, { "AddType", R307_OVERRIDE_FILEINFO },
    { "AddHandler", R307_OVERRIDE_FILEINFO }, { "SetHandler", R307_OVERRIDE_FILEINFO },
    { "SetEnv", R307_OVERRIDE_FILEINFO }, { "SetEnvIf", R307_OVERRIDE_FILEINFO },
    { "FileETag", R307_OVERRIDE_FILEINFO }, { NULL, 0 }
};

static int is_listed(const apr_array_header_t *list, const char *name)
{
    int i;

    for (i = 0; list && i < list->nelts; i++) {
        const char *word = APR_ARRAY_IDX(list, i, const char *);

        if (r307_text_same_fold(word, strlen(word), name, strlen(name))) {
            return 1;
        }
    }
    return 0;
}

/* What lets a line in; 0: not known, -1: nothing does. */
static int needs(const r307_node_t *node)
{
    const r307_directive_row_t *row = r307_directive_find(node->name, strlen(node->name));
    const override_t *known = let_in;

    if (row) {
        return row->stands == R307_STANDS_EVERYWHERE ? R307_OVERRIDE_FILEINFO : -1;
    }
    if (node->is_section) {
        return R307_OVERRIDE_ALL;
    }
    while (known->word && !r307_node_is(node, known->word)) {
        known++;
    }
    return known->value;
}

static int has_word(const char *text, const char *word)
{
    size_t n = strlen(word);

    while (strlen(text) >= n && !r307_text_same_fold(text, n, word, n)) {
        text++;
    }
    return strlen(text) >= n;
}

int r307_override_allows(int override, const apr_array_header_t *list,
                         const r307_node_t *node)
{
    int let = needs(node);

    override = override == R307_OVERRIDE_UNSET ? 0 : override;
    /* which Options there are is a question of its own, for those of the list, too */
    if (let == R307_OVERRIDE_OPTIONS && override & R307_OVERRIDE_SOME) {
        return -1;
    }
    if (let == R307_OVERRIDE_OPTIONS && override & R307_OVERRIDE_PLAIN
        && (has_word(node->args, "SymLinksIfOwnerMatch") || has_word(node->args, "MultiViews")
            || has_word(node->args, "RunScripts"))) {
        return override & R307_OVERRIDE_LENIENT ? -1 : 0;
    }
    if (let != -1 && is_listed(list, node->name)) {
        return 1;
    }
    if (!let) {
        return (override & R307_OVERRIDE_ALL) == R307_OVERRIDE_ALL ? 1
            : override & R307_OVERRIDE_ALL ? -1 : 0;
    }
    return let != -1 && (override & let) ? 1 : override & R307_OVERRIDE_LENIENT ? -1 : 0;
}
