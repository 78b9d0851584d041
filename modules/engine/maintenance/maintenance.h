/* SPDX-License-Identifier: Apache-2.0
 *
 * maintenance: one line that closes a place for a while. What the line says, what its
 * flag file may add, and what becomes of a request: a page for people, 503 for all else.
 * Whether the flag is there, the time and the address come from whoever asks.
 */
#ifndef R307_MAINTENANCE_H
#define R307_MAINTENANCE_H

#include "rule/optin_link.h"
#include "base/ip.h"
#include "rule/limit.h"

#define R307_RETRY_DEFAULT 300      /* seconds, when nobody said when it ends */

typedef enum {
    R307_MAINTENANCE_AUTO,      /* page loads are sent to the page, all else gets 503 */
    R307_MAINTENANCE_503,
    R307_MAINTENANCE_307
} r307_maintenance_answer_t;

/* A path that stays open: whole segments, or a pattern with '*' for one path. */
typedef struct r307_open_t {
    const char *text;           /* as written */
    r307_slice_t path;          /* decoded, begins with '/' */
    int is_relative;            /* to the directory's URL */
    int is_pattern;
} r307_open_t;

/* A cookie that lets in. */
typedef struct r307_pass_t {
    const char *text;           /* as written */
    r307_slice_t name;
    r307_slice_t value;         /* with '*' and '?'; absent: any */
} r307_pass_t;

/* When it is said to be over. */
typedef struct r307_eta_t {
    const char *text;           /* NULL: not said */
    apr_time_t time;            /* 0: it is a length */
    apr_time_t length;          /* counted from when the flag was made */
} r307_eta_t;

typedef struct r307_maintenance_t {
    r307_rule_t rule;           /* as answers and logs know it: place, name, owner, note,
                                 * and the page as its target */
    const r307_target_t *root;  /* where the page leads when it is over; NULL: not known */
    r307_slice_t page;          /* decoded, begins with '/'; of an URL its path */
    int is_relative;            /* the page, to the directory's URL */
    int is_directory;           /* the page ends with '/', and all below it is open */
    const char *file;           /* page=, as written: what is shown, and beside it what the
                                 * page needs; NULL: whatever the page's URL is */
    const char *file_path;      /* set and read by the host alone: where that is */
    r307_maintenance_answer_t answer;
    const char *flag;           /* as written; NULL: always in force */
    const char *flag_path;      /* set and read by the host alone: where that is, */
    const char *directory;      /* and the directory of the file system that the line
                                 * stands in, or NULL; */
    int is_tenants;             /* and whether that is a .htaccess; */
    int is_everywhere;          /* and whether its place is all of a host; */
    apr_uint64_t *seen;         /* and what was seen of the flag last, or NULL */
    apr_time_t from, until;     /* 0: not said; until is the first second that is open */
    r307_eta_t eta;
    const apr_array_header_t *allow;    /* of r307_net_t, or NULL */
    const char *allow_text;
    const r307_link_t *link;            /* or NULL */
    const char *link_text;
    const apr_array_header_t *conds;    /* of r307_cond_t: host= */
    const apr_array_header_t *passes;   /* of r307_pass_t: who has all of them is let in */
    const apr_array_header_t *open;     /* of r307_open_t: exempt= */
    int open_none;                      /* exempt=none: robots.txt and sitemaps, too */
} r307_maintenance_t;

/* The line without the directive's name. NULL and *line, still without flag_path; or what
 * is wrong and what to write. */
const char *r307_maintenance_parse(apr_pool_t *p, const char *text, r307_place_t place,
                                   const r307_context_t *context,
                                   r307_maintenance_t **line);

/* As a line that parses to the same. */
const char *r307_maintenance_print(apr_pool_t *p, const r307_maintenance_t *line);

/* NULL, or why a text looks like a page and is none: slashes of another system, half a URL. */
const char *r307_maintenance_page_check(apr_pool_t *p, const char *text, r307_where_t where);
/* NULL; or why page= may not name that, to stand behind "page='value' ". */
const char *r307_maintenance_file_check(apr_pool_t *p, const char *value, int is_tenant);

/* NULL; or what was hardly meant in a line that is right by the grammar, and what to
 * write. */
const char *r307_maintenance_doubt(apr_pool_t *p, const r307_maintenance_t *line,
                                   int is_tenant);

/* NULL; or what is wrong with a page that begins as a URL does and is none. */
const char *r307_maintenance_lost_colon(apr_pool_t *p, const char *page);

/* What a file of that name is sent as; NULL: not at all. is_page: as a page, not as what
 * a page needs. */
const char *r307_maintenance_type(const char *name, int is_page);

/* A time, or a length. NULL; or why it is none, to stand behind "eta='value' ". */
const char *r307_eta_parse(apr_pool_t *p, const char *value, r307_eta_t *eta);

/* A unit that was written as a word of its own behind "eta=2": what to write. NULL: the
 * two words are something else. */
const char *r307_eta_unit(apr_pool_t *p, const char *option, const char *word);

