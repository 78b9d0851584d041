/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_cases.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>

#include "ctl_log.h"
#include "http/access_line.h"
#include "map/map_format.h"

#define ENDING ".tests"

/* --- comments of a .htaccess or *.conf --- */

/* NULL: it is not among those that were loaded. *from: where the one before was found, as
 * most are in order. */
static const ctl_line_t *line_at(const ctl_trial_t *trial, const r307_place_t *at, int *from)
{
    const apr_array_header_t *lines = trial->site.lines;
    int i, k;

    for (i = 0; i < lines->nelts; i++) {
        const ctl_line_t *line;

        k = (*from + i) % lines->nelts;
        line = APR_ARRAY_IDX(lines, k, const ctl_line_t *);
        if (line->row && r307_case_same_place(&line->place, at)) {
            *from = k;
            return line;
        }
    }
    return NULL;
}

static const char *why_untold(const ctl_trial_t *trial, apr_pool_t *p,
                              const ctl_line_t *line)
{
    if (!line) {
        return "the line below it is not in force, or only the server knows whether";
    }
    if (!ctl_trial_asks(trial, line)) {
        return apr_psprintf(p, "the rule stands in <%s>, and a file alone does not tell whom "
                            "that is for", line->container);
    }
    if (line->kind == CTL_LINE_UNPLACED || (line->kind == CTL_LINE_MAP && !line->map->image)) {
        return line->untold ? line->untold : "the map is not there";
    }
    return NULL;
}

static void tell_remark(ctl_trial_t *trial, apr_pool_t *p, const ctl_remark_t *remark,
                        int *from, ctl_case_met_t *met, void *baton)
{
    ctl_case_text_t text = { .place = remark->place, .asked = remark->text,
                             .is_comment = 1 };
    const ctl_line_t *line;
    r307_place_t at;

    if (remark->at.line) {
        line = line_at(trial, &remark->at, from);
        at = remark->at;
        text.at = &at;
        text.untold = why_untold(trial, p, line);
        if (line && line->kind == CTL_LINE_MAP) {
            at.file = line->map->loaded.name;
            at.line = 0;
        }
    }
    met(baton, &text);
}

static void tell_remarks(ctl_trial_t *trial, ctl_case_met_t *met, void *baton)
{
    apr_pool_t *one;
    int i, from = 0;

    apr_pool_create(&one, trial->p);
    for (i = 0; i < trial->site.remarks->nelts; i++) {
        tell_remark(trial, one, &APR_ARRAY_IDX(trial->site.remarks, i, ctl_remark_t), &from,
                    met, baton);
        apr_pool_clear(one);
    }
    apr_pool_destroy(one);
}

/* --- maps --- */

/* A case waits for its row. */
typedef struct waiting_t {
    unsigned line;
    const char *asked, *wanted;
    int has_nul;
} waiting_t;

typedef struct mapping_t {
    apr_pool_t *p;              /* of what waits */
    apr_array_header_t *waiting;
    const char *file;
    const char *source;         /* of the row, or NULL */
    ctl_case_met_t *met;
    void *baton;
} mapping_t;

static const char *text_of(apr_pool_t *p, r307_slice_t s)
{
    return s.s ? apr_pstrmemdup(p, s.s, s.len) : NULL;
}

static void on_tested(void *baton, unsigned line, r307_slice_t asked, r307_slice_t wanted)
{
    mapping_t *x = baton;
    waiting_t *waiting = apr_array_push(x->waiting);

    waiting->line = line;
    waiting->asked = text_of(x->p, asked);
    waiting->wanted = text_of(x->p, wanted);
    waiting->has_nul = (asked.s && memchr(asked.s, '\0', asked.len))
                       || (wanted.s && memchr(wanted.s, '\0', wanted.len));
}

/* The next line of a cell that has several; NULL: no more. */
static const char *next_of_cell(apr_pool_t *p, const char **cell)
{
    size_t n;
    const char *line;

    while (*cell && **cell) {
        n = strcspn(*cell, "\n");
        line = apr_pstrmemdup(p, *cell, n);
        *cell += n + ((*cell)[n] == '\n');
        if (line[strspn(line, " \t\r")]) {
            return line;
        }
    }
    return NULL;
}

/* One case a line; one answer is for all of them. */
static void tell_cells(mapping_t *x, const waiting_t *waiting, ctl_case_text_t *text)
{
    const char *asked = waiting->asked, *wanted = waiting->wanted, *first = NULL;

    text->is_cell = 1;
    for (text->asked = next_of_cell(x->p, &asked); text->asked;
         text->asked = next_of_cell(x->p, &asked)) {
        text->wanted = next_of_cell(x->p, &wanted);
        text->wanted = text->wanted ? text->wanted : first;
        first = text->wanted;
        x->met(x->baton, text);
    }
    if (!waiting->asked) {
        text->asked = x->source;
        text->wanted = next_of_cell(x->p, &wanted);
        text->bad = x->source ? text->bad : "stands at a row that is no rule";
        x->met(x->baton, text);
    }
}

