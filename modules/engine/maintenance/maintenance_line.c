/* SPDX-License-Identifier: Apache-2.0
 *
 * The load-time half of maintenance: the line and its printed form. */
#include "maintenance/maintenance.h"

#include <string.h>
#include <apr_strings.h>
#include "grammar/habit_option.h"
#include "grammar/options.h"
#include "base/datetime.h"
#include "grammar/token.h"

static const char *const answers[] = {
    [R307_MAINTENANCE_AUTO] = "auto",
    [R307_MAINTENANCE_503] = "503",
    [R307_MAINTENANCE_307] = "307"
};
#define ANSWER_COUNT (sizeof(answers) / sizeof(answers[0]))

typedef struct draft_t {
    r307_maintenance_t *line;
    const r307_context_t *context;
    apr_array_header_t *conds, *passes, *open;
} draft_t;

typedef struct option_t {
    const char *name;
    int repeats;
    /* NULL, or what is wrong, to stand behind "name='value' ". */
    const char *(*set)(apr_pool_t *p, draft_t *draft, const char *value);
    /* The n-th value to write, or NULL. */
    const char *(*print)(apr_pool_t *p, const r307_maintenance_t *line, int n);
} option_t;

static const char *show(apr_pool_t *p, const char *text)
{
    return r307_text_show(p, text, strlen(text));
}

static const char *once(const char *text, int n)
{
    return n ? NULL : text;
}

/* --- what is shown --- */

static const char *set_file(apr_pool_t *p, draft_t *draft, const char *value)
{
    draft->line->file = apr_pstrdup(p, value);
    return r307_maintenance_file_check(p, value, draft->context->is_tenant);
}

static const char *print_file(apr_pool_t *p, const r307_maintenance_t *line, int n)
{
    return once(line->file, n);
}

/* --- when --- */

static const char *set_flag(apr_pool_t *p, draft_t *draft, const char *value)
{
    draft->line->flag = apr_pstrdup(p, value);
    return *value ? NULL : "names no file; write flag=down.on";
}

static const char *print_flag(apr_pool_t *p, const r307_maintenance_t *line, int n)
{
    return once(line->flag, n);
}

static const char *set_from(apr_pool_t *p, draft_t *draft, const char *value)
{
    return r307_time_parse(p, value, 0, &draft->line->from);
}

static const char *print_from(apr_pool_t *p, const r307_maintenance_t *line, int n)
{
    return line->from && !n ? r307_time_print(p, line->from) : NULL;
}

static const char *set_until(apr_pool_t *p, draft_t *draft, const char *value)
{
    return r307_time_parse(p, value, 1, &draft->line->until);
}

static const char *print_until(apr_pool_t *p, const r307_maintenance_t *line, int n)
{
    return line->until && !n ? r307_time_print(p, line->until) : NULL;
}

static const char *set_eta(apr_pool_t *p, draft_t *draft, const char *value)
{
    return r307_eta_parse(p, value, &draft->line->eta);
}

static const char *print_eta(apr_pool_t *p, const r307_maintenance_t *line, int n)
{
    if (n || !line->eta.text) {
        return NULL;
    }
    return line->eta.time ? r307_time_print(p, line->eta.time)
                          : r307_duration_print(p, line->eta.length);
}

/* --- who and what is let in --- */

static const char *set_allow(apr_pool_t *p, draft_t *draft, const char *value)
{
    apr_array_header_t *nets = apr_array_make(p, 4, sizeof(r307_net_t));

    draft->line->allow = nets;
    draft->line->allow_text = apr_pstrdup(p, value);
    return r307_net_parse_list(p, value, nets);
}

static const char *print_allow(apr_pool_t *p, const r307_maintenance_t *line, int n)
{
    return once(line->allow_text, n);
}

static const char *set_link(apr_pool_t *p, draft_t *draft, const char *value)
{
    r307_link_t *link = apr_pcalloc(p, sizeof(*link));

    draft->line->link = link;
    draft->line->link_text = apr_pstrdup(p, value);
    return r307_link_parse(p, value, link);
}

static const char *print_link(apr_pool_t *p, const r307_maintenance_t *line, int n)
{
    return once(line->link_text, n);
}

