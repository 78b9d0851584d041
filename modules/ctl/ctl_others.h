/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_others: lines of other modules that answer requests, too, as they stand in a file. Nobody
 * reads their words here.
 */
#ifndef CTL_OTHERS_H
#define CTL_OTHERS_H

/* Those that redirect; ctl_others_redirect has their names. */
#define CTL_OTHERS_REDIRECTS 5
extern const char *const ctl_others_redirect[CTL_OTHERS_REDIRECTS];

/* Adds how many there are of each. */
void ctl_others_count(const char *bytes, unsigned counts[CTL_OTHERS_REDIRECTS]);

/* The first line that may answer for what is not on the disk, and its name; 0: there is none. */
unsigned ctl_others_first(const char *bytes, const char **name);

#endif
