/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_fix.h"

#include <string.h>
#include <unistd.h>
#include <apr_strings.h>

#include "ctl_lint.h"
#include "ctl_meant.h"
#include "ctl_replace.h"
#include "ctl_same.h"
#include "map/map_format.h"

#define SINGLY_MOST 100         /* lines that are tried one by one */
#define ROUNDS 4                /* a line may have more than one finding */
#define CONTEXT 3               /* lines around a change */

/* What is said of the file as it would be. */
typedef struct opinion_t {
    apr_pool_t *p;
    ctl_sayings_t sayings;
    ctl_lint_t lint;
    ctl_site_t site;
} opinion_t;

static ctl_fixed_line_t *line_at(const ctl_fix_t *fix, int i)
{
    return &APR_ARRAY_IDX(fix->lines, i, ctl_fixed_line_t);
}

/* --- lines --- */

static void split(ctl_fix_t *fix)
{
    const char *s = fix->before.s, *end = s + fix->before.len;

    fix->lines = apr_array_make(fix->p, 64, sizeof(ctl_fixed_line_t));
    while (s < end) {
        const char *stop = memchr(s, '\n', (size_t)(end - s));
        ctl_fixed_line_t *line = apr_array_push(fix->lines);

        stop = stop ? stop : end;
        memset(line, 0, sizeof(*line));
        line->was = r307_slice(s, (size_t)(stop - s));
        s = stop + 1;
    }
}

static int ends_in_newline(const ctl_fix_t *fix)
{
    return fix->before.len && fix->before.s[fix->before.len - 1] == '\n';
}

/* The bytes of the file with what is other. */
static void join(const ctl_fix_t *fix, apr_pool_t *p, ctl_content_t *content)
{
    r307_buf_t buf;
    int i;

    r307_buf_make(&buf, p, fix->before.len + 256);
    for (i = 0; i < fix->lines->nelts; i++) {
        const ctl_fixed_line_t *line = line_at(fix, i);

        if (line->is) {
            r307_buf_puts(&buf, line->is);
        }
        else {
            r307_buf_add(&buf, line->was.s, line->was.len);
        }
        if (i + 1 < fix->lines->nelts || ends_in_newline(fix)) {
            r307_buf_putc(&buf, '\n');
        }
    }
    *content = fix->before;
    content->s = buf.s;
    content->len = buf.len;
}

static ctl_line_form_t form_of(const ctl_fix_t *fix)
{
    const r307_format_t *format;

    if (!ctl_map_is(fix->found->path)) {
        return CTL_LINE_OF_DIRECTIVES;
    }
    format = r307_format_of(fix->found->path);
    return format == r307_formats ? CTL_LINE_OF_MAP : CTL_LINE_OF_CELLS;
}

/* --- what is said of it --- */

static opinion_t *lint(const ctl_fix_t *fix, const ctl_content_t *content)
{
    opinion_t *made;
    apr_pool_t *p;

    apr_pool_create(&p, fix->p);
    made = apr_pcalloc(p, sizeof(*made));
    made->p = p;
    ctl_sayings_keep(&made->sayings, p);
    made->lint.p = p;
    made->lint.sayings = &made->sayings;
    made->lint.root = fix->root;
    made->lint.keeps_maps = fix->only != NULL;
    (void)ctl_lint_file(&made->lint, fix->found, content, &made->site);
    return made;
}

static int is_of_file(const ctl_fix_t *fix, const ctl_saying_t *saying)
{
    return saying->line && saying->file && strcmp(saying->file, fix->found->name) == 0
        && (int)saying->line <= fix->lines->nelts;
}

/* An identity of what is said that does not depend on what else is. */
static const char *key_of(apr_pool_t *p, const ctl_saying_t *saying)
{
    return apr_psprintf(p, "%s %u %d %s", saying->file ? saying->file : "", saying->line,
                        (int)saying->kind, saying->text);
}

/* Marks in `bad` the lines that are worse now than before, or no better. 1: other lines
 * are. */
