/* SPDX-License-Identifier: Apache-2.0
 *
 * The index against asking every rule, one by one: random rules of all kinds, random
 * requests, the same rules found in the same order with the same captures, whether they
 * stand in a list, behind an index, in a map, or some here and some there.
 */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "unit.h"

#define SETS_SMALL   400
#define SETS_FULL    34000      /* times REQUESTS: a million */
#define REQUESTS     30
#define RULES_MOST   40

/* --- chance, the same each time --- */

static apr_uint64_t state;

static int only_regexes;        /* of the set at hand */

static unsigned chance(unsigned below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 11) % below);
}

static const char *one_of(const char *const *words, unsigned count)
{
    return words[chance(count)];
}

#define ONE_OF(words) one_of(words, sizeof(words) / sizeof(words[0]))

/* --- lines --- */

static const char *const segments[] = {
    "a", "b", "ab", "A", "aB", "a.b", "x%20y", "x%2Fy", "x%2fy", "\xC3\xBC", "%C3%BC", "caf\xC3\xA9",
    "eightby8", "eightby8s", "sixteen-bytes-16", "sixteen-bytes-16s", "p.php", "a", "b"
};
static const char *const names[] = { ":n", ":m", "a", "b", "ab" };
static const char *const regexes[] = {
    "^/a/(.*)$", "^/a$", "b$", "(?i)AB", "[ab]/(a|b)", "^/(a|b)/", "a.b", "^/[^/]+/[ab]$",
    "eight(by8)?", "^/(?:a|b|ab)/x", "/x", "a{2}", "^/.", "\\.php$", "(a)(?=b)", "a|/b/",
    "^/(?!a)", "sixteen-bytes-1[67]", "\\Aa|^/b", "(?:x y|ab)/", "^/a(?:/b)*$", "[[:alpha:]]\\.",
    "\\x61b", "\\Qa.b\\E", "(?x)a b", "^(?i:/AB)/", "(a)/\\1", "^/a/?$", "b+$", "^(/a)?/b"
};
static const char *const sources_beside[] = {
    "", "", "", "", "", "", "?id=1", "?id=2", "?id=2&cat=1", "?cat=1&id=1", "?id", "?id=", "?q=a%20b"
};
static const char *const hosts[] = { "https://h1", "http://h1", "https://H2", "http://h3.example",
                                     "http://h1.", "http://[fe80::1]" };
static const char *const targets[] = {
    "/new", "/new/", "https://other.example/", "https://other.example", "http://o.example/x/y",
    "/a", "/a/b", "/", "new", "/new?x=1", "/n#f", "https:", "-", "/n%20n", "/:n", "/:splat", "/$1"
};
static const char *const options[] = {
    "", "", "", "", "", " match=exact", " match=prefix", " case=ignore", " slash=ignore",
    " case=ignore slash=ignore match=exact", " host=h1", " host=!h1", " host=h1,h2", " host=h*",
    " args=id=1", " args=!id=1", " args=cat=1&id=2", " method=GET", " status=302",
    " status=gone", " query=drop", " query=keep:id", " header=X:1", " name=n1", " note=x",
    " 'note=x y'", " expr=true", " expr=false", " /third", " nonsense=1", " owner=me status=301",
    " until=2025-06-30", " until=2025-06-30 then=308", " until=2025-12-31", " from=2026-02-01"
};

/* When the requests come; sets that are frozen with it leave some rules out. */
#define NEW_YEAR apr_time_from_sec(1767225600)

static const char *path_of(apr_pool_t *p, const char *const *words, unsigned count,
                           unsigned most)
{
    const char *path = "";
    unsigned n = chance(most + 1);

    while (n--) {
        path = apr_pstrcat(p, path, "/", one_of(words, count), NULL);
    }
    return path;
}

static const char *random_pieces(apr_pool_t *p, int depth);

