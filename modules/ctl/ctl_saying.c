/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_saying.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "base/version.h"
#include "ctl_json.h"
#include "ctl_print.h"

/* What programs call a kind. */
typedef struct kind_row_t {
    const char *name;           /* json: severity, and what has no id of its own */
    const char *prefix;         /* for people */
    const char *gcc, *github;
    const char *level;          /* sarif */
} kind_row_t;

static const kind_row_t kinds[CTL_SAYING_KINDS] = {
    [CTL_SAYING_ERROR] = { "error", "", "error", "error", "error" },
    [CTL_SAYING_WARNING] = { "warning", "", "warning", "warning", "warning" },
    [CTL_SAYING_NOTE] = { "note", "note: ", "note", "notice", "note" },
    [CTL_SAYING_UNTOLD] = { "untold", "cannot tell: ", "warning: cannot tell", "warning",
                            "none" },
    [CTL_SAYING_UNREAD] = { "unread", "", "error", "error", "error" }
};

typedef struct ctl_format_t {
    const char *name;
    int says_unread;            /* here, and not on stderr or at the end alone */
    void (*begin)(const ctl_sayings_t *sayings);
    void (*say)(const ctl_sayings_t *sayings, const ctl_saying_t *saying);
    void (*end)(const ctl_sayings_t *sayings, const ctl_sum_t *sum);
} ctl_format_t;

/* Without the id, which has a place of its own. */
static const char *bare_text(const ctl_saying_t *saying)
{
    size_t n = saying->id ? strlen(saying->id) : 0;

    return n && strncmp(saying->text, saying->id, n) == 0
        ? saying->text + n + strspn(saying->text + n, " ") : saying->text;
}

static const char *id_of(const ctl_saying_t *saying)
{
    return saying->id ? saying->id : kinds[saying->kind].name;
}

/* --- for people --- */

static void say_text(const ctl_sayings_t *sayings, const ctl_saying_t *saying)
{
    const char *place = !saying->file ? "" : !saying->line
        ? apr_psprintf(sayings->p, "%s: ", saying->file)
        : apr_psprintf(sayings->p, "%s:%u: ", saying->file, saying->line);

    ctl_print(stdout, apr_pstrcat(sayings->p, place,
                                  saying->directive ? saying->directive : "",
                                  saying->directive ? ": " : "",
                                  kinds[saying->kind].prefix, saying->text, "\n", NULL));
}

static void print_count(int count, const char *what, const char *end)
{
    printf("%d %s%s%s", count, what, count == 1 ? "" : "s", end);
}

/* What redirects beside the rules, and was not looked at. */
static void print_others(const ctl_sum_t *sum)
{
    int i, any = 0;

    for (i = 0; i < CTL_OTHERS_REDIRECTS; i++) {
        if (sum->others[i]) {
            printf("%s%u %s", any ? ", " : "Not looked at: ", sum->others[i],
                   ctl_others_redirect[i]);
            any = 1;
        }
    }
    if (any) {
        printf("; where they stand beside lines of Redirect307 they are asked behind them.\n");
    }
}

/* Never "fine" alone when something was not looked at. */
static void end_text(const ctl_sayings_t *sayings, const ctl_sum_t *sum)
{
    if (sum->is_nothing || sayings->is_quiet) {
        return;
    }
    print_count(sum->findings, "finding", ", ");
    if (sum->notes) {
        print_count(sum->notes, "note", ", ");
    }
    print_count(sum->fine, "rule", " fine");
    if (sum->mended) {
        printf(", %d mended", sum->mended);
    }
    if (sum->unknown) {
        printf(", %d not told", sum->unknown);
    }
    if (sum->unreadable) {
        printf(", %d not read", sum->unreadable);
    }
    printf(".\n");
    print_others(sum);
}

/* --- for editors --- */

static void say_gcc(const ctl_sayings_t *sayings, const ctl_saying_t *saying)
{
    printf("%s:%u: %s: %s [%s]\n", saying->file ? saying->file : "-",
           saying->line ? saying->line : 1, kinds[saying->kind].gcc, bare_text(saying),
           id_of(saying));
}

/* --- for GitHub's workflows --- */