static int find_bad(const ctl_fix_t *fix, const opinion_t *was, const opinion_t *is,
                    char *bad)
{
    apr_hash_t *known = apr_hash_make(is->p);
    int i, is_worse = 0;

    memset(bad, 0, (size_t)fix->lines->nelts + 1);
    for (i = 0; i < was->sayings.list->nelts; i++) {
        apr_hash_set(known, key_of(is->p, &APR_ARRAY_IDX(was->sayings.list, i, ctl_saying_t)),
                     APR_HASH_KEY_STRING, "");
    }
    for (i = 0; i < is->sayings.list->nelts; i++) {
        const ctl_saying_t *saying = &APR_ARRAY_IDX(is->sayings.list, i, ctl_saying_t);
        int is_new = !apr_hash_get(known, key_of(is->p, saying), APR_HASH_KEY_STRING);

        if (is_of_file(fix, saying) && line_at(fix, (int)saying->line - 1)->is) {
            bad[saying->line] |= saying->kind != CTL_SAYING_NOTE
                || (fix->only && saying->id && strcmp(saying->id, fix->only) == 0);
        }
        else {
            is_worse |= is_new && saying->kind != CTL_SAYING_NOTE;
        }
    }
    return is_worse;
}

/* --- what is tried --- */

/* A line that goes on, or that another one goes on in, is several. */
static int is_whole(const ctl_fix_t *fix, int i)
{
    r307_slice_t was = line_at(fix, i)->was;
    const char *end = was.s + was.len;
    r307_slice_t above = i ? line_at(fix, i - 1)->was : r307_slice("", 0);
    size_t n = above.len;

    n -= n && above.s[n - 1] == '\r';
    return !(n && above.s[n - 1] == '\\')
        && !memchr(was.s, '\0', was.len) && !(was.len && end[-1] == '\\');
}

static const char *text_of(const ctl_fix_t *fix, apr_pool_t *p, int i, int *has_cr)
{
    const ctl_fixed_line_t *line = line_at(fix, i);
    const char *text = line->is ? line->is : apr_pstrmemdup(p, line->was.s, line->was.len);
    size_t n = strlen(text);

    *has_cr = n && text[n - 1] == '\r';
    return *has_cr ? apr_pstrmemdup(p, text, n - 1) : text;
}

/* Chains are right as they are, and are made direct for who asks for that alone. */
static int is_wanted(const ctl_fix_t *fix, const ctl_saying_t *saying)
{
    const char *chain = r307_finding_row(R307_FINDING_CHAIN)->id;

    return fix->only ? saying->id && strcmp(saying->id, fix->only) == 0
                     : !saying->id || strcmp(saying->id, chain) != 0;
}

/* The new line for what is said of it; 0: there is none. */
static int take(ctl_fix_t *fix, const ctl_saying_t *saying)
{
    int i = (int)saying->line - 1, has_cr;
    const char *text, *made;

    if (!is_wanted(fix, saying) || !is_of_file(fix, saying) || line_at(fix, i)->is_left || !is_whole(fix, i)) {
        return 0;
    }
    text = text_of(fix, fix->p, i, &has_cr);
    made = ctl_meant_line(fix->p, text, form_of(fix), saying);
    if (!made || strcmp(made, text) == 0) {
        return 0;
    }
    line_at(fix, i)->is = has_cr ? apr_pstrcat(fix->p, made, "\r", NULL) : made;
    return 1;
}

/* "LINE ID" of all findings. */
static apr_hash_t *findings_of(apr_pool_t *p, const opinion_t *opinion)
{
    apr_hash_t *found = apr_hash_make(p);
    int i;

    for (i = 0; i < opinion->sayings.list->nelts; i++) {
        const ctl_saying_t *saying = &APR_ARRAY_IDX(opinion->sayings.list, i, ctl_saying_t);

        if (saying->id) {
            apr_hash_set(found, apr_psprintf(p, "%u %s", saying->line, saying->id),
                         APR_HASH_KEY_STRING, "");
        }
    }
    return found;
}

static int was_found(apr_pool_t *p, apr_hash_t *found, const ctl_saying_t *saying)
{
    return !saying->id || apr_hash_get(found, apr_psprintf(p, "%u %s", saying->line,
                                                           saying->id), APR_HASH_KEY_STRING);
}

