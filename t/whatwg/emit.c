/* SPDX-License-Identifier: Apache-2.0
 *
 * Prints what the engine lets out, for a browser's URL parser to judge (judge.js): one JSON
 * object a line, with the URL that was asked (b), the origins that may be led to (o) and the
 * Location (l).
 *
 *   emit N SEED     N Locations out of generated rules and requests
 *   emit            rows from standard input: directive, rule, target, headers, allow, server,
 *                   separated by tabs, odd bytes as \xNN (t/security/browser-urls.t)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>
#include "decide/decide.h"

#define HOST "www.example.test"
#define PIECES_MOST 7

/* One request, and what the server is. */
typedef struct asked_t {
    apr_pool_t *p;
    const char *directive, *rule, *target, *headers, *allow;
    int https, relative;
    r307_view_t view;
} asked_t;

/* --- the request as the engine sees it --- */

/* Of headers joined by " && ". */
static const char *get_header(void *baton, const char *name)
{
    const asked_t *asked = baton;
    const char *line = asked->headers;
    size_t len = strlen(name);

    while (line) {
        const char *end = strstr(line, " && ");

        if (!strncasecmp(line, name, len) && line[len] == ':') {
            char *value = end ? apr_pstrmemdup(asked->p, line, (size_t)(end - line))
                              : apr_pstrdup(asked->p, line);

            return value + len + 1 + strspn(value + len + 1, " ");
        }
        line = end ? end + 4 : NULL;
    }
    return NULL;
}

/* What is not known here: nobody logged in, no file is looked at, every roll is the same. */
static const char *get_user(void *baton)
{
    return NULL;
}

static int find_file(void *baton)
{
    return -1;
}

static int find_flag(void *baton, const void *flag)
{
    return -1;
}

static apr_uint64_t roll(void *baton)
{
    return 0;
}

static const char *get_env(void *baton, const char *name)
{
    return NULL;
}

static int test_expr(void *baton, const r307_expr_t *expr, r307_vary_t *vary)
{
    return 1;
}

/* %{HTTP:Name}, and the path as httpd has it, also in small letters; no other. */
static const char *string_expr(void *baton, const r307_expr_t *expr, r307_vary_t *vary)
{
    const asked_t *asked = baton;
    const r307_path_t *path = asked->view.path;
    const char *value;
    char *c;

    if (strstr(expr->text, "REQUEST_URI")) {
        char *uri = r307_slice_text(asked->p, r307_text_decode(asked->p, r307_slice(path->enc,
                                                                     path->enc_len), 0));

        for (c = uri; *c && strstr(expr->text, "tolower"); c++) {
            *c = r307_text_lower(*c);
        }
        return uri;
    }
    if (strncmp(expr->text, "%{HTTP:", 7) != 0) {
        return NULL;
    }
    value = get_header(baton, apr_pstrmemdup(asked->p, expr->text + 7,
                                             strcspn(expr->text + 7, "}")));
    return value ? value : "";
}

static void get_self(void *baton, r307_self_t *self)
{
    *self = ((asked_t *)baton)->view.asked;
}

static const char *compile(void *baton, apr_pool_t *p, const char *text, int is_string,
                           const void **compiled)
{
    *compiled = apr_pstrdup(p, text);
    return NULL;
}

static void set_asked(asked_t *asked)
{
    static const r307_view_ops_t ops = {
        .header = get_header, .env = get_env, .test = test_expr, .string = string_expr,
        .self = get_self, .user = get_user, .file = find_file, .flag = find_flag, .roll = roll
    };
    const char *host = get_header(asked, "Host"), *colon = host ? strrchr(host, ':') : NULL;
    r307_self_t *self = &asked->view.asked;

    asked->view.method = "GET";
    asked->view.ops = &ops;
    asked->view.baton = asked;
    self->scheme = asked->https ? "https" : "http";
    self->host = host ? host : HOST;
    self->port = asked->https ? 443 : 80;
    if (colon && r307_url_port(r307_slice(colon + 1, strlen(colon + 1))) > 0) {
        self->port = atoi(colon + 1);
        self->host = apr_pstrmemdup(asked->p, host, (size_t)(colon - host));
    }
}

/* What the address bar shows. A client that sends a Host which is none is not at a URL of
 * that name: something has forged it on the way. */
