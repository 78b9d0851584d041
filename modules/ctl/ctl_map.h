/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_map: a map's file, or an image of one, as rules.
 */
#ifndef CTL_MAP_H
#define CTL_MAP_H

#include "lint/lint_rule.h"
#include "map/map_line.h"
#include "reach.h"

/* Whether a file is read as a map, by its name: *.map, *.csv, *.tsv, _redirects, *.image. */
int ctl_map_is(const char *file);
/* What a line "Redirect307Map file options" says, where nobody wrote one. */
const char *ctl_map_plain(apr_pool_t *p, const char *file, const char *options,
                           r307_mapdef_t *def);

typedef struct ctl_maploaded_t {
    const char *name;           /* of the file, as it may be shown */
    r307_slice_t text;          /* all of the file, in p; absent: it is an image */
    const void *bytes;          /* of the image, in p */
    size_t size;
    apr_uint32_t rules, bad, notes;
    apr_uint32_t stays;         /* of the rules: those that stand in for bad lines */
    apr_uint32_t findings;      /* doubts that are more than notes, if they are asked for */
    apr_uint32_t doubted;       /* rules that have some */
} ctl_maploaded_t;

typedef enum { CTL_TOLD_BAD, CTL_TOLD_FINDING, CTL_TOLD_NOTE } ctl_told_kind_t;

/* Of a rule that there is a doubt about: its source and its target as they are, and what was
 * surely meant by them (r307_doubt_t); NULL: nothing else. */
typedef struct ctl_meant_t {
    const char *was_source, *was_target;
    const char *source, *target;
} ctl_meant_t;

/* In p. */
ctl_meant_t ctl_meant_of(apr_pool_t *p, const r307_doubt_t *doubt);

/* What is said of a line of a map, or of the map. */
typedef struct ctl_told_t {
    ctl_told_kind_t kind;
    const char *file;           /* as it may be shown */
    unsigned line;              /* 0: of the file, behind all lines */
    const char *id;             /* of a finding, with which its text begins; NULL: none */
    const char *text;
    ctl_meant_t meant;
    int nth;
} ctl_told_t;

/* Who is told of a map's bad lines. */
typedef struct ctl_teller_t {
    void (*say)(void *baton, const ctl_told_t *told);
    void *baton;
    int doubts;                 /* asks for doubts about its rules, too */
    int is_alone;               /* no other rules stand beside the map */
} ctl_teller_t;

/* "FILE:LINE: text" and the end of the line. */
const char *ctl_told_say(apr_pool_t *p, const ctl_told_t *told);

/* Makes rules of the bytes of a map, or takes an image of one, which says itself how it was
 * read. NULL, or why there are no rules. */
const char *ctl_map_load(apr_pool_t *p, r307_mapdef_t *def, const ctl_content_t *content,
                          const ctl_teller_t *teller, ctl_maploaded_t *loaded);

/* The same of a file that a person named, or that a line names; *reached: how far. */
const char *ctl_map_named(apr_pool_t *p, r307_mapdef_t *def, const char *file,
                           const ctl_teller_t *teller, ctl_maploaded_t *loaded, ctl_reached_t *reached);
const char *ctl_map_of(apr_pool_t *p, r307_mapdef_t *def, const ctl_reach_t *reach,
                        const ctl_teller_t *teller, ctl_maploaded_t *loaded,
                        ctl_reached_t *reached);

#endif
