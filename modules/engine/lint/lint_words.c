/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint_words.h"

#include <string.h>
#include <apr_strings.h>

#include "base/disk.h"

typedef struct words_t {
    apr_pool_t *p;
    const r307_rule_t *rule;
    apr_array_header_t *doubts;
    int is_map;
} words_t;

static const char *show(const words_t *w, const char *text)
{
    return r307_text_show(w->p, text, strlen(text));
}

static r307_doubt_t *add(const words_t *w, r307_finding_t finding, const char *text,
                         const char *why, const char *advice)
{
    return r307_lint_push(finding, w->rule,
                          apr_psprintf(w->p, "%s '%s' %s; %s", r307_finding_row(finding)->id,
                                       show(w, text), why, advice), w->doubts);
}

/* `text`, which is the source or the target, and what was meant by it. */
static void add_meant(const words_t *w, r307_finding_t finding, const char *text,
                      const char *why, const char *meant)
{
    r307_doubt_t *doubt = add(w, finding, text, why,
                              apr_psprintf(w->p, "write %s", show(w, meant)));

    if (text == w->rule->source) {
        doubt->source = meant;
    }
    else {
        doubt->target = meant;
    }
}

/* `text` with `by` in the place of `len` bytes at `at`. */
static const char *replaced(const words_t *w, const char *text, const char *at, size_t len,
                            const char *by)
{
    return apr_pstrcat(w->p, apr_pstrmemdup(w->p, text, (size_t)(at - text)), by, at + len,
                       NULL);
}

/* --- placeholders of others --- */

/* Variables of another server, and how the same is said here. */
static const struct {
    const char *name;
    const char *ours;
} variables[] = {
    { "request_uri", "%{REQUEST_URI}" }, { "uri", "%{REQUEST_URI}" },
    { "document_uri", "%{REQUEST_URI}" }, { "host", "%{HTTP_HOST}" },
    { "http_host", "%{HTTP_HOST}" }, { "server_name", "%{SERVER_NAME}" },
    { "args", "%{QUERY_STRING}" }, { "query_string", "%{QUERY_STRING}" },
    { "scheme", "%{REQUEST_SCHEME}" }, { "remote_addr", "%{REMOTE_ADDR}" }
};
#define VARIABLE_COUNT (sizeof(variables) / sizeof(variables[0]))

static const char *variable(const char *name, size_t len)
{
    size_t i;

    for (i = 0; i < VARIABLE_COUNT; i++) {
        if (r307_text_same_fold(name, len, variables[i].name, strlen(variables[i].name))) {
            return variables[i].ours;
        }
    }
    return NULL;
}

static size_t name_len(const char *s)
{
    size_t n = 0;

    while (r307_text_is(s[n], R307_IS_NAME)) {
        n++;
    }
    return n;
}

/* What a name in somebody's brackets is here: a placeholder of the source, a variable of
 * httpd's, or NULL. */
static const char *named(const words_t *w, const char *name, size_t len)
{
    const r307_pattern_t *pattern = w->rule->pattern;

    if (pattern && r307_pattern_name(pattern, name, len) >= 0) {
        return apr_pstrcat(w->p, ":", apr_pstrmemdup(w->p, name, len), NULL);
    }
    return variable(name, len);
}

/* What number `nth` is in a source with names: of them in their order, and then the star. */
static const char *numbered(const words_t *w, int nth)
{
    const r307_pattern_t *pattern = w->rule->pattern;
    int i;

    for (i = 0; i < pattern->seg_count; i++) {
        if (pattern->segs[i].is_name && --nth == 0) {
            return apr_pstrcat(w->p, ":", r307_slice_text(w->p, pattern->segs[i].text),
                               NULL);
        }
    }
    return pattern->splat && nth == 1 ? ":splat" : NULL;
}

static const char *grouped(const words_t *w, char digit)
{
    const r307_pattern_t *pattern = w->rule->pattern;

    if (!pattern || !pattern->regex) {
        return pattern ? numbered(w, digit - '0') : NULL;
    }
    return digit - '0' < r307_pattern_groups(pattern) ? apr_psprintf(w->p, "$%c", digit)
                                                      : NULL;
}

static const char *starred(const words_t *w)
{
    const r307_pattern_t *pattern = w->rule->pattern;

    return !pattern ? NULL : pattern->splat ? ":splat" : grouped(w, '1');
}

