/* SPDX-License-Identifier: Apache-2.0
 *
 * status_model: what the page about a server knows, in the order people ask for it;
 * filled in by the server, and shown as HTML, JSON or metrics. Texts are as they were
 * written: who shows them escapes them.
 */
#ifndef R307_STATUS_MODEL_H
#define R307_STATUS_MODEL_H

#include "decide/decide.h"
#include "maintenance/maintenance.h"
#include "status/status_text.h"

#define R307_STATUS_PAGE    100     /* rules of one page */
#define R307_STATUS_NEEDS   50      /* of one kind */
#define R307_STATUS_WINDOWS 40
#define R307_STATUS_NAMED   200     /* rules that metrics tell by their names */
#define R307_STATUS_AHEAD   apr_time_from_sec(14 * 24 * 3600)

/* What is known of a rule's hits. */
typedef struct r307_status_hits_t {
    apr_uint64_t all, month, own;
    apr_time_t last, first;         /* 0: never */
} r307_status_hits_t;

typedef struct r307_status_rule_t {
    const r307_rule_t *rule;
    const char *host;               /* ServerName; "": the main server's, without one */
    const char *map;                /* its path; NULL: a line of httpd.conf */
    r307_status_hits_t hits;
    const apr_array_header_t *findings;     /* of const char *, or NULL */
} r307_status_rule_t;

/* What a rule is at a time, by its plan; words of the filter, too. */
extern const char *const r307_status_states[];      /* by r307_phase_t, then NULL */
const char *r307_status_state(const r307_rule_t *rule, apr_time_t now);

/* Which rules are wanted. */
typedef struct r307_status_filter_t {
    const char *text;  /* in source, target, name, owner, note or file; "": any */
    const char *state;              /* one of the words; "": any */
    int is_unused;                  /* never hit */
    apr_uint64_t from;              /* the first one, counted from 0 over all of them */
} r307_status_filter_t;

int r307_status_wants(const r307_status_filter_t *filter, const r307_status_rule_t *rule,
                      apr_time_t now);

/* How urgent it is, the worst first. */
typedef enum {
    R307_NEED_BROKEN,               /* something does not work */
    R307_NEED_CLOSED,               /* maintenance is on */
    R307_NEED_REFUSED,
    R307_NEED_DUE,
    R307_NEED_DOUBT,
    R307_NEED_UNUSED,
    R307_NEED_ENDLESS,
    R307_NEED_COUNT
} r307_need_kind_t;

extern const char *const r307_need_words[R307_NEED_COUNT];

typedef struct r307_status_need_t {
    r307_need_kind_t kind;
    const char *place;              /* file:line, or NULL */
    const char *text;               /* what it is, and what to write */
} r307_status_need_t;

/* Something that happens by itself. */
typedef struct r307_status_event_t {
    apr_time_t when;
    const char *what;               /* "begins" */
    const char *rule, *place;
} r307_status_event_t;

typedef struct r307_status_window_t {
    apr_time_t from, until;         /* 0: open */
    const char *rule;
} r307_status_window_t;

/* A version that a map is or was at. */
typedef struct r307_status_version_t {
    apr_time_t since, written;
    int is_counted;                 /* lines and skipped are known */
    apr_uint64_t lines, skipped;
} r307_status_version_t;

typedef struct r307_status_map_t {
    const char *path, *host, *place;
    int is_read;                    /* its rules are there */
    apr_uint64_t lines, skipped;
    apr_time_t since;               /* when the file was written; 0: not known */
    apr_array_header_t *versions;   /* of r307_status_version_t, the one in use first */
    int has_hits;                   /* summed up: it is not too large for that */
    apr_uint64_t hits;
} r307_status_map_t;

/* Another host that people are sent to, and where. */
typedef struct r307_status_host_t {
    const char *name, *directory;
    apr_time_t since;               /* met there, or that file was written */
} r307_status_host_t;

#define R307_STATUS_UNBOUND APR_UINT64_MAX

/* A .htaccess that was served since the server started. */
typedef struct r307_status_file_t {
    const char *directory;
    apr_uint64_t rules, regexes, skipped;
    apr_uint64_t rules_most, regex_most;    /* what it may have; R307_STATUS_UNBOUND */
    unsigned limits;                /* 1 << r307_limit_t: those that were reached */
    apr_array_header_t *hosts;      /* of r307_status_host_t, those met last first */
    apr_uint64_t more;              /* hosts that are not among them */
    apr_time_t first, last;         /* seen */
} r307_status_file_t;

