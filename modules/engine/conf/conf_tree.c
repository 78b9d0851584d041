/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf_tree.h"

#include <stdlib.h>
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#define DEPTH_MOST 64           /* of files in each other */

/* A line as it is read, wherever from. */
typedef struct place_t {
    const char *file;
    unsigned line;
} place_t;

/* A section that is not taken into the tree: what is in it, up to its end. */
typedef struct held_t {
    const char *name;           /* "IfDefine"; NULL: no section is held */
    int depth;                  /* sections of that name inside */
    apr_array_header_t *body;   /* of body_t, of a macro; NULL: it is left out */
} held_t;

typedef struct body_t {
    const char *text;
    place_t at;
} body_t;

typedef struct macro_t {
    apr_array_header_t *params; /* of const char * */
    apr_array_header_t *body;
    int is_used;                /* its lines are being taken */
} macro_t;

typedef struct reading_t {
    r307_tree_t *tree;
    held_t held;
    int open;                   /* sections of this file that are in the tree */
} reading_t;

static void take_line(reading_t *reading, const char *line, place_t at);

static const char *show(apr_pool_t *p, const char *text)
{
    return r307_text_show(p, text, strlen(text));
}

static void problem(r307_tree_t *tree, place_t at, const char *text)
{
    r307_problem_t *made = apr_array_push(tree->problems);

    made->file = at.file;
    made->line = at.line;
    made->text = text;
}

int r307_node_is(const r307_node_t *node, const char *name)
{
    return r307_text_same_fold(node->name, strlen(node->name), name, strlen(name));
}

void r307_tree_make(r307_tree_t *tree, apr_pool_t *p, const r307_tree_host_t *host)
{
    memset(tree, 0, sizeof(*tree));
    tree->p = p;
    tree->host = host;
    tree->defines = apr_hash_make(p);
    tree->macros = apr_hash_make(p);
    tree->modules = apr_hash_make(p);
    tree->top = tree->at = apr_pcalloc(p, sizeof(*tree->top));
    tree->top->name = "";
    tree->problems = apr_array_make(p, 2, sizeof(r307_problem_t));
    tree->maybe = apr_array_make(p, 2, sizeof(r307_node_t *));
    tree->envs = apr_array_make(p, 2, sizeof(const char *));
}

/* --- words --- */

/* Of the environment; NULL: nobody has it. */
static const char *env_of(r307_tree_t *tree, const char *name)
{
    int is_sure = 0;
    const char *value = tree->host->env ? tree->host->env(tree->host->baton, name, &is_sure)
                                        : NULL;

    if (!is_sure) {
        tree->env = name;
    }
    return value;
}

/* ${NAME} of Define or of the environment; one that nobody has stays as it is. */
static const char *resolve_args(r307_tree_t *tree, const char *text)
{
    const char *dollar = strstr(text, "${"), *end, *name, *value;
    r307_buf_t buf;

    if (!dollar) {
        return text;
    }
    r307_buf_make(&buf, tree->p, 128);
    while (dollar && (end = strchr(dollar, '}')) != NULL) {
        name = apr_pstrmemdup(tree->p, dollar + 2, (size_t)(end - dollar - 2));
        value = apr_hash_get(tree->defines, name, APR_HASH_KEY_STRING);
        value = value ? value : env_of(tree, name);
        r307_buf_puts(&buf, apr_pstrmemdup(tree->p, text, (size_t)(dollar - text)));
        r307_buf_puts(&buf, value ? value : apr_pstrcat(tree->p, "${", name, "}", NULL));
        text = end + 1;
        dollar = strstr(text, "${");
    }
    r307_buf_puts(&buf, text);
    return buf.s;
}

/* The same of a line by which it is decided what is read. */
static const char *resolve(r307_tree_t *tree, const char *text)
{
    const char *resolved = resolve_args(tree, text);

    if (tree->env) {
        APR_ARRAY_PUSH(tree->envs, const char *) = tree->env;
        tree->env = NULL;
    }
    return resolved;
}

/* As ap_getword_conf: quotes around a word, and in them a backslash before one or before
 * another backslash. */