static const char *random_piece(apr_pool_t *p, int depth)
{
    static const char *const atoms[] = {
        "a", "b", "ab", "/", "/a", "\\.", ".", "[a-c]", "[^a]", "[^/]+", "\\w", "\\d", "8", "[b8/]",
        "eightby", "p", "A", "\\/", "[[:lower:]]", "\\b", "x y", "[\\w.-]", "(?i)", "\xC3\xBC", ".*", "\\x61"
    };
    static const char *const times[] = {
        "", "", "", "", "?", "*", "+", "{2}", "{1,2}", "{0}", "+?", "*+", "{0,1}"
    };
    static const char *const groups[] = { "(", "(?:", "(?:", "(?i:", "(?=", "(?!", "(?>", "(?<n>", "(?|" };
    const char *piece = ONE_OF(atoms);

    if (depth && chance(4) == 0) {
        piece = apr_pstrcat(p, ONE_OF(groups), random_pieces(p, depth - 1),
                            chance(2) ? "|" : "", random_pieces(p, depth - 1), ")", NULL);
    }
    return apr_pstrcat(p, piece, ONE_OF(times), NULL);
}

static const char *random_pieces(apr_pool_t *p, int depth)
{
    const char *pieces = chance(12) ? "" : "^";
    unsigned n = chance(4);

    while (n--) {
        pieces = apr_pstrcat(p, pieces, random_piece(p, depth), NULL);
    }
    return chance(12) ? pieces : apr_pstrcat(p, pieces, "$", NULL);
}

static const char *random_regex(apr_pool_t *p)
{
    const char *pieces = apr_pstrcat(p, random_piece(p, 2), random_pieces(p, 2), NULL);

    return apr_pstrcat(p, chance(2) ? "" : chance(2) ? "^" : "^/", pieces,
                       chance(3) ? "" : "$", NULL);
}

static const char *random_source(apr_pool_t *p)
{
    const char *path;

    if (chance(only_regexes ? 1 : 4) == 0) {
        return apr_pstrcat(p, "match=regex ", r307_token_quote(p, chance(3)
                           ? random_regex(p) : ONE_OF(regexes)), NULL);
    }
    if (chance(4) == 0) {
        path = apr_pstrcat(p, path_of(p, segments, 4, 1), path_of(p, names, 5, 3), NULL);
        path = chance(2) ? apr_pstrcat(p, path, "/*", NULL) : path;
    }
    else if (chance(4) == 0) {
        path = apr_pstrcat(p, path_of(p, names, 5, 2), "/", chance(2) ? "" : ONE_OF(segments),
                           "*", chance(2) ? "" : ONE_OF(segments),
                           path_of(p, names, 5, 2), NULL);
    }
    else {
        path = path_of(p, segments, sizeof(segments) / sizeof(segments[0]), 3);
    }
    if (!*path || chance(4) == 0) {
        path = apr_pstrcat(p, path, "/", NULL);
    }
    if (chance(8) == 0) {
        path = path[1] ? path + 1 : "./";       /* relative */
    }
    else if (chance(8) == 0) {
        path = apr_pstrcat(p, ONE_OF(hosts), path, NULL);
    }
    return apr_pstrcat(p, path, ONE_OF(sources_beside), NULL);
}

static const char *random_line(apr_pool_t *p)
{
    const char *source = random_source(p), *target = ONE_OF(targets);
    const char *option = ONE_OF(options);

    if (chance(60) == 0) {
        return chance(2) ? "# a comment" : "  ";
    }
    if (!strcmp(option, " status=gone")) {
        target = "";
    }
    return apr_pstrcat(p, chance(20) ? "" : "\t ", source, chance(20) ? " " : "\t  ", target, option,
                       chance(4) ? "" : ONE_OF(options), chance(20) ? "" : " ", NULL);
}

/* --- requests --- */

static const char *random_target(apr_pool_t *p)
{
    static const char *const params[] = {
        "id=1", "id=2", "id", "id=", "cat=1", "q=a%20b", "q=a+b", "id=1&id=2", "%69d=1", "x=y&&z"
    };
    const char *path = path_of(p, segments, sizeof(segments) / sizeof(segments[0]), 4);

    path = !*path || chance(4) == 0 ? apr_pstrcat(p, path, "/", NULL) : path;
    path = chance(6) ? path : apr_pstrcat(p, "/dir", path, NULL);
    path = chance(20) ? path : "/dir";
    path = chance(12) ? path : apr_pstrcat(p, "/./a/..", path, NULL);
    if (chance(2)) {
        path = apr_pstrcat(p, path, "?", ONE_OF(params), NULL);
        path = chance(2) ? path : apr_pstrcat(p, path, "&", ONE_OF(params), NULL);
    }
    return path;
}

