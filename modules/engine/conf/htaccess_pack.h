/* SPDX-License-Identifier: Apache-2.0
 *
 * htaccess_pack: one version of a .htaccess in one block of bytes without pointers, for all
 * processes of a server: the lines that httpd still has to read, and the rules of each run
 * as an image. Made once, then only read. Knows no files.
 */
#ifndef R307_HTACCESS_PACK_H
#define R307_HTACCESS_PACK_H

#include "conf/htaccess_scan.h"
#include "conf/place_config.h"

#define R307_PACK_NAMES 8       /* directives that may be packed, most */

typedef struct r307_pack_line_t {
    apr_uint32_t number;        /* in the file, from 1 */
    apr_int32_t run;            /* that it stands for; R307_SCAN_FILE: as in the file */
    apr_uint32_t text, len;     /* one physical line with its end; not NUL-terminated */
} r307_pack_line_t;

/* What may be told of the rules of a run without making one. */
typedef struct r307_pack_run_t {
    apr_uint32_t image;         /* r307_image_t's bytes */
    apr_uint32_t name_of;       /* a byte for each rule: its directive */
    apr_uint32_t far, far_count;        /* numbers of rules, one for each origin that they
                                         * lead to */
    apr_uint32_t count;         /* rules */
    apr_uint32_t regexes;       /* among them */
    apr_uint32_t names;         /* bits: directives that occur */
    apr_uint32_t lines[R307_PACK_NAMES];        /* of each of them, the first */
    apr_uint32_t line;          /* of the first rule */
    apr_uint32_t before_rules, before_regexes;  /* of the runs before it */
    apr_int32_t needs_base, doubts, lacks_until, lacks_review;
    apr_int64_t longest, last;
} r307_pack_run_t;

/* Offsets are in bytes from here. */
typedef struct r307_pack_t {
    apr_uint64_t size;
    apr_uint32_t line_count, mark_count, run_count;     /* marks: lines that stand for runs */
    apr_uint32_t lines, runs, texts;
} r307_pack_t;

typedef struct r307_packing_t {
    const char *file;           /* its path: of messages and labels */
    const char *const *names;   /* of the directives; ends with NULL */
    apr_uint64_t seed;          /* of the indexes; random */
    /* Of a rule whose target has insertions: doubts there are to be told. */
    int (*doubts)(apr_pool_t *p, const r307_rule_t *rule);
} r307_packing_t;

typedef struct r307_packer_t r307_packer_t;

/* Reads the file's bytes, which stay in use as long as the packer; all is made in p, which is
 * worth destroying afterwards. NULL and *packer; or why this file is not one to be shared:
 * a static text, for who looks into it. */
const char *r307_pack_make(apr_pool_t *p, const r307_packing_t *packing, const char *bytes,
                           size_t len, r307_packer_t **packer);
/* Bytes of the pack; 0: more than one can have (4 GiB). */
size_t r307_pack_size(r307_packer_t *packer);
/* `bytes` is aligned to 8. */
void r307_pack_write(const r307_packer_t *packer, void *bytes);

/* Whether what is said of the parts lies within `len` bytes: for memory that a process which
 * went mad could have written. */
int r307_pack_check(const r307_pack_t *pack, size_t len);

const r307_pack_line_t *r307_pack_lines(const r307_pack_t *pack);
const r307_pack_run_t *r307_pack_runs(const r307_pack_t *pack);
const char *r307_pack_text(const r307_pack_t *pack, const r307_pack_line_t *line);

/* How the rules of a run are read, by who made the pack and by who opens it. */
void r307_pack_context(r307_context_t *context);

#endif
