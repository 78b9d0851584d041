/* SPDX-License-Identifier: Apache-2.0
 *
 * directive_names: our directives, one row each: what a line is, where it may stand, and
 * how what follows the name is read. httpd takes its settings by these rows, and
 * redirect307ctl judges a line by them.
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

typedef struct r307_directive_row_t {
    const char *name;
    r307_line_kind_t kind;
    r307_stands_t stands;
    const char *write;          /* what follows the name */
    /* of a setting: */
    int least, most;            /* words */
    r307_setting_reader_t read;
} r307_directive_row_t;

/* The rows, and after the last one with a name NULL. */
extern const r307_directive_row_t r307_directive_rows[];

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