static const char *shown_url(const asked_t *asked)
{
    const r307_self_t *self = &asked->view.asked;
    int is_host = r307_url_check_host(r307_slice(self->host, strlen(self->host))) == NULL;

    return apr_psprintf(asked->p, "%s://%s:%d%s", self->scheme, is_host ? self->host : HOST,
                        self->port, asked->view.path->enc);
}

static r307_ruleset_t *parse_rules(apr_pool_t *p, const asked_t *asked)
{
    r307_ruleset_t *rules = r307_ruleset_make(p);
    char *text = apr_pstrdup(p, asked->rule), *next;
    r307_place_t place = { "emit", 1 };
    r307_context_t context;

    memset(&context, 0, sizeof(context));
    context.directive = asked->directive;
    context.match = strcmp(asked->directive, "Redirect307Match") ? R307_MATCH_PREFIX
                                                                  : R307_MATCH_REGEX;
    context.maker.compile = compile;
    for (; text; text = next) {
        const r307_rule_t *rule = NULL;
        const char *bad;

        next = strstr(text, " ;; ");
        if (next) {
            *next = '\0';
            next += 4;
        }
        bad = r307_line_parse(p, text, place, &context, &rule);
        if (bad || !rule || r307_ruleset_add(p, rules, rule)) {
            return NULL;
        }
    }
    return rules;
}

static apr_array_header_t *parse_allow(apr_pool_t *p, const char *allow)
{
    apr_array_header_t *list = apr_array_make(p, 4, sizeof(r307_origin_t));
    char *text = apr_pstrdup(p, allow), *last, *word;

    for (word = apr_strtok(text, " ", &last); word; word = apr_strtok(NULL, " ", &last)) {
        r307_origin_t origin;

        if (strcmp(word, "-") && !r307_origin_parse(p, word, &origin)) {
            APR_ARRAY_PUSH(list, r307_origin_t) = origin;
        }
    }
    return list->nelts ? list : NULL;
}

/* --- what is printed --- */

static void print_json(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\') {
            printf("\\u%04x", c);
        }
        else {
            putchar(c);
        }
    }
    putchar('"');
}

static int printed;

static void print_origin(const char *scheme, const char *host, int port)
{
    if (printed++) {
        putchar(',');
    }
    print_json(scheme);
    putchar(',');
    print_json(host);
    printf(",%d", port);
}

static const char *const schemes[] = { "http", "https" };

/* Every origin somebody wrote down: this server's, as asked and by https: if a rule says
 * so; the rule's; and the list's where the request may choose. */
static void print_origins(const asked_t *asked, const r307_rule_t *rule,
                          const apr_array_header_t *allow)
{
    const r307_target_t *target = rule->target;
    const r307_self_t *self = &asked->view.asked;
    int i, k;

    printed = 0;
    print_origin(self->scheme, HOST, self->port);
    print_origin(self->scheme, self->host, self->port);
    if (target->kind == R307_TARGET_HTTPS) {
        print_origin("https", self->host, 443);
    }
    if (target->kind == R307_TARGET_URL && target->host.s) {
        const char *scheme = r307_slice_text(asked->p, target->scheme);

        print_origin(scheme, r307_slice_text(asked->p, target->host),
                     target->port ? target->port : r307_url_default_port(target->scheme));
    }
    for (i = 0; allow && i < allow->nelts; i++) {
        const r307_origin_t *origin = &APR_ARRAY_IDX(allow, i, r307_origin_t);

        for (k = 0; k < 2; k++) {
            r307_slice_t scheme = r307_slice(schemes[k], strlen(schemes[k]));

            if (!origin->scheme.s || r307_slice_same(origin->scheme, scheme)) {
                print_origin(schemes[k], apr_pstrcat(asked->p, origin->below ? "*." : "",
                                         r307_slice_text(asked->p, origin->host), NULL),
                             origin->port ? origin->port : r307_url_default_port(scheme));
            }
        }
    }
}

/* Whether something leaves; then it is printed. */
static int decide(asked_t *asked, const r307_ruleset_t *rules,
                  const apr_array_header_t *allow)
{
    r307_scope_t scope;
    r307_policy_t policy;
    r307_decision_t decision;
    r307_slice_t raw;

    memset(&scope, 0, sizeof(scope));
    memset(&policy, 0, sizeof(policy));
    if (!r307_path_split(asked->target, &raw, &asked->view.query)) {
        return 0;
    }
    set_asked(asked);
    asked->view.path = r307_path_make(asked->p, raw);
    scope.rules = rules;
    policy.relative = asked->relative;
    policy.allow = allow;
    policy.steps = R307_STEPS_DEFAULT;
    r307_decide(asked->p, &scope, 1, &policy, &asked->view, &decision);
    if (decision.outcome != R307_OUTCOME_ANSWER || !decision.location) {
        return 0;
    }
    printf("{\"b\":");
    print_json(shown_url(asked));
    printf(",\"o\":[");
    print_origins(asked, decision.rule, allow);
    printf("],\"l\":");
    print_json(decision.location);
    printf("}\n");
    return 1;
}

