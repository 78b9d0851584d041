/* SPDX-License-Identifier: Apache-2.0
 *
 * section: the sections of httpd's configuration, one row each, and what they mean for a
 * line of ours that stands in them: whether it may, what a source can be relative to, and
 * when its rules are decided. One answer for httpd, for redirect307ctl and for the
 * reader of .htaccess files. It reads no lines.
 */
#ifndef R307_SECTION_H
#define R307_SECTION_H

#include "rule/rule.h"

typedef enum {
    R307_SECTION_WALKED,        /* looked at while reading: what it holds is its parent's */
    R307_SECTION_MACRO,         /* text, not yet directives */
    R307_SECTION_HOST,
    R307_SECTION_DIRECTORY,
    R307_SECTION_LOCATION,
    R307_SECTION_FILES,
    R307_SECTION_IF,
    R307_SECTION_PROXY,
    R307_SECTION_METHODS,
    R307_SECTION_ACCESS
} r307_section_kind_t;

typedef struct r307_section_row_t {
    const char *name;
    r307_section_kind_t kind;
    int is_match;               /* its argument is a regex */
    int in_htaccess;            /* httpd takes it there */
} r307_section_row_t;

/* The rows, and after the last one with a name NULL. */
extern const r307_section_row_t r307_section_rows[];

/* Where a line stands. */
typedef struct r307_standing_t {
    int is_htaccess;
    int is_virtual;             /* in <VirtualHost> */
    int is_section;             /* in one that is neither that nor walked through */
    int is_text;                /* in <Macro> */
    int is_foreign;             /* in a section that this table does not have */
    unsigned kinds;             /* of the sections around it, one bit each */
    r307_where_t where;
    int is_late;                /* decided after .htaccess was read */
    const char *location;       /* URL-path of a literal <Location>, or NULL */
    const char *directory;      /* of a <Directory> without wildcards, as written, or NULL */
    const char *refused;        /* why nothing of ours may stand here, or NULL */
} r307_standing_t;

/* In any letter case, without '<'; NULL. */
const r307_section_row_t *r307_section_find(const char *name, size_t len);
#define R307_SECTION_NONE \
    "is no section, and httpd takes nothing of this file; did you mean <%s>?"
/* The one that was meant by a name that none has, or NULL. */
const r307_section_row_t *r307_section_near(const char *name);

/* Outside of all sections. */
void r307_section_begin(int is_htaccess, r307_standing_t *standing);

/* Into a section; args as written, with the '>' or without it. NULL, or why httpd does not
 * take the section here. row NULL: one that is not known. */
const char *r307_section_enter(apr_pool_t *p, const r307_section_row_t *row,
                               const char *args, r307_standing_t *standing);

/* The first word of a section's arguments as httpd reads it: quotes gone, and what is
 * escaped in them. */
const char *r307_section_word(apr_pool_t *p, const char *args);

#endif