static const char *target_at_hand;

static unit_fake_t *random_request(apr_pool_t *p)
{
    static const char *const headers[] = { "-", "Host: h1", "Host: h2", "Host: H1.",
                                           "Host: h1 && X: 1", "Host: h3.example:8080",
                                           "Host: [FE80::1]" };

    target_at_hand = random_target(p);
    return unit_fake_make(p, chance(4) ? "GET" : "POST", target_at_hand, ONE_OF(headers));
}

/* --- what is compared --- */

/* An index leaves out what needs a parameter or a host that is not asked for: a source
 * has those too. */
static int lacks(apr_pool_t *p, const r307_rule_t *rule, const r307_view_t *view)
{
    r307_vary_t vary = { p, NULL, 0, NULL };
    int i;

    for (i = 0; i < rule->cond_count; i++) {
        const r307_cond_t *cond = &rule->conds[i];

        if ((!strcmp(cond->kind->name, "args") || !strcmp(cond->kind->name, "host"))
            && !r307_cond_test(cond, view, r307_query_make(p, view->query), &vary)) {
            return 1;
        }
    }
    return 0;
}

/* Every rule that is found for the request, one line each. */
static const char *walk(apr_pool_t *p, const r307_ruleset_t *rules, int in_directory,
                        const r307_view_t *view)
{
    r307_scope_t scope;
    r307_cursor_t cursor;
    r307_captures_t captures;
    r307_asked_t asked = { view, NULL, 0, NULL, R307_TIMES_NOW, 0, NULL };
    r307_found_t found;
    const r307_rule_t *rule;
    r307_buf_t buf;
    int i;

    memset(&scope, 0, sizeof(scope));
    scope.rules = rules;
    if (in_directory) {
        scope.directory = 1;
        scope.base = r307_slice("/dir/", 5);
    }
    captures.scratch = NULL;
    r307_buf_make(&buf, p, 256);
    r307_cursor_make(p, &scope, &asked, R307_STEPS_DEFAULT, &cursor);
    while ((rule = r307_cursor_next(p, &cursor, &captures, &found))) {
        if (lacks(p, rule, view)) {
            continue;
        }
        r307_buf_puts(&buf, apr_psprintf(p, "%u %s [%d] head '%s' base '%s' carry %d, %d target %d %d '%s'",
                      rule->place.line, r307_line_print(p, rule), found,
                      r307_slice_text(p, rule->head),
                      rule->base.s ? r307_slice_text(p, rule->base) : "-", rule->carry,
                      rule->cond_count, rule->target->kind, rule->target->final_slash,
                      rule->target->head.s ? r307_slice_text(p, rule->target->head) : "-"));
        /* $0 is a regex's alone */
        for (i = !rule->pattern->regex; found == R307_FOUND_YES && i < captures.count; i++) {
            r307_buf_puts(&buf, apr_psprintf(p, " $%d=%d-%d", i, (int)captures.at[i].from,
                                             (int)captures.at[i].to));
        }
        r307_buf_puts(&buf, apr_psprintf(p, " rest=%d-%d\n", (int)captures.rest.from,
                                         (int)captures.rest.to));
    }
    return buf.s;
}

static const char *decided(apr_pool_t *p, const r307_ruleset_t *rules, int in_directory,
                           const r307_view_t *view, const char **vary)
{
    r307_decision_t decision;

    unit_decide(p, rules, in_directory ? "htaccess" : "server", "-", view, &decision);
    *vary = decision.vary ? decision.vary : "";
    return apr_psprintf(p, "%d by %u: %d %s", decision.outcome,
                        decision.rule ? decision.rule->place.line : 0, decision.status,
                        decision.location ? decision.location : "-");
}

/* The same rules in four shapes. */
typedef struct shapes_t {
    int in_directory;
    r307_ruleset_t *plain, *frozen, *mapped, *mixed;
    const char *lines[RULES_MOST];
    int count;
} shapes_t;

