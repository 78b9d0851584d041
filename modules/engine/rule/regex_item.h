/* SPDX-License-Identifier: Apache-2.0
 *
 * regex_item: what the text of a regex is made of. The functions are for regex_syntax alone:
 * they read the items that stand for one byte, escapes and classes. An item is LOST until
 * something is made of it.
 */
#ifndef R307_REGEX_ITEM_H
#define R307_REGEX_ITEM_H

#include "base/text.h"

/* Bytes that may stand at one place. */
typedef struct r307_byteset_t {
    unsigned char bits[32];
} r307_byteset_t;

static inline int r307_byteset_has(const r307_byteset_t *set, unsigned char c)
{
    return set->bits[c >> 3] >> (c & 7) & 1;
}

static inline void r307_byteset_add(r307_byteset_t *set, unsigned char c)
{
    set->bits[c >> 3] |= (unsigned char)(1 << (c & 7));
}

typedef enum {
    R307_ITEM_END,          /* of the pattern */
    R307_ITEM_BYTE,         /* itself: as it stands, escaped, or between \Q and \E */
    R307_ITEM_SET,          /* one byte of a set: a class, \d and its like, '.' */
    R307_ITEM_BEGIN,        /* '^', \A */
    R307_ITEM_LAST,         /* '$', \z */
    R307_ITEM_POINT,        /* takes nothing: \b \B \G \K \Z, a callout */
    R307_ITEM_OPEN,         /* up to where the group's own pattern begins */
    R307_ITEM_CLOSE,
    R307_ITEM_OR,
    R307_ITEM_FLAGS,        /* "(?i)" */
    R307_ITEM_OTHER,        /* a reference, a recursion, a verb, \R, \X */
    R307_ITEM_LOST
} r307_item_kind_t;

typedef enum {
    R307_GROUP_CAPTURE,     /* has a number, and perhaps a name */
    R307_GROUP_PLAIN,
    R307_GROUP_RESET,       /* "(?|": its alternatives share their numbers */
    R307_GROUP_LOOK,        /* takes nothing */
    R307_GROUP_CONDITION    /* "(?(1)": its first alternative if, its second if not */
} r307_group_kind_t;

typedef struct r307_regex_item_t {
    r307_item_kind_t kind;
    r307_group_kind_t group;    /* of OPEN */
    const char *at, *end;       /* its text, without what quantifies it */
    unsigned char byte;         /* of BYTE; one of a SET, the first that is written in it */
    r307_byteset_t set;         /* of SET; too many rather than too few */
    r307_slice_t flags;         /* of FLAGS and OPEN: "is", "-i" */
    size_t least, most;         /* how often it stands there; of a group its CLOSE says it */
} r307_regex_item_t;

#define R307_REPEAT_ANY ((size_t)-1)    /* no upper bound */

/* What the item is, and its end; an end of NULL: LOST. */
void r307_item_be(r307_regex_item_t *item, r307_item_kind_t kind, const char *end);
/* That byte; LOST when it is none. */
void r307_item_be_byte(r307_regex_item_t *item, int byte, const char *end);
/* Any byte: '.', and what is not looked into. */
void r307_item_be_any(r307_regex_item_t *item, const char *end);
/* Behind the next `c`, or NULL. */
const char *r307_item_behind(const char *s, char c);

/* At a backslash. */
void r307_item_read_escape(r307_regex_item_t *item, const char *s);
/* item->at is at '['. is_extended: blanks may be nothing. */
void r307_item_read_class(r307_regex_item_t *item, int is_extended);

#endif