static const char *next_word(apr_pool_t *p, const char **args)
{
    const char *s = *args + strspn(*args, " \t\r\n\f\v");
    char quote = *s == '"' || *s == '\'' ? *s : '\0';
    char *word, *to;

    if (!quote) {
        size_t n = 0;

        while (s[n] && !apr_isspace(s[n])) {
            n++;
        }
        *args = s + n + strspn(s + n, " \t\r\n\f\v");
        return apr_pstrmemdup(p, s, n);
    }
    word = to = apr_palloc(p, strlen(s) + 1);
    for (s++; *s && *s != quote; s++) {
        if (*s == '\\' && (s[1] == '\\' || s[1] == quote)) {
            s++;
        }
        *to++ = *s;
    }
    *to = '\0';
    s += *s != '\0';
    *args = s + strspn(s, " \t\r\n\f\v");
    return word;
}

apr_array_header_t *r307_conf_words(apr_pool_t *p, const char *args)
{
    apr_array_header_t *words = apr_array_make(p, 4, sizeof(const char *));

    args += strspn(args, " \t");
    while (*args) {
        APR_ARRAY_PUSH(words, const char *) = next_word(p, &args);
    }
    return words;
}

static const char *word_at(const apr_array_header_t *words, int i)
{
    return i < words->nelts ? APR_ARRAY_IDX(words, i, const char *) : "";
}

static int is(const char *name, const char *other)
{
    return r307_text_same_fold(name, strlen(name), other, strlen(other));
}

/* --- what is decided while it is read --- */

/* "2.4.58" as one number. */
static long number_of(const char *version)
{
    long value = 0;
    int i;

    for (i = 0; i < 3; i++) {
        value = value * 1000 + strtol(version, (char **)&version, 10);
        version += *version == '.';
    }
    return value;
}

/* <IfVersion >= 2.4>; a regex is not decided. */
static int is_version(r307_tree_t *tree, const char *args)
{
    const char *op = next_word(tree->p, &args), *wanted;
    int is_not = *op == '!';
    long have, want;

    if (apr_isdigit(*op)) {
        wanted = op;
        op = "=";
        is_not = 0;
    }
    else {
        op += is_not;
        wanted = op[strspn(op, "<>=~")] ? op + strspn(op, "<>=~") : next_word(tree->p, &args);
        op = apr_pstrmemdup(tree->p, op, strspn(op, "<>=~"));
    }
    if (!tree->version || strchr(op, '~') || *wanted == '/') {
        return -1;
    }
    have = number_of(tree->version);
    want = number_of(wanted);
    return (strcmp(op, ">=") == 0 ? have >= want : strcmp(op, "<=") == 0 ? have <= want
            : strcmp(op, ">") == 0 ? have > want : strcmp(op, "<") == 0 ? have < want
            : have == want) != is_not;
}

/* By the name of the module, or by that of its source. */
static int has_module(const r307_tree_t *tree, const char *name)
{
    const r307_tree_host_t *host = tree->host;
    int built = host->has_module ? host->has_module(host->baton, name) : -1;

    if (apr_hash_get(tree->modules, name, APR_HASH_KEY_STRING)) {
        return 1;
    }
    return built == 0 && tree->is_odd && strstr(name, ".c") ? -1 : built;
}

/* 1, 0, -1 for not known; 2: it is none of these. */
static int decide(r307_tree_t *tree, const char *name, const char *args)
{
    const r307_tree_host_t *host = tree->host;
    const char *word = next_word(tree->p, &args);
    int is_not, found;

    if (strlen(name) < 6 || !r307_text_same_fold(name, 2, "If", 2)) {
        return 2;
    }
    word = resolve(tree, word);
    is_not = *word == '!';
    word += is_not;
    if (is(name, "IfDefine")) {
        found = apr_hash_get(tree->defines, word, APR_HASH_KEY_STRING) != NULL;
    }
    else if (is(name, "IfModule")) {
        found = has_module(tree, word);
    }
    else if (is(name, "IfFile")) {
        found = host->has_file ? host->has_file(host->baton, word) : -1;
    }
    else {
        return is(name, "IfDirective") || is(name, "IfSection") ? -1 : 2;
    }
    return found < 0 ? found : found != is_not;
}