static const r307_image_t *attach(apr_pool_t *p, r307_image_builder_t *builder,
                                  const r307_context_t *context)
{
    const r307_image_t *image = NULL;
    size_t size = r307_image_size(builder);
    char *bytes = malloc(size);         /* from here ASan sees what reads behind it */
    const char *bad;

    apr_pool_cleanup_register(p, bytes, (apr_status_t (*)(void *))(void (*)(void))free, apr_pool_cleanup_null);
    r307_image_write(builder, bytes);
    bad = r307_image_check(p, bytes, size);
    ck_assert_msg(!bad, "the image %s", bad);
    bad = r307_image_attach(p, bytes, context, "unit", &image);
    ck_assert_msg(!bad, "attaching: %s", bad);
    return image;
}

static r307_image_builder_t *builder_of(apr_pool_t *p, const r307_context_t *context)
{
    r307_image_reading_t reading;

    memset(&reading, 0, sizeof(reading));
    reading.context = *context;
    reading.file = "unit";
    reading.seed = state;
    return r307_image_builder_make(p, &reading);
}

static void add_line(apr_pool_t *p, const r307_context_t *context, shapes_t *shapes,
                     r307_image_builder_t *map, const char *line)
{
    r307_place_t place = { "unit", (unsigned)shapes->count + 1 };
    const r307_rule_t *rule = NULL;
    const char *bad = r307_line_parse(p, line, place, context, &rule), *map_bad;
    int had = (int)r307_image_added(map);

    shapes->lines[shapes->count++] = line;
    if (!bad && rule) {
        bad = r307_ruleset_add(p, shapes->plain, rule);
    }
    map_bad = unit_image_add(p, map, line, place.line);
    ck_assert_msg(!bad == !map_bad, "'%s': a directive says '%s', a map says '%s'", line,
                  bad ? bad : "fine", map_bad ? map_bad : "fine");
    ck_assert_msg(((int)r307_image_added(map) > had) == (!bad && rule), "'%s'", line);
    if (!bad && rule && !(chance(2) && unit_keep(p, shapes->frozen, line, place, context))) {
        r307_ruleset_add(p, shapes->frozen, rule);
    }
}

/* Runs of rules and runs of map lines by turns. */
static void mix(apr_pool_t *p, const r307_context_t *context, shapes_t *shapes)
{
    r307_image_builder_t *map = NULL;
    int i;

    shapes->mixed = r307_ruleset_make(p);
    for (i = 0; i < shapes->count; i++) {
        const char *line = shapes->lines[i];
        r307_place_t place = { "unit", (unsigned)i + 1 };
        const r307_rule_t *rule = NULL;

        if (chance(4) == 0 && map) {
            r307_ruleset_add_map(p, shapes->mixed, attach(p, map, context));
            map = NULL;
        }
        else if (chance(4) == 0 && !map) {
            map = builder_of(p, context);
        }
        if (map && !strstr(line, "name=")) {    /* a name is unique in each by itself */
            unit_image_add(p, map, line, place.line);
        }
        else if (!map && !r307_line_parse(p, line, place, context, &rule) && rule
                 && !strstr(line, "name=")) {
            r307_ruleset_add(p, shapes->mixed, rule);
        }
    }
    if (map) {
        r307_ruleset_add_map(p, shapes->mixed, attach(p, map, context));
    }
    r307_ruleset_freeze(p, shapes->mixed, state, chance(2) ? NEW_YEAR : 0);
}

static void make_shapes(apr_pool_t *p, shapes_t *shapes)
{
    r307_image_builder_t *map;
    r307_context_t *context = apr_palloc(p, sizeof(*context));
    int n = 1 + (int)chance(RULES_MOST), i;

    only_regexes = chance(4) == 0;
    memset(shapes, 0, sizeof(*shapes));
    shapes->in_directory = chance(3) == 0;
    unit_context_make(p, shapes->in_directory ? "htaccess" : "server", "Redirect307", context);
    context->match = chance(2) ? R307_MATCH_EXACT : R307_MATCH_PREFIX;
    context->jit = chance(8) == 0;
    shapes->plain = r307_ruleset_make(p);
    shapes->frozen = r307_ruleset_make(p);
    shapes->mapped = r307_ruleset_make(p);
    map = builder_of(p, context);
    for (i = 0; i < n; i++) {
        add_line(p, context, shapes, map, random_line(p));
    }
    r307_ruleset_freeze(p, shapes->frozen, state, chance(2) ? NEW_YEAR : 0);
    r307_ruleset_add_map(p, shapes->mapped, attach(p, map, context));
    mix(p, context, shapes);
}

