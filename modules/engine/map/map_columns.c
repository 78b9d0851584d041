/* SPDX-License-Identifier: Apache-2.0 */
#include "map/map_columns.h"

#include <string.h>
#include <apr_strings.h>

/* Names without blanks, dashes, underscores and letter case. Of several columns with one
 * role the one whose name stands first here has it. */
static const struct {
    const char *name;
    r307_column_role_t role;
} names[] = {
    { "source", R307_COLUMN_SOURCE },
    { "sourceurl", R307_COLUMN_SOURCE },
    { "sourcepath", R307_COLUMN_SOURCE },
    { "from", R307_COLUMN_SOURCE },
    { "fromurl", R307_COLUMN_SOURCE },
    { "frompath", R307_COLUMN_SOURCE },
    { "redirectfrom", R307_COLUMN_SOURCE },
    { "oldurl", R307_COLUMN_SOURCE },
    { "oldpath", R307_COLUMN_SOURCE },
    { "oldaddress", R307_COLUMN_SOURCE },
    { "oldlink", R307_COLUMN_SOURCE },
    { "old", R307_COLUMN_SOURCE },
    { "origin", R307_COLUMN_SOURCE },
    { "originurl", R307_COLUMN_SOURCE },
    { "originalurl", R307_COLUMN_SOURCE },
    { "currenturl", R307_COLUMN_SOURCE },
    { "requesturl", R307_COLUMN_SOURCE },
    { "request", R307_COLUMN_SOURCE },
    { "address", R307_COLUMN_SOURCE },
    { "path", R307_COLUMN_SOURCE },
    { "url", R307_COLUMN_SOURCE },
    { "target", R307_COLUMN_TARGET },
    { "targeturl", R307_COLUMN_TARGET },
    { "targetpath", R307_COLUMN_TARGET },
    { "to", R307_COLUMN_TARGET },
    { "tourl", R307_COLUMN_TARGET },
    { "topath", R307_COLUMN_TARGET },
    { "redirectto", R307_COLUMN_TARGET },
    { "redirecturl", R307_COLUMN_TARGET },
    { "newurl", R307_COLUMN_TARGET },
    { "newpath", R307_COLUMN_TARGET },
    { "newaddress", R307_COLUMN_TARGET },
    { "newlink", R307_COLUMN_TARGET },
    { "new", R307_COLUMN_TARGET },
    { "dest", R307_COLUMN_TARGET },
    { "desturl", R307_COLUMN_TARGET },
    { "destination", R307_COLUMN_TARGET },
    { "destinationurl", R307_COLUMN_TARGET },
    { "destinationpath", R307_COLUMN_TARGET },
    { "finalurl", R307_COLUMN_TARGET },
    { "redirect", R307_COLUMN_TARGET },
    { "code", R307_COLUMN_CODE },
    { "statuscode", R307_COLUMN_CODE },
    { "httpcode", R307_COLUMN_CODE },
    { "httpstatus", R307_COLUMN_CODE },
    { "redirectcode", R307_COLUMN_CODE },
    { "regex", R307_COLUMN_REGEX },
    { "isregex", R307_COLUMN_REGEX },
    { "type", R307_COLUMN_TYPE },
    { "redirecttype", R307_COLUMN_TYPE },
    { "test", R307_COLUMN_TEST },
    { "tests", R307_COLUMN_TEST },
    { "expect", R307_COLUMN_EXPECT },
    { "expected", R307_COLUMN_EXPECT }
};
#define NAME_COUNT ((int)(sizeof(names) / sizeof(names[0])))

static int rank_of(apr_pool_t *p, r307_slice_t cell)
{
    char *name = apr_palloc(p, cell.len + 1);
    size_t i, n = 0;
    int rank;

    for (i = 0; i < cell.len; i++) {
        if (!memchr(" -_\t\n", cell.s[i], 5)) {
            name[n++] = r307_text_lower(cell.s[i]);
        }
    }
    name[n] = '\0';
    for (rank = 0; rank < NAME_COUNT && strcmp(names[rank].name, name) != 0; rank++) {
        continue;
    }
    return rank;
}

/* A word with what no name of a column has, but for a full stop or a colon at its end. */
static int is_path(r307_slice_t cell)
{
    size_t i;

    if (memchr(cell.s, ' ', cell.len)) {
        return cell.s[0] == '/' || cell.s[0] == '^';
    }
    while (cell.len && memchr(".:?", cell.s[cell.len - 1], 3)) {
        cell.len--;
    }
    for (i = 0; i < cell.len; i++) {
        if (memchr("/.?*^:%", cell.s[i], 7)) {
            return 1;
        }
    }
    return 0;
}

static int is_column(r307_slice_t cell, const char *name)
{
    return r307_text_same_fold(cell.s, cell.len, name, strlen(name));
}

int r307_columns_is_header(const r307_slice_t *cells, int count)
{
    int i, filled = 0;

    for (i = 0; i < count; i++) {
        if (is_column(cells[i], "source") || is_column(cells[i], "target")) {
            return 1;
        }
    }
    for (i = 0; i < count; i++) {
        filled += cells[i].len != 0;
        if (is_path(cells[i])) {
            return 0;
        }
    }
    return filled > 0;
}