/* A placeholder of another program at s: its length, or 0; *ours: what it is here, or NULL;
 * *plain: how its text is written. `first`: at the start of a segment of the path. */
static size_t foreign_at(const words_t *w, const char *s, int in_query, int first,
                         const char **ours, const char **plain)
{
    size_t n = name_len(s + 1);
    char close = *s == '{' ? '}' : '>';

    *ours = NULL;
    if (*s == '*' && !in_query) {
        *ours = starred(w);
        *plain = "%2A";
        return 1;
    }
    if (*s == '$' && n && (s[1] < '0' || s[1] > '9')) {
        *ours = named(w, s + 1, n);
        *plain = apr_pstrcat(w->p, "%24", apr_pstrmemdup(w->p, s + 1, n), NULL);
        return *ours || !in_query ? n + 1 : 0;
    }
    if (*s == '%' && s[1] >= '0' && s[1] <= '9' && r307_text_hex2(s + 1, strlen(s + 1)) < 0) {
        *ours = grouped(w, s[1]);
        *plain = apr_psprintf(w->p, "%%25%c", s[1]);
        return 2;
    }
    if (*s == ':' && first && s[1] >= '1' && s[1] <= '9' && n == 1) {
        *ours = grouped(w, s[1]);
        *plain = apr_psprintf(w->p, "%%3A%c", s[1]);
        return *ours ? 2 : 0;
    }
    if ((*s == '{' || *s == '<') && n && s[n + 1] == close) {
        *ours = named(w, s + 1, n);
        *plain = apr_psprintf(w->p, "%s%s%s", *s == '{' ? "%7B" : "%3C",
                              apr_pstrmemdup(w->p, s + 1, n), *s == '{' ? "%7D" : "%3E");
        return n + 2;
    }
    return 0;
}

/* All of "%1" to "%9" as they are called here. */
static const char *renumbered(const words_t *w, const char *text)
{
    r307_buf_t buf;

    r307_buf_make(&buf, w->p, strlen(text) + 16);
    while (*text) {
        const char *ours = *text == '%' && text[1] >= '1' && text[1] <= '9'
            && r307_text_hex2(text + 1, strlen(text + 1)) < 0 ? grouped(w, text[1]) : NULL;

        if (ours) {
            r307_buf_puts(&buf, ours);
        }
        else {
            r307_buf_putc(&buf, *text);
        }
        text += ours ? 2 : 1;
    }
    return buf.s;
}

static void say_foreign(const words_t *w, const char *s, size_t len, const char *ours,
                        const char *plain)
{
    const char *text = w->rule->target->text, *at = s;
    const char *why = apr_psprintf(w->p, "holds '%s', which leaves as text",
                                   r307_text_show(w->p, s, len));

    if (ours && strcmp(ours, "%{REQUEST_URI}") == 0 && at > text && at[-1] == '/') {
        at--;           /* it begins with a '/' itself */
    }
    if (ours) {
        text = *s == '%' ? renumbered(w, text)
                         : replaced(w, text, at, len + (size_t)(s - at), ours);
        int is_sure = !w->is_map || *ours != '%';

        add(w, R307_FINDING_FOREIGN, w->rule->target->text, why,
            apr_psprintf(w->p, "write %s%s", show(w, text), is_sure ? "" :
                         " in a rule beside the line that names the map, as a map cannot "
                         "ask for it"))->target = is_sure ? text : NULL;
        return;
    }
    add(w, R307_FINDING_FOREIGN, text, why,
        apr_psprintf(w->p, "give it a name in the source and use that here, or write %s for "
                     "the text", plain));
}

static void audit_foreign(const words_t *w)
{
    const r307_target_t *target = w->rule->target;
    const char *s = target->text, *ours, *plain;
    int in_query = 0;

    if (target->kind == R307_TARGET_URL) {
        s = strstr(s, "://") + 3;
        while (*s && !strchr("/?#", *s)) {
            s += s[0] == '%' && s[1] == '{' ? strcspn(s, "}") : 1;
        }
    }
    if (!strpbrk(s, "*$%:{<")) {
        return;
    }
    while (*s && *s != '#') {
        size_t n;

        if (s[0] == '%' && s[1] == '{') {
            s += strcspn(s, "}");
            s += *s == '}';
            continue;
        }
        in_query |= *s == '?';
        n = foreign_at(w, s, in_query, !in_query && s > target->text && s[-1] == '/', &ours,
                       &plain);
        if (n) {
            say_foreign(w, s, n, ours, plain);
            return;             /* one is enough to look at the line again */
        }
        s++;
    }
}

