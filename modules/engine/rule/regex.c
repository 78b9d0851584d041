/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/regex.h"

#include <string.h>
#include <apr_strings.h>

#include "rule/regex_syntax.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define PATTERN_MOST   8190
#define PATH_MOST      8190     /* without JIT */
#define HEAP_MOST_KIB  8192     /* of one match; JIT does not ask for it */
#define FIRST_TRY      16       /* steps that one start offset costs at least */

struct r307_regex_t {
    pcre2_code *code;           /* tried at one offset: PCRE2_ANCHORED */
    int anchored;               /* no other offset than 0 can match */
    int has_first;
    unsigned char first[32];    /* bit map of the bytes a match can begin with */
    int groups;
    int jit;
};

struct r307_scratch_t {
    pcre2_match_data *data;
    pcre2_match_context *context;
};

static apr_status_t free_code(void *code)
{
    pcre2_code_free(code);
    return APR_SUCCESS;
}

static const char *compile(apr_pool_t *p, const char *text, uint32_t options,
                           pcre2_code **code)
{
    PCRE2_UCHAR message[160];
    PCRE2_SIZE at = 0;
    int error = 0;

    *code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, options, &error, &at,
                          NULL);
    if (*code) {
        return NULL;
    }
    if (pcre2_get_error_message(error, message, sizeof(message)) < 0) {
        message[0] = '\0';
    }
    return apr_psprintf(p, "pattern '%s' does not compile: %s at offset %" APR_SIZE_T_FMT
                        "; a character meant as itself takes a backslash",
                        r307_text_show(p, text, strlen(text)), (const char *)message,
                        (apr_size_t)at);
}

static void set_first(r307_regex_t *regex, const pcre2_code *code)
{
    uint32_t type = 0, unit = 0;
    const uint8_t *map = NULL;
    int c;

    pcre2_pattern_info(code, PCRE2_INFO_FIRSTCODETYPE, &type);
    if (type == 1) {
        pcre2_pattern_info(code, PCRE2_INFO_FIRSTCODEUNIT, &unit);
        for (c = 0; c < 256; c++) {
            if (r307_text_lower((char)c) == r307_text_lower((char)unit)) {
                regex->first[c / 8] |= (unsigned char)(1 << (c % 8));
            }
        }
        regex->has_first = 1;
    }
    else if (pcre2_pattern_info(code, PCRE2_INFO_FIRSTBITMAP, &map) == 0 && map) {
        memcpy(regex->first, map, sizeof(regex->first));
        regex->has_first = 1;
    }
}

/* Every path begins with '/': an anchored pattern that cannot even begin to match "/"
 * never does. */
static const char *check_start(apr_pool_t *p, const char *text, const pcre2_code *code)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    int rc = 0;

    if (data && context) {
        pcre2_set_match_limit(context, R307_STEPS_DEFAULT);
        rc = pcre2_match(code, (PCRE2_SPTR)"/", 1, 0, PCRE2_PARTIAL_HARD, data, context);
    }
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
    if (rc != PCRE2_ERROR_NOMATCH) {
        return NULL;
    }
    text = r307_text_show(p, text, strlen(text));
    return apr_psprintf(p, "pattern '%s' never matches: the path begins with '/'%s%s", text,
                        text[0] == '^' ? "; write ^/" : "",
                        text[0] == '^' ? text + 1 : "");
}

static const char *check_size(apr_pool_t *p, const char *text, int groups)
{
    if (groups > R307_CAPTURES_MOST) {
        return apr_psprintf(p, "pattern '%s' has %d groups; the most is %d; a group that "
                            "is not inserted may be (?:...)",
                            r307_text_show(p, text, strlen(text)), groups - 1,
                            R307_CAPTURES_MOST - 1);
    }
    return NULL;
}

/* "(*NO_JIT)" in front of a pattern makes it succeed and do nothing, so what it made is
 * looked at. */
static int compile_jit(pcre2_code *code)
{
    size_t size = 0;

    return pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0
        && pcre2_pattern_info(code, PCRE2_INFO_JITSIZE, &size) == 0 && size > 0;
}