static const char *without_names(apr_pool_t *p, const char *text)
{
    r307_buf_t buf;

    r307_buf_make(&buf, p, strlen(text) + 1);
    while (*text) {
        size_t n = strcspn(text, "\n") + 1;
        const char *name = strstr(text, "name=");

        if (!name || name > text + n) {
            r307_buf_add(&buf, text, n);
        }
        text += n;
    }
    return buf.s;
}

static int said_no;     /* by the hosts of rules alone */
/* What says no by a first look must be right; and what it hashed is as good as hashed anew. */
static void check_may(apr_pool_t *p, const r307_ruleset_t *rules, int in_directory,
                      const r307_view_t *view, const char *found)
{
    const char *path = apr_pstrmemdup(p, target_at_hand, strcspn(target_at_hand, "?"));
    r307_first_look_t first = { { path, strlen(path) }, R307_INDEX_NO_BASE, view->asked.host,
                                0, NULL, 1 };
    int is_normal = r307_path_is_normal(first.path), may;
    r307_view_t walked = *view;
    r307_trail_t trail;
    const char *again;

    r307_trail_begin(&trail);
    first.has_query = target_at_hand[first.path.len] == '?';
    if (in_directory && is_normal && strncmp(path, "/dir/", 5) == 0) {
        first.base_from = 4;
    }
    may = !rules->index || r307_index_may_walk(rules->index, &first, &trail);
    ck_assert_msg(may || !*found, "%s: nothing can match, and yet:\n%s", target_at_hand, found);
    ck_assert_msg(!may || !unit_elsewhere(rules->index, first.path), "%s begins elsewhere", path);
    ck_assert_msg(!trail.seed || trail.s != path || !trail.is_normal || is_normal,
                  "%s is not normal", path);
    first.rules = r307_ruleset_hosted(rules);
    trail.seed = 0;
    if (rules->index && !r307_index_may_walk(rules->index, &first, &trail)) {
        said_no += may;
        ck_assert_msg(decided(p, rules, in_directory, view, &again)[0] == '0' + R307_OUTCOME_PASS,
                      "%s: no rule is for %s, and yet one answers", target_at_hand, view->asked.host);
    }
    if (is_normal) {
        walked.path = r307_path_normal(p, first.path);
        walked.walk = &trail;
        again = walk(p, rules, in_directory, &walked);
        ck_assert_msg(!strcmp(found, again), "%s:\n%swith what was hashed:\n%s", path, found,
                      again);
    }
}

static void compare(apr_pool_t *p, const shapes_t *shapes, const r307_view_t *view)
{
    int in_directory = shapes->in_directory;
    const char *wanted = walk(p, shapes->plain, in_directory, view);
    const char *frozen = walk(p, shapes->frozen, in_directory, view);
    const char *mapped = walk(p, shapes->mapped, in_directory, view);
    const char *mixed = walk(p, shapes->mixed, in_directory, view);
    const char *wanted_vary, *frozen_vary, *mapped_vary;
    const char *asked = apr_psprintf(p, "%s %s?%s", view->method, view->path->enc,
                                     r307_slice_text(p, view->query));

    if (strstr(wanted, "[2]")) {
        return;         /* a step limit was reached where a look at the words says no */
    }
    check_may(p, shapes->frozen, in_directory, view, wanted);
    ck_assert_msg(!strcmp(wanted, frozen), "%s\none by one:\n%sby index:\n%s", asked, wanted, frozen);
    ck_assert_msg(!strcmp(wanted, mapped), "%s\none by one:\n%sin a map:\n%s", asked, wanted, mapped);
    wanted = without_names(p, wanted);
    ck_assert_msg(!strcmp(wanted, mixed), "%s\none by one:\n%shere and there:\n%s", asked, wanted, mixed);
    wanted = decided(p, shapes->plain, in_directory, view, &wanted_vary);
    frozen = decided(p, shapes->frozen, in_directory, view, &frozen_vary);
    mapped = decided(p, shapes->mapped, in_directory, view, &mapped_vary);
    ck_assert_msg(!strcmp(wanted, frozen) && !strcmp(wanted, mapped),
                  "%s\none by one: %s\nby index: %s\nin a map: %s", asked, wanted, frozen, mapped);
    /* a rule that is left out looks at no header, and need not */
    ck_assert_msg(strstr(wanted_vary, frozen_vary) && strstr(wanted_vary, mapped_vary),
                  "%s\nVary one by one: %s\nby index: %s\nin a map: %s", asked, wanted_vary,
                  frozen_vary, mapped_vary);
}

