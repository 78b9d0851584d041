/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_cases: where cases are written: comments above rules, cells of a sheet, NAME.tests, and
 * the URLs of an access log. Hands over their texts one by one, and judges none.
 */
#ifndef CTL_CASES_H
#define CTL_CASES_H

#include "ctl_trial.h"

typedef struct ctl_case_text_t {
    r307_place_t place;
    const char *asked, *wanted;     /* as of r307_case_parse; asked NULL: see bad */
    int is_comment;             /* behind "#?" */
    int is_cell;                    /* of a sheet, where the answer may be left out */
    const char *bad;                /* what is wrong with the line, before it is read */
    const r307_place_t *at;         /* the rule it stands at; line 0: any of that file; NULL:
                                     * it stands at none */
    const char *untold;             /* why the rule is not asked, or NULL */
} ctl_case_text_t;

typedef void ctl_case_met_t(void *baton, const ctl_case_text_t *text);

/* All of a file of rules: in it, in the maps that it names, in NAME.tests beside it (path
 * NULL: there is no such place). What met gets lives as long as the call. 0, and told on
 * stderr: some of it could not be read. */
int ctl_cases_of(ctl_trial_t *trial, const char *path, ctl_case_met_t *met, void *baton);

/* Whether a file has cases, and no rules, by its name. */
int ctl_cases_is(const char *file);

/* Lines of cases; 0 and told likewise. */
int ctl_cases_file(apr_pool_t *p, const char *file, ctl_case_met_t *met, void *baton);

/* Each URL of an access log that was answered 200 or 3xx, once, as a question. */
int ctl_cases_log(apr_pool_t *p, const char *file, ctl_case_met_t *met, void *baton);

#endif
