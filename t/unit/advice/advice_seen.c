/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads the texts of the source that tell what to write, and holds them against the messages
 * that were followed. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <stdlib.h>
#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "advice/advice.h"
#include "file/folder.h"
#include "unit.h"

/* What only a server or redirect307ctl says, and which test follows it there. */
static const struct {
    const char *file, *text, *test;
} elsewhere[] = {
    { "lint_map.c", "is read as a file beside this one", "t/advice.t" },
    { "hosts_advice.c", "write the host that is meant", "t/hosts.t" },
    { "limit.c", "a regex in an expression has no step limit", "t/advice.t" },
    { "expr_check.c", "a letter behind a regex that is no flag", "t/advice.t" }
};

static apr_pool_t *pool;
static apr_array_header_t *said;        /* of const char * */

void advice_said(const char *message)
{
    if (!said) {
        apr_pool_create(&pool, NULL);
        said = apr_array_make(pool, 1000, sizeof(const char *));
    }
    APR_ARRAY_PUSH(said, const char *) = apr_pstrdup(pool, message);
}

/* From '%' to behind its letter. */
static const char *behind_format(const char *s)
{
    s += 1 + strspn(s + 1, "-+ #0123456789.*");
    s += strncmp(s, "APR_", 4) == 0 ? 0 : strspn(s, "lhz");
    return *s ? s + 1 : s;
}

/* A format of printf as the pieces between what is put in, joined by '\1'. */
static const char *pieces(apr_pool_t *p, const char *format)
{
    r307_buf_t buf;

    r307_buf_make(&buf, p, 80);
    while (*format) {
        if (format[0] == '%' && format[1] == '%') {
            r307_buf_putc(&buf, '%');
            format += 2;
        }
        else if (*format == '%') {
            format = behind_format(format);
            r307_buf_putc(&buf, '\1');
        }
        else {
            r307_buf_putc(&buf, *format++);
        }
    }
    return buf.s;
}

/* Whether the pieces stand in the message, one behind the other. */
static int holds(const char *message, const char *format)
{
    while (*format) {
        size_t n = strcspn(format, "\1"), k;

        for (k = strlen(message); k >= n && strncmp(message, format, n); k--) {
            message++;
        }
        if (k < n) {
            return 0;
        }
        message += n;
        format += n + (format[n] != '\0');
    }
    return 1;
}

static int is_said(const char *format)
{
    int i;

    for (i = 0; i < said->nelts; i++) {
        if (holds(APR_ARRAY_IDX(said, i, const char *), format)) {
            return 1;
        }
    }
    return 0;
}

/* A string of C behind its quote, unescaped into buf; its end. */
static const char *read_string(const char *s, r307_buf_t *buf)
{
    for (; *s && *s != '"'; s++) {
        if (*s == '\\' && s[1]) {
            s++;
            r307_buf_putc(buf, *s == 'n' ? '\n' : *s == 't' ? '\t' : *s);
        }
        else {
            r307_buf_putc(buf, *s);
        }
    }
    return *s ? s + 1 : s;
}

static const char *behind_comment(const char *s)
{
    const char *end = strstr(s + 2, "*/");

    return end ? end + 2 : s + strlen(s);
}

/* Blanks, comments, and a macro between two strings, which is one that is put in. */
static const char *behind_space(const char *s, r307_buf_t *buf)
{
    const char *at = s;

    while (apr_isspace(*at) || strncmp(at, "/*", 2) == 0) {
        at = *at == '/' ? behind_comment(at) : at + 1;
    }
    if (*at >= 'A' && *at <= 'Z') {
        const char *end = at + strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

        end += strspn(end, " \n");
        if (*end == '"') {
            r307_buf_puts(buf, "%s");
            return end;
        }
    }
    return at;
}

