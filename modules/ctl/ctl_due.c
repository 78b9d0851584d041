/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_due.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <apr_strings.h>

#include "base/text.h"
#include "base/version.h"
#include "ctl_csv.h"
#include "ctl_json.h"
#include "rule/identity.h"

#define DATE_LEN 10             /* YYYY-MM-DD */
#define FOLD 75                 /* octets of a line, RFC 5545 3.1 */

static const char *show(const ctl_dues_t *x, const char *text)
{
    return r307_text_show(x->p, text, strlen(text));
}

void ctl_due_set(const ctl_dues_t *x, const r307_rule_t *rule, const char *word,
                 const r307_date_t *date, ctl_due_t *row)
{
    memset(row, 0, sizeof(*row));
    row->word = word;
    row->name = show(x, rule->name ? rule->name : rule->source ? rule->source
                     : rule->target->text ? rule->target->text : "");
    row->owner = rule->owner ? show(x, rule->owner) : "-";
    row->note = rule->note ? show(x, rule->note) : NULL;
    row->file = apr_pstrdup(x->p, rule->place.file);
    row->line = rule->place.line;
    row->date.when = date->when;
    row->date.text = apr_pstrdup(x->p, date->text);
    row->identity = r307_identity_of(rule, r307_identity_home(rule->place.file), 0);
}

static const ctl_due_t *due_at(const ctl_dues_t *x, int i)
{
    return &APR_ARRAY_IDX(x->rows, i, const ctl_due_t);
}

static const char *day_of(apr_pool_t *p, apr_time_t when)
{
    return when ? apr_pstrmemdup(p, r307_time_print(p, when), DATE_LEN) : "-";
}

/* --- for people --- */

static void print_text(const ctl_dues_t *x)
{
    size_t name = 0, owner = 0;
    int i;

    for (i = 0; i < x->rows->nelts; i++) {
        const ctl_due_t *row = due_at(x, i);

        name = strlen(row->name) > name ? strlen(row->name) : name;
        owner = strlen(row->owner) > owner ? strlen(row->owner) : owner;
    }
    for (i = 0; i < x->rows->nelts; i++) {
        const ctl_due_t *row = due_at(x, i);

        printf("%-9s  %-*s  %-*s  %s  %s:%u", row->word, (int)name, row->name, (int)owner,
               row->owner, row->text, row->file, row->line);
        if (row->blame.author) {
            printf("  %s %s", row->blame.author, day_of(x->p, row->blame.when));
        }
        printf("\n");
    }
    printf("%d rule%s, %d due%s.\n", x->rules, x->rules == 1 ? "" : "s", x->rows->nelts,
           x->has_next ? " or to come" : "");
}

/* --- for programs --- */

static void member(const char *name, const char *text)
{
    printf(", \"%s\": ", name);
    ctl_json_string(stdout, text);
}

static const char *time_of(apr_pool_t *p, apr_time_t when)
{
    return when ? r307_time_print(p, when) : NULL;
}

static void print_json(const ctl_dues_t *x)
{
    int i;

    printf("{\n  \"rules\": %d,\n  \"due\": [", x->rules);
    for (i = 0; i < x->rows->nelts; i++) {
        const ctl_due_t *row = due_at(x, i);

        printf("%s\n    { \"kind\": ", i ? "," : "");
        ctl_json_string(stdout, row->word);
        member("at", time_of(x->p, row->date.when));
        member("rule", row->name);
        member("owner", strcmp(row->owner, "-") == 0 ? NULL : row->owner);
        member("note", row->note);
        member("file", row->file);
        printf(", \"line\": %u", row->line);
        member("text", row->text);
        if (row->blame.author) {
            member("author", row->blame.when ? row->blame.author : NULL);
            member("written", time_of(x->p, row->blame.when));
        }
        printf(" }");
    }
    printf("\n  ]\n}\n");
}

/* --- for sheets --- */

static const char columns[] = "kind,at,rule,owner,note,file,line,text,author,written\r\n";

static void print_csv(const ctl_dues_t *x)
{
    int i;

    fputs(columns, stdout);
    for (i = 0; i < x->rows->nelts; i++) {
        const ctl_due_t *row = due_at(x, i);

        ctl_csv_cell(stdout, row->word, 0);
        ctl_csv_cell(stdout, time_of(x->p, row->date.when), 0);
        ctl_csv_cell(stdout, row->name, 0);
        ctl_csv_cell(stdout, strcmp(row->owner, "-") == 0 ? "" : row->owner, 0);
        ctl_csv_cell(stdout, row->note, 0);
        ctl_csv_cell(stdout, row->file, 0);
        printf("%u,", row->line);
        ctl_csv_cell(stdout, row->text, 0);
        ctl_csv_cell(stdout, row->blame.when ? row->blame.author : "", 0);
        ctl_csv_cell(stdout, time_of(x->p, row->blame.when), 1);
    }
}

