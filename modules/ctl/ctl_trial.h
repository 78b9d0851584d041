/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_trial: the rules of one file, or of a whole httpd, as cases are asked of them, and which
 * of them were.
 */
#ifndef CTL_TRIAL_H
#define CTL_TRIAL_H

#include "case/case_judge.h"
#include "conf/place_config.h"
#include "ctl_args.h"
#include "ctl_site.h"

/* Rules of one file that a case was about, a bit for each line. */
typedef struct ctl_cover_t {
    const char *file;
    unsigned char *bits;
    unsigned lines;             /* beyond: none */
} ctl_cover_t;

typedef struct ctl_trial_t {
    apr_pool_t *p;
    const char *name;           /* of the file, as it is shown */
    ctl_site_t site;
    ctl_reach_t reach;          /* of a map: of no use */
    r307_config_t *conf;        /* what the settings of the file say */
    r307_scope_t scope;
    r307_policy_t policy;
    apr_array_header_t *lines;  /* of const r307_maintenance_t * */
    const char *fatal;          /* why httpd takes nothing of the file, or NULL */
    int bad;                    /* lines that are no rules, and were told */
    int elsewhere;              /* rules and maps that are not asked */
    apr_uint32_t rules, covered;
    apr_array_header_t *covers; /* of ctl_cover_t */
    r307_case_asker_t asker;
    int is_whole;               /* a whole httpd is asked, and not one scope */
} ctl_trial_t;

/* found: a file of rules; base: the URL of its directory, or NULL: its own Redirect307Base,
 * else `likely`, or "/". Bad lines are told on stderr. NULL, or why it cannot be asked. */
const char *ctl_trial_load(apr_pool_t *p, const ctl_named_t *found, const char *root,
                           const char *base, const char *likely, ctl_trial_t *trial);

/* A whole httpd, by -f, -D and --root or as it is installed; its .htaccess files are asked,
 * and have no cases. */
const char *ctl_trial_load_whole(apr_pool_t *p, const ctl_args_t *args, ctl_trial_t *trial);

/* Whether rules of the line are asked: a file alone does not tell whom a section is for. */
int ctl_trial_asks(const ctl_trial_t *trial, const ctl_line_t *line);

/* Of a site that was loaded: counts its rules, heeds its settings, tells bad lines. */
void ctl_trial_take(ctl_trial_t *trial);

/* Counts the rule of a place as covered. */
void ctl_trial_cover(ctl_trial_t *trial, const r307_place_t *place);
int ctl_trial_is_covered(const ctl_trial_t *trial, const r307_place_t *place);

/* Each rule that is asked; what `met` gets lives as long as the call. */
void ctl_trial_each(ctl_trial_t *trial, void (*met)(void *baton, apr_pool_t *p,
                                                    const r307_rule_t *rule), void *baton);

/* Which rules whose source matches did not answer a case, and why: "FILE:LINE  why". */
apr_array_header_t *ctl_trial_passed(ctl_trial_t *trial, apr_pool_t *p,
                                     const r307_case_view_t *view);

#endif