/* --- generated cases --- */

/* %s: hostile bytes; in `header` they are the value. */
typedef struct template_t {
    const char *directive, *rule, *target, *header, *allow;
} template_t;

#define LIST "h.example *.n.example http://p.example:81 https://s.example:8443 [2001:db8::1]"

static const template_t templates[] = {
    { "Redirect307", "/ https://h.example", "/%s", NULL, "-" },
    { "Redirect307", "/o /n", "/o/%s", NULL, "-" },
    { "Redirect307", "/o /", "/o/%s", NULL, "-" },
    { "Redirect307", "/ https:", "/%s", NULL, "-" },
    { "Redirect307", "/ https:", "/a?%s", "Host", "-" },
    { "Redirect307", "/o/ /n/", "/o/%s", "Host", "-" },
    { "Redirect307", "/s/* /:splat", "/s/%s", NULL, "-" },
    { "Redirect307", "/s/* https://h.example:splat", "/s/%s", NULL, "-" },
    { "Redirect307", "/s/* /a/:splat/b", "/s/%s", NULL, "-" },
    { "Redirect307", "/p/:x/:y /:y/:x", "/p/%s/%s", NULL, "-" },
    { "Redirect307", "/p/:x https://:x.n.example/", "/p/%s", NULL, LIST },
    { "Redirect307Match", "^/(.*)$ https://h.example$1", "/%s", NULL, "-" },
    { "Redirect307Match", "^(.*)$ https://h.example$1", "/%s", NULL, LIST },
    { "Redirect307Match", "^/(.*)$ http://h.example:81$1?a=b", "/%s", NULL, LIST },
    { "Redirect307Match", "^/c(.*)$ /$1", "/c%s", NULL, "-" },
    { "Redirect307Match", "^/c(.*)$ $1", "/c%s", NULL, "-" },
    { "Redirect307Match", "^/c/(.*)$ $1", "/c/%s", NULL, LIST },
    { "Redirect307Match", "^/c/(.*)$ $1/x", "/c/%s", NULL, "-" },
    { "Redirect307Match", "^/c(.*)/(.*)$ /$1/$2", "/c%s/%s", NULL, "-" },
    { "Redirect307Match", "^/c/(.*)$ /x?r=$1#$1", "/c/%s", NULL, "-" },
    { "Redirect307Match", "^/h/([^/]*)/(.*)$ https://$1.n.example/$2", "/h/%s/%s", NULL, LIST },
    { "Redirect307Match", "^/h/([^/]*)/(.*)$ https://$1/$2", "/h/%s/%s", NULL, LIST },
    { "Redirect307", "/go \"%{arg:p}\"", "/go?p=%s", NULL, "-" },
    { "Redirect307", "/go \"%{arg:p}\"", "/go?p=/%s", NULL, LIST },
    { "Redirect307", "/go \"%{arg:p}\"", "/go?p=https://%s", NULL, LIST },
    { "Redirect307", "/go \"%{arg:p}\"", "/go?p=https://h.example%s", NULL, LIST },
    { "Redirect307", "/go \"%{arg:p}\" query=merge", "/go?p=/x%s&%s", NULL, "-" },
    { "Redirect307", "/go /%{arg:p}", "/go?p=%s", NULL, "-" },
    { "Redirect307", "/go /x/%{arg:p}", "/go?p=%s", NULL, "-" },
    { "Redirect307", "/go /%{arg:p}/%{arg:q}", "/go?p=%s&q=%s", NULL, "-" },
    { "Redirect307", "/go %{arg:p}/x", "/go?p=%s", NULL, "-" },
    { "Redirect307", "/go /x?r=%{arg:p}#%{arg:p}", "/go?p=%s", NULL, "-" },
    { "Redirect307", "/go https://h.example%{arg:p}", "/go?p=%s", NULL, LIST },
    { "Redirect307", "/go https://h.example/%{arg:p}", "/go?p=%s", NULL, "-" },
    { "Redirect307", "/go https://%{arg:p}/x", "/go?p=%s", NULL, LIST },
    { "Redirect307", "/go https://h.example:%{arg:p}/", "/go?p=%s", NULL, LIST },
    { "Redirect307", "/go https://x-%{arg:p}.n.example/", "/go?p=%s", NULL, LIST },
    { "Redirect307", "/l /%{HTTP:X}", "/l", "X", "-" },
    { "Redirect307", "/l \"%{HTTP:X}\"", "/l", "X", LIST },
    { "Redirect307", "/l https://%{HTTP:X}/", "/l", "X", LIST },
    { "Redirect307", "/l https://h.example%{HTTP:X}", "/l", "X", "-" },
    { "Redirect307", "/l /x?%{HTTP:X}", "/l", "X", "-" },
    { "Redirect307", "/s/* /:splat|lower", "/s/%s", NULL, "-" },
    { "Redirect307", "/s/* https://h.example:splat|upper", "/s/%s", NULL, LIST },
    { "Redirect307", "/p/:x https://:x|lower.n.example/:x|upper", "/p/%s", NULL, LIST },
    { "Redirect307", "/go \"%{arg:p}|lower\"", "/go?p=https://%s", NULL, LIST },
    { "Redirect307", "/go \"%{arg:p}|upper\"", "/go?p=/%s", NULL, LIST },
    { "Redirect307", "/go https://%{arg:p}|upper/x", "/go?p=h.example%s", NULL, LIST },
    { "Redirect307", "/go https://%{arg:p}/x", "/go?p=h.example%s", NULL, LIST },
    { "Redirect307Match", "^/c(.*)$ $1|lower", "/c%s", NULL, LIST },
    { "Redirect307Match", "^/(.*)$ https://h.example$1|lower", "/%s", NULL, "-" },
    { "Redirect307Match", "^/c \"%{tolower:%{REQUEST_URI}}\"", "/c%s", NULL, "-" },
    { "Redirect307Match", "^/c %{REQUEST_URI}x", "/c%s", NULL, "-" },
    { "Redirect307Match", "^/c https://h.example%{REQUEST_URI}", "/c%s", NULL, LIST },
    { "Redirect307Match", "^/c /x?r=%{REQUEST_URI}#%{REQUEST_URI}", "/c%s", NULL, "-" }
};
#define TEMPLATE_COUNT (sizeof(templates) / sizeof(templates[0]))