/* at: of the row; NULL: none comes any more. */
static void tell_waiting(mapping_t *x, const r307_place_t *at)
{
    int i;

    for (i = 0; i < x->waiting->nelts; i++) {
        const waiting_t *waiting = &APR_ARRAY_IDX(x->waiting, i, waiting_t);
        ctl_case_text_t text = { .place = { x->file, waiting->line }, .at = at,
                                 .asked = waiting->asked, .wanted = waiting->wanted };

        text.bad = waiting->has_nul ? "holds a NUL byte; save the file as plain text" : NULL;

        if (at && at->line == waiting->line) {
            tell_cells(x, waiting, &text);
        }
        else {
            text.is_comment = 1;
            x->met(x->baton, &text);
        }
    }
    if (x->waiting->nelts) {
        x->waiting->nelts = 0;
        apr_pool_clear(x->p);
    }
}

static void row_at(mapping_t *x, unsigned line, const char *source)
{
    r307_place_t at = { x->file, line };

    x->source = source;
    tell_waiting(x, &at);
}

static const char *source_of(apr_pool_t *p, const r307_maprow_t *row)
{
    int i;

    if (row->source.s) {
        return text_of(p, row->source);
    }
    for (i = 0; i < row->words->nelts; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(row->words, i, r307_word_t);

        if (!word->name_len) {
            return r307_token_quote(p, word->text);
        }
    }
    return NULL;
}

static int on_row(void *baton, const r307_maprow_t *row)
{
    mapping_t *x = baton;

    if (x->waiting->nelts) {
        row_at(x, row->line, source_of(x->p, row));
    }
    return 0;
}

static int on_bad(void *baton, unsigned line, const char *why,
                  const apr_array_header_t *words)
{
    row_at(baton, line, NULL);
    return 0;
}

static void on_said(void *baton, unsigned line, const char *why)
{
}

static void tell_map(ctl_trial_t *trial, const ctl_site_map_t *map, ctl_case_met_t *met,
                     void *baton)
{
    r307_context_t context;
    mapping_t x = { NULL, apr_array_make(trial->p, 8, sizeof(waiting_t)), map->loaded.name,
                    NULL, met, baton };
    const r307_mapsink_t sink = { on_row, on_bad, on_said, on_said, &x, &context, on_tested };
    apr_pool_t *p;

    apr_pool_create(&p, trial->p);
    apr_pool_create(&x.p, p);
    r307_map_context(&map->def, &context);
    (void)r307_format_read(p, map->loaded.text.s, map->loaded.text.len, map->def.format, &sink);
    tell_waiting(&x, NULL);
    apr_pool_destroy(p);
}

/* --- NAME.tests --- */

int ctl_cases_is(const char *file)
{
    size_t len = strlen(file), n = sizeof(ENDING) - 1;

    return len > n && strcmp(file + len - n, ENDING) == 0;
}

static int tell(const char *bad)
{
    fprintf(stderr, "redirect307ctl: %s\n", bad);
    return 0;
}

/* Its bytes, as a line after the other. */
static int begin(apr_pool_t *p, const char *file, ctl_content_t *content,
                 r307_mapreading_t *reading)
{
    const char *bad = NULL;

    if (strcmp(file, "-") == 0) {
        ctl_named_t found;
        ctl_reach_t reach;

        bad = ctl_reach_name(p, file, &found);
        bad = bad ? bad : ctl_reach_read(p, &found, &reach);
        if (!bad) {
            content->name = reach.name;
            content->s = reach.bytes;
            content->len = reach.len;
        }
    }
    else if (ctl_reach_map_named(p, file, content, &bad) == CTL_REACH_READ) {
        bad = NULL;
    }
    if (bad) {
        return tell(bad);
    }
    bad = r307_mapfile_begin(p, content->s, content->len, NULL, reading);
    return bad ? tell(apr_psprintf(p, "%s: %s", content->name, bad)) : 1;
}

int ctl_cases_file(apr_pool_t *p, const char *file, ctl_case_met_t *met, void *baton)
{
    r307_mapreading_t reading;
    ctl_content_t content;
    r307_slice_t line;
    apr_pool_t *one;

    if (!begin(p, file, &content, &reading)) {
        return 0;
    }
    apr_pool_create(&one, p);
    for (line = r307_mapfile_line(&reading); line.s; line = r307_mapfile_line(&reading)) {
        ctl_case_text_t text = { .place = { content.name, reading.line } };

        while (line.len && (*line.s == ' ' || *line.s == '\t')) {
            line.s++;
            line.len--;
        }
        if (line.len > 1 && line.s[0] == '#' && line.s[1] == '?') {
            line = r307_slice(line.s + 2, line.len - 2);
            text.is_comment = 1;
        }
        else if (!line.len || *line.s == '#') {
            continue;
        }
        text.bad = memchr(line.s, '\0', line.len)
            ? "holds a NUL byte; save the file as plain text"
            : line.len > R307_LINE_MOST ? "is longer than 65 536 bytes" : NULL;
        text.asked = apr_pstrmemdup(one, line.s, text.bad ? 0 : line.len);
        met(baton, &text);
        apr_pool_clear(one);
    }
    apr_pool_destroy(one);
    return 1;
}

