/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_file: httpd.conf, a part of it, or a .htaccess, line by line: which of them are ours,
 * where they stand, and what httpd will not take of the others.
 */
#ifndef CTL_FILE_H
#define CTL_FILE_H

#include "conf/directive_names.h"
#include "decide/ruleset.h"
#include "reach.h"

/* One directive of ours, met in a file, or what is wrong with the file itself. */
typedef struct ctl_met_t {
    r307_place_t place;
    const char *directive;      /* as the file spells it */
    const r307_directive_row_t *row;    /* NULL: it is none of this version */
    const char *remark;         /* not one of ours: what stands behind "#?" of a comment */
    const char *problem;        /* not one of ours: what httpd does not take, and why */
    int is_fatal;               /* a problem over which httpd takes nothing of the file */
    r307_standing_t standing;
    const char *const *untold;  /* what only the server knows of a line that was read with
                                 * the context; *untold is NULL where there is nothing */
    const char *args;
    r307_context_t context;     /* of a rule line at this place */
    const ctl_reach_t *reach;  /* where what it names lies */
    int is_conf;                /* httpd.conf or a part of it, not .htaccess */
    const char *container;      /* innermost section that a rule here belongs to, as
                                 * "Location /a"; NULL outside all */
} ctl_met_t;

/* Calls met for every directive of a configuration file or .htaccess whose name begins
 * with Redirect307, continued lines joined as httpd does, and for what httpd will not take
 * of the others, as far as the file says it. */
void ctl_file_read(apr_pool_t *p, const ctl_reach_t *reach,
                    void (*met)(void *baton, const ctl_met_t *what), void *baton);

/* Every line that is a directive, whoever's: its name, what stands behind it, and its number.
 * Sections are not told, and nothing is judged. */
void ctl_file_each(apr_pool_t *p, const ctl_reach_t *reach,
                   void (*met)(void *baton, const char *name, const char *args,
                               unsigned line), void *baton);

/* One line of ours that somebody else has found. */
void ctl_file_meet(apr_pool_t *p, const ctl_reach_t *reach, const r307_standing_t *standing,
                   const char *name, const char *args, r307_place_t place, ctl_met_t *what);

/* What is made of the name of a flag: what the view's `flag` is given. */
typedef struct ctl_flag_place_t {
    const ctl_reach_t *reach;
    const char *file;
} ctl_flag_place_t;

/* NULL, or what is wrong before a line's words are read: it is no directive, or cannot
 * stand there. */
const char *ctl_file_check(apr_pool_t *p, const ctl_met_t *what);

/* NULL, or why it cannot be told what becomes of the line. */
const char *ctl_file_unplaced(const ctl_met_t *what);

/* The rule of a line that is one, added to rules (NULL: to none). NULL; or what is wrong, and
 * what becomes of the line: in .htaccess something may stand in for it, which is added,
 * too. */
const char *ctl_file_take_rule(apr_pool_t *p, const ctl_met_t *what,
                                r307_ruleset_t *rules, const r307_rule_t **rule);

/* Whether a flag of a .htaccess lies in its directory. What is said of one that does not. */
int ctl_file_is_inside(const ctl_met_t *what, const char *flag);
#define CTL_FILE_OUTSIDE \
    "lies outside the directory of this .htaccess; write flag=down.on"

/* A flag's name in which a part is a symbolic link. */
#define CTL_FILE_LINKED \
    "lies behind a symbolic link, and counts as absent where that leads out of the directory " \
    "of this .htaccess; write the name of a file in it"

#endif
