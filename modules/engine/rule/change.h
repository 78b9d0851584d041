/* SPDX-License-Identifier: Apache-2.0
 *
 * change: what "|lower" and the like make of an insertion, and which expressions of httpd do
 * what a change would. ASCII letters only, also those that came as percent codes: no byte
 * begins or ends anything that it did not before.
 */
#ifndef R307_CHANGE_H
#define R307_CHANGE_H

#include "rule/pattern.h"

typedef enum { R307_CHANGE_NONE, R307_CHANGE_LOWER, R307_CHANGE_UPPER } r307_change_t;

/* "|name|..." behind an insertion at s, if any; *end behind them. NULL, or the error text.
 * shown: the whole target, for messages. */
const char *r307_change_read(apr_pool_t *p, const char *s, const char *shown,
                             r307_change_t *change, const char **end);

/* Of a piece of a URL only the letters are changed, never the digits of its percent codes;
 * a '%' that begins no code leaves as "%25". */
r307_slice_t r307_change_apply(apr_pool_t *p, r307_change_t change, r307_form_t form,
                               r307_slice_t value);

/* Why the expression "%{...}" of that length does not do what its writer thinks, or NULL: a
 * function of httpd never sees what the source found. */
const char *r307_change_inside(apr_pool_t *p, const char *s, size_t len,
                               const r307_pattern_t *pattern, const char *shown);

/* The target with "%{tolower:https://h%{REQUEST_URI}?x}" as "https://h%{tolower:%{REQUEST_URI}}?x":
 * what is text in a function is text of the URL, and what is a path, decoded by httpd, is
 * encoded by itself. */
const char *r307_change_spread(apr_pool_t *p, const char *text,
                               const r307_pattern_t *pattern);

/* Whether the expression gives a path that httpd has decoded, as it stands or in other
 * letters; then sets the change. */
int r307_change_gives_path(const char *text, r307_change_t *change);

#endif
