/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_seen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "base/text.h"
#include "ctl_replace.h"
#include "file/open_below.h"
#include "file/read_whole.h"

#define HEAD "# redirect307ctl hosts 1\n"
#define SIZE_MOST ((apr_uint64_t)256 << 20)

static const char *fail(ctl_seen_t *seen, const char *why)
{
    return apr_psprintf(seen->p, "%s: %s", r307_text_show(seen->p, seen->name,
                                                          strlen(seen->name)), why);
}

static const char *escaped(apr_pool_t *p, const char *text)
{
    r307_buf_t buf;

    r307_buf_make(&buf, p, strlen(text) + 1);
    r307_text_encode(&buf, text, strlen(text), R307_LAND_PATH, R307_FORM_DATA);
    return buf.s ? buf.s : "";
}

static void put(apr_hash_t *set, const char *text)
{
    apr_hash_set(set, text, APR_HASH_KEY_STRING, "");
}

static int has(apr_hash_t *set, const char *text)
{
    return apr_hash_get(set, text, APR_HASH_KEY_STRING) != NULL;
}

/* A line of it; 0: it is none. */
static int take_line(ctl_seen_t *seen, const char *s, size_t len)
{
    const char *tab = memchr(s, '\t', len);
    size_t i;

    for (i = 0; i < len; i++) {
        if ((s[i] < 0x21 || s[i] > 0x7E) && s + i != tab) {
            return 0;
        }
    }
    if (!tab || tab == s) {
        return 0;
    }
    put(seen->before, apr_pstrmemdup(seen->p, s, len));
    put(seen->hosts, apr_pstrmemdup(seen->p, s, (size_t)(tab - s)));
    return 1;
}

static int take_all(ctl_seen_t *seen, const char *s, size_t len)
{
    size_t head = strlen(HEAD);
    const char *end = s + len, *stop;

    if (len < head || memcmp(s, HEAD, head) != 0) {
        return 0;
    }
    for (s += head; s < end; s = stop + 1) {
        stop = memchr(s, '\n', (size_t)(end - s));
        if (!stop || !take_line(seen, s, (size_t)(stop - s))) {
            return 0;
        }
    }
    return 1;
}

const char *ctl_seen_load(ctl_seen_t *seen, apr_pool_t *p, const char *name)
{
    static const r307_open_rule_t rule = { SIZE_MOST, 0, { 0, 0 } };
    r307_open_result_t result;
    r307_opened_t opened;
    const char *bad = NULL;
    size_t len;
    char *s;

    memset(seen, 0, sizeof(*seen));
    seen->p = p;
    seen->name = name;
    seen->before = apr_hash_make(p);
    seen->now = apr_hash_make(p);
    seen->hosts = apr_hash_make(p);
    seen->read = apr_hash_make(p);
    result = r307_open_named(name, 0, &rule, &opened);
    if (result == R307_OPEN_MISSING) {
        seen->is_first = 1;
        return NULL;
    }
    if (result != R307_OPEN_FINE) {
        return fail(seen, opened.error ? strerror(opened.error)
                                       : r307_open_text(p, result, &opened));
    }
    s = r307_read_whole(opened.fd, (size_t)opened.size, (size_t)SIZE_MOST, &len);
    if (!s) {
        bad = fail(seen, strerror(errno));
    }
    else if (len > SIZE_MOST || !take_all(seen, s, len)) {
        bad = fail(seen, "was not written by hosts --state; name another file, or remove "
                         "it");
    }
    free(s);
    close(opened.fd);
    return bad;
}

void ctl_seen_file(ctl_seen_t *seen, const char *file)
{
    put(seen->read, escaped(seen->p, file));
}

int ctl_seen_meet(ctl_seen_t *seen, const char *host, const char *file)
{
    const char *name = escaped(seen->p, host);
    const char *pair = apr_pstrcat(seen->p, name, "\t", escaped(seen->p, file), NULL);

    put(seen->now, pair);
    return has(seen->before, pair) ? 0 : has(seen->hosts, name) ? 1 : 2;
}

/* Of a file that was not looked at this time. */
static int is_kept(ctl_seen_t *seen, const char *pair)
{
    const char *file = strchr(pair, '\t') + 1;
    r307_slice_t path;
    struct stat st;

    if (has(seen->read, file)) {
        return 0;
    }
    path = r307_text_decode(seen->p, r307_slice(file, strlen(file)), 0);
    return lstat(r307_slice_text(seen->p, path), &st) == 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *ctl_seen_save(ctl_seen_t *seen)
{
    static const ctl_replace_as_t as = { 0600, 0, 0, 0 };
    apr_array_header_t *pairs = apr_array_make(seen->p, 64, sizeof(const char *));
    const char *slash = strrchr(seen->name, '/'), *bad;
    const char *parent = !slash ? "." : slash == seen->name ? "/"
        : apr_pstrmemdup(seen->p, seen->name, (size_t)(slash - seen->name));
    apr_hash_index_t *at;
    r307_opened_t folder;
    r307_buf_t buf;
    int i;

    for (at = apr_hash_first(seen->p, seen->before); at; at = apr_hash_next(at)) {
        if (is_kept(seen, apr_hash_this_key(at))) {
            put(seen->now, apr_hash_this_key(at));
        }
    }
    for (at = apr_hash_first(seen->p, seen->now); at; at = apr_hash_next(at)) {
        APR_ARRAY_PUSH(pairs, const char *) = apr_hash_this_key(at);
    }
    qsort(pairs->elts, (size_t)pairs->nelts, sizeof(const char *), by_text);
    r307_buf_make(&buf, seen->p, 65536);
    r307_buf_puts(&buf, HEAD);
    for (i = 0; i < pairs->nelts; i++) {
        r307_buf_puts(&buf, APR_ARRAY_IDX(pairs, i, const char *));
        r307_buf_putc(&buf, '\n');
    }
    if (r307_open_named(parent, 1, NULL, &folder) != R307_OPEN_FINE) {
        return fail(seen, folder.error
                    ? strerror(folder.error)
                    : "its folder is reached by a link of another user");
    }
    bad = ctl_replace(seen->p, folder.fd, slash ? slash + 1 : seen->name, buf.s, buf.len,
                      &as);
    close(folder.fd);
    return bad ? fail(seen, bad) : NULL;
}