/* cookie=name or cookie=name=value. */
static const char *set_cookie(apr_pool_t *p, draft_t *draft, const char *value)
{
    r307_pass_t *pass = apr_array_push(draft->passes);
    size_t n = strcspn(value, "=");

    pass->text = apr_pstrdup(p, value);
    pass->name = r307_slice(pass->text, n);
    pass->value = r307_slice(NULL, 0);
    if (value[n]) {
        pass->value = r307_slice(pass->text + n + 1, strlen(pass->text + n + 1));
    }
    if (n == 0) {
        return "has no name; write cookie=name or cookie=name=value";
    }
    return strcspn(value, "*?!;, ") < n
           ? "has a name that no cookie has, and only its value may hold '*' and '?'; write "
             "the name whole, as cookie=beta=a*" : NULL;
}

static const char *print_cookie(apr_pool_t *p, const r307_maintenance_t *line, int n)
{
    return n < line->passes->nelts ? APR_ARRAY_IDX(line->passes, n, r307_pass_t).text
                                   : NULL;
}

static const char *set_host(apr_pool_t *p, draft_t *draft, const char *value)
{
    return r307_cond_parse(p, r307_option_about(R307_ABOUT_HOST), value,
                           &draft->context->maker, apr_array_push(draft->conds));
}

static const char *print_host(apr_pool_t *p, const r307_maintenance_t *line, int n)
{
    const r307_cond_t *cond;

    if (n >= line->conds->nelts) {
        return NULL;
    }
    cond = &APR_ARRAY_IDX(line->conds, n, r307_cond_t);
    return apr_pstrcat(p, cond->negate ? "!" : "", cond->value, NULL);
}

/* One path of exempt=. "/a/" and "/a" hold all below; "/a/" does not hold "/a". */
static const char *add_open(apr_pool_t *p, const draft_t *draft, r307_slice_t text)
{
    r307_open_t *open = apr_array_push(draft->open);
    const r307_path_t *path;

    memset(open, 0, sizeof(*open));
    open->text = r307_slice_text(p, text);
    open->is_relative = open->text[0] != '/';
    if (strpbrk(open->text, "?#")) {
        return "has a path with '?' or '#'; write the path alone, as /healthz";
    }
    if (strstr(open->text, "://")) {
        return "has a URL in it; write its path, as /healthz";
    }
    if (open->is_relative && draft->context->where != R307_WHERE_DIRECTORY) {
        return apr_psprintf(p, "has a path without leading '/'; write /%s",
                            show(p, open->text));
    }
    if (text.len >= 2 && memcmp(text.s + text.len - 2, "/*", 2) == 0) {
        text.len--;             /* all below, which the slash says already */
    }
    if (open->is_relative) {
        text = r307_slice(apr_pstrcat(p, "/", r307_slice_text(p, text), NULL),
                          text.len + 1);
    }
    path = r307_path_make(p, text);
    open->path = r307_slice(path->dec, path->len);
    open->is_pattern = memchr(open->path.s, '*', open->path.len) != NULL;
    return NULL;
}

static const char *set_exempt(apr_pool_t *p, draft_t *draft, const char *value)
{
    const char *bad = NULL;

    while (!bad) {
        size_t n = strcspn(value, ","), from = strspn(value, " "), to = n;

        while (to > from && value[to - 1] == ' ') {
            to--;
        }
        if (from >= to) {
            return "has an empty member in its list";
        }
        if (to - from == 4 && strncmp(value + from, "none", 4) == 0) {
            draft->line->open_none = 1;
        }
        else {
            bad = add_open(p, draft, r307_slice(value + from, to - from));
        }
        if (!value[n]) {
            break;
        }
        value += n + 1;
    }
    return bad;
}

static const char *print_exempt(apr_pool_t *p, const r307_maintenance_t *line, int n)
{
    r307_buf_t buf;
    int i;

    if (n || (!line->open_none && !line->open->nelts)) {
        return NULL;
    }
    r307_buf_make(&buf, p, 64);
    r307_buf_puts(&buf, line->open_none ? "none" : "");
    for (i = 0; i < line->open->nelts; i++) {
        r307_buf_puts(&buf, buf.len ? "," : "");
        r307_buf_puts(&buf, APR_ARRAY_IDX(line->open, i, r307_open_t).text);
    }
    return buf.s;
}

/* --- the rest --- */

static const char *set_answer(apr_pool_t *p, draft_t *draft, const char *value)
{
    size_t i;

    for (i = 0; i < ANSWER_COUNT; i++) {
        if (strcmp(answers[i], value) == 0) {
            draft->line->answer = (r307_maintenance_answer_t)i;
            return NULL;
        }
    }
    return "is not known; write answer=auto, answer=503 or answer=307";
}

