/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_gap_print.h"

#include <inttypes.h>
#include <string.h>
#include <apr_strings.h>

#include "ctl_csv.h"
#include "ctl_json.h"
#include "ctl_print.h"

typedef struct list_t {
    int status;
    const char *head;
} list_t;

static const list_t lists[] = {
    { 404, "404, and nobody caught it" },
    { 410, "410, and still asked for" }
};

static const ctl_gap_t *gap_at(const ctl_gaps_t *x, int i)
{
    return &APR_ARRAY_IDX(x->gaps, i, const ctl_gap_t);
}

static int is_open(const ctl_gap_t *gap, int status)
{
    return gap->status == status && !gap->caught;
}

int ctl_gap_count(const ctl_gaps_t *x, int status, int most)
{
    int i, count = 0;

    for (i = 0; i < x->gaps->nelts && count < most; i++) {
        count += is_open(gap_at(x, i), status);
    }
    return count;
}

static const char *number(apr_pool_t *p, apr_uint64_t value)
{
    return apr_psprintf(p, "%" APR_UINT64_T_FMT, value);
}

static const char *url_of(apr_pool_t *p, const ctl_gap_t *gap)
{
    return apr_pstrcat(p, *gap->host ? "//" : "", gap->host, gap->path,
                       gap->is_cut ? "..." : "", NULL);
}

/* --- for people --- */

static const char *day_of(apr_pool_t *p, apr_time_t when)
{
    return apr_pstrmemdup(p, r307_time_print(p, when), 10);
}

static void print_near(const ctl_gaps_t *x, const ctl_gap_t *gap)
{
    apr_pool_t *p = x->p;

    if (gap->gone) {
        ctl_print(stdout,
                  apr_psprintf(p, "          %s says that it is gone\n", gap->gone));
    }
    if (gap->why) {
        ctl_print(stdout, apr_psprintf(p, "          near: %s%s%s (%s)\n",
                                       r307_text_show(p, gap->near, strlen(gap->near)),
                                       gap->place ? " of " : "",
                                       gap->place ? gap->place : "", gap->why));
    }
    else if (x->has_rules || x->has_pages) {
        ctl_print(stdout, gap->line
                              ? "          nothing is near; if it is gone for good:\n"
                              : "          nothing is near\n");
    }
    if (gap->line) {
        printf("          %s\n", gap->line);    /* to be copied, so in one piece */
    }
}

static void print_gap(const ctl_gaps_t *x, const ctl_gap_sum_t *sum, const ctl_gap_t *gap)
{
    apr_pool_t *p = x->p;
    const char *more = gap->hits_most > gap->hits
        ? apr_psprintf(p, "%" APR_UINT64_T_FMT " at most, ", gap->hits_most) : "";
    const char *others = gap->others
        ? apr_psprintf(p, ", %u by others", gap->others) : "";
    const char *from = gap->from ? apr_pstrcat(p, ", from ", gap->from, NULL) : "";

    printf("%8" APR_UINT64_T_FMT "  %s\n", gap->hits, url_of(p, gap));
    ctl_print(stdout, apr_psprintf(p, "          %slast %s%s%s\n", more,
                                   gap->last ? day_of(p, gap->last) : "-", others, from));
    print_near(x, gap);
}

static void print_caught(const ctl_gaps_t *x)
{
    apr_uint64_t hits = 0;
    const char *first = NULL;
    int i, count = 0;

    for (i = 0; i < x->gaps->nelts; i++) {
        const ctl_gap_t *gap = gap_at(x, i);

        if (gap->caught) {
            first = first ? first : apr_psprintf(x->p, "%s by %s", url_of(x->p, gap),
                                                 gap->caught);
            hits += gap->hits;
            count++;
        }
    }
    if (count) {
        ctl_print(stdout, apr_psprintf(x->p, "%d URL%s that had %" APR_UINT64_T_FMT
                                       " hits answer%s by now: %s%s\n", count,
                                       count == 1 ? "" : "s", hits,
                                       count == 1 ? "s" : "", first,
                                       count > 1 ? " ..." : ""));
    }
}

static void print_sum(const ctl_gaps_t *x, const ctl_gap_sum_t *sum)
{
    apr_pool_t *p = x->p;
    const char *text;
    int i;

    text = apr_psprintf(
        p,
        "%" APR_UINT64_T_FMT " lines of %d file%s%s%s. Hits of 404 and 410:", sum->lines,
        sum->files, sum->files == 1 ? "" : "s", sum->since ? ", since " : "",
        sum->since ? day_of(p, sum->since) : "");
    for (i = 0; i < R307_ASKER_COUNT; i++) {
        text = apr_psprintf(p, "%s%s %" APR_UINT64_T_FMT " by %s", text, i ? "," : "",
                            sum->hits[i], r307_asker_words[i]);
    }
    ctl_print(stdout, apr_pstrcat(p, text, ".\n", NULL));
    if (!sum->has_agents && sum->hits[R307_ASKER_PEOPLE]) {
        ctl_print(stdout,
                  "The log does not say who asked, so that robots count as people.\n");
    }
    if (!sum->error) {
        ctl_print(stdout, "Counts are exact.\n");
    }
    else if (sum->is_once) {
        ctl_print(stdout,
                  apr_psprintf(p,
                               "Read once: a count may be too low by %" APR_UINT64_T_FMT
                               ", and a URL with no more hits be "
                               "missing.\n",
                               sum->error));
    }
    else {
        ctl_print(stdout, apr_psprintf(p, "Counts are exact; a URL with no more than %"
                                       APR_UINT64_T_FMT " hits may be missing.\n",
                                       sum->error));
    }
    if (!x->has_rules && !x->has_pages) {
        ctl_print(stdout,
                  "For what is near, name the pages (--docroot DIR) and the rules "
                  "(--rules FILE).\n");
    }
}

