/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_docroot: rules held against the files that a site has: pages that nobody sees any more,
 * and targets that are no page.
 */
#ifndef CTL_DOCROOT_H
#define CTL_DOCROOT_H

#include "ctl_site.h"

typedef struct ctl_docroot_t ctl_docroot_t;

/* In p; its directory is held open until the program ends. NULL and *docroot, or why not. */
const char *ctl_docroot_open(apr_pool_t *p, const char *name, ctl_docroot_t **docroot);

/* Who is told. */
typedef struct ctl_docroot_calls_t {
    r307_doubt_say_t *say;
    /* of the file, and of a line that answers for what is not there */
    void (*note)(void *baton, r307_place_t place, const char *text);
    void *baton;
} ctl_docroot_calls_t;

/* The rules outside of sections of a file that was loaded with its maps kept. found: the file. */
void ctl_docroot_audit(const ctl_docroot_t *docroot, const ctl_site_t *site,
                       const ctl_named_t *found, const ctl_docroot_calls_t *calls);

#endif