/* The first that is said of each line and can be mended. What only a correction has brought up
 * is none. */
static int take_all(ctl_fix_t *fix, const opinion_t *opinion, apr_hash_t *found, char *taken)
{
    int i, count = 0;

    memset(taken, 0, (size_t)fix->lines->nelts + 1);
    for (i = 0; i < opinion->sayings.list->nelts; i++) {
        const ctl_saying_t *saying = &APR_ARRAY_IDX(opinion->sayings.list, i, ctl_saying_t);

        if (is_of_file(fix, saying) && !taken[saying->line]
            && was_found(opinion->p, found, saying) && take(fix, saying)) {
            taken[saying->line] = 1;
            count++;
        }
    }
    return count;
}

static void leave(const ctl_fix_t *fix, int i)
{
    line_at(fix, i)->is = NULL;
    line_at(fix, i)->is_left = 1;
}

static int has_bad(const ctl_fix_t *fix, const char *bad)
{
    return memchr(bad, 1, (size_t)fix->lines->nelts + 1) != NULL;
}

/* One line after the other, where all of them together do something to other lines. */
static void try_singly(const ctl_fix_t *fix, const opinion_t *was, char *bad)
{
    const char **made = apr_pcalloc(fix->p, (size_t)fix->lines->nelts * sizeof(*made));
    int i, tried = 0;

    for (i = 0; i < fix->lines->nelts; i++) {
        made[i] = line_at(fix, i)->is;
        line_at(fix, i)->is = NULL;
    }
    for (i = 0; i < fix->lines->nelts; i++) {
        ctl_content_t content;
        opinion_t *is;

        if (!made[i] || tried++ >= SINGLY_MOST) {
            continue;
        }
        line_at(fix, i)->is = made[i];
        join(fix, fix->p, &content);
        is = lint(fix, &content);
        if (find_bad(fix, was, is, bad) || has_bad(fix, bad)) {
            leave(fix, i);
        }
        apr_pool_destroy(is->p);
    }
}

/* Takes back the lines that have not become better, until the rest is. */
static void take_back(ctl_fix_t *fix, const opinion_t *was, char *bad)
{
    int i, again = 1, is_worse = 0;

    while (again) {
        ctl_content_t content;
        const ctl_same_t *same;
        opinion_t *is;

        again = 0;
        join(fix, fix->p, &content);
        is = lint(fix, &content);
        is_worse = find_bad(fix, was, is, bad);
        same = fix->only ? ctl_same_make(is->p, &was->site, &is->site) : NULL;
        for (i = 0; i < fix->lines->nelts; i++) {
            int is_bad = bad[i + 1]
                || (same && line_at(fix, i)->is
                    && !ctl_same_answers(is->p, same, (unsigned)i + 1));

            if (line_at(fix, i)->is && is_bad) {
                leave(fix, i);
                again = 1;
            }
        }
        apr_pool_destroy(is->p);
    }
    if (is_worse) {
        try_singly(fix, was, bad);
    }
}

static const char *read_before(ctl_fix_t *fix)
{
    ctl_reach_t reach;
    const char *bad = ctl_reach_read(fix->p, fix->found, &reach);

    memset(&fix->before, 0, sizeof(fix->before));
    fix->before.name = fix->found->name;
    fix->before.s = reach.bytes;
    fix->before.len = reach.len;
    return bad;
}

const char *ctl_fix_make(ctl_fix_t *fix)
{
    const char *bad = read_before(fix);
    opinion_t *was, *now;
    apr_hash_t *found;
    char *marks;
    int i;

    fix->count = 0;
    if (bad) {
        return bad;
    }
    split(fix);
    marks = apr_palloc(fix->p, (size_t)fix->lines->nelts + 1);
    was = now = lint(fix, &fix->before);
    found = findings_of(fix->p, was);
    for (i = 0; i < ROUNDS && take_all(fix, now, found, marks); i++) {
        join(fix, fix->p, &fix->after);
        now = lint(fix, &fix->after);
    }
    take_back(fix, was, marks);
    for (i = 0; i < fix->lines->nelts; i++) {
        fix->count += line_at(fix, i)->is != NULL;
    }
    join(fix, fix->p, &fix->after);
    return NULL;
}

