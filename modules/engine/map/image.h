/* SPDX-License-Identifier: Apache-2.0
 *
 * image: the rules of a map and their index in one block of bytes without pointers: made
 * once, then shared by processes or mapped from a file. The text of a rule is kept and
 * not what it compiles to; a rule is made again when a request finds it. Knows no files.
 */
#ifndef R307_IMAGE_H
#define R307_IMAGE_H

#include "index/index.h"

#define R307_IMAGE_VERSION 5    /* another one whenever a byte means something else */

/* How the lines of a map are read. What `options` answers stands in the image, so it is
 * asked while building only. Words are r307_word_t. */
typedef struct r307_image_reading_t {
    r307_context_t context;     /* where: SERVER or DIRECTORY; what attaches the image
                                 * must read with the same `where` and `match` */
    const char *file;           /* of messages and labels */
    apr_uint64_t seed;          /* of the index; nothing that who writes the map can choose */
    apr_uint64_t source_size, source_time;      /* kept for r307_image_info only */
    r307_slice_t bytes;         /* words that stand in them are not copied: they stay until the
                                 * image is written. Absent: each word is copied */
    /* A line's own options to all that hold for it, the map's defaults among them. Of plain
     * lines asked once for equal ones. NULL: they are all there is. */
    const apr_array_header_t *(*options)(void *baton, apr_pool_t *p,
                                         const apr_array_header_t *own);
    void *baton;
} r307_image_reading_t;

typedef struct r307_image_builder_t r307_image_builder_t;

/* *reading is copied, its texts are not. What the builder holds is freed with p. */
r307_image_builder_t *r307_image_builder_make(apr_pool_t *p,
                                              const r307_image_reading_t *reading);

/* Adds the rule of one line of our own grammar, of its words. NULL, also when there are none;
 * or the error text, in p: then nothing was added. */
const char *r307_image_add(apr_pool_t *p, r307_image_builder_t *builder,
                           const apr_array_header_t *words, apr_uint32_t line);
/* The same of a line of two words that r307_literal_is. */
const char *r307_image_add_plain(apr_pool_t *p, r307_image_builder_t *builder,
                                 r307_slice_t source, r307_slice_t target, apr_uint32_t line);

/* Rules added so far. */
apr_uint32_t r307_image_added(const r307_image_builder_t *builder);
/* The words of one of them and its line, until something more is added. */
void r307_image_look(const r307_image_builder_t *builder, apr_uint32_t number,
                     r307_slice_t *source, r307_slice_t *target, apr_uint32_t *line);

/* Ends the building; bytes of the image, or 0 when it would be larger than images can be
 * (4 GiB). */
size_t r307_image_size(r307_image_builder_t *builder);
/* `bytes` is aligned to 8, and what the builder was made with still stands. Others may write there
 * meanwhile: nothing that is read there is used. */
void r307_image_write(r307_image_builder_t *builder, void *bytes);

/* Whether the bytes of a file begin as those of an image do. */
int r307_image_is(const void *bytes, size_t len);

/* An image of foreign origin: NULL, or why it is refused (cut off, of another version or
 * machine, changed since it was written). Reads all of it once; afterwards nothing in it
 * can make attach or find read outside, as long as it does not change. `bytes` is aligned
 * to 8. */
const char *r307_image_check(apr_pool_t *p, const void *bytes, size_t len);

typedef struct r307_image_info_t {
    apr_uint32_t count;
    size_t size;
    apr_uint64_t source_size, source_time;
    const char *file;           /* in the image */
    r307_where_t where;         /* as it was read: of r307_image_reading_t */
    r307_match_t match;
} r307_image_info_t;

/* Of an image that was written here or checked. */
void r307_image_info(const void *bytes, r307_image_info_t *info);

/* One process's view of an image: its option sets, compiled, and what rules it compiled
 * since. Lives in p and must not outlive the bytes, but that it may be freed after them.
 * Read by any thread. */
typedef struct r307_image_t r307_image_t;

/* NULL and *image; or why it cannot be used here: read by another context, or a rule that
 * does not compile in this process. With `nth` in the context its rules are numbered from
 * there; `nth_regex` counts those that are kept compiled. `file` names the map in labels; NULL: as when it was
 * built. */
const char *r307_image_attach(apr_pool_t *p, const void *bytes,
                              const r307_context_t *context, const char *file,
                              const r307_image_t **image);

/* Whether every rule of it compiles in this process: of a foreign image, which another
 * version may have written. NULL, or which one does not. */
const char *r307_image_try(apr_pool_t *p, const r307_image_t *image);
/* Before the first request: so many rules may be compiled for good by all views with that
 * number together; beyond, each request compiles those that it finds. */
void r307_image_bound(const r307_image_t *image, apr_uint32_t *room);
/* Marks the keys of optin= among the request's parameters: of the options of plain lines. */
void r307_image_mark_keys(apr_pool_t *p, const r307_image_t *image, r307_asked_t *asked);

apr_uint32_t r307_image_count(const r307_image_t *image);
/* The rule, made in p or kept by the image; NULL when its text is none (a hostile image). */
const r307_rule_t *r307_image_rule(apr_pool_t *p, const r307_image_t *image,
                                   apr_uint32_t number);
/* Its plan, without making it; NULL when only the rule tells. */
const r307_plan_t *r307_image_plan(const r307_image_t *image, apr_uint32_t number);
const r307_index_t *r307_image_index(const r307_image_t *image);
/* The same before it is attached. */
const r307_index_t *r307_image_index_of(const void *bytes);

#endif
