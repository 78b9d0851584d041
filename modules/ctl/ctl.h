/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl: redirect307ctl, the engine for people. Answer first, reasons below, the line to
 * write last. Knows stdio, files and the engine; never httpd.
 */
#ifndef R307_CTL_H
#define R307_CTL_H

#include <stdio.h>
#include "decide/decide.h"
#include "conf/directive_names.h"
#include "maintenance/maintenance.h"
#include "map/map_line.h"
#include "reach.h"

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

/* Tells of a word that a command does not understand; options: those it has. */
r307_exit_t r307_main_refuse(apr_pool_t *p, const char *command, const char *word,
                             const char *const *options);

r307_exit_t r307_lint_run(apr_pool_t *p, int argc, const char *const *argv);
r307_exit_t r307_explain_run(apr_pool_t *p, int argc, const char *const *argv);

r307_exit_t r307_compile_run(apr_pool_t *p, int argc, const char *const *argv);
r307_exit_t r307_maintenance_run(apr_pool_t *p, int argc, const char *const *argv);

/* What the maintenance lines of a file make of a request, with their flags as they are:
 * prints it, and returns 1 if that is the answer. *unknown: flags that only the server can
 * find. base: of the .htaccess. */
int r307_maintenance_explain(apr_pool_t *p, const r307_maintenance_t *const *lines,
                             int count, const r307_reach_t *reach,
                             const r307_view_t *view, r307_slice_t base, int *unknown);

r307_exit_t r307_report_run(apr_pool_t *p, int argc, const char *const *argv);

/* One directive of ours, met in a file, or what is wrong with the file itself. */
typedef struct r307_met_t {
    r307_place_t place;
    const char *directive;      /* as the file spells it */
    const r307_directive_row_t *row;    /* NULL: it is none of this version */
    const char *problem;        /* not one of ours: what httpd does not take, and why */
    int is_fatal;               /* a problem over which httpd takes nothing of the file */
    r307_standing_t standing;
    const char *const *untold;  /* what only the server knows of a line that was read with
                                 * the context; *untold is NULL where there is nothing */
    const char *args;
    r307_context_t context;     /* of a rule line at this place */
    const r307_reach_t *reach;  /* where what it names lies */
    int is_conf;                /* httpd.conf or a part of it, not .htaccess */
    const char *container;      /* innermost section that a rule here belongs to, as
                                 * "Location /a"; NULL outside all */
} r307_met_t;

/* Calls met for every directive of a configuration file or .htaccess whose name begins
 * with Redirect307, continued lines joined as httpd does, and for what httpd will not take
 * of the others, as far as the file says it. */
void r307_file_read(apr_pool_t *p, const r307_reach_t *reach,
                    void (*met)(void *baton, const r307_met_t *what), void *baton);

/* Whether a file is read as a map, by its name: *.map, *.csv, *.tsv, _redirects, *.image. */
int r307_map_is(const char *file);
/* What a line "Redirect307Map file options" says, where nobody wrote one. */
const char *r307_map_plain(apr_pool_t *p, const char *file, const char *options,
                           r307_mapdef_t *def);

typedef struct r307_maploaded_t {
    const char *name;           /* of the file, as it may be shown */
    const void *bytes;          /* of the image, in p */
    size_t size;
    apr_uint32_t rules, bad, notes;
    apr_uint32_t stays;         /* of the rules: those that stand in for bad lines */
    apr_uint32_t findings;      /* doubts that are more than notes, if they are asked for */
    apr_uint32_t doubted;       /* rules that have some */
} r307_maploaded_t;

/* Who is told of a map's bad lines, each with its place and its end. */
typedef struct r307_teller_t {
    void (*say)(void *baton, const char *text);
    void *baton;
    int doubts;                 /* asks for doubts about its rules, too */
} r307_teller_t;

/* A teller's: baton is a FILE. */
void r307_map_tell(void *baton, const char *text);

/* Makes rules of the bytes of a map, or takes an image of one, which says itself how it was
 * read. NULL, or why there are no rules. */
const char *r307_map_load(apr_pool_t *p, r307_mapdef_t *def, const r307_content_t *content,
                          const r307_teller_t *teller, r307_maploaded_t *loaded);

/* The same of a file that a person named, or that a line names; *reached: how far. */
const char *r307_map_named(apr_pool_t *p, r307_mapdef_t *def, const char *file,
                           const r307_teller_t *teller, r307_maploaded_t *loaded, r307_reached_t *reached);
const char *r307_map_of(apr_pool_t *p, r307_mapdef_t *def, const r307_reach_t *reach,
                        const r307_teller_t *teller, r307_maploaded_t *loaded,
                        r307_reached_t *reached);

int r307_file_is(const r307_met_t *what, r307_line_kind_t kind);

/* NULL, or what is wrong before a line's words are read: it is no directive, or cannot
 * stand there. */
const char *r307_file_check(apr_pool_t *p, const r307_met_t *what);

/* NULL, or why it cannot be told what becomes of the line. */
const char *r307_file_unplaced(const r307_met_t *what);

/* NULL, or what is wrong with the values of a setting. */
const char *r307_file_setting(apr_pool_t *p, const r307_met_t *what);

/* The rule of a line that is one, added to rules (NULL: to none). NULL; or what is wrong, and
 * what becomes of the line: in .htaccess something may stand in for it, which is added,
 * too. */
const char *r307_file_take_rule(apr_pool_t *p, const r307_met_t *what,
                                r307_ruleset_t *rules, const r307_rule_t **rule);

/* Whether a flag of a .htaccess lies in its directory. What is said of one that does not. */
int r307_file_is_inside(const r307_met_t *what, const char *flag);
#define R307_FILE_OUTSIDE \
    "lies outside the directory of this .htaccess; write flag=down.on"

/* A flag's name in which a part is a symbolic link. */
#define R307_FILE_LINKED \
    "lies behind a symbolic link, and counts as absent where that leads out of the directory " \
    "of this .htaccess; write the name of a file in it"

#endif
