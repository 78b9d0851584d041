/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_gap: URLs that people ask for in vain, and what is near to each: a rule, or a page
 * that is there; with the line to write, which was parsed and asked before it is shown.
 */
#ifndef CTL_GAP_H
#define CTL_GAP_H

#include "ctl_args.h"
#include "ctl_whole.h"
#include "http/near_path.h"

typedef struct ctl_gap_t {
    int status;                 /* 404 or 410 */
    const char *host;           /* "": the log does not say */
    const char *path;           /* as a URL has it, in ASCII */
    int is_cut;                 /* path is its beginning alone */
    apr_uint64_t hits, hits_most;
    unsigned others;            /* hits of who else was seen */
    apr_time_t last;
    const char *from;           /* where most links to it are, or NULL */
    /* what was found */
    const char *caught;         /* what answers by now: "FILE:LINE" of a rule; a page */
    const char *gone;           /* "FILE:LINE" of the rule that says so */
    const char *near;           /* path of a page, or source of a rule */
    const char *place;          /* of that: "FILE:LINE"; NULL: a page */
    const char *why;            /* how near it is; NULL: nothing is near */
    const char *line;           /* to write; NULL: it cannot be told */
    /* while it is sought */
    const char *dec;            /* the path, decoded */
    r307_near_path_t split;
    struct {
        r307_near_t near;
        int ties;               /* others that are as near */
        const char *path;       /* decoded */
        const char *place;      /* of the rule */
        int segs;               /* of the URL that stand for the rule's source */
    } rule, page;
} ctl_gap_t;

typedef struct ctl_gaps_t {
    apr_pool_t *p;
    apr_array_header_t *gaps;   /* of ctl_gap_t, the most asked for first */
    int is_by_host;             /* lines need host= */
    int has_rules, has_pages;   /* there was something to look among */
    ctl_asked_t asked;
    r307_scope_t *scopes;       /* of --rules */
    int count;
    ctl_whole_t *whole;         /* the httpd of -f, which is asked before these; or NULL */
    ctl_whole_mark_t mark;
    const char *docroot;
} ctl_gaps_t;

/* Reads -f and --rules, and takes --base and --docroot. NULL, or what is wrong. */
const char *ctl_gaps_make(ctl_gaps_t *x, const ctl_args_t *args);

/* Fills in what was found of each of them. NULL, or what was not looked at. */
const char *ctl_gaps_find(ctl_gaps_t *x);

#endif
