/* SPDX-License-Identifier: Apache-2.0
 *
 * unit: what the engine's tests share. Tables of rows from t/data, and a request that
 * exists in memory only. A failing row is printed with its place and the next one is
 * tried; the test fails at the end of its table.
 */
#ifndef R307_UNIT_H
#define R307_UNIT_H

#include <check.h>
#include <apr_hash.h>
#include "decide/decide.h"
#include "grammar/token.h"

/* libcheck writes its place to a file at each assertion that holds, and the tests have
 * millions of them: that was most of their time. A test that ends by a signal is still
 * named, by its first line. */
#define _mark_point(file, line) ((void)0)

/* Tables. A field is unescaped: \t \n \r \0 \\ \xNN; \e stands for nothing (so that a
 * field can be empty), \{N:text} for text N times. The first line that is no comment
 * names the columns; a row may have more fields than it names. */
#define UNIT_FIELDS_MOST 16

typedef struct unit_table_t unit_table_t;

typedef struct unit_row_t {
    const unit_table_t *table;
    int line;
    int count;
    r307_slice_t field[UNIT_FIELDS_MOST];   /* NUL-terminated too */
} unit_row_t;

struct unit_table_t {
    apr_pool_t *p;
    const char *path;
    int columns;
    const char *column[UNIT_FIELDS_MOST];
    int count;
    unit_row_t *rows;
    int failed;
};

/* Loads R307_DATA/name and fails the test when it has fewer rows than `fewest`. */
unit_table_t *unit_table_load(apr_pool_t *p, const char *name, int fewest);
/* Fails the test when a row failed. */
void unit_table_end(unit_table_t *table);

r307_slice_t unit_slice(const unit_row_t *row, const char *column);
const char *unit_text(const unit_row_t *row, const char *column);
/* The field is "-": absent. */
int unit_absent(const unit_row_t *row, const char *column);
int unit_is(const unit_row_t *row, const char *column, const char *text);

/* Counts a row as checked. */
void unit_row_begin(const unit_row_t *row);
void unit_row_fail(const unit_row_t *row, const char *what, const char *got,
                   const char *wanted);
/* Compare and report; NULL equals NULL only. */
void unit_row_same(const unit_row_t *row, const char *what, const char *got,
                   const char *wanted);
void unit_row_same_slice(const unit_row_t *row, const char *what, r307_slice_t got,
                         r307_slice_t wanted);
/* wanted: "-" for no error, "*" for not judged, "~a~b" for texts that must occur in it
 * ("~" alone: any), else the exact text. Any error must be fit to be shown. */
void unit_row_error(const unit_row_t *row, const char *got, const char *wanted);

/* Rows checked by all tests of this run, forked or not. */
void unit_rows_make(void);
void unit_rows_add(int count);
int unit_rows_checked(void);

/* Splits at a separator such as " && "; apr array of const char *. */
apr_array_header_t *unit_list(apr_pool_t *p, const char *text, const char *separator);
/* The two lists hold the same names, in any order and letter case. */
int unit_same_names(apr_pool_t *p, const char *a, const char *b);
/* Bytes for a message. */
const char *unit_show(apr_pool_t *p, r307_slice_t slice);

/* A request in memory: to www.example.test by http, port 80. Header X-Env is the
 * environment variable R307_TEST, X-Now the time (else 2026-01-01T00:00:00Z), X-Client the
 * address, X-User who logged in, X-Login that it is not known yet, X-File what there is to
 * serve (present, missing), X-Flag the flag that is set, X-Roll what is rolled; the machine is
 * in UTC. */
typedef struct unit_fake_t {
    r307_view_t view;
    apr_pool_t *p;
    apr_array_header_t *headers;    /* of const char *, "Name: value" */
    int port;                       /* what is said of it where view.asked says no scheme */
} unit_fake_t;

/* NULL when the target has no path. headers: joined by " && ", "-" for none. */
unit_fake_t *unit_fake_make(apr_pool_t *p, const char *method, const char *target,
                            const char *headers);

