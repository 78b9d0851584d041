/* SPDX-License-Identifier: Apache-2.0
 *
 * setting: the words of a directive that is no rule, map or maintenance line, as values.
 * httpd and redirect307ctl read them by the same code.
 */
#ifndef R307_SETTING_H
#define R307_SETTING_H

#include "rule/origin.h"
#include "rule/limit.h"
#include "rule/optin_link.h"
#include "grammar/token.h"

enum { R307_ENGINE_OFF, R307_ENGINE_REPORT, R307_ENGINE_ON };
enum { R307_LINT_OFF, R307_LINT_WARN, R307_LINT_REFUSE };
enum { R307_BY_OFF, R307_BY_ON, R307_BY_RULE };
enum { R307_STATUS_OFF, R307_STATUS_SERVER };
enum { R307_REQUIRE_WARN, R307_REQUIRE_REFUSE };
#define R307_REFUSE_PASS 0      /* any other value of "refuse" is a status */

#define R307_UNSAID APR_INT64_C(-1)

/* What one line says; a reader fills the members of its directive. */
typedef struct r307_said_t {
    apr_int64_t choice;             /* the word; of Redirect307Require an r307_require_t */
    apr_int64_t how;                /* Redirect307Require: R307_REQUIRE_WARN, _REFUSE */
    int is_none;                    /* of a list: what came before is gone */
    apr_array_header_t *hosts;      /* of r307_origin_t */
    apr_array_header_t *paths;      /* of r307_slice_t, decoded and normalised */
    apr_int64_t size, time;         /* bytes, microseconds; R307_UNSAID */
    r307_limits_t *limits;
    const char *file;               /* Redirect307Hits: as written; NULL: none */
    const r307_link_t *link;        /* Redirect307Status own; NULL: another word */
} r307_said_t;

#define R307_OWN_KEY_LEAST 12       /* bytes of a key that opens a page by itself */

/* One word of a few; behind the last one NULL. */
typedef struct r307_choice_t {
    const char *word;
    int value;
} r307_choice_t;

extern const r307_choice_t r307_words_engine[], r307_words_switch[], r307_words_refuse[],
    r307_words_by[], r307_words_lint[];

/* How the words of a directive are read. */
typedef struct r307_words_form_t {
    const char *write;                  /* what follows the name, as it is advised */
    const r307_choice_t *choices;       /* of r307_setting_choice; else NULL */
} r307_words_form_t;

/* Reads the words of a line, which has at least one. NULL, or the error text. */
typedef const char *r307_setting_reader_t(apr_pool_t *p, const apr_array_header_t *words,
                                          const r307_words_form_t *form,
                                          r307_said_t *setting);

r307_setting_reader_t r307_setting_choice, r307_setting_hosts, r307_setting_exempt,
    r307_setting_base, r307_setting_require, r307_setting_limits, r307_setting_drain,
    r307_setting_arena, r307_setting_cache, r307_setting_hits, r307_setting_status;

#endif