static const char *print_answer(apr_pool_t *p, const r307_maintenance_t *line, int n)
{
    return line->answer == R307_MAINTENANCE_AUTO ? NULL : once(answers[line->answer], n);
}

static const char *set_text(apr_pool_t *p, const char **text, const char *value)
{
    const char *c;

    for (c = value; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7F) {
            return "holds a control byte; leave it out";
        }
    }
    *text = apr_pstrdup(p, value);
    return *value ? NULL : "has no value; leave it out";
}

static const char *set_name(apr_pool_t *p, draft_t *draft, const char *value)
{
    return set_text(p, &draft->line->rule.name, value);
}

static const char *print_name(apr_pool_t *p, const r307_maintenance_t *line, int n)
{
    return once(line->rule.name, n);
}

static const char *set_owner(apr_pool_t *p, draft_t *draft, const char *value)
{
    return set_text(p, &draft->line->rule.owner, value);
}

static const char *print_owner(apr_pool_t *p, const r307_maintenance_t *line, int n)
{
    return once(line->rule.owner, n);
}

static const char *set_note(apr_pool_t *p, draft_t *draft, const char *value)
{
    return set_text(p, &draft->line->rule.note, value);
}

static const char *print_note(apr_pool_t *p, const r307_maintenance_t *line, int n)
{
    return once(line->rule.note, n);
}

static const option_t options[] = {
    { "page",       0, set_file,   print_file },
    { "flag",       0, set_flag,   print_flag },
    { "from",       0, set_from,   print_from },
    { "until",      0, set_until,  print_until },
    { "eta",        0, set_eta,    print_eta },
    { "allow",      0, set_allow,  print_allow },
    { "allow-link", 0, set_link,   print_link },
    { "cookie",     1, set_cookie, print_cookie },
    { "host",       0, set_host,   print_host },
    { "exempt",     0, set_exempt, print_exempt },
    { "answer",     0, set_answer, print_answer },
    { "name",       0, set_name,   print_name },
    { "owner",      0, set_owner,  print_owner },
    { "note",       0, set_note,   print_note }
};
#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

/* --- the line --- */

static const char *unknown_option(apr_pool_t *p, const r307_word_t *word)
{
    const char *name = apr_pstrmemdup(p, word->text, word->name_len), *near = NULL;
    const char *meant = r307_habit_option(p, word, R307_HABIT_MAINTENANCE);
    int best = word->name_len < 6 ? 2 : 3;
    r307_buf_t buf;
    size_t i;

    r307_buf_make(&buf, p, 128);
    for (i = 0; i < OPTION_COUNT; i++) {
        int distance = r307_text_distance(name, options[i].name);

        if (distance < best) {
            best = distance;
            near = options[i].name;
        }
        r307_buf_puts(&buf, i ? ", " : "");
        r307_buf_puts(&buf, options[i].name);
    }
    return meant ? meant : near ? apr_psprintf(p, "'%s' unknown option; did you mean %s=?",
                               show(p, word->text), near)
                : apr_psprintf(p, "'%s' unknown option; maintenance knows %s; leave it out",
                               show(p, word->text), buf.s);
}

static const char *take_option(apr_pool_t *p, draft_t *draft, const r307_word_t *word,
                               int *seen)
{
    const char *value = word->text + word->name_len + 1, *bad;
    size_t i;

    for (i = 0; i < OPTION_COUNT; i++) {
        if (strlen(options[i].name) == word->name_len
            && memcmp(options[i].name, word->text, word->name_len) == 0) {
            break;
        }
    }
    if (i == OPTION_COUNT) {
        return unknown_option(p, word);
    }
    if (seen[i]++ && !options[i].repeats) {
        return apr_psprintf(p, "'%s' %s= is written twice; keep one", show(p, word->text),
                            options[i].name);
    }
    bad = options[i].set(p, draft, value);
    return bad ? apr_psprintf(p, "%s='%s' %s", options[i].name, show(p, value), bad)
               : NULL;
}