/* --- for calendars, RFC 5545 --- */

/* A content line, folded: no line is longer, and no character of UTF-8 is cut. */
static void print_line(const char *line)
{
    size_t room = FOLD;

    while (strlen(line) > room) {
        size_t n = room;

        while (n > 1 && ((unsigned char)line[n] & 0xC0) == 0x80) {
            n--;
        }
        printf("%.*s\r\n ", (int)n, line);
        line += n;
        room = FOLD - 1;
    }
    printf("%s\r\n", line);
}

/* A value of the type TEXT, 3.3.11. */
static const char *as_text(apr_pool_t *p, const char *text)
{
    r307_buf_t buf;

    r307_buf_make(&buf, p, strlen(text) + 16);
    for (; *text; text++) {
        if (strchr("\\;,", *text)) {
            r307_buf_putc(&buf, '\\');
        }
        if (*text == '\n') {
            r307_buf_puts(&buf, "\\n");
        }
        else if ((unsigned char)*text >= 0x20 && *text != 0x7F) {
            r307_buf_putc(&buf, *text);
        }
    }
    return buf.len ? buf.s : "";
}

static const char *as_time(apr_pool_t *p, apr_time_t when)
{
    apr_time_exp_t at;

    apr_time_exp_gmt(&at, when);
    return apr_psprintf(p, "%04d%02d%02dT%02d%02d%02dZ", at.tm_year + 1900, at.tm_mon + 1,
                        at.tm_mday, at.tm_hour, at.tm_min, at.tm_sec);
}

/* A date that was written as a day is that day, wherever the calendar is. */
static const char *start_of(apr_pool_t *p, const r307_date_t *date)
{
    const char *s = date->text ? date->text : "";

    return strlen(s) == DATE_LEN
        ? apr_psprintf(p, "DTSTART;VALUE=DATE:%.4s%.2s%.2s", s, s + 5, s + 8)
        : apr_pstrcat(p, "DTSTART:", as_time(p, date->when), NULL);
}

static void print_event(const ctl_dues_t *x, const ctl_due_t *row)
{
    apr_pool_t *p = x->p;
    int is_owned = strcmp(row->owner, "-") != 0;
    const char *title = apr_pstrcat(p, row->word, " ", row->name, NULL);
    const char *about = apr_psprintf(p, "%s\n%s:%u%s%s%s%s", row->text, row->file,
                                     row->line, is_owned ? "\nowner: " : "",
                                     is_owned ? row->owner : "",
                                     row->note ? "\nnote: " : "",
                                     row->note ? row->note : "");

    print_line("BEGIN:VEVENT");
    print_line(apr_psprintf(p, "UID:%016" APR_UINT64_T_HEX_FMT "-%s@redirect307",
                            row->identity, row->word));
    print_line(apr_pstrcat(p, "DTSTAMP:", as_time(p, x->now), NULL));
    print_line(start_of(p, &row->date));
    print_line(apr_pstrcat(p, "SUMMARY:", as_text(p, title), NULL));
    print_line(apr_pstrcat(p, "DESCRIPTION:", as_text(p, about), NULL));
    print_line(apr_pstrcat(p, "CATEGORIES:", row->word, NULL));
    print_line("TRANSP:TRANSPARENT");
    print_line("END:VEVENT");
}

static void print_ics(const ctl_dues_t *x)
{
    int i;

    print_line("BEGIN:VCALENDAR");
    print_line("VERSION:2.0");
    print_line("PRODID:-//mod_redirect307//redirect307ctl " R307_VERSION "//EN");
    print_line("CALSCALE:GREGORIAN");
    for (i = 0; i < x->rows->nelts; i++) {
        print_event(x, due_at(x, i));
    }
    print_line("END:VCALENDAR");
}

static const ctl_due_format_t formats[] = {
    { "text", print_text }, { "json", print_json }, { "csv", print_csv },
    { "ics", print_ics }
};

const ctl_due_format_t *ctl_due_format_find(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
        if (strcmp(formats[i].name, name) == 0) {
            return &formats[i];
        }
    }
    return NULL;
}