static void define(r307_tree_t *tree, const char *args)
{
    const char *name = resolve(tree, next_word(tree->p, &args));
    const char *value = resolve(tree, next_word(tree->p, &args));

    apr_hash_set(tree->defines, name, APR_HASH_KEY_STRING, value);
}

/* LoadModule alias_module modules/mod_alias.so: known by both names. Of the MPMs the source is
 * "event.c"; of others whose file does not begin as httpd's own do it is not known. */
static void load_module(r307_tree_t *tree, const char *args)
{
    apr_array_header_t *words = r307_conf_words(tree->p, resolve(tree, args));
    const char *file = word_at(words, 1), *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;

    tree->is_odd = tree->is_odd || strncmp(name, "mod_", 4) != 0;
    name += strncmp(name, "mod_mpm_", 8) == 0 ? 8 : 0;
    apr_hash_set(tree->modules, word_at(words, 0), APR_HASH_KEY_STRING, "");
    apr_hash_set(tree->modules, apr_pstrcat(tree->p, apr_pstrmemdup(tree->p, name,
                 strcspn(name, ".")), ".c", NULL), APR_HASH_KEY_STRING, "");
}

/* --- macros --- */

static void begin_macro(reading_t *reading, const char *args)
{
    r307_tree_t *tree = reading->tree;
    apr_array_header_t *words = r307_conf_words(tree->p, args);
    macro_t *macro = apr_pcalloc(tree->p, sizeof(*macro));
    char *name = apr_pstrdup(tree->p, word_at(words, 0)), *at;

    for (at = name; *at; at++) {
        *at = r307_text_lower(*at);
    }
    macro->params = words;
    macro->body = reading->held.body = apr_array_make(tree->p, 8, sizeof(body_t));
    apr_hash_set(tree->macros, name, APR_HASH_KEY_STRING, macro);
}

/* The leftmost parameter in text, the longest of several there; -1. */
static int next_param(const macro_t *macro, const char *text, const char **at)
{
    int i, found = -1;

    *at = NULL;
    for (i = 1; i < macro->params->nelts; i++) {
        const char *here = strstr(text, word_at(macro->params, i));

        if (here && *word_at(macro->params, i)
            && (!*at || here < *at
                || (here == *at && strlen(word_at(macro->params, i))
                                   > strlen(word_at(macro->params, found))))) {
            *at = here;
            found = i;
        }
    }
    return found;
}

/* A value in the place of a parameter; that of "@x" in quotes where it needs some. */
static void put_value(r307_buf_t *buf, const char *param, const char *value)
{
    int quoted = *param == '@' && (!*value || strpbrk(value, " \t\"'"));

    r307_buf_puts(buf, quoted ? "\"" : "");
    for (; *value; value++) {
        if (quoted && (*value == '"' || *value == '\\')) {
            r307_buf_putc(buf, '\\');
        }
        r307_buf_putc(buf, *value);
    }
    r307_buf_puts(buf, quoted ? "\"" : "");
}

static const char *fill_in(r307_tree_t *tree, const macro_t *macro, const char *text,
                           const apr_array_header_t *values)
{
    const char *at;
    r307_buf_t buf;
    int i;

    r307_buf_make(&buf, tree->p, 128);
    while ((i = next_param(macro, text, &at)) > 0) {
        r307_buf_puts(&buf, apr_pstrmemdup(tree->p, text, (size_t)(at - text)));
        put_value(&buf, word_at(macro->params, i), word_at(values, i));
        text = at + strlen(word_at(macro->params, i));
    }
    r307_buf_puts(&buf, text);
    return buf.s;
}

