/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_verdicts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "ctl_print.h"

unsigned ctl_verdicts_percent(const ctl_verdict_sum_t *sum)
{
    return sum->rules ? (unsigned)((apr_uint64_t)sum->covered * 100 / sum->rules) : 100;
}

static const char *some(apr_pool_t *p, unsigned count, const char *one, const char *many)
{
    return apr_psprintf(p, ", %u %s", count, count == 1 ? one : many);
}

/* "412 cases, 2 fail, 87 % of 480 rules covered" */
static const char *sum_line(apr_pool_t *p, const ctl_verdict_sum_t *sum)
{
    const char *text = apr_psprintf(p, "%u case%s, %u fail%s", sum->cases,
                                    sum->cases == 1 ? "" : "s", sum->fails,
                                    sum->fails == 1 ? "s" : "");

    if (sum->opens) {
        text = apr_pstrcat(p, text, some(p, sum->opens, "cannot be told", "cannot be told"),
                           NULL);
    }
    if (sum->unasked) {
        text = apr_pstrcat(p, text, some(p, sum->unasked, "not asked", "not asked"), NULL);
    }
    if (sum->rules) {
        text = apr_psprintf(p, "%s, %u %% of %u rule%s covered", text,
                            ctl_verdicts_percent(sum), sum->rules,
                            sum->rules == 1 ? "" : "s");
    }
    if (sum->breaks) {
        text = apr_pstrcat(p, text, some(p, sum->breaks, "answer is not as demanded",
                                         "answers are not as demanded"), NULL);
    }
    return sum->bad ? apr_pstrcat(p, text, some(p, sum->bad, "line is no rule",
                                                "lines are no rules"), NULL) : text;
}

static const char *place_of(apr_pool_t *p, const ctl_verdict_t *verdict)
{
    return verdict->line ? apr_psprintf(p, "%s:%u", verdict->file, verdict->line)
                         : verdict->file;
}

/* --- text --- */

/* All but the first line; indent in front of each. */
static const char *details(apr_pool_t *p, const ctl_verdict_t *verdict, const char *indent)
{
    r307_buf_t buf;
    int i;

    r307_buf_make(&buf, p, 256);
    r307_buf_puts(&buf, apr_pstrcat(p, indent, verdict->why, "\n", NULL));
    if (verdict->came) {
        r307_buf_puts(&buf, apr_pstrcat(p, indent, "came: ", verdict->came, "\n", NULL));
    }
    for (i = 0; verdict->passed && i < verdict->passed->nelts; i++) {
        r307_buf_puts(&buf, apr_pstrcat(p, indent, "passed over: ",
                                        APR_ARRAY_IDX(verdict->passed, i, const char *), "\n",
                                        NULL));
    }
    if (verdict->write) {
        r307_buf_puts(&buf, apr_pstrcat(p, indent, CTL_VERDICTS_WRITE, ": ", verdict->write,
                                        "\n", NULL));
    }
    return buf.s;
}

static void add_text(FILE *out, apr_pool_t *p, const ctl_verdict_t *verdict)
{
    fprintf(out, "%s: %s\n%s", place_of(p, verdict), verdict->said,
            details(p, verdict, "    "));
}

static void begin_text(FILE *out, apr_pool_t *p, const ctl_verdict_sum_t *sum)
{
    ctl_print(out, apr_pstrcat(p, sum_line(p, sum), "\n", NULL));
}

static void end_nothing(FILE *out, apr_pool_t *p, const ctl_verdict_sum_t *sum)
{
}

/* --- JUnit's XML --- */

/* Bytes that XML 1.0 has no place for are gone already, but for U+FFFE and U+FFFF. */
static const char *xml(apr_pool_t *p, const char *text)
{
    r307_buf_t buf;

    r307_buf_make(&buf, p, strlen(text) + 32);
    for (; *text; text++) {
        switch (*text) {
        case '&': r307_buf_puts(&buf, "&amp;"); break;
        case '<': r307_buf_puts(&buf, "&lt;"); break;
        case '>': r307_buf_puts(&buf, "&gt;"); break;
        case '"': r307_buf_puts(&buf, "&quot;"); break;
        case '\'': r307_buf_puts(&buf, "&apos;"); break;
        default:
            if (strncmp(text, "\xEF\xBF\xBE", 3) == 0 || strncmp(text, "\xEF\xBF\xBF", 3) == 0) {
                r307_buf_putc(&buf, '?');
                text += 2;
            }
            else {
                r307_buf_putc(&buf, *text);
            }
        }
    }
    return buf.s;
}