/* --- slips --- */

/* What is not seen: as UTF-8, and its name. */
static const struct {
    const char *bytes;
    const char *name;
} invisible[] = {
    { "\xC2\xA0", "U+00A0" }, { "\xC2\xAD", "U+00AD" }, { "\xE2\x80\x8B", "U+200B" },
    { "\xE2\x80\x8C", "U+200C" }, { "\xE2\x80\x8D", "U+200D" }, { "\xE2\x80\x8E", "U+200E" },
    { "\xE2\x80\x8F", "U+200F" }, { "\xE2\x80\xAA", "U+202A" }, { "\xE2\x80\xAC", "U+202C" },
    { "\xE2\x80\xAD", "U+202D" }, { "\xE2\x80\xAE", "U+202E" }, { "\xE2\x80\xAF", "U+202F" },
    { "\xE2\x81\xA0", "U+2060" }, { "\xE3\x80\x80", "U+3000" }, { "\xEF\xBB\xBF", "U+FEFF" }
};
#define INVISIBLE_COUNT (sizeof(invisible) / sizeof(invisible[0]))

static const char *without_invisible(const words_t *w, const char *text)
{
    const char *at;
    size_t i;

    for (i = 0; i < INVISIBLE_COUNT; i++) {
        while ((at = strstr(text, invisible[i].bytes))) {
            text = replaced(w, text, at, strlen(invisible[i].bytes), "");
        }
    }
    return text;
}

/* None of them is ASCII, and nearly all texts are. */
static int is_ascii(const char *text, size_t len)
{
    apr_uint64_t seen = 0, word;
    unsigned char tail = 0;

    for (; len >= sizeof(word); text += sizeof(word), len -= sizeof(word)) {
        memcpy(&word, text, sizeof(word));
        seen |= word;
    }
    while (len--) {
        tail |= (unsigned char)*text++;
    }
    return !(seen & APR_UINT64_C(0x8080808080808080)) && !(tail & 0x80);
}

static void audit_invisible(const words_t *w, const char *text)
{
    int has_some = !is_ascii(text, strlen(text));
    size_t i;

    for (i = 0; has_some && i < INVISIBLE_COUNT; i++) {
        if (strstr(text, invisible[i].bytes)) {
            add_meant(w, R307_FINDING_SLIP, text,
                      apr_psprintf(w->p, "holds a character that is not seen, %s",
                                   invisible[i].name), without_invisible(w, text));
            return;
        }
    }
}

static void say_slip(const words_t *w, const char *text, const char *why,
                     const char *better)
{
    add_meant(w, R307_FINDING_SLIP, text, why, better);
}

/* Each of them, not the first one alone: who writes the result meets no second finding. */
static const char *replaced_all(const words_t *w, const char *text, const char *what,
                                const char *by)
{
    const char *at = strstr(text, what);

    while (at) {
        size_t behind = (size_t)(at - text) + strlen(by);

        text = replaced(w, text, at, strlen(what), by);
        at = strstr(text + behind, what);
    }
    return text;
}

static const char *without_quotes(const words_t *w, const char *text)
{
    size_t len;

    text = replaced_all(w, text, "\"", "");
    text += strspn(text, "'");
    for (len = strlen(text); len && text[len - 1] == '\'';) {
        len--;
    }
    return apr_pstrmemdup(w->p, text, len);
}

