/* SPDX-License-Identifier: Apache-2.0 */
#include "http/near_path.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "base/hash.h"

#define NAME_LEAST 4            /* of a segment, to be known again by it */
#define NAME_MOST 23            /* r307_text_distance compares no longer ones */

/* What pages end with, and what their URLs often leave out. */
static const char *const endings[] = {
    ".html", ".htm", ".xhtml", ".shtml", ".php", ".asp", ".aspx", ".jsp", ".cgi"
};

/* What stands behind a link in a text, and is copied with it. */
static const char trailing[] = ")]}>,;:!\"'`*. ";

static int ends_with(r307_slice_t s, const char *ending)
{
    size_t n = strlen(ending);

    return s.len > n && r307_text_same_fold(s.s + s.len - n, n, ending, n);
}

static r307_slice_t without_ending(r307_slice_t segment)
{
    size_t i;

    while (segment.len > 1 && segment.s[segment.len - 1]
           && strchr(trailing, segment.s[segment.len - 1])) {
        segment.len--;
    }
    for (i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
        if (ends_with(segment, endings[i])) {
            segment.len -= strlen(endings[i]);
            break;
        }
    }
    return segment;
}

void r307_near_split(r307_slice_t path, r307_near_path_t *split)
{
    size_t at = 0, end;

    split->count = 0;
    for (; at < path.len; at = end) {
        r307_slice_t segment;

        at += path.s[at] == '/';
        for (end = at; end < path.len && path.s[end] != '/'; end++) {
            continue;
        }
        if (end == at) {
            continue;
        }
        if (split->count == R307_NEAR_SEGS) {
            split->count = -1;
            return;
        }
        segment = r307_slice(path.s + at, end - at);
        segment = end == path.len ? without_ending(segment) : segment;
        if (end == path.len && r307_text_same_fold(segment.s, segment.len, "index", 5)) {
            return;
        }
        split->segs[split->count] = segment;
        split->hashes[split->count++] = r307_hash_keyed_fold(R307_HASH_OPEN, segment.s,
                                                             segment.len);
    }
}

static int is_same(const r307_near_path_t *a, int i, const r307_near_path_t *b, int k)
{
    return a->hashes[i] == b->hashes[k]
           && r307_text_same_fold(a->segs[i].s, a->segs[i].len, b->segs[k].s,
                                  b->segs[k].len);
}

/* What has other digits is another thing, and not spelled otherwise: page-12, page-13. */
static int has_same_digits(r307_slice_t a, r307_slice_t b)
{
    size_t i = 0, k = 0;

    for (;;) {
        while (i < a.len && !apr_isdigit(a.s[i])) {
            i++;
        }
        while (k < b.len && !apr_isdigit(b.s[k])) {
            k++;
        }
        if (i == a.len || k == b.len) {
            return i == a.len && k == b.len;
        }
        if (a.s[i++] != b.s[k++]) {
            return 0;
        }
    }
}

/* Edits between two names, or -1 where they are too many to be a slip. */
static int edits(r307_slice_t a, r307_slice_t b)
{
    char x[NAME_MOST + 1], y[NAME_MOST + 1];
    size_t shorter = a.len < b.len ? a.len : b.len;
    size_t longer = a.len < b.len ? b.len : a.len;
    size_t most = shorter / 4;
    int distance;

    if (shorter < NAME_LEAST || longer > NAME_MOST || longer - shorter > most
        || !has_same_digits(a, b) || memchr(a.s, '\0', a.len)
        || memchr(b.s, '\0', b.len)) {
        return -1;
    }
    memcpy(x, a.s, a.len);
    memcpy(y, b.s, b.len);
    x[a.len] = y[b.len] = '\0';
    distance = r307_text_distance(x, y);
    return distance <= (int)most ? distance : -1;
}

r307_near_t r307_near_compare(const r307_near_path_t *asked, int segs,
                              const r307_near_path_t *there)
{
    r307_near_t near = { R307_NEAR_NONE, 0 };
    int head = 0, tail = 0, shorter, slips = -1;

    if (segs < 1 || there->count < 1) {
        return near;
    }
    shorter = segs < there->count ? segs : there->count;
    while (head < shorter && is_same(asked, head, there, head)) {
        head++;
    }
    while (tail < shorter - head
           && is_same(asked, segs - 1 - tail, there, there->count - 1 - tail)) {
        tail++;
    }
    if (segs == there->count && head + tail == segs - 1) {
        slips = edits(asked->segs[head], there->segs[head]);
    }
    if (head == segs && head == there->count) {
        near.kind = R307_NEAR_SAME;
    }
    else if (slips > 0) {
        near.kind = R307_NEAR_SPELLED;
        near.cost = slips;
    }
    else if (tail && there->segs[there->count - 1].len >= NAME_LEAST) {
        near.kind = R307_NEAR_MOVED;
        near.cost = segs + there->count - 2 * (head + tail);
    }
    else if (head == there->count) {
        near.kind = R307_NEAR_ABOVE;
        near.cost = segs - head;
    }
    return near;
}

int r307_near_is_nearer(r307_near_t a, r307_near_t b)
{
    return a.kind != b.kind ? a.kind < b.kind : a.cost < b.cost;
}

const char *r307_near_text(apr_pool_t *p, r307_near_t near)
{
    switch (near.kind) {
    case R307_NEAR_SAME:
        return "the same but for case, ending or slash";
    case R307_NEAR_SPELLED:
        return near.cost == 1 ? "one letter other"
                              : apr_psprintf(p, "%d letters other", near.cost);
    case R307_NEAR_MOVED:
        return "the same name in another place";
    case R307_NEAR_ABOVE:
        return near.cost == 1 ? "the folder it would be in" : "a folder above it";
    default:
        return NULL;
    }
}