START_TEST(same_as_one_by_one)
{
    const char *full = getenv("R307_FULL"), *seed = getenv("R307_SEED");
    int sets = full && *full ? SETS_FULL : SETS_SMALL, i, k;

    state = 0x9E3779B97F4A7C15ull ^ (seed ? (apr_uint64_t)strtoull(seed, NULL, 10) : 0);
    for (i = 0; i < sets; i++) {
        apr_pool_t *p = unit_pool();
        shapes_t shapes;

        make_shapes(p, &shapes);
        for (k = 0; k < REQUESTS; k++) {
            unit_fake_t *fake = random_request(p);

            if (fake) {
                compare(p, &shapes, &fake->view);
            }
        }
        apr_pool_destroy(p);
        unit_rows_add(REQUESTS);
    }
    ck_assert_int_gt(said_no, 0);
}
END_TEST

/* --- how many rules are looked at --- */

/* The line with a number for every "%d". */
static const char *numbered(apr_pool_t *p, const char *line, int i)
{
    r307_buf_t buf;

    r307_buf_make(&buf, p, strlen(line) + 32);
    for (; *line; line++) {
        if (line[0] == '%' && line[1] == 'd') {
            r307_buf_puts(&buf, apr_itoa(p, i));
            line++;
        }
        else {
            r307_buf_putc(&buf, *line);
        }
    }
    return buf.s;
}

static r307_ruleset_t *many(apr_pool_t *p, const char *line, int count, const char *where)
{
    r307_ruleset_t *set = r307_ruleset_make(p);
    r307_context_t *context = apr_palloc(p, sizeof(*context));
    r307_place_t place = { "unit", 1 };
    int i;

    unit_context_make(p, where, "Redirect307", context);
    for (i = 0; i < count; i++) {
        const r307_rule_t *rule = NULL;
        const char *bad = r307_line_parse(p, numbered(p, line, i), place, context, &rule);

        ck_assert_msg(!bad && rule, "%s", bad);
        r307_ruleset_add(p, set, rule);
    }
    r307_ruleset_freeze(p, set, 42, 0);
    return set;
}

static int looked_at(apr_pool_t *p, const r307_ruleset_t *set, const char *target)
{
    unit_fake_t *fake = unit_fake_make(p, "GET", target, "Host: h77.example");
    r307_asked_t asked = { &fake->view, NULL, 0, NULL, R307_TIMES_NOW, 0, NULL };
    r307_candidates_t candidates;
    apr_uint32_t rule;
    int n = 0;

    ck_assert(set->index);
    r307_index_find(p, set->index, &asked, &candidates);
    while (r307_candidates_next(&candidates, &rule)) {
        n++;
    }
    return n;
}

static const struct {
    const char *line, *target;
    int most, rules;
} grows[] = {
    { "/old/page-%d /new", "/old/page-77/more", 1, 5000 },
    { "/old/page-%d /new", "/old/page-none", 0, 5000 },
    { "/old/page-%d/ /new", "/old/page-77/x/y/z", 1, 5000 },
    { "/produkt.php?id=%d /new", "/produkt.php?id=77", 1, 5000 },
    { "/produkt.php?id=%d /new", "/produkt.php?id=none&x=y", 0, 5000 },
    { "/produkt.php?cat=1&id=%d /new", "/produkt.php?id=77&cat=1", 1, 5000 },
    { "/produkt.php?cat=1&id=%d /new", "/produkt.php?cat=1", 0, 5000 },
    { "/p.php /new args=id=%d", "/p.php?id=77", 1, 5000 },
    { "https://h%d.example/ https://new.example/", "/any", 1, 5000 },
    { "/blog/%d/* /news/:splat", "/blog/77/a/b", 1, 5000 },
    { "/:lang/product-%d /:lang/p", "/de/product-77", 1, 5000 },
    { "/:lang/:x/product-%d/* /:lang/p", "/de/y/product-77", 1, 5000 },
    { "/a%d/:n /p", "/a77/b", 1, 5000 }, { "match=regex ^/n-%d/([0-9]+)$ /p", "/n-7/1", 1, 10 },
    { "match=regex ^/blog/.*-x%d.html$ /p", "/blog/a-long-way-to-go", 0, 10 },
};