static const char *set_page(apr_pool_t *p, draft_t *draft, const char *text)
{
    r307_maintenance_t *line = draft->line;
    const r307_target_t *page;
    const r307_path_t *path;
    const char *bad = r307_maintenance_lost_colon(p, text);
    r307_slice_t raw;
    r307_url_t url;

    bad = bad ? bad : r307_maintenance_page_check(p, text, draft->context->where);
    bad = bad ? bad : r307_target_parse(p, text, NULL, &draft->context->maker, &page);
    if (bad) {
        return bad;
    }
    if ((page->kind != R307_TARGET_PATH && page->kind != R307_TARGET_RELATIVE
         && page->kind != R307_TARGET_URL) || page->inserts) {
        return apr_psprintf(p, "page '%s' is not one page; write a path, as /down/, or a "
                               "URL, as https://status.example/", show(p, text));
    }
    line->is_relative = page->kind == R307_TARGET_RELATIVE;
    if (line->is_relative && draft->context->where != R307_WHERE_DIRECTORY) {
        return apr_psprintf(p, "page '%s' has no leading '/' and httpd.conf has no "
                               "directory to resolve it against; write /%s",
                            show(p, text), show(p, text));
    }
    if (page->kind != R307_TARGET_URL && (page->has_query || page->has_fragment)) {
        size_t len = strcspn(text, "?#");

        return apr_psprintf(p, "page '%s' has a '?' or '#'; write %s", show(p, text),
                            len > 2 ? r307_text_show(p, text, len) : "/down/");
    }
    r307_url_split(text, strlen(text), &url);
    raw = url.path;
    if (line->is_relative) {
        raw = r307_slice(apr_pstrcat(p, "/", r307_slice_text(p, raw), NULL), raw.len + 1);
    }
    path = r307_path_make(p, raw.len ? raw : r307_slice("/", 1));
    line->page = r307_slice(path->dec, path->len);
    line->is_directory = path->len > 1 && path->dec[path->len - 1] == '/';
    line->rule.target = page;
    return NULL;
}

/* "/" and "./" as targets, which nearly every line leads back to. */
static const r307_part_t root_parts[] = {
    { .kind = R307_PART_LITERAL, .in = R307_IN_PATH, .text = { "/", 1 } },
    { .kind = R307_PART_LITERAL, .in = R307_IN_PATH, .text = { "./", 2 } }
};
static const r307_target_t server_root = {
    .kind = R307_TARGET_PATH, .text = "/", .parts = &root_parts[0], .count = 1,
    .final_slash = 1, .head = { "", 0 }
};
static const r307_target_t directory_root = {
    .kind = R307_TARGET_RELATIVE, .text = "./", .parts = &root_parts[1], .count = 1,
    .final_slash = 1, .head = { ".", 1 }
};

/* A <Location> whose path reads as something else than itself leads nowhere. */
static void set_root(apr_pool_t *p, draft_t *draft)
{
    const r307_context_t *context = draft->context;
    const r307_target_t *target = NULL;

    if (context->where != R307_WHERE_LOCATION) {
        draft->line->root = context->where == R307_WHERE_DIRECTORY ? &directory_root
                                                                   : &server_root;
    }
    else if (context->location
             && !r307_target_parse(p, context->location, NULL, &context->maker, &target)
             && !target->inserts && !target->has_query && !target->has_fragment) {
        draft->line->root = target;
    }
}

/* A page that is all there is would leave nothing closed. */
static int covers_all(apr_pool_t *p, const r307_maintenance_t *line,
                      const r307_context_t *context)
{
    const char *location = context->where == R307_WHERE_LOCATION ? context->location
                                                                 : NULL;
    const r307_path_t *root;

    if (line->rule.target->kind == R307_TARGET_URL) {
        return 0;
    }
    if (!location || !line->is_directory) {
        return line->page.len == 1;
    }
    root = r307_path_with_slash(p, r307_path_make(p, r307_slice(location,
                                                                strlen(location))));
    return r307_path_below(root->dec, root->len, line->page.s, line->page.len, 0);
}

static const char *check_sense(apr_pool_t *p, const draft_t *draft)
{
    const r307_maintenance_t *line = draft->line;
    const char *page = line->rule.target->text;

    if (covers_all(p, line, draft->context)) {
        return apr_psprintf(p, "page '%s' is all there is here, and a page's directory "
                               "stays open; write a page of its own, as /down/",
                            show(p, page));
    }
    if (line->is_relative && strstr(page, "..")) {
        return apr_psprintf(p, "page '%s' climbs out of its directory; write a path that "
                               "begins with '/'", show(p, page));
    }
    if (line->rule.target->kind == R307_TARGET_URL
        && line->answer == R307_MAINTENANCE_503 && !line->file) {
        return apr_psprintf(p, "answer='503' needs a page of this server, to be shown in "
                               "place of what was asked for; '%s' can only be sent to; "
                               "write page=%s beside it, or answer=307", show(p, page),
                            draft->context->where == R307_WHERE_DIRECTORY
                            ? "down/index.html" : "/srv/maintenance/index.html");
    }
    if (line->from && line->until && line->until <= line->from) {
        return "until= is not after from=, so it is never in force; leave until= "
               "out, or name a later one";
    }
    if (line->eta.text && !line->eta.time && !line->flag) {
        return apr_psprintf(p, "eta='%s' counts from when the flag was made, and there is "
                               "no flag=; write a time, as eta=2026-12-26T18:00, or "
                               "flag=down.on", show(p, line->eta.text));
    }
    return NULL;
}

