/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <apr_file_info.h>
#include <apr_strings.h>
#include <apr_lib.h>

/* What the tool knows of our directives, to tell a misspelt one from one it can leave to
 * httpd. */
static const struct {
    const char *name;
    int is_rule;
    int in_htaccess;
} directives[] = {
    { "Redirect307", 1, 1 },
    { "Redirect307Match", 1, 1 },
    { "Redirect307Map", 0, 1 },
    { "Redirect307Maintenance", 0, 1 },
    { "Redirect307Engine", 0, 1 },
    { "Redirect307Base", 0, 1 },
    { "Redirect307Relative", 0, 0 },
    { "Redirect307AllowHosts", 0, 0 },
    { "Redirect307Refuse", 0, 0 },
    { "Redirect307Exempt", 0, 0 },
    { "Redirect307By", 0, 0 },
    { "Redirect307Drain", 0, 0 },
    { "Redirect307Arena", 0, 0 },
    { "Redirect307HtaccessCache", 0, 0 },
    { "Redirect307Limits", 0, 0 },
    { "Redirect307Require", 0, 0 },
    { "Redirect307Lint", 0, 0 }
};
#define DIRECTIVE_COUNT (sizeof(directives) / sizeof(directives[0]))

static int find(const char *name)
{
    size_t i;

    for (i = 0; i < DIRECTIVE_COUNT; i++) {
        if (strcasecmp(directives[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

int r307_file_is_rule(const r307_met_t *what)
{
    int i = find(what->directive);

    return i >= 0 && directives[i].is_rule;
}

const char *r307_file_check_other(apr_pool_t *p, const r307_met_t *what)
{
    int i = find(what->directive), best = 4;
    const char *near = NULL;
    size_t k;

    if (i >= 0) {
        return directives[i].in_htaccess || what->is_conf ? NULL
            : apr_psprintf(p, "%s is not allowed in .htaccess; ask the server's "
                           "administrator", directives[i].name);
    }
    for (k = 0; k < DIRECTIVE_COUNT; k++) {
        int distance = r307_text_distance(what->directive, directives[k].name);

        if (distance < best) {
            best = distance;
            near = directives[k].name;
        }
    }
    return apr_psprintf(p, "'%s' is no directive of this version%s%s%s",
                        r307_text_show(p, what->directive, strlen(what->directive)),
                        near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

/* Sections that decide where a rule belongs; all others, as <IfModule>, are only walked
 * through. */
typedef struct section_t {
    const char *name;
    const char *argument;
} section_t;

typedef struct reading_t {
    apr_pool_t *p;
    const char *name;
    int is_conf;
    apr_array_header_t *sections;   /* of section_t */
    void (*met)(void *baton, const r307_met_t *what);
    void *baton;
} reading_t;

static const char *compile_nothing(void *baton, apr_pool_t *p, const char *text,
                                   int is_string, const void **compiled)
{
    (void)baton;
    (void)p;
    (void)is_string;
    *compiled = text;           /* only the server can say what it means */
    return NULL;
}

int r307_file_climbs(const char *path)
{
    while (*path) {
        size_t n = strcspn(path, "/");

        if (n == 2 && path[0] == '.' && path[1] == '.') {
            return 1;
        }
        path += n + (path[n] == '/');
    }
    return 0;
}

/* Beside the .htaccess; in httpd.conf as it is, since ServerRoot is not known. */
static const char *find_flag(void *baton, apr_pool_t *p, const char *name, void **found)
{
    const reading_t *reading = baton;
    const char *slash = strrchr(reading->name, '/');

    if (name[0] == '/' || reading->is_conf) {
        *found = apr_pstrdup(p, name);
        return NULL;
    }
    if (r307_file_climbs(name)) {
        return R307_FILE_OUTSIDE;
    }
    *found = apr_pstrcat(p, slash ? apr_pstrmemdup(p, reading->name,
                                                   (apr_size_t)(slash - reading->name + 1))
                                  : "./", name, NULL);
    return NULL;
}

static const char *unquoted(apr_pool_t *p, const char *s)
{
    size_t n = strlen(s);

    while (n && (s[n - 1] == '>' || apr_isspace(s[n - 1]))) {
        n--;
    }
    if (n >= 2 && (s[0] == '"' || s[0] == '\'') && s[n - 1] == s[0]) {
        return apr_pstrmemdup(p, s + 1, n - 2);
    }
    return apr_pstrmemdup(p, s, n);
}

static void enter(reading_t *reading, const char *line)
{
    size_t n = strcspn(line + 1, " \t>");
    section_t *section = apr_array_push(reading->sections);

    section->name = apr_pstrmemdup(reading->p, line + 1, n);
    section->argument = unquoted(reading->p, line + 1 + n + strspn(line + 1 + n, " \t"));
}

static void set_context(const reading_t *reading, r307_met_t *what)
{
    int i;

    what->context.where = reading->is_conf ? R307_WHERE_SERVER : R307_WHERE_DIRECTORY;
    what->context.is_late = !reading->is_conf;
    for (i = 0; i < reading->sections->nelts; i++) {
        const section_t *section = &APR_ARRAY_IDX(reading->sections, i, section_t);

        if (strcasecmp(section->name, "Location") == 0
            || strcasecmp(section->name, "LocationMatch") == 0) {
            what->context.where = R307_WHERE_LOCATION;
            what->context.location = !section->name[8] && !strpbrk(section->argument, "*?[~")
                ? section->argument : NULL;
        }
        else if (strcasecmp(section->name, "Directory") == 0
                 && !strpbrk(section->argument, "*?[~")) {
            what->context.where = R307_WHERE_DIRECTORY;
        }
        else if (strncasecmp(section->name, "If", 2) == 0
                 && strcasecmp(section->name, "If") != 0) {
            continue;
        }
        if (strncasecmp(section->name, "Directory", 9) == 0
            || strncasecmp(section->name, "Files", 5) == 0) {
            what->context.is_late = 1;
        }
        what->container = apr_pstrcat(reading->p, section->name, " ", section->argument,
                                      NULL);
    }
}

static void take_line(reading_t *reading, const char *line, unsigned number)
{
    r307_met_t what;
    size_t n;

    line += strspn(line, " \t");
    if (line[0] == '<') {
        if (line[1] != '/') {
            enter(reading, line);
        }
        else if (reading->sections->nelts) {
            apr_array_pop(reading->sections);
        }
        return;
    }
    n = strcspn(line, " \t");
    if (n < 11 || strncasecmp(line, "Redirect307", 11) != 0) {
        return;
    }
    memset(&what, 0, sizeof(what));
    what.place.file = reading->name;
    what.place.line = number;
    what.directive = apr_pstrmemdup(reading->p, line, n);
    what.args = apr_pstrdup(reading->p, line + n + strspn(line + n, " \t"));
    what.context.directive = what.directive;
    what.context.match = strcasecmp(what.directive, "Redirect307Match") == 0
        ? R307_MATCH_REGEX : R307_MATCH_PREFIX;
    what.context.maker.compile = compile_nothing;
    what.context.maker.baton = reading;
    what.context.maker.find_flag = find_flag;
    what.is_conf = reading->is_conf;
    what.context.is_tenant = !reading->is_conf;
    set_context(reading, &what);
    reading->met(reading->baton, &what);
}

/* One line as httpd sees it: ends cut, continued lines joined. 0 at the end. */
static int next_line(FILE *in, r307_buf_t *line, unsigned *number)
{
    int c, any = 0;

    line->len = 0;
    line->s[0] = '\0';
    while ((c = getc(in)) != EOF) {
        any = 1;
        if (c != '\n') {
            r307_buf_putc(line, c ? (char)c : ' ');
            continue;
        }
        ++*number;
        if (line->len && line->s[line->len - 1] == '\r') {
            line->s[--line->len] = '\0';
        }
        if (line->len == 0 || line->s[line->len - 1] != '\\') {
            return 1;
        }
        line->s[--line->len] = '\0';
    }
    *number += any;
    return any;
}

const char *r307_file_read(apr_pool_t *p, const char *name,
                           void (*met)(void *baton, const r307_met_t *what), void *baton)
{
    int is_stdin = strcmp(name, "-") == 0;
    size_t n = strlen(name);
    FILE *in = is_stdin ? stdin : fopen(name, "r");
    reading_t reading;
    r307_buf_t line;
    unsigned number = 0;

    if (!in) {
        return apr_psprintf(p, "%s: %s", name, strerror(errno));
    }
    reading.p = p;
    reading.name = is_stdin ? "(standard input)" : apr_pstrdup(p, name);
    reading.is_conf = n > 5 && strcmp(name + n - 5, ".conf") == 0;
    reading.sections = apr_array_make(p, 4, sizeof(section_t));
    reading.met = met;
    reading.baton = baton;
    r307_buf_make(&line, p, 256);
    while (next_line(in, &line, &number)) {
        take_line(&reading, line.s, number);
    }
    if (ferror(in)) {
        n = 0;
    }
    if (!is_stdin) {
        fclose(in);
    }
    return n ? NULL : apr_psprintf(p, "%s: cannot be read to its end", name);
}

/* --- directories --- */

#define DEPTH_MOST 64

/* Links are not followed, as a loop of them would never end. */
static int walk(apr_pool_t *p, const char *name, int depth,
                void (*met)(void *baton, const char *file), void *baton)
{
    apr_finfo_t info;
    apr_dir_t *dir;
    apr_status_t rv = apr_dir_open(&dir, name, p);
    int is_read = 1;

    if (rv != APR_SUCCESS || depth > DEPTH_MOST) {
        char text[120];

        fprintf(stderr, "redirect307ctl: %s: %s\n", name,
                rv ? apr_strerror(rv, text, sizeof(text)) : "too deep");
        return 0;
    }
    while (apr_dir_read(&info, APR_FINFO_NAME | APR_FINFO_TYPE, dir) == APR_SUCCESS) {
        const char *path = apr_pstrcat(p, name, "/", info.name, NULL);

        if (info.filetype == APR_DIR && strcmp(info.name, ".") != 0
            && strcmp(info.name, "..") != 0) {
            is_read &= walk(p, path, depth + 1, met, baton);
        }
        else if (info.filetype == APR_REG && strcmp(info.name, ".htaccess") == 0) {
            met(baton, path);
        }
    }
    apr_dir_close(dir);
    return is_read;
}

int r307_file_each(apr_pool_t *p, const char *name,
                   void (*met)(void *baton, const char *file), void *baton)
{
    apr_finfo_t info;

    if (strcmp(name, "-") != 0
        && apr_stat(&info, name, APR_FINFO_TYPE, p) == APR_SUCCESS
        && info.filetype == APR_DIR) {
        return walk(p, name, 0, met, baton);
    }
    met(baton, name);
    return 1;
}
