/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/section.h"

#include <string.h>
#include <apr_fnmatch.h>
#include <apr_lib.h>
#include <apr_strings.h>

const r307_section_row_t r307_section_rows[] = {
    { "IfModule", R307_SECTION_WALKED, 0, 1 },
    { "IfDefine", R307_SECTION_WALKED, 0, 1 },
    { "IfVersion", R307_SECTION_WALKED, 0, 1 },
    { "IfFile", R307_SECTION_WALKED, 0, 1 },
    { "IfDirective", R307_SECTION_WALKED, 0, 1 },
    { "IfSection", R307_SECTION_WALKED, 0, 1 },
    { "Macro", R307_SECTION_MACRO, 0, 1 },
    { "VirtualHost", R307_SECTION_HOST, 0, 0 },
    { "Directory", R307_SECTION_DIRECTORY, 0, 0 },
    { "DirectoryMatch", R307_SECTION_DIRECTORY, 1, 0 },
    { "Location", R307_SECTION_LOCATION, 0, 0 },
    { "LocationMatch", R307_SECTION_LOCATION, 1, 0 },
    { "Files", R307_SECTION_FILES, 0, 1 },
    { "FilesMatch", R307_SECTION_FILES, 1, 1 },
    { "If", R307_SECTION_IF, 0, 1 },
    { "ElseIf", R307_SECTION_IF, 0, 1 },
    { "Else", R307_SECTION_IF, 0, 1 },
    { "Proxy", R307_SECTION_PROXY, 0, 0 },
    { "ProxyMatch", R307_SECTION_PROXY, 1, 0 },
    { "Limit", R307_SECTION_METHODS, 0, 1 },
    { "LimitExcept", R307_SECTION_METHODS, 0, 1 },
    { "RequireAll", R307_SECTION_ACCESS, 0, 1 },
    { "RequireAny", R307_SECTION_ACCESS, 0, 1 },
    { "RequireNone", R307_SECTION_ACCESS, 0, 1 },
    { NULL, R307_SECTION_WALKED, 0, 0 }
};

#define BIT(kind) (1u << (kind))
#define WHOLE (BIT(R307_SECTION_DIRECTORY) | BIT(R307_SECTION_LOCATION) \
               | BIT(R307_SECTION_FILES) | BIT(R307_SECTION_IF) | BIT(R307_SECTION_PROXY) \
               | BIT(R307_SECTION_METHODS) | BIT(R307_SECTION_ACCESS))
#define PLACES (WHOLE & ~CLOSED)
#define CLOSED (BIT(R307_SECTION_METHODS) | BIT(R307_SECTION_ACCESS))

/* By the kind: the sections in which httpd does not take it. */
static const unsigned not_in[] = {
    [R307_SECTION_WALKED] = CLOSED,
    [R307_SECTION_MACRO] = CLOSED,
    [R307_SECTION_HOST] = WHOLE | BIT(R307_SECTION_HOST),
    [R307_SECTION_DIRECTORY] = WHOLE,
    [R307_SECTION_LOCATION] = WHOLE,
    [R307_SECTION_FILES] = BIT(R307_SECTION_LOCATION) | CLOSED,
    [R307_SECTION_IF] = CLOSED,
    [R307_SECTION_PROXY] = WHOLE,
    [R307_SECTION_METHODS] = BIT(R307_SECTION_METHODS),
    [R307_SECTION_ACCESS] = BIT(R307_SECTION_METHODS)
};

const r307_section_row_t *r307_section_find(const char *name, size_t len)
{
    const r307_section_row_t *row;

    for (row = r307_section_rows; row->name; row++) {
        if (r307_text_same_fold(name, len, row->name, strlen(row->name))) {
            return row;
        }
    }
    return NULL;
}

void r307_section_begin(int is_htaccess, r307_standing_t *standing)
{
    memset(standing, 0, sizeof(*standing));
    standing->is_htaccess = is_htaccess;
    standing->is_late = is_htaccess;
    standing->where = is_htaccess ? R307_WHERE_DIRECTORY : R307_WHERE_SERVER;
}

const char *r307_section_word(apr_pool_t *p, const char *args)
{
    const char *end = strrchr(args, '>');
    char *text, *to;
    char quote;

    text = apr_pstrmemdup(p, args, end ? (size_t)(end - args) : strlen(args));
    while (apr_isspace(*text)) {
        text++;
    }
    quote = *text;
    to = text;
    if (quote != '"' && quote != '\'') {
        while (*to && !apr_isspace(*to)) {
            to++;
        }
        *to = '\0';
        return text;
    }
    for (args = text + 1; *args && *args != quote; args++) {
        if (*args == '\\' && (args[1] == quote || args[1] == '\\')) {
            args++;
        }
        *to++ = *args;
    }
    *to = '\0';
    return text;
}

