/* SPDX-License-Identifier: Apache-2.0
 *
 * target: where a rule sends. Parsed once into parts that know in which component of the
 * URL they stand; built per request part by part (RFC 3986 section 3), left to right;
 * what was inserted is never read again.
 */
#ifndef R307_TARGET_H
#define R307_TARGET_H

#include <apr_tables.h>
#include "rule/change.h"
#include "rule/pattern.h"
#include "http/query.h"
#include "http/url.h"
#include "http/view.h"

typedef enum {
    R307_TARGET_NONE,       /* status without target */
    R307_TARGET_STOP,       /* "-" */
    R307_TARGET_HTTPS,      /* "https:" */
    R307_TARGET_URL,        /* http://host... */
    R307_TARGET_PATH,       /* begins with a literal '/' */
    R307_TARGET_RELATIVE,   /* any other reference, RFC 3986 4.2 */
    R307_TARGET_WHOLE       /* one insertion and nothing else: read as a URL */
} r307_target_kind_t;

typedef enum {
    R307_PART_LITERAL,
    R307_PART_CAPTURE,
    R307_PART_EXPR,         /* %{...}, the host's */
    R307_PART_ARG           /* %{arg:name}, ours */
} r307_part_kind_t;

typedef enum {
    R307_IN_HOST, R307_IN_PATH, R307_IN_QUERY, R307_IN_FRAGMENT
} r307_component_t;

typedef struct r307_part_t {
    r307_part_kind_t kind : 8;
    r307_component_t in : 8;
    r307_change_t change : 8;       /* of an expression: the one it makes itself */
    unsigned char is_path;  /* an expression that gives a path of httpd's, decoded */
    int capture;
    r307_slice_t text;      /* literal: finished bytes; arg: the decoded name */
    r307_expr_t expr;
} r307_part_t;

typedef struct r307_target_t {
    r307_target_kind_t kind : 8;
    unsigned char glued;        /* an insertion stands directly behind a literal host */
    unsigned char has_query;    /* a '?' was written */
    unsigned char has_fragment;
    unsigned char final_slash;  /* the literal path ends with '/' */
    unsigned char as_written : 4;   /* `text` is the Location, byte for byte, of a request
                                 * that has nothing to add to it */
    unsigned char joins : 4;    /* likewise of a relative reference, behind the path it is
                                 * read at */
    unsigned short inserts;     /* number of parts that are not literal */
    const char *text;           /* as written */
    r307_slice_t scheme;        /* URL only; lower-case */
    r307_slice_t host;          /* URL: the literal host, lower-case; absent when the host
                                 * holds insertions */
    int port;                   /* URL: as written, 0 when none */
    int count;                  /* of `parts` */
    const r307_part_t *parts;   /* host parts (only when host is absent or glued), then
                                 * path, query, fragment parts */
    r307_slice_t head;          /* whole literal segments before the first insertion:
                                 * decoded for URL and PATH, as written and to be
                                 * resolved for RELATIVE; empty when there are none */
} r307_target_t;

/* How the host compiles the %{...} pieces: NULL and *compiled, or the error text. */
typedef const char *(*r307_expr_compile_t)(void *baton, apr_pool_t *p, const char *text,
                                           int is_string, const void **compiled);

/* How the host finds the file of a flag: NULL and *found, or the error text. */
typedef const char *(*r307_flag_find_t)(void *baton, apr_pool_t *p, const char *name,
                                        void **found);

typedef struct r307_expr_maker_t {
    r307_expr_compile_t compile;    /* NULL: expressions are not known here */
    void *baton;
    r307_flag_find_t find_flag;     /* NULL: files are not known here */
} r307_expr_maker_t;

const char *r307_target_parse(apr_pool_t *p, const char *text,
                              const r307_pattern_t *pattern,
                              const r307_expr_maker_t *maker,
                              const r307_target_t **target);

#define R307_LOCATION_MOST 8190     /* httpd's own limit for a header line */

/* The finished parts of one Location, before anybody judged them. */
typedef struct r307_built_t {
    r307_url_t url;         /* scheme and host absent: our own origin */
    int from_request;       /* some byte of it came from the request, or is missing
                             * because an insertion was empty */
    int host_inserted;      /* the host, or a byte of it, did */
    int scheme_inserted;    /* the scheme did (a whole target) */
    int own;                /* the origin that was asked: url.path is all that is built */
    int dots_inserted;      /* a "." or ".." segment of the path holds an inserted byte */
    int too_long;           /* given up: it grew past R307_LOCATION_MOST */
    int bad_self;           /* our own name is needed, and it is no host name */
    const char *failed;     /* NULL, or the insertion that has no value: an expression
                             * that failed, a parameter asked for twice */
} r307_built_t;

/* Whether nothing of the request is added to a target that is as_written or joins: the
 * Location is its `text`, or what r307_target_join makes of it. Else r307_target_build. */
int r307_target_stands(const r307_target_t *target, const r307_captures_t *captures,
                       const r307_query_t *query, const r307_query_policy_t *policy,
                       int relative, int carry);

/* The Location of a target that joins, read at `front`, in p; absent: it has to be built, as
 * the two are not plain bytes of one path that may leave as they are. */
r307_slice_t r307_target_join(apr_pool_t *p, const r307_target_t *target,
                              r307_slice_t front);

/* Expands the target for one match; captures NULL when there was no source to match.
 * base: the encoded path that a relative reference is read at. relative: our own origin
 * is sent as a path, else with the server's name. carry: what follows a prefix goes to the
 * end of the path. query: parameters moved into the target are marked
 * used. All memory in p. */
void r307_target_build(apr_pool_t *p, const r307_target_t *target,
                       const r307_captures_t *captures, const r307_view_t *view,
                       const r307_query_t *query, const r307_query_policy_t *policy,
                       r307_slice_t base, int relative, int carry, r307_vary_t *vary,
                       r307_built_t *built);

/* The Location of what was built, NUL-terminated, made in p where it is not there yet. */
r307_slice_t r307_target_print(apr_pool_t *p, const r307_target_t *target,
                               const r307_built_t *built);

#endif
