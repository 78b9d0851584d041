/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_homes: the .htaccess files that an httpd may read: below its document roots, its
 * aliases and the directories of its sections, as far as AllowOverride lets them in; each
 * with what covers it.
 */
#ifndef CTL_HOMES_H
#define CTL_HOMES_H

#include "ctl_httpd.h"

typedef struct ctl_home_t {
    const ctl_named_t *found;
    const r307_server_t *server;        /* whose place it is; else the main one */
    const r307_area_t *area;            /* what holds there, of httpd.conf */
} ctl_home_t;

typedef struct ctl_homing_t {
    void (*met)(void *baton, const ctl_home_t *home);
    /* as of ctl_meeting_t */
    void (*unread)(void *baton, const char *name, const char *why);
    void *baton;
} ctl_homing_t;

/* below: only those in these directories; count 0: all. No directory is looked into twice,
 * and no link is followed but in a name that httpd.conf or a person wrote. */
void ctl_homes_each(ctl_httpd_t *x, const char *const *below, int count,
                    const ctl_homing_t *homing);

#endif