const char *r307_regex_make(apr_pool_t *p, const char *text, int fold, int jit,
                            const r307_regex_t **out)
{
    r307_regex_t *regex = apr_pcalloc(p, sizeof(*regex));
    uint32_t options = PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF
        | PCRE2_NEVER_UCP | (fold ? PCRE2_CASELESS : 0);
    uint32_t all = 0, groups = 0;
    pcre2_code *free_running;
    const char *bad;

    if (strlen(text) > PATTERN_MOST) {
        return apr_psprintf(p, "a pattern of %" APR_SIZE_T_FMT " bytes; the longest that "
                            "is read has %d", strlen(text), PATTERN_MOST);
    }
    bad = compile(p, text, options, &free_running);
    if (bad) {
        return bad;
    }
    apr_pool_cleanup_register(p, free_running, free_code, apr_pool_cleanup_null);
    pcre2_pattern_info(free_running, PCRE2_INFO_ALLOPTIONS, &all);
    pcre2_pattern_info(free_running, PCRE2_INFO_CAPTURECOUNT, &groups);
    regex->groups = (int)groups + 1;
    bad = check_size(p, text, regex->groups);
    regex->anchored = (all & PCRE2_ANCHORED) != 0;
    if (!bad && regex->anchored) {
        bad = check_start(p, text, free_running);
    }
    if (bad) {
        return bad;
    }
    regex->code = free_running;
    if (!regex->anchored) {
        set_first(regex, free_running);
        bad = compile(p, text, options | PCRE2_ANCHORED, &regex->code);
        if (bad) {
            return bad;
        }
        apr_pool_cleanup_register(p, regex->code, free_code, apr_pool_cleanup_null);
    }
    regex->jit = jit && compile_jit(regex->code);
    *out = regex;
    return NULL;
}

static apr_status_t free_context(void *context)
{
    pcre2_match_context_free(context);
    return APR_SUCCESS;
}

static void *pool_malloc(PCRE2_SIZE size, void *p)
{
    return apr_palloc(p, size);
}

static void pool_free(void *block, void *p)
{
}

static struct r307_scratch_t *make_scratch(apr_pool_t *p)
{
    struct r307_scratch_t *scratch = apr_palloc(p, sizeof(*scratch));
    pcre2_general_context *general = pcre2_general_context_create(pool_malloc, pool_free,
                                                                  p);

    scratch->data = pcre2_match_data_create(R307_CAPTURES_MOST, general);
    /* not from the pool: up to 10.40 PCRE2 takes and frees its frames by the context at
     * every match, and a pool frees nothing */
    scratch->context = pcre2_match_context_create(NULL);
    apr_pool_cleanup_register(p, scratch->context, free_context, apr_pool_cleanup_null);
    pcre2_set_heap_limit(scratch->context, HEAP_MOST_KIB);
    return scratch;
}

/* Of an offset that took few steps. A run of bytes is one step to PCRE2, however long it
 * is, so the bytes that can be run over count too. */
static unsigned least_charge(const r307_path_t *path, size_t at)
{
    return 1 + (unsigned)((path->len - at) / 1024);
}

/* One start offset against what is left of the budget. A limit can be set but not read
 * back, so it grows from a small one, and what was allowed is what is charged. The only
 * offset of an anchored regex may use all of its budget in the last try. */
static int try_offset(const r307_regex_t *regex, const r307_path_t *path, size_t at,
                      r307_captures_t *captures, unsigned *left)
{
    const struct r307_scratch_t *scratch = captures->scratch;
    unsigned limit = *left < FIRST_TRY ? *left : FIRST_TRY, charge;

    for (;;) {
        int rc;

        pcre2_set_match_limit(scratch->context, limit);
        rc = pcre2_match(regex->code, (PCRE2_SPTR)path->dec, path->len, at, 0,
                         scratch->data, scratch->context);
        if (rc != PCRE2_ERROR_MATCHLIMIT || limit == *left) {
            charge = limit == FIRST_TRY ? least_charge(path, at) : limit;
            captures->spent += charge;
            *left -= charge < *left ? charge : *left;
            return rc;
        }
        captures->spent += limit;
        *left -= regex->anchored ? 0 : limit;
        limit = limit * 4 < *left ? limit * 4 : *left;
    }
}

