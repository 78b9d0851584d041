/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_lint: what there is to say of lines that were loaded.
 */
#ifndef CTL_LINT_H
#define CTL_LINT_H

#include "ctl_saying.h"
#include "ctl_site.h"

typedef struct ctl_lint_t {
    apr_pool_t *p;
    ctl_sayings_t *sayings;     /* where it goes */
    const char *root;           /* ServerRoot, or NULL */
    int keeps_maps;             /* those of a file that is loaded here stay */
    const struct ctl_docroot_t *docroot;    /* the files of the site, or NULL */
    /* what was found */
    ctl_sum_t sum;
    int ours;                   /* lines of ours */
    /* while a file is looked at */
    int directory;              /* it is a .htaccess */
    const char *map;            /* the name of the one that was told of last */
} ctl_lint_t;

/* Before the site is loaded: has what is said of maps go there. */
void ctl_lint_begin(ctl_lint_t *linting, ctl_site_t *site);

/* Each line by itself, and those outside of containers together. */
void ctl_lint_lines(ctl_lint_t *linting, const ctl_site_t *site);

/* Where the rules of one container lead together, and which of them others leave nothing to. */
void ctl_lint_together(ctl_lint_t *linting, const ctl_site_t *site,
                       const r307_ruleset_t *rules);

/* All of it for one file, loaded into *site. instead: what the file is said to have, or NULL.
 * NULL, or why it cannot be read. */
const char *ctl_lint_file(ctl_lint_t *linting, const ctl_named_t *found,
                          const ctl_content_t *instead, ctl_site_t *site);

#endif