/* As its workflow commands want text: of a message, or of a property. */
static void print_github(const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '%' || (unsigned char)*text < 0x20 || strchr(special, *text)) {
            printf("%%%02X", (unsigned char)*text);
        }
        else {
            putchar(*text);
        }
    }
}

static void say_github(const ctl_sayings_t *sayings, const ctl_saying_t *saying)
{
    printf("::%s ", kinds[saying->kind].github);
    if (saying->file) {
        printf("file=");
        print_github(saying->file, ":,");
        printf(",line=%u,", saying->line ? saying->line : 1);
    }
    printf("title=redirect307 ");
    print_github(id_of(saying), ":,");
    printf("::");
    print_github(bare_text(saying), "");
    putchar('\n');
}

/* --- JSON --- */

static void print_member(const char *name, const char *text)
{
    printf("\"%s\": ", name);
    ctl_json_string(stdout, text);
}

static void begin_json(const ctl_sayings_t *sayings)
{
    printf("{\n  \"tool\": \"redirect307ctl\",\n  \"version\": \"" R307_VERSION "\",\n"
           "  \"findings\": [");
}

static void say_json(const ctl_sayings_t *sayings, const ctl_saying_t *saying)
{
    printf("%s\n    { ", sayings->said ? "," : "");
    print_member("file", saying->file);
    if (saying->line) {
        printf(", \"line\": %u, ", saying->line);
    }
    else {
        printf(", \"line\": null, ");
    }
    print_member("severity", kinds[saying->kind].name);
    printf(", ");
    print_member("id", saying->id);
    printf(", ");
    print_member("directive", saying->directive);
    printf(",\n      ");
    print_member("message", bare_text(saying));
    printf(" }");
}

static void end_json(const ctl_sayings_t *sayings, const ctl_sum_t *sum)
{
    printf("%s],\n  \"sum\": { \"findings\": %d, \"notes\": %d, \"fine\": %d, "
           "\"untold\": %d, \"unread\": %d }\n}\n", sayings->said ? "\n  " : "",
           sum->findings, sum->notes, sum->fine, sum->unknown, sum->unreadable);
}

/* --- SARIF 2.1.0 --- */

/* artifactLocation.uri, 3.4.3: a URI reference. */
static void print_uri(const char *file)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789-._~/";

    printf("\"uri\": \"%s", *file == '/' ? "file://" : "");
    for (; *file; file++) {
        if (strchr(plain, *file)) {
            putchar(*file);
        }
        else {
            printf("%%%02X", (unsigned char)*file);
        }
    }
    putchar('"');
}

static void begin_sarif(const ctl_sayings_t *sayings)
{
    printf("{\n  \"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n"
           "  \"version\": \"2.1.0\",\n  \"runs\": [ {\n"
           "    \"tool\": { \"driver\": { \"name\": \"redirect307ctl\", "
           "\"version\": \"" R307_VERSION "\" } },\n    \"results\": [");
}

static void print_location(const ctl_saying_t *saying)
{
    if (!saying->file) {
        return;
    }
    printf(",\n        \"locations\": [ { \"physicalLocation\": { \"artifactLocation\": { ");
    print_uri(saying->file);
    printf(" }");
    if (saying->line) {
        printf(", \"region\": { \"startLine\": %u }", saying->line);
    }
    printf(" } } ]");
}

static void say_sarif(const ctl_sayings_t *sayings, const ctl_saying_t *saying)
{
    printf("%s\n      { ", sayings->said ? "," : "");
    print_member("ruleId", id_of(saying));
    printf(", ");
    print_member("level", kinds[saying->kind].level);
    printf(", ");
    print_member("kind", saying->kind == CTL_SAYING_UNTOLD ? "open" : "fail");
    printf(",\n        \"message\": { ");
    print_member("text", bare_text(saying));
    printf(" }");
    print_location(saying);
    printf(" }");
}