/* The compiled .htaccess files of all processes; all is 0 where there are none. */
typedef struct r307_status_memory_t {
    apr_uint64_t files, bytes, most;        /* now, and bytes there may be */
    apr_uint64_t hits, misses;              /* since the configuration was read: read from
                                             * there, and was not, though it has rules */
    apr_uint64_t built, evicted;
} r307_status_memory_t;

/* The names of the limits, as "rules=, targets="; NULL: none. */
const char *r307_status_limits(apr_pool_t *p, unsigned limits);

/* The question of the box, and what this process says to it. */
typedef struct r307_status_ask_t {
    const char *url, *method, *headers, *at;    /* as asked; "": nothing */
    const char *bad;                /* NULL, or why it cannot be asked */
    int is_decided;
    r307_halt_decision_t halt;      /* of a maintenance; it answers where r307_halt_ends */
    r307_decision_t decision;       /* of rules, where it does not */
    apr_time_t when;                /* as of then */
    const char *before;             /* NULL, or what httpd answers before any rule of a
                                     * directory */
    const char *rule;               /* its label and place, of all but PASS */
    const char *place;              /* "file:line  the line", of these */
    apr_array_header_t *steps;      /* of const char *: what was passed over, and why */
    apr_array_header_t *lines;      /* the same as redirect307ctl explain says it */
} r307_status_ask_t;

typedef struct r307_status_sum_t {
    const char *label;              /* a virtual host, a status, or the name of a rule */
    const char *host;               /* of a rule */
    apr_uint64_t count;
} r307_status_sum_t;

typedef struct r307_overview_t {
    apr_time_t now;
    const char *version, *engine;   /* on, report or off */
    apr_uint64_t rules;             /* lines of httpd.conf, and of its maps */
    int is_counted;                 /* Redirect307Hits on */
    apr_uint64_t hits, hit_rules;
    apr_array_header_t *needs;      /* of r307_status_need_t, the worst first */
    apr_array_header_t *quiet;      /* of const char *: what is off, and needs nobody */
    apr_array_header_t *events;     /* of r307_status_event_t, the next first */
    apr_array_header_t *windows;    /* of r307_status_window_t */
    apr_array_header_t *maps;       /* of r307_status_map_t */
    apr_uint64_t refused[R307_VERDICT_COUNT];
    apr_uint64_t passed[R307_PASSED_COUNT];     /* requests that met rules of another time */
    apr_array_header_t *hosts, *statuses, *named;   /* of r307_status_sum_t */
    r307_status_filter_t filter;
    apr_array_header_t *shown;      /* of r307_status_rule_t: a page of those it wants */
    apr_uint64_t next;              /* where the next page begins; 0: there is none */
    int is_cut;                     /* so many rules were looked at that this has to do */
    apr_array_header_t *files;      /* of r307_status_file_t, those with news first */
    apr_array_header_t *new_hosts;  /* of r307_status_host_t: of the last day, the last first */
    apr_uint64_t evicted;           /* files that are known no more */
    r307_status_memory_t memory;
    r307_status_ask_t *ask;         /* NULL: nothing was asked */
    /* of the page about one directory, what opens it; NULL: the page about the server */
    const char *own_name, *own_key;
} r307_overview_t;

/* Finds what is due of one rule: into needs, events and windows, while they have room.
 * Texts in p. */
void r307_status_look(apr_pool_t *p, r307_overview_t *status, const r307_rule_t *rule);
/* The files are known: finds what is new and what needs somebody, and puts them in order. */
void r307_status_look_at_files(apr_pool_t *p, r307_overview_t *status);
/* Puts them in order. */
void r307_status_sort(r307_overview_t *status);

/* "Answering. 41 280 rules, 3 things need you." */
const char *r307_status_sentence(apr_pool_t *p, const r307_overview_t *status);

/* What the answer comes to, as people say it; its status, and its Location or NULL. */
const char *r307_status_outcome(apr_pool_t *p, const r307_status_ask_t *ask);
int r307_status_status(const r307_status_ask_t *ask);
const char *r307_status_location(const r307_status_ask_t *ask);

#endif