static const char *const pieces[] = {
    "/", "//", "/", "\\", "\\\\", "/\\", "%2f", "%2F", "%5c", "%252f", "@", "%40", ":", "%3a",
    "?", "%3f", "#", "%23", "&", "=", ";", ",", ".", "..", "/../", "%2e", "%2e%2e", "...",
    "\t", "\n", "\r", "\r\n", " ", "+", "%09", "%0a", "%0d", "%0d%0a", "%00", "%20", "%7f", "\x01",
    "\x7f", "evil.example", "evil.example", "h.example", "n.example", "a.n.example", ".n.example",
    "p.example:81", "s.example:8443", "[2001:db8::1]", "[::1]", "[fe80::1%25e]", "127.0.0.1",
    "0x7f.1", "2130706433", "017700000001", "1.1", "www.example.test", "https:", "http:",
    "https://", "http://", "HTTPS://", "https:/", "javascript:", "data:", "ftp:", "80", "443",
    ":80", ":443", ":8443", ":0", ":99999", "[", "]", "%", "%2", "%zz", "%25", "%u002f", "\xff",
    "%ff", "%c0%af", "\xc0\xaf", "\xe3\x80\x82", "%e3%80%82", "\xef\xbc\x8f", "%ef%bc%8f",
    "\xef\xbc\xa0", "\xc2\xad", "%c2%ad", "\xc3\x9f", "\xe2\x84\xaa", "\xef\xbb\xbf", "xn--a",
    "a", "x", "B", "-", "_", "*", "|", "<", ">", "\"", "^", "`", "{", "}", "'", "(", ")", "~", "!",
    "$1", ":x", "%{x}", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
};
#define PIECE_COUNT (sizeof(pieces) / sizeof(pieces[0]))

