/* SPDX-License-Identifier: Apache-2.0 */
#include "http/query.h"

#include <string.h>
#include <apr_strings.h>
#include <apr_tables.h>

#define PARAMS_MOST 1024

static void split_param(apr_pool_t *p, r307_slice_t raw, r307_param_t *param)
{
    const char *equals = memchr(raw.s, '=', raw.len);
    size_t n = equals ? (size_t)(equals - raw.s) : raw.len;

    memset(param, 0, sizeof(*param));
    param->raw = raw;
    param->name = r307_text_decode(p, r307_slice(raw.s, n), 1);
    if (equals) {
        param->value = r307_text_decode(p, r307_slice(equals + 1, raw.len - n - 1), 1);
    }
}

const r307_query_t *r307_query_make(apr_pool_t *p, r307_slice_t raw)
{
    r307_query_t *query = apr_pcalloc(p, sizeof(*query));
    size_t i, n = 1, from = 0;

    query->raw = raw;
    if (raw.len == 0) {
        return query;
    }
    for (i = 0; i < raw.len && n < PARAMS_MOST; i++) {
        n += raw.s[i] == '&';
    }
    query->params = apr_palloc(p, n * sizeof(*query->params));
    while (from < raw.len) {
        const char *amp = memchr(raw.s + from, '&', raw.len - from);
        size_t to = amp && query->count + 1 < PARAMS_MOST ? (size_t)(amp - raw.s)
                                                          : raw.len;

        if (to > from) {
            split_param(p, r307_slice(raw.s + from, to - from),
                        &query->params[query->count++]);
        }
        from = to + 1;
    }
    return query;
}

static int is_listed(const r307_query_policy_t *policy, r307_slice_t name)
{
    size_t i;

    for (i = 0; i < policy->count; i++) {
        if (r307_text_glob(policy->names[i], name, 0)) {
            return 1;
        }
    }
    return 0;
}

static int is_set_by(const r307_query_t *own, r307_slice_t name)
{
    size_t i;

    for (i = 0; i < own->count; i++) {
        if (r307_slice_same(own->params[i].name, name)) {
            return 1;
        }
    }
    return 0;
}

static int goes_along(const r307_param_t *param, const r307_query_t *own,
                      const r307_query_policy_t *policy)
{
    if (param->used || param->is_key || is_set_by(own, param->name)) {
        return 0;
    }
    switch (policy->mode) {
    case R307_QUERY_KEEP_SOME:
        return is_listed(policy, param->name);
    case R307_QUERY_DROP_SOME:
        return !is_listed(policy, param->name);
    default:
        return 1;
    }
}

r307_slice_t r307_query_print(apr_pool_t *p, const r307_query_t *query, r307_slice_t own,
                              const r307_query_policy_t *policy, int *from_request)
{
    const r307_query_t *set;
    r307_buf_t buf;
    size_t i;

    if (policy->mode == R307_QUERY_DROP
        || (policy->mode == R307_QUERY_DEFAULT && own.s) || query->count == 0) {
        return own.len ? own : r307_slice(NULL, 0);
    }
    set = r307_query_make(p, own);
    r307_buf_make(&buf, p, own.len + query->raw.len + 16);
    r307_buf_add(&buf, own.s, own.len);
    for (i = 0; i < query->count; i++) {
        const r307_param_t *param = &query->params[i];

        if (goes_along(param, set, policy)) {
            if (buf.len) {
                r307_buf_putc(&buf, '&');
            }
            r307_text_encode(&buf, param->raw.s, param->raw.len, R307_LAND_QUERY,
                             R307_FORM_ENCODED);
            *from_request = 1;
        }
    }
    return buf.len ? r307_slice(buf.s, buf.len) : r307_slice(NULL, 0);
}

r307_slice_t r307_query_without_keys(apr_pool_t *p, const r307_query_t *query)
{
    r307_buf_t buf;
    size_t i, keys = 0;

    for (i = 0; i < query->count; i++) {
        keys += query->params[i].is_key && !query->params[i].used;
    }
    if (!keys) {
        return query->raw;
    }
    r307_buf_make(&buf, p, query->raw.len + 1);
    for (i = 0; i < query->count; i++) {
        if (!query->params[i].is_key || query->params[i].used) {
            r307_buf_puts(&buf, buf.len ? "&" : "");
            r307_buf_add(&buf, query->params[i].raw.s, query->params[i].raw.len);
        }
    }
    return r307_slice(buf.s, buf.len);
}

/* The modes by their words; the two with a list end in ':'. */
static const struct {
    const char *word;
    r307_query_mode_t mode;
} modes[] = {
    { "keep", R307_QUERY_KEEP },
    { "drop", R307_QUERY_DROP },
    { "merge", R307_QUERY_MERGE },
    { "keep:", R307_QUERY_KEEP_SOME },
    { "drop:", R307_QUERY_DROP_SOME }
};
#define MODE_COUNT (sizeof(modes) / sizeof(modes[0]))

static const char *parse_names(apr_pool_t *p, const char *list,
                               r307_query_policy_t *policy)
{
    apr_array_header_t *names = apr_array_make(p, 4, sizeof(r307_slice_t));

    while (*list) {
        size_t n = strcspn(list, ",");

        if (n == 0) {
            break;
        }
        APR_ARRAY_PUSH(names, r307_slice_t) = r307_slice(list, n);
        list += n;
        if (*list == ',' && *++list == '\0') {
            return "an empty name";
        }
    }
    if (*list || names->nelts == 0) {
        return "an empty name";
    }
    policy->names = (const r307_slice_t *)(const void *)names->elts;
    policy->count = (size_t)names->nelts;
    return NULL;
}

const char *r307_query_policy_parse(apr_pool_t *p, const char *value,
                                    r307_query_policy_t *policy)
{
    size_t i;

    for (i = 0; i < MODE_COUNT; i++) {
        size_t n = strlen(modes[i].word);

        if (modes[i].word[n - 1] == ':' ? strncmp(value, modes[i].word, n) == 0
                                        : strcmp(value, modes[i].word) == 0) {
            policy->mode = modes[i].mode;
            return value[n] || modes[i].word[n - 1] == ':'
                ? parse_names(p, apr_pstrdup(p, value + n), policy) : NULL;
        }
    }
    return strchr(value, '=') ? "a parameter" : "unknown";
}

const char *r307_query_policy_print(apr_pool_t *p, const r307_query_policy_t *policy)
{
    r307_buf_t buf;
    size_t i;

    r307_buf_make(&buf, p, 32);
    for (i = 0; i < MODE_COUNT; i++) {
        if (modes[i].mode == policy->mode) {
            r307_buf_puts(&buf, modes[i].word);
        }
    }
    for (i = 0; i < policy->count; i++) {
        if (i) {
            r307_buf_putc(&buf, ',');
        }
        r307_buf_add(&buf, policy->names[i].s, policy->names[i].len);
    }
    return buf.len ? buf.s : NULL;
}