static void copy_captures(int count, const struct r307_scratch_t *scratch,
                          r307_captures_t *captures)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(scratch->data);
    int i;

    captures->count = count;
    for (i = 0; i < count; i++) {
        /* an unset group is PCRE2_UNSET twice; \K can put the start behind the end */
        int none = at[2 * i] == PCRE2_UNSET || at[2 * i] > at[2 * i + 1];

        captures->at[i].from = none ? 1 : at[2 * i];
        captures->at[i].to = none ? 0 : at[2 * i + 1];
    }
}

r307_found_t r307_regex_find(apr_pool_t *p, const r307_regex_t *regex,
                             const r307_path_t *path, unsigned steps,
                             r307_captures_t *captures)
{
    unsigned left = steps;
    size_t at, last = regex->anchored ? 0 : path->len;

    captures->spent = 0;
    if (!regex->jit && path->len > PATH_MOST) {
        return R307_FOUND_LIMIT;
    }
    if (!captures->scratch) {
        captures->scratch = make_scratch(p);
    }
    for (at = 0; at <= last; at++) {
        unsigned char c = (unsigned char)path->dec[at];
        int rc;

        if (regex->has_first && (at == path->len
                                 || !(regex->first[c / 8] & (1 << (c % 8))))) {
            continue;
        }
        if (left == 0) {
            return R307_FOUND_LIMIT;
        }
        rc = try_offset(regex, path, at, captures, &left);
        if (rc > 0) {
            copy_captures(rc, captures->scratch, captures);
            return R307_FOUND_YES;
        }
        if (rc != PCRE2_ERROR_NOMATCH) {
            return R307_FOUND_LIMIT;
        }
    }
    return R307_FOUND_NO;
}

int r307_regex_name(const r307_regex_t *regex, const char *name, size_t len)
{
    char text[129];     /* longer than any group name of PCRE2 */
    int number;

    if (len >= sizeof(text)) {
        return -1;
    }
    memcpy(text, name, len);
    text[len] = '\0';
    number = pcre2_substring_number_from_name(regex->code, (PCRE2_SPTR)text);
    return number > 0 ? number : -1;
}

int r307_regex_groups(const r307_regex_t *regex)
{
    return regex->groups;
}

r307_slice_t r307_regex_head(apr_pool_t *p, const char *text)
{
    r307_regex_reader_t reader = r307_regex_reader(text);
    r307_regex_item_t item;
    int is_whole = 0;
    r307_buf_t buf;

    r307_buf_make(&buf, p, 64);
    r307_regex_read(&reader, &item);
    if (item.kind == R307_ITEM_BEGIN && !r307_regex_has_alternative(text)) {
        r307_regex_read(&reader, &item);
        while (item.kind == R307_ITEM_BYTE && item.least == 1 && item.most == 1) {
            r307_buf_putc(&buf, (char)item.byte);
            r307_regex_read(&reader, &item);
        }
        if (item.kind == R307_ITEM_LAST) {
            r307_regex_read(&reader, &item);
            is_whole = item.kind == R307_ITEM_END;
        }
    }
    if (!is_whole) {
        while (buf.len && buf.s[buf.len - 1] != '/') {
            buf.len--;
        }
        buf.len -= buf.len > 1;
    }
    buf.s[buf.len] = '\0';
    return buf.len && buf.s[0] == '/' ? r307_slice(buf.s, buf.len) : r307_slice("/", 1);
}

int r307_regex_has_jit(void)
{
    pcre2_code *code;
    PCRE2_SIZE at;
    int error, works;

    code = pcre2_compile((PCRE2_SPTR)"a", 1, 0, &error, &at, NULL);
    works = code && compile_jit(code);
    pcre2_code_free(code);
    return works;
}