/* relaunch.csv has relaunch.tests and relaunch.csv.tests; .htaccess has .htaccess.tests. */
static int tell_beside(ctl_trial_t *trial, const char *path, ctl_case_met_t *met, void *baton)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    const char *names[2];
    int i, is_read = 1;

    names[0] = apr_pstrcat(trial->p, path, ENDING, NULL);
    names[1] = dot && dot > base ? apr_pstrcat(trial->p, apr_pstrmemdup(trial->p, path,
                                                       (size_t)(dot - path)), ENDING, NULL) : "";
    for (i = 0; i < 2; i++) {
        if (*names[i] && access(names[i], F_OK) == 0) {
            is_read &= ctl_cases_file(trial->p, names[i], met, baton);
        }
    }
    return is_read;
}

int ctl_cases_of(ctl_trial_t *trial, const char *path, ctl_case_met_t *met, void *baton)
{
    int i;

    tell_remarks(trial, met, baton);
    for (i = 0; i < trial->site.lines->nelts; i++) {
        const ctl_line_t *line = APR_ARRAY_IDX(trial->site.lines, i, const ctl_line_t *);

        if (line->kind == CTL_LINE_MAP && ctl_trial_asks(trial, line)
            && line->map->loaded.text.s) {
            tell_map(trial, line->map, met, baton);
        }
    }
    return !path || strcmp(path, "-") == 0 || tell_beside(trial, path, met, baton);
}

/* --- access logs --- */

typedef struct logging_t {
    apr_pool_t *p;              /* of the URLs that were met */
    apr_pool_t *one;
    apr_hash_t *seen;
    const char *file;
    unsigned line;
    ctl_case_met_t *met;
    void *baton;
} logging_t;

static const char *plain(apr_pool_t *p, r307_slice_t word)
{
    char *bytes = apr_palloc(p, word.len + 1);

    bytes[r307_access_line_plain(word, bytes)] = '\0';
    return bytes;
}

/* "http://www.example.com", of vhost_combined; "" where the line has no host. */
static const char *origin_of(apr_pool_t *p, r307_slice_t host)
{
    r307_url_t url;
    const char *text = apr_pstrcat(p, "http://", host.s ? r307_slice_text(p, host) : "", NULL);
    long port;

    r307_url_split(text, strlen(text), &url);
    port = r307_url_port(url.port);
    if (!host.s || r307_url_check_host(url.host)) {
        return "";
    }
    return port == 443 || port == 80
        ? apr_pstrcat(p, port == 443 ? "https://" : "http://", r307_slice_text(p, url.host), NULL)
        : text;
}

/* The question of a line that was answered so; NULL: it has none. */
static const char *question_of(apr_pool_t *p, const r307_access_line_t *line)
{
    const char *method, *url;
    int is_get;

    if ((line->status != 200 && line->status / 100 != 3) || !line->target.s) {
        return NULL;
    }
    method = plain(p, line->method);
    url = r307_case_encode(p, plain(p, line->target));
    is_get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    if (*url != '/' && !strstr(url, "://")) {
        return NULL;
    }
    return apr_pstrcat(p, is_get ? "" : r307_token_quote(p, method), is_get ? "" : " ",
                       r307_token_quote(p, *url == '/' ? apr_pstrcat(
                           p, origin_of(p, line->host), url, NULL) : url), NULL);
}

static void met_line(void *baton, const char *s, size_t len)
{
    logging_t *x = baton;
    ctl_case_text_t text = { .place = { x->file, ++x->line } };
    r307_access_line_t line;
    const char *kept;

    text.asked = s && r307_access_line_split(s, len, &line) ? question_of(x->one, &line) : NULL;
    if (text.asked && !apr_hash_get(x->seen, text.asked, APR_HASH_KEY_STRING)) {
        kept = apr_pstrdup(x->p, text.asked);
        apr_hash_set(x->seen, kept, APR_HASH_KEY_STRING, kept);
        x->met(x->baton, &text);
    }
    apr_pool_clear(x->one);
}

int ctl_cases_log(apr_pool_t *p, const char *file, ctl_case_met_t *met, void *baton)
{
    logging_t x = { p, NULL, apr_hash_make(p), NULL, 0, met, baton };
    ctl_log_t log;
    const char *bad = ctl_log_open(p, file, &log);

    apr_pool_create(&x.one, p);
    if (!bad) {
        x.file = log.name;
        bad = ctl_log_each(&log, met_line, &x);
    }
    apr_pool_destroy(x.one);
    if (!bad && !apr_hash_count(x.seen)) {
        bad = apr_psprintf(p, "%s: no line of it is one of an access log with a 200 or 3xx; "
                           "the formats common and combined are read", x.file);
    }
    return bad ? tell(bad) : 1;
}
