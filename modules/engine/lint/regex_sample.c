/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/regex_sample.h"

#include <string.h>
#include <apr_strings.h>

#include "rule/regex_syntax.h"

#define DEPTH_MOST 20

typedef struct sampler_t {
    r307_regex_reader_t at;
    unsigned variant;
    r307_buf_t buf;
} sampler_t;

static r307_item_kind_t read_choice(sampler_t *m, r307_regex_item_t *item, int depth);

static int ends_sequence(r307_item_kind_t kind)
{
    return kind == R307_ITEM_OR || kind == R307_ITEM_CLOSE || kind == R307_ITEM_END
        || kind == R307_ITEM_LOST;
}

/* Behind an OPEN; the item becomes its CLOSE. What looks around takes nothing. */
static void read_group(sampler_t *m, r307_regex_item_t *item, int depth)
{
    int takes = item->group != R307_GROUP_LOOK;
    size_t len = m->buf.len;

    if (depth > DEPTH_MOST) {
        item->kind = R307_ITEM_LOST;
        return;
    }
    read_choice(m, item, depth + 1);
    m->buf.len = takes ? m->buf.len : len;
}

/* As far as '|', ')' or the end. */
static void read_sequence(sampler_t *m, r307_regex_item_t *item, int depth)
{
    for (;;) {
        size_t from = m->buf.len;

        r307_regex_read(&m->at, item);
        if (ends_sequence(item->kind)) {
            return;
        }
        if (item->kind == R307_ITEM_OPEN) {
            read_group(m, item, depth);
            if (item->kind == R307_ITEM_LOST) {
                return;
            }
        }
        else if (item->kind == R307_ITEM_BYTE || item->kind == R307_ITEM_SET) {
            r307_buf_putc(&m->buf, (char)item->byte);
        }
        if (item->least == 0 && m->variant % 2 == 0) {
            m->buf.len = from;
        }
    }
}

/* The last alternative that the variant reaches is taken. */
static r307_item_kind_t read_choice(sampler_t *m, r307_regex_item_t *item, int depth)
{
    size_t from = m->buf.len, kept;
    unsigned left = m->variant / 2;

    read_sequence(m, item, depth);
    for (; item->kind == R307_ITEM_OR && left > 0; left--) {
        m->buf.len = from;
        read_sequence(m, item, depth);
    }
    for (kept = m->buf.len; item->kind == R307_ITEM_OR; m->buf.len = kept) {
        read_sequence(m, item, depth);
    }
    return item->kind;
}

const char *r307_sample_make(apr_pool_t *p, const char *regex, unsigned variant)
{
    sampler_t m = { r307_regex_reader(regex), variant, { NULL, NULL, 0, 0 } };
    r307_regex_item_t item;
    const char *path;

    r307_buf_make(&m.buf, p, strlen(regex) + 1);
    read_choice(&m, &item, 0);
    path = apr_pstrmemdup(p, m.buf.s, m.buf.len);
    return *path == '/' ? path : apr_pstrcat(p, "/", path, NULL);
}