static void print_text(const ctl_gaps_t *x, const ctl_gap_sum_t *sum, int most)
{
    size_t k;
    int i, left;

    for (k = 0; k < sizeof(lists) / sizeof(*lists); k++) {
        left = ctl_gap_count(x, lists[k].status, most);
        if (!left) {
            continue;
        }
        printf("%s\n", lists[k].head);
        for (i = 0; i < x->gaps->nelts && left; i++) {
            if (is_open(gap_at(x, i), lists[k].status)) {
                print_gap(x, sum, gap_at(x, i));
                left--;
            }
        }
        printf("\n");
    }
    print_caught(x);
    print_sum(x, sum);
}

/* --- for programs --- */

static void member(const char *name, const char *text, const char *end)
{
    printf("\"%s\": ", name);
    ctl_json_string(stdout, text);
    fputs(end, stdout);
}

static void print_object(const ctl_gaps_t *x, const ctl_gap_t *gap)
{
    printf("    { \"status\": %d, ", gap->status);
    member("host", *gap->host ? gap->host : NULL, ", ");
    member("path", gap->path, ", ");
    printf("\"cut\": %s, \"hits\": %" APR_UINT64_T_FMT
           ", \"hits_most\": %" APR_UINT64_T_FMT ", \"others\": %u, ",
           gap->is_cut ? "true" : "false", gap->hits, gap->hits_most, gap->others);
    member("last", gap->last ? r307_time_print(x->p, gap->last) : NULL, ", ");
    member("from", gap->from, ",\n      ");
    member("caught", gap->caught, ", ");
    member("gone", gap->gone, ", ");
    member("near", gap->why ? gap->near : NULL, ", ");
    member("place", gap->why ? gap->place : NULL, ", ");
    member("why", gap->why, ", ");
    member("line", gap->line, " }");
}

/* In the order of the lists; which of them are printed is the same in all formats. */
static void each_printed(const ctl_gaps_t *x, int most,
                         void (*print)(const ctl_gaps_t *x, const ctl_gap_t *gap,
                                       int nth))
{
    size_t k;
    int i, left, nth = 0;

    for (k = 0; k < sizeof(lists) / sizeof(*lists); k++) {
        left = ctl_gap_count(x, lists[k].status, most);
        for (i = 0; i < x->gaps->nelts && left; i++) {
            if (is_open(gap_at(x, i), lists[k].status)) {
                print(x, gap_at(x, i), nth++);
                left--;
            }
        }
    }
}

static void print_nth_object(const ctl_gaps_t *x, const ctl_gap_t *gap, int nth)
{
    printf("%s\n", nth ? "," : "");
    print_object(x, gap);
}

static void print_json(const ctl_gaps_t *x, const ctl_gap_sum_t *sum, int most)
{
    int i, nth = 0;

    printf("{\n  \"lines\": %" APR_UINT64_T_FMT ", \"strange\": %" APR_UINT64_T_FMT
           ", \"files\": %d, \"once\": %s, \"error\": %" APR_UINT64_T_FMT
           ",\n  \"hits\": {",
           sum->lines, sum->strange, sum->files, sum->is_once ? "true" : "false",
           sum->error);
    for (i = 0; i < R307_ASKER_COUNT; i++) {
        printf("%s \"%s\": %" APR_UINT64_T_FMT, i ? "," : "", r307_asker_words[i],
               sum->hits[i]);
    }
    printf(" },\n  \"missing\": [");
    each_printed(x, most, print_nth_object);
    printf("\n  ],\n  \"caught\": [");
    for (i = 0; i < x->gaps->nelts; i++) {
        if (gap_at(x, i)->caught) {
            print_nth_object(x, gap_at(x, i), nth++);
        }
    }
    printf("\n  ]\n}\n");
}

/* --- for sheets --- */

static const char columns[] =
    "status,host,path,hits,hits_most,others,last,from,near,place,why,line\r\n";

static void print_row(const ctl_gaps_t *x, const ctl_gap_t *gap, int nth)
{
    apr_pool_t *p = x->p;
    const char *cells[] = {
        number(p, (apr_uint64_t)gap->status), gap->host,
        gap->is_cut ? apr_pstrcat(p, gap->path, "...", NULL) : gap->path,
        number(p, gap->hits), number(p, gap->hits_most), number(p, gap->others),
        gap->last ? r307_time_print(p, gap->last) : "", gap->from,
        gap->why ? gap->near : "", gap->why ? gap->place : "", gap->why, gap->line
    };
    size_t i, count = sizeof(cells) / sizeof(*cells);

    for (i = 0; i < count; i++) {
        ctl_csv_cell(stdout, cells[i], i + 1 == count);
    }
}

static void print_csv(const ctl_gaps_t *x, const ctl_gap_sum_t *sum, int most)
{
    fputs(columns, stdout);
    each_printed(x, most, print_row);
}

static const ctl_gap_format_t formats[] = {
    { "text", print_text }, { "json", print_json }, { "csv", print_csv }
};

const ctl_gap_format_t *ctl_gap_format_find(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
        if (strcmp(formats[i].name, name) == 0) {
            return &formats[i];
        }
    }
    return NULL;
}
