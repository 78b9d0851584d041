/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl: redirect307ctl, the engine for people. Answer first, reasons below, the line to
 * write last. Knows stdio, files and the engine; never httpd.
 */
#ifndef R307_CTL_H
#define R307_CTL_H

#include <stdio.h>
#include "engine/decide.h"
#include "engine/maintenance.h"
#include "engine/map.h"

typedef enum {
    R307_EXIT_FINE = 0,     /* nothing to do */
    R307_EXIT_FINDINGS = 1, /* something to do */
    R307_EXIT_UNKNOWN = 2   /* could not tell */
} r307_exit_t;

typedef struct r307_command_t {
    const char *name;
    const char *synopsis;
    const char *description;
    r307_exit_t (*run)(apr_pool_t *p, int argc, const char *const *argv);
} r307_command_t;

r307_exit_t r307_lint_run(apr_pool_t *p, int argc, const char *const *argv);
r307_exit_t r307_explain_run(apr_pool_t *p, int argc, const char *const *argv);

r307_exit_t r307_compile_run(apr_pool_t *p, int argc, const char *const *argv);
r307_exit_t r307_maintenance_run(apr_pool_t *p, int argc, const char *const *argv);

/* What the maintenance lines of a file make of a request, with their flags as they are:
 * prints it, and returns 1 if that is the answer. *unknown: flags that only the server can
 * find. base: of the .htaccess. */
int r307_maintenance_explain(apr_pool_t *p, const r307_maintenance_t *const *lines,
                             int count, const char *file, int is_conf,
                             const r307_view_t *view, r307_slice_t base, int *unknown);

r307_exit_t r307_report_run(apr_pool_t *p, int argc, const char *const *argv);

/* One directive of ours, met in a file. */
typedef struct r307_met_t {
    r307_place_t place;
    const char *directive;      /* as the file spells it */
    const char *args;
    r307_context_t context;     /* of a rule line at this place */
    int is_conf;                /* httpd.conf or a part of it, not .htaccess */
    const char *container;      /* innermost section that a rule here belongs to, as
                                 * "Location /a"; NULL outside all */
} r307_met_t;

/* Reads a configuration file or .htaccess ("-": standard input) and calls met for every
 * directive whose name begins with Redirect307, continued lines joined as httpd does. A
 * name that ends in ".conf" is read as httpd.conf, all others as .htaccess. NULL, or why
 * the file cannot be read. */
const char *r307_file_read(apr_pool_t *p, const char *name,
                           void (*met)(void *baton, const r307_met_t *what), void *baton);

/* Calls met for the file, or, of a directory, for each .htaccess in it and below. 0, and
 * told on stderr, when a directory could not be read. */
int r307_file_each(apr_pool_t *p, const char *name,
                   void (*met)(void *baton, const char *file), void *baton);

/* Whether a file is read as a map, by its name: *.map, *.csv, *.tsv, _redirects, *.image. */
int r307_map_is(const char *file);
/* The name as it is meant beside a file. */
const char *r307_map_beside(apr_pool_t *p, const char *file, const char *name);
/* What a line "Redirect307Map file options" says, where nobody wrote one. */
const char *r307_map_plain(apr_pool_t *p, const char *file, const char *options,
                           r307_mapdef_t *def);

typedef struct r307_maploaded_t {
    const void *bytes;          /* of the image, in p */
    size_t size;
    apr_uint32_t rules, bad;
} r307_maploaded_t;

/* Reads a map, or an image of one, which says itself how it was read. Bad lines are
 * printed to `out`. NULL, or why there are no rules. */
const char *r307_map_load(apr_pool_t *p, r307_mapdef_t *def, const char *file,
                          FILE *out, r307_maploaded_t *loaded);

/* Whether the directive is a rule (Redirect307, Redirect307Match); NULL, or why a line
 * that is none cannot stand there. */
int r307_file_is_rule(const r307_met_t *what);
const char *r307_file_check_other(apr_pool_t *p, const r307_met_t *what);

/* Whether `path` has ".." as a segment, and what is said of a flag in .htaccess that has. */
int r307_file_climbs(const char *path);
#define R307_FILE_OUTSIDE \
    "lies outside the directory of this .htaccess; write flag=down.on"

#endif
