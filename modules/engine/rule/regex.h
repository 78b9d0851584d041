/* SPDX-License-Identifier: Apache-2.0
 *
 * regex: the one place that knows PCRE2. Bytes, no UTF; "." takes everything, "$" is the
 * very end; every search has a bound over all its start offsets.
 */
#ifndef R307_REGEX_H
#define R307_REGEX_H

#include "rule/capture.h"

typedef struct r307_regex_t r307_regex_t;

/* Compiles in p. NULL, or the error text: PCRE2's own message with its offset, or why the
 * pattern can never match a path. */
const char *r307_regex_make(apr_pool_t *p, const char *text, int fold, int jit,
                            const r307_regex_t **regex);

/* Searches path->dec for the regex. LIMIT: the step limit, the JIT stack or, without JIT,
 * the longest path was reached; that is not a "no". */
r307_found_t r307_regex_find(apr_pool_t *p, const r307_regex_t *regex,
                             const r307_path_t *path, unsigned steps,
                             r307_captures_t *captures);

int r307_regex_name(const r307_regex_t *regex, const char *name, size_t len);
int r307_regex_groups(const r307_regex_t *regex);       /* the whole match is one */

/* The whole literal segments an anchored pattern begins with; "/" when there are none. */
r307_slice_t r307_regex_head(apr_pool_t *p, const char *text);

/* Whether PCRE2 can compile to machine code here and now: a hardened system
 * (MemoryDenyWriteExecute, SELinux without execmem) refuses the memory for it, whatever
 * PCRE2 was built with, so one is tried. */
int r307_regex_has_jit(void);

#endif