/* The next text of a source file, strings that stand beside each other as one; NULL. */
static const char *next_text(apr_pool_t *p, const char **s)
{
    const char *at = *s;
    r307_buf_t buf;

    while (*at && *at != '"') {
        at = strncmp(at, "/*", 2) == 0 ? behind_comment(at)
            : at[0] == '\'' && at[1] ? at + (at[1] == '\\' ? 4 : 3) : at + 1;
    }
    if (!*at) {
        return NULL;
    }
    r307_buf_make(&buf, p, 200);
    while (*at == '"') {
        at = behind_space(read_string(at + 1, &buf), &buf);
    }
    *s = at;
    return buf.s;
}

static int is_elsewhere(const char *file, const char *text)
{
    size_t i;

    for (i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
        if (!strcmp(elsewhere[i].file, file) && strstr(text, elsewhere[i].text)) {
            return 1;
        }
    }
    return 0;
}

/* Whether a row of advice.tsv, which t/advice.t follows, has a piece of the text. */
static int has_row(const unit_table_t *rows, const char *text)
{
    int i;

    for (i = 0; i < rows->count; i++) {
        if (strstr(text, unit_text(&rows->rows[i], "text"))) {
            return 1;
        }
    }
    return 0;
}

static int advises(const char *text)
{
    const char *at = strstr(text, "write");

    return at && (at == text || at[-1] == ' ') && (at[5] == ' ' || at[5] == ':')
        && strncmp(text, "$Id", 3);
}

/* rows: of texts that only a server or redirect307ctl says; NULL: they are the engine's. */
static int missed_in(apr_pool_t *p, const char *folder, const char *name,
                     const unit_table_t *rows, int *texts)
{
    const char *path = apr_pstrcat(p, folder, "/", name, NULL), *at, *text;
    apr_file_t *file;
    apr_finfo_t info;
    apr_size_t len;
    char *bytes;
    int missed = 0;

    ck_assert(!apr_file_open(&file, path, APR_READ, APR_OS_DEFAULT, p)
              && !apr_file_info_get(&info, APR_FINFO_SIZE, file));
    len = (apr_size_t)info.size;
    bytes = apr_pcalloc(p, len + 1);
    ck_assert(!apr_file_read_full(file, bytes, len, NULL));
    apr_file_close(file);
    for (at = bytes; (text = next_text(p, &at));) {
        if (!advises(text)) {
            continue;
        }
        ++*texts;
        if (rows ? !has_row(rows, text)
                 : !is_said(pieces(p, text)) && !is_elsewhere(name, text)) {
            missed++;
            printf("%s: no row of t/data has this advice followed: %s\n", name, text);
        }
    }
    return missed;
}

static int missed_below(apr_pool_t *p, const char *room, const unit_table_t *rows,
                        int *texts)
{
    const char *folder = apr_pstrcat(p, getenv("R307_DATA"), "/../../modules/", room, NULL);
    DIR *dir = r307_folder_open(AT_FDCWD, folder);
    r307_entry_t entry;
    const char *name;
    int missed = 0;

    ck_assert_ptr_nonnull(dir);
    while ((name = r307_folder_next(dir, &entry)) != NULL) {
        size_t n = strlen(name);

        if (n > 2 && strcmp(name + n - 2, ".c") == 0) {
            missed += missed_in(p, folder, name, rows, texts);
        }
        else if (entry == R307_ENTRY_FOLDER) {
            missed += missed_below(p, apr_pstrcat(p, room, "/", name, NULL), rows, texts);
        }
    }
    ck_assert_int_eq(errno, 0);
    r307_folder_close(dir);
    return missed;
}

void advice_missed(void)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *rows = unit_table_load(p, "advice.tsv", 30);
    int missed, texts = 0;

    missed = missed_below(p, "engine", NULL, &texts);
    missed += missed_below(p, "httpd", rows, &texts) + missed_below(p, "ctl", rows, &texts)
        + missed_below(p, "file", rows, &texts);
    unit_rows_add(texts);
    ck_assert_msg(texts > 200, "the source has only %d texts that advise", texts);
    ck_assert_msg(missed == 0, "%d texts", missed);
    apr_pool_destroy(p);
}