/* Only a section that names one place has a URL, or a directory, that a source can be
 * relative to. */
static const char *literal(apr_pool_t *p, const r307_section_row_t *row, const char *args)
{
    const char *word = r307_section_word(p, args);

    return row->is_match || strcmp(word, "~") == 0 || apr_fnmatch_test(word) ? NULL : word;
}

/* The methods of <Limit GET POST>, or all but those of <LimitExcept>, as method=. */
static const char *as_option(apr_pool_t *p, const r307_section_row_t *row, const char *args)
{
    const char *end = strchr(args, '>');
    int any = 0, is_next = 0;
    r307_buf_t buf;

    r307_buf_make(&buf, p, 40);
    r307_buf_puts(&buf, strcmp(row->name, "Limit") ? "method=!" : "method=");
    for (; *args && args != end; args++) {
        if (!apr_isspace(*args)) {
            r307_buf_puts(&buf, is_next ? "," : "");
            r307_buf_putc(&buf, *args);
            is_next = 0;
            any = 1;
        }
        else {
            is_next = any;
        }
    }
    return r307_text_show(p, buf.s, buf.len);
}

static void refuse(r307_standing_t *standing, const char *why)
{
    standing->refused = standing->refused ? standing->refused : why;
}

static void settle(apr_pool_t *p, const r307_section_row_t *row, const char *args,
                   r307_standing_t *standing)
{
    switch (row->kind) {
    case R307_SECTION_WALKED:
        break;
    case R307_SECTION_MACRO:
        standing->is_text = 1;
        break;
    case R307_SECTION_HOST:
        standing->is_virtual = 1;
        break;
    case R307_SECTION_DIRECTORY:
        standing->directory = literal(p, row, args);
        standing->where = standing->directory ? R307_WHERE_DIRECTORY : R307_WHERE_SERVER;
        standing->is_late = 1;
        break;
    case R307_SECTION_LOCATION:
        standing->where = R307_WHERE_LOCATION;
        standing->location = literal(p, row, args);
        break;
    case R307_SECTION_FILES:
        standing->is_late = 1;
        break;
    case R307_SECTION_IF:
        break;
    case R307_SECTION_PROXY:
        refuse(standing, "does not stand in <Proxy>; write it outside, or in a "
                         "<Location>");
        break;
    case R307_SECTION_METHODS:
        refuse(standing, apr_psprintf(p, "does not stand in <Limit> or <LimitExcept>; write "
                                      "it outside, and %s behind a rule",
                                      as_option(p, row, args)));
        break;
    case R307_SECTION_ACCESS:
        refuse(standing, "does not stand in <RequireAll>, <RequireAny> or <RequireNone>, "
                         "which hold Require lines only; write it outside");
        break;
    }
}

const r307_section_row_t *r307_section_near(const char *name)
{
    const r307_section_row_t *row = r307_section_rows;

    while (row->name && (strlen(name) <= 4 || r307_text_distance(name, row->name) > 2)) {
        row++;
    }
    return row->name ? row : NULL;
}

const char *r307_section_enter(apr_pool_t *p, const r307_section_row_t *row,
                               const char *args, r307_standing_t *standing)
{
    const char *bad = NULL;

    if (!row) {
        standing->is_foreign = 1;
        return NULL;
    }
    if (standing->is_text) {
        return NULL;
    }
    if (standing->is_htaccess && !row->in_htaccess) {
        bad = apr_psprintf(p, "<%s> is not allowed in .htaccess, and httpd answers 500; take "
                           "it out", row->name);
    }
    else if (standing->kinds & not_in[row->kind]) {
        bad = apr_psprintf(p, "<%s> is not allowed in the section around it; write it "
                           "outside", row->name);
    }
    else if ((BIT(row->kind) & CLOSED) && !standing->is_htaccess
             && !(standing->kinds & PLACES)) {
        bad = apr_psprintf(p, "<%s> stands in a section such as <Directory>, or in "
                           ".htaccess", row->name);
    }
    settle(p, row, args, standing);
    if (row->kind != R307_SECTION_WALKED) {
        standing->kinds |= BIT(row->kind);
        standing->is_section |= row->kind != R307_SECTION_HOST
                                && row->kind != R307_SECTION_MACRO;
    }
    return bad;
}