static void end_sarif(const ctl_sayings_t *sayings, const ctl_sum_t *sum)
{
    int i;

    printf("%s],\n    \"invocations\": [ { \"executionSuccessful\": %s",
           sayings->said ? "\n    " : "", sayings->unread->nelts ? "false" : "true");
    for (i = 0; i < sayings->unread->nelts; i++) {
        printf("%s\n      { \"level\": \"error\", \"message\": { ",
               i ? "," : ",\n      \"toolExecutionNotifications\": [");
        print_member("text", APR_ARRAY_IDX(sayings->unread, i, ctl_saying_t).text);
        printf(" } }");
    }
    printf("%s } ]\n  } ]\n}\n", sayings->unread->nelts ? " ]" : "");
}

/* --- all of them --- */

static void do_nothing(const ctl_sayings_t *sayings)
{
}

static void sum_nothing(const ctl_sayings_t *sayings, const ctl_sum_t *sum)
{
}

static const ctl_format_t formats[] = {
    { "text", 0, do_nothing, say_text, end_text },
    { "gcc", 0, do_nothing, say_gcc, sum_nothing },
    { "github", 1, do_nothing, say_github, sum_nothing },
    { "json", 1, begin_json, say_json, end_json },
    { "sarif", 0, begin_sarif, say_sarif, end_sarif }
};
#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))

static const char *refuse_format(apr_pool_t *p, const char *name)
{
    const char *all = formats[0].name;
    size_t i;

    for (i = 1; i < FORMAT_COUNT; i++) {
        all = apr_pstrcat(p, all, i + 1 < FORMAT_COUNT ? ", " : " or ", formats[i].name,
                          NULL);
    }
    return apr_psprintf(p, "--format '%s' is none of these; write %s",
                        r307_text_show(p, name, strlen(name)), all);
}

void ctl_sayings_keep(ctl_sayings_t *sayings, apr_pool_t *p)
{
    memset(sayings, 0, sizeof(*sayings));
    sayings->p = p;
    sayings->list = apr_array_make(p, 16, sizeof(ctl_saying_t));
    sayings->unread = apr_array_make(p, 2, sizeof(ctl_saying_t));
}

const char *ctl_sayings_begin(ctl_sayings_t *sayings, const ctl_args_t *args)
{
    const char *name = ctl_args_value(args, "format");
    size_t i;

    ctl_sayings_keep(sayings, args->p);
    sayings->is_quiet = ctl_args_value(args, "quiet") != NULL;
    for (i = 0; i < FORMAT_COUNT; i++) {
        if (strcmp(name ? name : formats[0].name, formats[i].name) == 0) {
            sayings->format = &formats[i];
        }
    }
    if (!sayings->format) {
        return refuse_format(args->p, name);
    }
    sayings->format->begin(sayings);
    return NULL;
}

void ctl_sayings_add(ctl_sayings_t *sayings, const ctl_saying_t *saying)
{
    ctl_saying_t *kept;

    if (saying->kind == CTL_SAYING_NOTE && sayings->is_quiet) {
        return;
    }
    kept = apr_array_push(sayings->list);
    *kept = *saying;
    kept->nth = sayings->list->nelts;
    if (saying->kind == CTL_SAYING_UNREAD) {
        APR_ARRAY_PUSH(sayings->unread, ctl_saying_t) = *saying;
        fflush(stdout);
        fprintf(stderr, "redirect307ctl: %s\n", saying->text);
    }
}

static int by_line(const void *a, const void *b)
{
    const ctl_saying_t *x = a, *y = b;
    int order = strcmp(x->file ? x->file : "", y->file ? y->file : "");

    return order ? order
        : x->line != y->line ? (x->line > y->line ? 1 : -1) : x->nth - y->nth;
}

void ctl_sayings_flush(ctl_sayings_t *sayings)
{
    int i;

    qsort(sayings->list->elts, (size_t)sayings->list->nelts, sizeof(ctl_saying_t), by_line);
    for (i = 0; i < sayings->list->nelts; i++) {
        const ctl_saying_t *saying = &APR_ARRAY_IDX(sayings->list, i, ctl_saying_t);

        if (saying->kind != CTL_SAYING_UNREAD || sayings->format->says_unread) {
            sayings->format->say(sayings, saying);
            sayings->said = 1;
        }
    }
    apr_array_clear(sayings->list);
}

void ctl_sayings_end(ctl_sayings_t *sayings, const ctl_sum_t *sum)
{
    ctl_sayings_flush(sayings);
    sayings->format->end(sayings, sum);
}