static void use_macro(reading_t *reading, const char *args, place_t at)
{
    r307_tree_t *tree = reading->tree;
    apr_array_header_t *values = r307_conf_words(tree->p, resolve(tree, args));
    char *name = apr_pstrdup(tree->p, word_at(values, 0)), *to;
    macro_t *macro;
    int i;

    for (to = name; *to; to++) {
        *to = r307_text_lower(*to);
    }
    macro = apr_hash_get(tree->macros, name, APR_HASH_KEY_STRING);
    if (!macro || macro->is_used || macro->params->nelts != values->nelts) {
        problem(tree, at, apr_psprintf(tree->p, !macro ? "Use %s: no such macro"
                                       : macro->is_used ? "Use %s: the macro uses itself"
                                       : "Use %s: the macro has other parameters",
                                       show(tree->p, name)));
        return;
    }
    macro->is_used = 1;
    for (i = 0; i < macro->body->nelts; i++) {
        const body_t *body = &APR_ARRAY_IDX(macro->body, i, body_t);

        take_line(reading, fill_in(tree, macro, body->text, values), body->at);
    }
    macro->is_used = 0;
}

/* --- lines --- */

static r307_node_t *add_node(r307_tree_t *tree, const char *name, const char *args,
                             place_t at)
{
    r307_node_t *node = apr_pcalloc(tree->p, sizeof(*node));

    node->name = name;
    node->args = resolve_args(tree, args);
    node->env = tree->env;
    tree->env = NULL;
    node->file = at.file;
    node->line = at.line;
    node->parent = tree->at;
    node->is_maybe = tree->at->is_maybe;
    if (tree->at->last) {
        tree->at->last->next = node;
    }
    else {
        tree->at->child = node;
    }
    tree->at->last = node;
    return node;
}

static void enter(reading_t *reading, const char *name, const char *args, place_t at)
{
    r307_tree_t *tree = reading->tree;
    int decided = is(name, "IfVersion") ? is_version(tree, args)
                                        : decide(tree, name, args);
    r307_node_t *node;

    if (decided == 0 || is(name, "Macro")) {
        if (!decided) {         /* it was met all the same */
            add_node(tree, name, args, at)->is_section = 1;
        }
        reading->held.name = name;
        reading->held.depth = 0;
        reading->held.body = NULL;
        if (decided) {
            begin_macro(reading, args);
        }
        return;
    }
    node = add_node(tree, name, args, at);
    node->is_section = 1;
    reading->open++;
    if (decided == -1) {
        node->is_maybe = 1;
        APR_ARRAY_PUSH(tree->maybe, r307_node_t *) = node;
    }
    tree->at = node;
}

static void leave(reading_t *reading, const char *name, place_t at)
{
    r307_tree_t *tree = reading->tree;

    if (!tree->at->parent || !is(tree->at->name, name)) {
        problem(tree, at, tree->at->parent
                ? apr_psprintf(tree->p, "</%s> ends <%s> of line %u", show(tree->p, name),
                               tree->at->name, tree->at->line)
                : apr_psprintf(tree->p, "</%s> ends a section that did not begin",
                               show(tree->p, name)));
        return;
    }
    tree->at = tree->at->parent;
    reading->open--;
}

/* 1: the line is in a section that is not taken in. */
static int is_held(reading_t *reading, const char *name, int ends, const char *line,
                   place_t at)
{
    held_t *held = &reading->held;
    body_t *body;

    if (!held->name) {
        return 0;
    }
    if (*line == '<' && is(name, held->name)) {
        held->depth += ends ? -1 : 1;
        if (held->depth < 0) {
            held->name = NULL;
            return 1;
        }
    }
    if (held->body) {
        body = apr_array_push(held->body);
        body->text = apr_pstrdup(reading->tree->p, line);
        body->at = at;
    }
    return 1;
}

static void include(reading_t *reading, const char *args, int is_optional, place_t at)
{
    r307_tree_t *tree = reading->tree;
    const char *name = resolve(tree, next_word(tree->p, &args)), *bad;

    if (tree->is_too_deep) {    /* httpd has ended there */
        return;
    }
    if (tree->depth >= DEPTH_MOST || !tree->host->include) {
        tree->is_too_deep = 1;
        problem(tree, at, "Include goes too deep");
        return;
    }
    tree->depth++;
    bad = tree->host->include(tree->host->baton, tree, name, is_optional);
    tree->depth--;
    if (bad) {
        problem(tree, at, bad);
    }
}