/* xorshift64: the same cases for the same seed, wherever it runs. */
static apr_uint64_t next(apr_uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static unsigned below(apr_uint64_t *state, size_t limit)
{
    return (unsigned)((next(state) >> 11) % limit);
}

/* Bytes, as they are or with every one percent-encoded, so that decoding brings them. */
static const char *make_bytes(apr_pool_t *p, apr_uint64_t *state)
{
    unsigned count = below(state, PIECES_MOST), i;
    int encoded = below(state, 3) == 0;
    const char *s;
    r307_buf_t buf;

    r307_buf_make(&buf, p, 64);
    for (i = 0; i < count; i++) {
        for (s = pieces[below(state, PIECE_COUNT)]; *s; s++) {
            if (encoded) {
                r307_buf_puts(&buf, apr_psprintf(p, "%%%02x", (unsigned char)*s));
            }
            else {
                r307_buf_putc(&buf, *s);
            }
        }
    }
    return buf.s;
}

static const char *fill_in(apr_pool_t *p, const char *text, apr_uint64_t *state)
{
    r307_buf_t buf;

    r307_buf_make(&buf, p, 64);
    for (; *text; text++) {
        if (text[0] == '%' && text[1] == 's') {
            r307_buf_puts(&buf, make_bytes(p, state));
            text++;
        }
        else {
            r307_buf_putc(&buf, *text);
        }
    }
    return buf.s;
}

/* Returns how many cases it took to let out so many Locations. */
static long generate(apr_pool_t *p, long wanted, apr_uint64_t state)
{
    r307_ruleset_t *rules[TEMPLATE_COUNT];
    apr_array_header_t *allow[TEMPLATE_COUNT];
    apr_pool_t *one;
    long cases, out = 0;
    size_t i;

    apr_pool_create(&one, p);
    for (i = 0; i < TEMPLATE_COUNT; i++) {
        asked_t asked = { .directive = templates[i].directive, .rule = templates[i].rule };

        rules[i] = parse_rules(p, &asked);
        allow[i] = parse_allow(p, templates[i].allow);
        if (!rules[i]) {
            fprintf(stderr, "emit: '%s' is no rule\n", templates[i].rule);
            exit(2);
        }
    }
    for (cases = 0; out < wanted; cases++) {
        const template_t *template = &templates[i = below(&state, TEMPLATE_COUNT)];
        asked_t asked;

        memset(&asked, 0, sizeof(asked));
        asked.p = one;
        asked.target = fill_in(one, template->target, &state);
        asked.headers = template->header
            ? apr_pstrcat(one, template->header, ": ", make_bytes(one, &state), NULL) : NULL;
        asked.https = below(&state, 2) == 0;
        asked.relative = below(&state, 3) != 0;
        out += decide(&asked, rules[i], allow[i]);
        apr_pool_clear(one);
    }
    return cases;
}

/* --- rows --- */

static char *unescape(char *text)
{
    char *to = text, *from = text;

    for (; *from; from++) {
        if (from[0] == '\\' && from[1] == 'x') {
            *to++ = (char)r307_text_hex2(from + 2, strlen(from + 2));
            from += 3;
        }
        else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return text;
}

static long read_rows(apr_pool_t *p)
{
    static char line[1 << 20];
    long rows = 0;

    for (; fgets(line, sizeof(line), stdin); rows++) {
        char *field[6], *at = line;
        const char *server;
        asked_t asked;
        r307_ruleset_t *rules;
        int i;

        line[strcspn(line, "\n")] = '\0';
        for (i = 0; i < 6; i++) {
            field[i] = at ? at : line + strlen(line);
            at = at ? strchr(at, '\t') : NULL;
            if (at) {
                *at++ = '\0';
            }
            unescape(field[i]);
        }
        memset(&asked, 0, sizeof(asked));
        apr_pool_create(&asked.p, p);
        asked.directive = field[0];
        asked.rule = field[1];
        asked.target = field[2];
        asked.headers = strcmp(field[3], "-") ? field[3] : NULL;
        server = field[5];
        asked.https = strstr(server, "https") != NULL;
        asked.relative = strstr(server, "off") == NULL;
        rules = parse_rules(asked.p, &asked);
        if (rules) {
            (void)decide(&asked, rules, parse_allow(asked.p, field[4]));
        }
        apr_pool_destroy(asked.p);
    }
    return rows;
}

int main(int argc, char **argv)
{
    apr_pool_t *p;
    long cases;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&p, NULL) != APR_SUCCESS) {
        return 2;
    }
    cases = argc > 1 ? generate(p, atol(argv[1]),
                                (apr_uint64_t)(argc > 2 ? atol(argv[2]) : 307))
                     : read_rows(p);
    fprintf(stderr, "%ld cases\n", cases);
    apr_terminate();
    return fflush(stdout) == 0 ? 0 : 2;
}
