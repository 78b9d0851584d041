/* SPDX-License-Identifier: Apache-2.0
 *
 * map_line: what a Redirect307Map line says, and the bytes of its file made into an image. Bad
 * lines are told, counted and left out; files are opened and read by whoever calls.
 */
#ifndef R307_MAP_LINE_H
#define R307_MAP_LINE_H

#include "map/image.h"
#include "rule/limit.h"
#include "map/map_format.h"

/* One line "Redirect307Map file [format=] [option=...]". */
typedef struct r307_mapdef_t {
    const char *file;               /* as written */
    const char *name;               /* of messages and labels: the file as written */
    const r307_format_t *format;
    r307_match_t match;             /* exact, unless match= says otherwise */
    r307_where_t where;             /* SERVER or DIRECTORY */
    int is_tenant;                  /* named by a .htaccess */
    const apr_array_header_t *defaults;     /* of r307_word_t: what holds for a line that
                                             * does not say it itself */
    const char *text;               /* all of this but `file`, for telling maps apart */
} r307_mapdef_t;

/* Everything is made in p. NULL, or what is wrong and what to write. */
const char *r307_map_parse(apr_pool_t *p, const char *args, const r307_context_t *context,
                           r307_mapdef_t *def);

/* What a line that says nothing itself lacks with the map's options; NULL: nothing. */
const char *r307_map_lacks(apr_pool_t *p, const r307_mapdef_t *def, r307_require_t require);

/* The context in which lines of the map are read. */
void r307_map_context(const r307_mapdef_t *def, r307_context_t *context);

/* A line's own options and, behind them, the map's for what it does not say: for
 * r307_image_reading_t, with the r307_mapdef_t as baton. */
const apr_array_header_t *r307_map_options(void *baton, apr_pool_t *p,
                                           const apr_array_header_t *own);

typedef struct r307_mapbytes_t {
    const char *s;
    size_t len;
    apr_uint64_t time;              /* the file's, for r307_image_info */
} r307_mapbytes_t;

typedef struct r307_maplimits_t {
    apr_uint32_t lines_most;        /* rules beyond are left out; 0: no limit */
    apr_int64_t regex_most;         /* regexes beyond are left out */
    apr_uint64_t seed;              /* of the index; random */
    int (*is_over)(void *baton);    /* asked now and then: whether to give up; or NULL */
    /* Told of each bad line, the first told_most of a file (0: of all); what is left
     * untold is told as a number with line 0. May be NULL. */
    void (*bad)(void *baton, unsigned line, const char *why);
    void *baton;
    apr_uint32_t told_most;
    /* What is right and may be not what was meant, as many; may be NULL. */
    void (*note)(void *baton, unsigned line, const char *why);
} r307_maplimits_t;

#define R307_MAP_TOLD 100       /* for who tells a log that is everybody's */

typedef struct r307_mapresult_t {
    r307_image_builder_t *builder;
    apr_uint32_t rules, bad, notes;
    apr_uint32_t stays;         /* of the rules: those that stand in for bad lines */
} r307_mapresult_t;

/* Builds in p, which is worth destroying afterwards; bytes->s stay until the image is written,
 * which reads most words there. `maker` says what expressions mean;
 * NULL: they are not allowed. NULL; or why the file as a whole is none, or that it was
 * given up. */
const char *r307_map_build(apr_pool_t *p, const r307_mapdef_t *def,
                           const r307_expr_maker_t *maker, const r307_mapbytes_t *bytes,
                           const r307_maplimits_t *limits, r307_mapresult_t *result);

#endif
