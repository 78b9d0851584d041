/* SPDX-License-Identifier: Apache-2.0
 *
 * directive_names: our directives by the rows of directive_table.h: what a line is, where it
 * may stand, how what follows the name is read, and what it sets. httpd has its commands and
 * its settings from these rows, and redirect307ctl judges a line by them.
 */
#ifndef R307_DIRECTIVE_NAMES_H
#define R307_DIRECTIVE_NAMES_H

#include "conf/section.h"
#include "conf/setting.h"

typedef enum {
    R307_LINE_RULE,
    R307_LINE_MAP,
    R307_LINE_MAINTENANCE,
    R307_LINE_SETTING
} r307_line_kind_t;

typedef enum {
    R307_STANDS_EVERYWHERE,     /* httpd.conf and .htaccess */
    R307_STANDS_CONF,           /* not in .htaccess */
    R307_STANDS_SERVER,         /* nor in a section but <VirtualHost> */
    R307_STANDS_GLOBAL          /* nor there */
} r307_stands_t;

typedef enum {
#define DIRECTIVE(id, name, kind, stands, write, least, most, read, values, help) id,
#include "conf/directive_table.h"
    R307_DIRECTIVE_COUNT
} r307_directive_id_t;

/* Numbers that lines set. */
typedef enum {
#define DIRECTIVE(id, name, kind, stands, write, least, most, read, values, help) values
#define VALUE(id, member, fallback) id,
#include "conf/directive_table.h"
    R307_SETTING_COUNT
} r307_setting_t;

/* What holds where no line sets it. */
extern const apr_int64_t r307_setting_fallbacks[R307_SETTING_COUNT];

#define R307_VALUES_MOST 3      /* of one directive */

typedef struct r307_directive_row_t {
    r307_directive_id_t id;
    const char *name;
    r307_line_kind_t kind;
    r307_stands_t stands;
    const char *write;          /* what follows the name */
    /* of a setting: */
    int least, most;            /* words */
    r307_setting_reader_t *read;
    const r307_choice_t *choices;       /* as in r307_words_form_t */
    struct {
        int is_set;             /* 0: no more of them */
        r307_setting_t setting;
        size_t member;          /* of r307_said_t, an apr_int64_t */
    } values[R307_VALUES_MOST + 1];
} r307_directive_row_t;

/* The rows, and after the last one with a name NULL. */
extern const r307_directive_row_t r307_directive_rows[R307_DIRECTIVE_COUNT + 1];

/* How the source of a rule is read, by the row of its directive. */
r307_match_t r307_directive_match(const r307_directive_row_t *row);

/* In any letter case; NULL. */
const r307_directive_row_t *r307_directive_find(const char *name, size_t len);

/* One of ours that somebody may have meant by a name that is none; NULL. */
const char *r307_directive_near(apr_pool_t *p, const char *name);

/* NULL, or why a line of that name cannot stand there; sections are looked at, too. */
const char *r307_directive_standing(apr_pool_t *p, const r307_directive_row_t *row,
                                    const r307_standing_t *standing);

/* The words of a setting's line into *setting. NULL, or the error text. */
const char *r307_directive_read(apr_pool_t *p, const r307_directive_row_t *row,
                                const char *args, const r307_standing_t *standing,
                                r307_said_t *setting);

#endif