START_TEST(candidates_do_not_grow)
{
    apr_pool_t *p = unit_pool();
    int n = looked_at(p, many(p, grows[_i].line, grows[_i].rules, "server"), grows[_i].target);

    ck_assert_msg(n <= grows[_i].most, "%s: %d rules are looked at for %s", grows[_i].line, n,
                  grows[_i].target);
    unit_rows_add(1);
    apr_pool_destroy(p);
}
END_TEST

/* The first look alone: 1, a rule may answer. */
static const struct { const char *line, *path; int may; } looks[] = {
    { "/old /new", "/page.html", 0 }, { "/old /new", "/x/old", 0 }, { "/old /new", "/olm", 0 },
    { "/old /new", "/old/x", 1 }, { "/old /new", "/%6Fld", 1 }, { "/old /new", "//old", 1 },
    { "/old /new", "/a/../old", 1 }, { "/old /new", "/a/b/c/d/./old", 1 }, { "/o /new", "/o", 1 },
    { "/old /new", "/long-page/.old", 1 }, { "/ /new host=h1.example", "/page.html", 0 },
    { "/ /new host=h77.example", "/page.html", 1 }, { "/ /new host=h1.example", "/%70age", 1 },
    { "match=regex ^/news/([0-9]+)$ /new", "/page.html", 0 }, { "match=regex ^/n$ /new", "/n", 1 },
    { "match=regex ^/news/([0-9]+)$ /new", "/news/77", 1 }, { "match=regex ews /new", "/news", 1 },
    { "match=regex ^/news/([0-9]+)$ /new", "/%6Eews/77", 1 },
    { "match=regex (?i)^/news/ /new", "/NEWS/77", 1 }, { "match=regex ^/(a|be)/ /new", "/be/x", 1 },
    { "match=regex ^/.*-of-nobody /new", "/page-of-nobody", 1 }, { "match=regex ^/ab?$ /new", "/a", 1 },
};

START_TEST(looks_first)
{
    apr_pool_t *p = unit_pool();
    r307_ruleset_t *set = many(p, looks[_i].line, 1, "server");
    r307_first_look_t first = { r307_slice(looks[_i].path, strlen(looks[_i].path)),
                                R307_INDEX_NO_BASE, "h77.example", 0, r307_ruleset_hosted(set), 1 };

    ck_assert_msg(r307_index_may(set->index, &first) == looks[_i].may, "%s for %s", looks[_i].line,
                  looks[_i].path);
    unit_rows_add(1);
    apr_pool_destroy(p);
}
END_TEST

/* Bounded work on what a client may send: deep paths, many parameters. */
START_TEST(hostile_requests)
{
    apr_pool_t *p = unit_pool();
    r307_ruleset_t *set = many(p, "/a/a/p.php?id=%d /new", 1000, "server");
    r307_buf_t deep, wide;
    int i;

    r307_buf_make(&deep, p, 16384);
    r307_buf_make(&wide, p, 65536);
    r307_buf_puts(&wide, "/a/a/p.php?");
    for (i = 0; i < 4000; i++) {
        r307_buf_puts(&deep, "/a");
        r307_buf_puts(&wide, "id=1&id=77&");
    }
    ck_assert_int_eq(looked_at(p, set, deep.s), 0);
    ck_assert_int_eq(looked_at(p, set, wide.s), 2);
    unit_rows_add(2);
    apr_pool_destroy(p);
}
END_TEST

TCase *index_cases(void)
{
    TCase *tcase = tcase_create("index");

    tcase_set_timeout(tcase, 1200);
    tcase_add_test(tcase, same_as_one_by_one);
    tcase_add_loop_test(tcase, candidates_do_not_grow, 0, sizeof(grows) / sizeof(grows[0]));
    tcase_add_loop_test(tcase, looks_first, 0, sizeof(looks) / sizeof(looks[0]));
    tcase_add_test(tcase, hostile_requests);
    return tcase;
}
