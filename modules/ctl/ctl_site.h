/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_site: what files say, loaded once: the lines of ours as rules, maps, maintenance and
 * settings, with what is wrong with each, and the rules by the container they stand in.
 * Commands walk the lines; none of them reads words itself.
 */
#ifndef CTL_SITE_H
#define CTL_SITE_H

#include "ctl_file.h"
#include "ctl_map.h"
#include "maintenance/maintenance.h"

typedef enum {
    CTL_LINE_BAD,               /* it is none; a stand-in may be in the rules */
    CTL_LINE_UNPLACED,          /* only the server knows what becomes of it */
    CTL_LINE_RULE,
    CTL_LINE_MAP,
    CTL_LINE_MAINTENANCE,
    CTL_LINE_SETTING
} ctl_line_kind_t;

/* A map that a line names, or that is a file of the command line. */
typedef struct ctl_site_map_t {
    r307_mapdef_t def;
    ctl_reached_t reached;
    int is_elsewhere;           /* relative to a ServerRoot that nobody said */
    const char *bad;            /* why there are no rules, or NULL */
    const r307_image_t *image;  /* NULL where they were not kept, or are not there */
    ctl_maploaded_t loaded;     /* counts; bytes only with the image */
} ctl_site_map_t;

/* One line of ours, or one that httpd does not take. */
typedef struct ctl_line_t {
    ctl_line_kind_t kind;
    r307_place_t place;
    const char *directive, *args;
    const r307_directive_row_t *row;    /* NULL: none of ours */
    const char *bad;            /* of BAD: what is wrong, and what to write */
    const char *untold;         /* of all others: what cannot be told of it, or NULL */
    int is_fatal;               /* of BAD: httpd takes nothing of the file */
    int is_conf;                /* of httpd.conf or a part of it, not .htaccess */
    const char *container;      /* as "Location /a"; NULL outside all */
    const ctl_reach_t *reach;   /* the file; NULL: the line is a file that was named */
    /* by the kind */
    const r307_rule_t *rule;
    ctl_site_map_t *map;
    const r307_maintenance_t *maintenance;
    r307_said_t said;           /* of SETTING */
} ctl_line_t;

/* A comment "#? text": a case of the line below it. */
typedef struct ctl_remark_t {
    r307_place_t place;
    const char *text;
    r307_place_t at;            /* that line, which is no setting; line 0: there is none */
} ctl_remark_t;

/* The rules of one container of one file, maps among them where they were kept. */
typedef struct ctl_container_t {
    const char *name;           /* as in ctl_line_t */
    r307_ruleset_t *rules;
} ctl_container_t;

typedef struct ctl_site_t {
    apr_pool_t *p;
    const char *root;           /* ServerRoot, or NULL */
    int no_maps;                /* they are not read */
    int keeps_maps;             /* their images stay */
    int wants_doubts;           /* about the rules of maps, too */
    const ctl_content_t *instead;   /* what the file that is loaded is said to have, or NULL */
    /* told of the bad lines of a map while it is read, with the line that names it */
    void (*tell)(void *baton, const ctl_line_t *line, const ctl_told_t *told);
    void *baton;
    /* what was loaded */
    apr_array_header_t *lines;      /* of ctl_line_t *, in the order of the file */
    apr_array_header_t *remarks;    /* of ctl_remark_t */
    apr_array_header_t *containers; /* of ctl_container_t; the first is outside of all */
    int ours;                       /* lines, and maps with any */
    r307_ruleset_t *rules;          /* of the line at hand; NULL: its container's */
} ctl_site_t;

/* tell: see above; the members above it may be set before anything is loaded. */
void ctl_site_make(ctl_site_t *site, apr_pool_t *p);

/* Loads a file: a map by its name, else directives. *reach: the file, of directives. NULL,
 * or why it cannot be read. */
const char *ctl_site_load(ctl_site_t *site, const ctl_named_t *found, ctl_reach_t *reach);

/* The same of a name, whose folder stays open until the program ends. */
const char *ctl_site_load_name(ctl_site_t *site, const char *name, ctl_reach_t *reach);

/* One line that was met; rules: where a rule or a map of it goes, NULL: to its container. */
const ctl_line_t *ctl_site_take(ctl_site_t *site, const ctl_met_t *what,
                                r307_ruleset_t *rules);

/* Keeps what was met if it is a remark, and returns 1; else those that wait for a line have
 * it. */
int ctl_site_remark(ctl_site_t *site, const ctl_met_t *what);

/* "FILE: has no line of Redirect307 ...", of a file that was loaded and has none. */
const char *ctl_site_empty(apr_pool_t *p, const char *name);

/* "FILE:LINE: DIRECTIVE: text"; and with the end of the line. */
const char *ctl_line_text(apr_pool_t *p, const ctl_line_t *line, const char *text);
const char *ctl_line_say(apr_pool_t *p, const ctl_line_t *line, const char *text);

#endif