/* A line that does something while it is read; 0: it goes into the tree. */
static int is_done(reading_t *reading, const char *name, const char *args, place_t at)
{
    r307_tree_t *tree = reading->tree;

    if (is(name, "Include") || is(name, "IncludeOptional")) {
        include(reading, args, is(name, "IncludeOptional"), at);
    }
    else if (is(name, "Define")) {
        define(tree, args);
    }
    else if (is(name, "UnDefine")) {
        apr_hash_set(tree->defines, next_word(tree->p, &args), APR_HASH_KEY_STRING, NULL);
    }
    else if (is(name, "Use")) {
        use_macro(reading, args, at);
    }
    else if (is(name, "ServerRoot")) {
        tree->root = resolve(tree, next_word(tree->p, &args));
    }
    else {
        return 0;
    }
    return 1;
}

/* "<Name args>" or "</Name>". */
static void take_section(reading_t *reading, const char *line, place_t at)
{
    int ends = line[1] == '/';
    const char *from = line + 1 + ends, *args;
    size_t n = strcspn(from, " \t>");
    const char *name = apr_pstrmemdup(reading->tree->p, from, n), *end;

    if (is_held(reading, name, ends, line, at)) {
        return;
    }
    args = from + n + strspn(from + n, " \t");
    end = strrchr(args, '>');
    args = apr_pstrmemdup(reading->tree->p, args, end ? (size_t)(end - args) : strlen(args));
    if (ends) {
        leave(reading, name, at);
    }
    else {
        enter(reading, name, args, at);
    }
}

static void take_line(reading_t *reading, const char *line, place_t at)
{
    const char *name, *args;
    size_t n;

    while (apr_isspace(*line)) {
        line++;
    }
    if (*line == '<') {
        take_section(reading, line, at);
        return;
    }
    n = strcspn(line, " \t\r\f\v");
    if (!n || *line == '#' || is_held(reading, "", 0, line, at)) {
        return;
    }
    name = apr_pstrmemdup(reading->tree->p, line, n);
    args = line + n + strspn(line + n, " \t\r\f\v");
    if (is(name, "LoadModule")) {
        load_module(reading->tree, args);
    }
    if (!is_done(reading, name, args, at)) {
        add_node(reading->tree, name, apr_pstrdup(reading->tree->p, args), at);
    }
}

/* One line as httpd sees it: continued lines joined, blanks at both ends cut. 0 at the end. */
static int next_line(r307_slice_t *rest, unsigned *number, r307_buf_t *line)
{
    int any = 0, is_ended = 0;

    line->len = 0;
    line->s[0] = '\0';
    while (rest->len && !is_ended) {
        char c = *rest->s++;

        rest->len--;
        any = 1;
        if (c != '\n') {
            r307_buf_putc(line, c ? c : ' ');
            continue;
        }
        ++*number;
        if (line->len && line->s[line->len - 1] == '\r') {
            line->s[--line->len] = '\0';
        }
        is_ended = !line->len || line->s[line->len - 1] != '\\';
        if (!is_ended) {
            line->s[--line->len] = '\0';
        }
    }
    *number += any && !is_ended;
    while (line->len && apr_isspace(line->s[line->len - 1])) {
        line->s[--line->len] = '\0';
    }
    return any;
}

void r307_tree_add(r307_tree_t *tree, const char *file, const char *bytes, size_t len)
{
    reading_t reading = { tree, { NULL, 0, NULL }, 0 };
    r307_slice_t rest = r307_slice(bytes, len);
    r307_node_t *outside = tree->at;
    place_t at = { apr_pstrdup(tree->p, file), 0 };
    r307_buf_t line;

    if (len > 2 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        rest = r307_slice(bytes + 3, len - 3);
    }
    r307_buf_make(&line, tree->p, 256);
    while (next_line(&rest, &at.line, &line)) {
        take_line(&reading, line.s, at);
    }
    if (reading.held.name || reading.open > 0) {
        at.line = reading.held.name ? at.line : tree->at->line;
        problem(tree, at, apr_psprintf(tree->p, "<%s> is not closed",
                                       reading.held.name ? reading.held.name
                                                         : tree->at->name));
        tree->at = outside;
    }
}