static const r307_option_t *option_of(apr_pool_t *p, r307_slice_t cell)
{
    char *name = apr_pstrmemdup(p, cell.s, cell.len);
    size_t i;

    for (i = 0; i < cell.len; i++) {
        name[i] = r307_text_lower(name[i]);
    }
    return r307_option_find(name, cell.len);
}

static int has_role(const r307_column_t *columns, int count, r307_column_role_t role)
{
    int i;

    for (i = 0; i < count && columns[i].role != role; i++) {
        continue;
    }
    return i < count;
}

static const char *quoted(apr_pool_t *p, r307_slice_t cell)
{
    return apr_psprintf(p, "'%s'", r307_text_show(p, cell.s, cell.len));
}

/* "'a', 'b' and 'c'", of the columns that were asked for. */
static const char *list(apr_pool_t *p, const r307_slice_t *cells, int count,
                        const r307_column_t *columns)
{
    const char *text = "";
    int i;

    for (i = 0; i < count; i++) {
        if (cells[i].len && (!columns || columns[i].role == R307_COLUMN_IGNORED)) {
            text = apr_pstrcat(p, text, *text ? ", " : "", quoted(p, cells[i]), NULL);
        }
    }
    return text;
}

/* One role, one column: two columns of the same name are a mistake. */
static const char *settle(apr_pool_t *p, const r307_slice_t *cells, const int *ranks,
                          int i, r307_column_t *columns)
{
    int k;

    for (k = 0; k < i; k++) {
        if (columns[k].role != columns[i].role || columns[i].role == R307_COLUMN_IGNORED
            || columns[k].option != columns[i].option) {
            continue;
        }
        if (ranks[k] == ranks[i]) {
            return apr_psprintf(p, "the header row names column %s twice; keep one",
                                quoted(p, cells[i]));
        }
        columns[ranks[k] < ranks[i] ? i : k].role = R307_COLUMN_IGNORED;
    }
    return NULL;
}

/* "from" is a time only beside a source. */
static void settle_from(r307_column_t *columns, int count)
{
    int i, has_source = has_role(columns, count, R307_COLUMN_SOURCE);

    for (i = 0; i < count && !has_source; i++) {
        if (columns[i].role == R307_COLUMN_OPTION
            && columns[i].option->says == R307_SAYS_BEGIN) {
            columns[i].role = R307_COLUMN_SOURCE;
            columns[i].option = NULL;
        }
    }
}

/* With a code of its own, "status" says whether a rule is on. */
static void settle_status(r307_column_t *columns, int count)
{
    int i;

    if (!has_role(columns, count, R307_COLUMN_CODE)) {
        return;
    }
    for (i = 0; i < count; i++) {
        if (columns[i].role == R307_COLUMN_OPTION
            && columns[i].option->says == R307_SAYS_STATUS) {
            columns[i].role = R307_COLUMN_STATE;
            columns[i].option = NULL;
        }
    }
}

const char *r307_columns_read(apr_pool_t *p, const r307_slice_t *cells, int count,
                              int in_directory, r307_column_t *columns,
                              const char **ignored, const char **near)
{
    int ranks[R307_COLUMNS_MOST], i;
    const char *bad = NULL;

    *ignored = *near = NULL;
    for (i = 0; i < count; i++) {
        const r307_option_t *option = cells[i].len ? option_of(p, cells[i]) : NULL;

        ranks[i] = rank_of(p, cells[i]);
        columns[i].role = option ? R307_COLUMN_OPTION
            : ranks[i] < NAME_COUNT ? names[ranks[i]].role : R307_COLUMN_IGNORED;
        columns[i].option = option;
        bad = bad ? bad : settle(p, cells, ranks, i, columns);
        option = columns[i].role == R307_COLUMN_IGNORED && ranks[i] == NAME_COUNT
            ? r307_option_near(cells[i].s, cells[i].len) : NULL;
        /* a remark that is lost changes no answer */
        if (option && !*near && option->says != R307_SAYS_REMARK
            && option->says != R307_SAYS_NAME) {
            *near = apr_psprintf(p, "column %s is no option and is not read; did you mean "
                                 "'%s'?", quoted(p, cells[i]), option->name);
        }
    }
    settle_from(columns, count);
    settle_status(columns, count);
    if (!bad && !has_role(columns, count, R307_COLUMN_SOURCE)) {
        bad = apr_psprintf(p, "the first row has no path and no address, so it names the "
                           "columns, and none of %s is the old address; write source and "
                           "target in the place of two of them, or %s", list(p, cells, count, NULL),
                           in_directory ? "./name for a file of that name"
                                        : "/name for the address of that name");
    }
    if (!bad && *list(p, cells, count, columns)) {
        *ignored = apr_psprintf(p, "not read, as they are no options: %s",
                                list(p, cells, count, columns));
    }
    return bad;
}