static void add_junit(FILE *out, apr_pool_t *p, const ctl_verdict_t *verdict)
{
    const char *name = verdict->line
        ? apr_psprintf(p, "%u: %s", verdict->line, verdict->said) : verdict->said;

    fprintf(out, "  <testcase classname=\"%s\" name=\"%s\"", xml(p, verdict->file),
            xml(p, name));
    if (!verdict->why) {
        fprintf(out, "/>\n");
        return;
    }
    fprintf(out, ">\n    <%s message=\"%s\">%s</%s>\n  </testcase>\n",
            verdict->is_open ? "skipped" : "failure", xml(p, verdict->why),
            xml(p, details(p, verdict, "")), verdict->is_open ? "skipped" : "failure");
}

static void begin_junit(FILE *out, apr_pool_t *p, const ctl_verdict_sum_t *sum)
{
    fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- %s -->\n"
            "<testsuite name=\"redirect307ctl test\" tests=\"%u\" failures=\"%u\" "
            "skipped=\"%u\">\n", xml(p, sum_line(p, sum)), sum->cases + sum->breaks,
            sum->fails + sum->breaks, sum->opens + sum->unasked);
}

static void end_junit(FILE *out, apr_pool_t *p, const ctl_verdict_sum_t *sum)
{
    fprintf(out, "</testsuite>\n");
}

/* --- commands of GitHub's runner --- */

static const char *github(apr_pool_t *p, const char *text, const char *also)
{
    static const char digits[] = "0123456789ABCDEF";
    r307_buf_t buf;

    r307_buf_make(&buf, p, strlen(text) + 32);
    for (; *text; text++) {
        if (*text == '%' || (unsigned char)*text < ' ' || strchr(also, *text)) {
            char code[3] = { '%', digits[(unsigned char)*text >> 4],
                             digits[(unsigned char)*text & 15] };

            r307_buf_add(&buf, code, 3);
        }
        else {
            r307_buf_putc(&buf, *text);
        }
    }
    return buf.s;
}

static void add_github(FILE *out, apr_pool_t *p, const ctl_verdict_t *verdict)
{
    const char *text = details(p, verdict, "");

    text = apr_pstrcat(p, verdict->said, "\n", apr_pstrmemdup(p, text, strlen(text) - 1), NULL);
    fprintf(out, "::%s file=%s,line=%u,title=redirect307ctl test::%s\n",
            verdict->is_open ? "warning" : "error", github(p, verdict->file, ":,"),
            verdict->line ? verdict->line : 1, github(p, text, ""));
}

/* --- together --- */

struct ctl_verdicts_format_t {
    const char *word;
    int wants_all;              /* cases that hold are named, too */
    int is_read;                /* by people */
    void (*add)(FILE *out, apr_pool_t *p, const ctl_verdict_t *verdict);
    void (*begin)(FILE *out, apr_pool_t *p, const ctl_verdict_sum_t *sum);
    void (*end)(FILE *out, apr_pool_t *p, const ctl_verdict_sum_t *sum);
};

static const struct ctl_verdicts_format_t formats[] = {
    { "text", 0, 1, add_text, begin_text, end_nothing },
    { "junit", 1, 0, add_junit, begin_junit, end_junit },
    { "github", 0, 0, add_github, begin_text, end_nothing }
};
#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))

const char *ctl_verdicts_begin(apr_pool_t *p, const char *word, ctl_verdicts_t *verdicts)
{
    size_t i;

    verdicts->p = p;
    for (i = 0; i < FORMAT_COUNT && word && strcmp(formats[i].word, word) != 0; i++) {
        continue;
    }
    if (i == FORMAT_COUNT) {
        return apr_psprintf(p, "--format '%s' is not known; write text, junit or github",
                            r307_text_show(p, word, strlen(word)));
    }
    verdicts->format = &formats[i];
    verdicts->told = tmpfile();
    return verdicts->told ? NULL : apr_psprintf(p, "no temporary file: %s", strerror(errno));
}

int ctl_verdicts_wants_all(const ctl_verdicts_t *verdicts)
{
    return verdicts->format->wants_all;
}

void ctl_verdicts_add(ctl_verdicts_t *verdicts, apr_pool_t *p, const ctl_verdict_t *verdict)
{
    if (verdict->why || verdicts->format->wants_all) {
        verdicts->format->add(verdicts->told, p, verdict);
    }
}

void ctl_verdicts_end(ctl_verdicts_t *verdicts, const ctl_verdict_sum_t *sum)
{
    char *line = NULL;
    size_t size = 0;

    verdicts->format->begin(stdout, verdicts->p, sum);
    rewind(verdicts->told);
    while (getline(&line, &size, verdicts->told) > 0) {
        if (verdicts->format->is_read) {
            ctl_print(stdout, line);
        }
        else {
            fputs(line, stdout);
        }
    }
    free(line);
    fclose(verdicts->told);
    verdicts->format->end(stdout, verdicts->p, sum);
}
