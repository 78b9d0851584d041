/* SPDX-License-Identifier: Apache-2.0
 *
 * target_text: the text of a target before its insertions are read, for target_parse alone:
 * whether it has bytes that no target has, what its beginning makes of it, and what to write
 * instead of beginnings that other programs know.
 */
#ifndef R307_TARGET_TEXT_H
#define R307_TARGET_TEXT_H

#include "rule/target.h"

typedef struct r307_target_text_t {
    apr_pool_t *p;
    const char *written;            /* the whole target, for messages */
    const char *text;               /* the same with its host in ASCII */
    const r307_pattern_t *pattern;  /* NULL: none */
} r307_target_text_t;

/* As it was written, for people. */
const char *r307_target_text_show(const r307_target_text_t *t);

/* NULL, or the error text: a control byte, a backslash. */
const char *r307_target_text_check(const r307_target_text_t *t);

/* Sets the target's kind and scheme, and *rest to what stands behind them. NULL, or the error
 * text. */
const char *r307_target_text_begin(const r307_target_text_t *t, r307_target_t *target,
                                   const char **rest);

#endif