/* --- what is other --- */

/* In a terminal a file's bytes move no cursor. */
static void print_bytes(FILE *out, char mark, const char *s, size_t len, int is_terminal)
{
    size_t i;

    fputc(mark, out);
    for (i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        if (is_terminal && c != '\t' && (c < 0x20 || c == 0x7F || (c >= 0x80 && c < 0xA0
                                          && i && (unsigned char)s[i - 1] == 0xC2))) {
            fprintf(out, "\\x%02x", c);
        }
        else {
            fputc(c, out);
        }
    }
    fputc('\n', out);
}

static void print_line(const ctl_fix_t *fix, FILE *out, int i, char mark)
{
    const ctl_fixed_line_t *line = line_at(fix, i);
    const char *s = mark == '+' ? line->is : line->was.s;

    print_bytes(out, mark, s, mark == '+' ? strlen(s) : line->was.len, isatty(fileno(out)));
    if (i + 1 == fix->lines->nelts && !ends_in_newline(fix)) {
        fprintf(out, "\\ No newline at end of file\n");
    }
}

/* Changes that lie near each other, and the lines around them. */
static void print_hunk(const ctl_fix_t *fix, FILE *out, int from, int to)
{
    int i, k;

    fprintf(out, "@@ -%d,%d +%d,%d @@\n", from + 1, to - from, from + 1, to - from);
    for (i = from; i < to; i = k) {
        for (k = i; k < to && line_at(fix, k)->is; k++) {
            print_line(fix, out, k, '-');
        }
        for (k = i; k < to && line_at(fix, k)->is; k++) {
            print_line(fix, out, k, '+');
        }
        if (k == i) {
            print_line(fix, out, k++, ' ');
        }
    }
}

void ctl_fix_print(const ctl_fix_t *fix, FILE *out)
{
    int i, last, from, count = fix->lines->nelts;

    fprintf(out, "--- %s\n+++ %s\n", fix->found->name, fix->found->name);
    for (i = 0; i < count; i++) {
        if (!line_at(fix, i)->is) {
            continue;
        }
        from = i > CONTEXT ? i - CONTEXT : 0;
        for (last = i; i < count && i <= last + 2 * CONTEXT; i++) {
            last = line_at(fix, i)->is ? i : last;
        }
        i = last;
        print_hunk(fix, out, from, last + 1 + CONTEXT < count ? last + 1 + CONTEXT : count);
    }
}

/* --- writing it --- */

const char *ctl_fix_write(const ctl_fix_t *fix)
{
    const char *path = fix->found->path, *slash = strrchr(path, '/'), *bad;
    const char *leaf = slash ? slash + 1 : path, *name = fix->found->name;
    ctl_replace_as_t as = { 0, 1, 0, 0 };
    r307_open_result_t result;
    r307_opened_t opened;
    ctl_fix_t again = *fix;

    result = r307_open_below(fix->found->folder, leaf, NULL, &opened);
    if (result != R307_OPEN_FINE) {
        return result == R307_OPEN_LINKED
            ? apr_psprintf(fix->p, "%s: is a symbolic link; name the file itself", name)
            : apr_psprintf(fix->p, "%s: %s", name, r307_open_text(fix->p, result, &opened));
    }
    close(opened.fd);
    bad = read_before(&again);
    if (!bad && (again.before.len != fix->before.len
                 || memcmp(again.before.s, fix->before.s, fix->before.len) != 0)) {
        bad = apr_psprintf(fix->p, "%s: has changed meanwhile, and is left as it is", name);
    }
    if (bad) {
        return bad;
    }
    as.mode = opened.mode;
    as.owner = opened.as.owner;
    as.group = opened.group;
    bad = ctl_replace(fix->p, fix->found->folder, leaf, fix->after.s, fix->after.len, &as);
    return bad ? apr_psprintf(fix->p, "%s: %s", name, bad) : NULL;
}