/* Slips that a source and a target have in common. */
static void audit_slips(const words_t *w, const char *text)
{
    size_t len = strlen(text);
    const char *at;

    if (text[0] == '/' && !text[strcspn(text, ";,&'\"")] && is_ascii(text, len)
        && !r307_disk_path(w->p, text)) {
        return;                 /* nearly all of them: no letter of a slip is there */
    }
    audit_invisible(w, text);
    if (len > 1 && strchr(";,", text[len - 1])) {
        say_slip(w, text, "ends in a separator of lists",
                 apr_pstrmemdup(w->p, text, len - 1));
    }
    if (strncmp(text, "https//", 7) == 0 || strncmp(text, "http//", 6) == 0) {
        at = strstr(text, "//");
        say_slip(w, text, "has lost its colon", replaced(w, text, at, 2, "://"));
    }
    at = strstr(text, "&amp;");
    if (at) {
        say_slip(w, text, "holds '&amp;', which is how HTML writes '&'",
                 replaced_all(w, text, "&amp;", "&"));
    }
    if (len > 1 && (text[0] == '\'' || text[len - 1] == '\'' || strchr(text, '"'))) {
        say_slip(w, text, "holds a quote", without_quotes(w, text));
    }
    at = r307_disk_path(w->p, text);
    if (at) {
        say_slip(w, text, "is a place on the disk, and a URL is meant", at);
    }
}

static void audit_source(const words_t *w)
{
    const char *source = w->rule->source;

    if (!source) {
        return;
    }
    if (w->rule->pattern->regex) {
        audit_invisible(w, source);
        return;
    }
    audit_slips(w, source);
    if (strstr(source, "%{")) {
        add(w, R307_FINDING_SLIP, source, "holds '%{', which is text in a source",
            "write the path alone, and what else must hold as an option, as host=NAME");
    }
}

/* "//" at the end of what is written of a path. */
static void audit_final_slashes(const words_t *w)
{
    const r307_target_t *target = w->rule->target;
    size_t len = strcspn(target->text, "?#");

    if (len > 2 && memcmp(target->text + len - 2, "//", 2) == 0) {
        say_slip(w, target->text, "ends in two slashes",
                 replaced(w, target->text, target->text + len - 1, 1, ""));
    }
}

/* --- hosts --- */

static void audit_host(const words_t *w, const char *text)
{
    if (r307_url_looks_like_host(text)) {
        add(w, R307_FINDING_HOSTLIKE, text, "is read as a file beside this one",
            apr_psprintf(w->p, "write https://%s, or ./%s for a file of that name",
                         show(w, text), show(w, text)));
    }
}

/* --- placeholders that nobody uses --- */

static int is_used(const r307_target_t *target, int capture)
{
    int i;

    for (i = 0; i < target->count; i++) {
        if (target->parts[i].kind == R307_PART_CAPTURE
            && target->parts[i].capture == capture) {
            return 1;
        }
    }
    return 0;
}

static void audit_unused(const words_t *w)
{
    const r307_pattern_t *pattern = w->rule->pattern;
    int i, capture = 1;

    for (i = 0; pattern && i < pattern->seg_count; i++) {
        const char *name = r307_slice_text(w->p, pattern->segs[i].text);

        if (pattern->segs[i].is_name && !is_used(w->rule->target, capture++)) {
            add(w, R307_FINDING_UNUSED, w->rule->source,
                apr_psprintf(w->p, "takes any segment for ':%s', and the target does not "
                             "use it", show(w, name)),
                apr_psprintf(w->p, "write %%3A%s if the text is meant", show(w, name)));
        }
    }
}

static void audit(apr_pool_t *p, const r307_rule_t *rule, r307_list_t list, int is_map,
                  apr_array_header_t *doubts)
{
    words_t w = { p, rule, doubts, is_map };

    r307_lint_rule(p, rule, list, doubts);
    audit_source(&w);
    if (rule->source && !rule->pattern->regex && rule->pattern->relative) {
        audit_host(&w, rule->source);
    }
    if (rule->target->kind < R307_TARGET_URL || rule->target->kind == R307_TARGET_WHOLE) {
        return;
    }
    audit_slips(&w, rule->target->text);
    audit_final_slashes(&w);
    audit_foreign(&w);
    audit_unused(&w);
    if (rule->target->kind == R307_TARGET_RELATIVE) {
        audit_host(&w, rule->target->text);
    }
}

void r307_lint_line(apr_pool_t *p, const r307_rule_t *rule, r307_list_t list,
                     apr_array_header_t *doubts)
{
    audit(p, rule, list, 0, doubts);
}

void r307_lint_map_line(apr_pool_t *p, const r307_rule_t *rule,
                         apr_array_header_t *doubts)
{
    audit(p, rule, R307_LIST_UNKNOWN, 1, doubts);
}