static int is_option(const char *name, size_t len)
{
    size_t i;

    for (i = 0; i < OPTION_COUNT; i++) {
        if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The line without that word. */
static const char *one_too_many(apr_pool_t *p, const char *directive,
                                const apr_array_header_t *words, int without)
{
    const char *typed = APR_ARRAY_IDX(words, without, r307_word_t).text;
    size_t len = strlen(typed);
    r307_buf_t buf;
    int i;

    r307_buf_make(&buf, p, 64);
    r307_buf_puts(&buf, directive);
    for (i = 0; i < words->nelts; i++) {
        if (i != without) {
            r307_buf_putc(&buf, ' ');
            r307_buf_puts(&buf, r307_token_quote(p, APR_ARRAY_IDX(words, i,
                                                                  r307_word_t).text));
        }
    }
    return apr_psprintf(p, "'%s' %s; write: %s", show(p, typed),
                        *typed == '[' && typed[len - 1] == ']'
                        ? "are RewriteRule flags" : "is one page too many",
                        show(p, buf.s));
}

static const char *read_words(apr_pool_t *p, draft_t *draft,
                              const apr_array_header_t *words)
{
    int seen[OPTION_COUNT] = { 0 }, i;
    const char *page = NULL;
    const char *bad = r307_habit_dress(p, words, 1, draft->context->directive, is_option);

    for (i = 0; i < words->nelts && !bad; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(words, i, r307_word_t);

        if (word->name_len) {
            bad = take_option(p, draft, word, seen);
        }
        else if (i && (bad = r307_eta_unit(p, word[-1].text, word->text))) {
            break;
        }
        else if (page) {
            bad = one_too_many(p, draft->context->directive, words, i);
        }
        else {
            page = word->text;
        }
    }
    if (!bad && !page) {
        bad = "names no page; write: Redirect307Maintenance /down/ flag=down.on";
    }
    return bad ? bad : set_page(p, draft, page);
}

const char *r307_maintenance_parse(apr_pool_t *p, const char *text, r307_place_t place,
                                   const r307_context_t *context,
                                   r307_maintenance_t **out)
{
    r307_maintenance_t *line = apr_pcalloc(p, sizeof(*line));
    draft_t draft = { line, context, NULL, NULL, NULL };
    apr_array_header_t *words;
    const char *bad = r307_token_split(p, text, &words);

    draft.conds = apr_array_make(p, 1, sizeof(r307_cond_t));
    draft.passes = apr_array_make(p, 1, sizeof(r307_pass_t));
    draft.open = apr_array_make(p, 4, sizeof(r307_open_t));
    line->rule.place = place;
    line->rule.status = 307;
    bad = bad ? bad : read_words(p, &draft, words);
    bad = bad ? bad : check_sense(p, &draft);
    if (!bad) {
        set_root(p, &draft);
    }
    line->conds = draft.conds;
    line->passes = draft.passes;
    line->open = draft.open;
    *out = line;
    return bad;
}

static void print_word(apr_pool_t *p, r307_buf_t *buf, const char *word)
{
    if (buf->len) {
        r307_buf_putc(buf, ' ');
    }
    r307_buf_puts(buf, r307_token_quote(p, word));
}

const char *r307_maintenance_print(apr_pool_t *p, const r307_maintenance_t *line)
{
    r307_buf_t buf;
    size_t i;
    int n;

    r307_buf_make(&buf, p, 128);
    print_word(p, &buf, line->rule.target->text);
    for (i = 0; i < OPTION_COUNT; i++) {
        const char *value;

        for (n = 0; (value = options[i].print(p, line, n)); n++) {
            print_word(p, &buf, apr_pstrcat(p, options[i].name, "=", value, NULL));
        }
    }
    return buf.s;
}