/* Expressions of the fake: true, false, %{NAME}, -n %{NAME}, -z %{NAME},
 * %{NAME} == 'text', %{NAME} != 'text'; NAME is HTTP:Header, HTTP_HOST, REQUEST_METHOD,
 * QUERY_STRING, REQUEST_SCHEME or REQUEST_URI; in a target %{tolower:%{NAME}}, too. A text with "syntax-error" in it does
 * not compile; any other NAME fails when it is asked. */
extern const r307_expr_maker_t unit_fake_maker;

/* Parsing context for a context column: server, htaccess, location:PATH. */
void unit_context_make(apr_pool_t *p, const char *where, const char *directive,
                       r307_context_t *context);
/* Parses the rules of a column (" ;; "); NULL when one has an error, put into *error. Where
 * unit_keeps_words is not 0, plain lines are kept as their words. */
extern int unit_keeps_words;
r307_ruleset_t *unit_rules(apr_pool_t *p, const char *text, const char *where,
                           const char *directive, const char **error);
/* Whether what was noted of an index says that the path is for none of its rules. */
int unit_elsewhere(const r307_index_t *index, r307_slice_t path);
/* Adds a line as its words; 0: it is none that can be kept so. */
int unit_keep(apr_pool_t *p, r307_ruleset_t *rules, const char *line, r307_place_t place,
              const r307_context_t *context);
/* Adds a line to a map; the error text of its words or of its rule. */
const char *unit_image_add(apr_pool_t *p, r307_image_builder_t *builder, const char *line,
                           unsigned number);
/* Decides under the fixed assumptions of decide.tsv. allow: entries of
 * Redirect307AllowHosts joined by spaces, "-" for none. */
void unit_decide(apr_pool_t *p, const r307_ruleset_t *rules, const char *where,
                 const char *allow, const r307_view_t *view,
                 r307_decision_t *decision);

/* The same with Redirect307Relative on or off. */
void unit_decide_as(apr_pool_t *p, const r307_ruleset_t *rules, const char *where,
                    const char *allow, int relative, const r307_view_t *view,
                    r307_decision_t *decision);

apr_pool_t *unit_pool(void);

TCase *text_cases(void);
TCase *open_below_cases(void);
TCase *htaccess_pack_cases(void);
TCase *htaccess_scan_cases(void);
TCase *place_cases(void);
TCase *conf_tree_cases(void);
TCase *conf_walk_cases(void);
TCase *url_cases(void);
TCase *idn_cases(void);
TCase *path_cases(void);
TCase *expr_tell_cases(void);
TCase *literal_cases(void);
TCase *token_cases(void);
TCase *ip_cases(void);
TCase *hash_cases(void);
TCase *frequent_cases(void);
TCase *sends_cases(void);
TCase *access_line_cases(void);
TCase *cookie_cases(void);
TCase *pattern_cases(void);
TCase *target_cases(void);
TCase *query_cases(void);
TCase *datetime_cases(void);
TCase *cond_cases(void);
TCase *guard_cases(void);
TCase *lint_loop_cases(void);
TCase *lint_across_cases(void);
TCase *plan_cases(void);
TCase *share_cases(void);
TCase *limit_cases(void);
TCase *lint_rule_cases(void);
TCase *regex_cases(void);
TCase *regex_needs_cases(void);
TCase *rule_group_cases(void);
TCase *line_cases(void);
TCase *map_build_cases(void);
TCase *decide_cases(void);
TCase *case_cases(void);
TCase *index_cases(void);
TCase *prefilter_cases(void);
TCase *index_join_cases(void);
TCase *arena_cases(void);
TCase *hits_cases(void);
TCase *served_cases(void);
TCase *identity_cases(void);
TCase *status_cases(void);
TCase *filestate_cases(void);
TCase *image_cases(void);
TCase *maintenance_decide_cases(void);

#endif