/* What a flag file's text adds. A line with anything in it that is not understood adds
 * nothing. */
typedef struct r307_flag_says_t {
    apr_time_t until;           /* 0: nothing */
    r307_eta_t eta;
    apr_array_header_t *allow;  /* of r307_net_t; NULL when there is no text */
    apr_array_header_t *problems;   /* of const char *: "line 2 says nothing ...", one for
                                     * each line left out; NULL: none */
} r307_flag_says_t;

void r307_flag_read(apr_pool_t *p, const char *text, r307_flag_says_t *says);

/* NULL, or what a line lacks that Redirect307Require asks for: a static text. Only what
 * nobody ends is asked: who removes a flag ends it. */
const char *r307_maintenance_lacks(r307_require_t require, const r307_maintenance_t *line);

/* NULL, or why the line is not asked in a .htaccess, to stand behind "'page' ". What
 * Redirect307Require and longest= of Redirect307Limits ask for is asked only of a line
 * without flag=. */
const char *r307_maintenance_why(const r307_tenancy_t *tenancy,
                                 const r307_maintenance_t *line);

/* The flag as the host sees it. */
typedef struct r307_flag_seen_t {
    int exists;
    apr_time_t made;
    const char *text;           /* or NULL */
} r307_flag_seen_t;

/* Whether the line holds now, with what its flag says. Adds nothing to vary. */
typedef struct r307_maintenance_state_t {
    int in_force;
    apr_time_t made;            /* of the flag; 0 without one */
    apr_time_t until;           /* the earlier of both; 0: open */
    apr_time_t eta;             /* 0: not said */
    r307_flag_says_t says;
} r307_maintenance_state_t;

void r307_maintenance_look(apr_pool_t *p, const r307_maintenance_t *line,
                           const r307_flag_seen_t *seen, apr_time_t now,
                           r307_maintenance_state_t *state);

typedef struct r307_halting_t {
    const r307_view_t *view;
    const char *address;                /* of the client; NULL: not known */
    const apr_array_header_t *exempt;   /* of r307_slice_t: Redirect307Exempt */
    int relative;                       /* Redirect307Relative */
    void (*flag)(void *baton, const r307_maintenance_t *line, r307_flag_seen_t *seen);
    /* The URL of the line's directory, decoded, with its '/' at the end; absent: not
     * known, or none. */
    r307_slice_t (*base)(void *baton, const r307_maintenance_t *line);
    /* Whether the line will be asked for the page, too (an encoded path): if not, nobody
     * is sent there, as another line could send them back. */
    int (*governs)(void *baton, const r307_maintenance_t *line, const char *page);
    void *baton;
} r307_halting_t;

typedef enum {
    R307_HALT_NO,       /* no line is in force for this request */
    R307_HALT_LET,      /* one is, and it lets this request pass because of its sender:
                         * the answer is for nobody else */
    R307_HALT_OPEN,     /* one is, and the path stays open */
    R307_HALT_SEND,     /* 307 to location, the page */
    R307_HALT_HOLD,     /* 503 in place, with the page's text or without */
    R307_HALT_SHOW,     /* 200: of the line's page= the file itself, for who is let in, or
                         * one beside it; where that is not there, as HOLD */
    R307_HALT_LINK,     /* 307 to location, with a cookie */
    R307_HALT_BACK      /* none is, but a page of one was asked for: 307 to location */
} r307_halt_outcome_t;

typedef struct r307_halt_decision_t {
    r307_halt_outcome_t outcome;
    const r307_maintenance_t *line;     /* of all but NO */
    r307_maintenance_state_t state;     /* of all but NO and BACK */
    const char *location;               /* of SEND, LINK, BACK */
    const char *page;                   /* of HOLD, SHOW: the page's path, encoded; NULL: it
                                         * has none on this server */
    int retry_after;                    /* of HOLD, SHOW: seconds */
    const char *beside;                 /* of SHOW: the file's name relative to the folder
                                         * of page=, without "." in front of any part; NULL:
                                         * page= itself */
    const char *cookie;                 /* of LINK: for Set-Cookie */
    const char *vary;                   /* of every outcome, or NULL */
} r307_halt_decision_t;

/* Whether a request for the path may be one for the page, without asking what the URL of
 * the line's directory is. */
int r307_maintenance_may_be_page(const r307_maintenance_t *line, const char *path,
                                 size_t len);

/* The lines are asked in this order; the first that holds this request decides. Nobody is
 * led back while any of them is in force. */
void r307_halt_decide(apr_pool_t *p, const r307_maintenance_t *const *lines, int count,
                      const r307_halting_t *halting, r307_halt_decision_t *decision);

/* What was decided, as one line: "503, Retry-After 600, with a short text"; not of NO. */
const char *r307_halt_text(apr_pool_t *p, const r307_halt_decision_t *decision);
/* Whether the request is answered by it. */
int r307_halt_ends(r307_halt_outcome_t outcome);

#endif
