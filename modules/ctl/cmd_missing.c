/* SPDX-License-Identifier: Apache-2.0
 *
 * redirect307ctl missing: which URLs people ask for in vain, by the access log. Files
 * are read twice: once to know which URLs are frequent, in memory that does not grow
 * with the log, and once to count these. */
#include "cmd.h"

#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base/hash.h"
#include "base/frequent.h"
#include "http/access_line.h"
#include "ctl_gap.h"
#include "ctl_gap_print.h"
#include "ctl_log.h"

#define TOP_USUAL "50"
#define TOP_MOST 1000
#define TARGET_MOST 32768       /* bytes of a request's target: 8190, escaped */
#define TEXT_MOST 1000          /* of a URL, as it is printed */
#define TEXT_ROOM ((size_t)12 << 20)
#define SEEN 4096               /* a power of two: askers that are known */
#define FROM_MOST 160           /* of a referrer */
#define FROM_ROWS 20000         /* URLs that have one */

/* What a hash was found to be, so that the same is not looked through again. */
typedef struct seen_t {
    apr_uint64_t hash;
    r307_asker_t asker;
} seen_t;

/* The referrer of most hits, if any has most (Boyer and Moore). */
typedef struct from_t {
    int votes;
    unsigned len;
    char text[FROM_MOST];
} from_t;

/* A line that counts. */
typedef struct hit_t {
    apr_uint64_t hash;
    r307_asker_t asker;
    r307_slice_t host, referrer;
    const r307_path_t *path;
    apr_time_t when;
} hit_t;

typedef struct missing_t {
    apr_pool_t *p, *one;        /* one: of a line */
    apr_uint64_t key;
    apr_time_t since;
    int top;
    apr_array_header_t *logs;   /* of ctl_log_t */
    r307_frequent_t *tally;
    int is_recount;
    seen_t agents[SEEN], paths[SEEN];
    from_t *froms;              /* of the items; NULL: they are too many */
    char host[256], target[TARGET_MOST + 1];
    const char *strange;        /* the first line that is none */
    ctl_gap_sum_t sum;
} missing_t;

/* --- a line --- */

static r307_asker_t agent_of(missing_t *x, r307_slice_t agent)
{
    apr_uint64_t hash = r307_hash_keyed(x->key, agent.s, agent.len);
    seen_t *seen = &x->agents[hash & (SEEN - 1)];

    if (!agent.s || seen->hash != hash) {
        seen->hash = hash;
        seen->asker = r307_asker_by_agent(agent);
    }
    return seen->asker;
}

static r307_asker_t asker_of(missing_t *x, const hit_t *hit, r307_slice_t target,
                             r307_slice_t agent)
{
    seen_t *seen = &x->paths[(hit->hash >> 1) & (SEEN - 1)];

    if (seen->hash != hit->hash) {
        seen->hash = hit->hash;
        seen->asker = r307_asker_by_path(target, r307_slice(hit->path->dec,
                                                            hit->path->len));
    }
    return seen->asker != R307_ASKER_PEOPLE ? seen->asker : agent_of(x, agent);
}

/* Without port, in lower case; what is no name of a host is none. */
static r307_slice_t host_of(missing_t *x, r307_slice_t host)
{
    size_t i;

    while (host.len && host.s[host.len - 1] != ':') {
        host.len--;
    }
    host.len -= host.len > 0;
    if (host.len > sizeof(x->host) || r307_url_check_host(host)) {
        return r307_slice("", 0);
    }
    for (i = 0; i < host.len; i++) {
        x->host[i] = r307_text_lower(host.s[i]);
    }
    return r307_slice(x->host, host.len);
}

/* Which URL a line asked for, and who did. 0: it counts for nothing. */
static int read_hit(missing_t *x, const r307_access_line_t *line, hit_t *hit)
{
    r307_slice_t agent, target, raw, query;
    int is_url;

    hit->when = r307_access_line_time(line->date);
    if (!line->target.s || line->target.len > TARGET_MOST || hit->when < x->since) {
        return 0;
    }
    r307_access_line_agent(line, &hit->referrer, &agent);
    x->sum.has_agents = x->sum.has_agents || agent.s;
    target = r307_slice(x->target, r307_access_line_plain(line->target, x->target));
    x->target[target.len] = '\0';
    apr_pool_clear(x->one);
    is_url
        = !memchr(target.s, '\0', target.len) && r307_path_split(target.s, &raw, &query);
    hit->path = r307_path_make(x->one, is_url ? raw : r307_slice("/", 1));
    hit->host = host_of(x, line->host);
    hit->hash = r307_hash_keyed(r307_hash_keyed(x->key, hit->host.s, hit->host.len),
                                hit->path->dec, hit->path->len);
    hit->hash = (hit->hash & ~(apr_uint64_t)1) | (line->status == 410);
    hit->asker = is_url ? asker_of(x, hit, target, agent) : R307_ASKER_ATTACKS;
    return 1;
}

/* Of an item: host and path, in ASCII; one that is cut ends with '#', which no path
 * has. */
static r307_slice_t text_of(missing_t *x, const hit_t *hit)
{
    r307_buf_t buf;

    r307_buf_make(&buf, x->one, hit->host.len + hit->path->enc_len + 16);
    r307_buf_add(&buf, hit->host.s, hit->host.len);
    r307_text_encode(&buf, hit->path->enc, hit->path->enc_len, R307_LAND_PATH,
                     R307_FORM_ENCODED);
    if (buf.len > TEXT_MOST) {
        buf.len = TEXT_MOST;
        buf.s[TEXT_MOST - 1] = '#';
    }
    return r307_slice(buf.s, buf.len);
}

static void vote(missing_t *x, const r307_frequent_item_t *item, r307_slice_t referrer)
{
    size_t count;
    from_t *from
        = x->froms ? &x->froms[item - r307_frequent_items(x->tally, &count)] : NULL;
    size_t len = referrer.len < FROM_MOST ? referrer.len : FROM_MOST;

    if (!from || !len) {
        return;
    }
    if (!from->votes) {
        from->len = (unsigned)len;
        memcpy(from->text, referrer.s, len);
    }
    from->votes += from->len == len && memcmp(from->text, referrer.s, len) == 0 ? 1 : -1;
    from->votes += !from->votes;
}

/* A hit of one of those that are counted, or of others on the same URL. */
static void count_hit(missing_t *x, const hit_t *hit)
{
    int is_ours = hit->asker == x->sum.of;
    r307_frequent_item_t *item = r307_frequent_find(x->tally, hit->hash);
    r307_slice_t text = r307_slice(NULL, 0);
    apr_uint32_t when = (apr_uint32_t)apr_time_sec(hit->when);

    if (!is_ours) {
        if (item && item->others < APR_UINT32_MAX) {
            item->others++;
        }
        return;
    }
    if (!item && x->is_recount) {
        return;
    }
    if (x->sum.is_once ? !item : x->is_recount && !item->len) {
        text = text_of(x, hit);
    }
    if (x->is_recount) {
        item->count++;
        r307_frequent_name(x->tally, item, text.s, text.len);
        vote(x, item, hit->referrer);
    }
    else {
        item = r307_frequent_add(x->tally, hit->hash, text.s, text.len);
    }
    item->last = when > item->last ? when : item->last;
}

static void take(void *baton, const char *s, size_t len)
{
    missing_t *x = baton;
    r307_access_line_t line;
    hit_t hit;

    x->sum.lines += !x->is_recount;
    if (!s || !r307_access_line_split(s, len, &line)) {
        if ((len || !s) && !x->is_recount) {
            x->sum.strange++;
            x->strange = x->strange || !s ? x->strange : r307_text_show(x->p, s, len);
        }
        return;
    }
    if ((line.status != 404 && line.status != 410) || !read_hit(x, &line, &hit)) {
        return;
    }
    x->sum.hits[hit.asker] += !x->is_recount;
    count_hit(x, &hit);
}

/* --- the logs --- */

static int read_all(missing_t *x)
{
    const char *bad;
    int i, is_read = 1;

    for (i = 0; i < x->logs->nelts; i++) {
        bad = ctl_log_each(&APR_ARRAY_IDX(x->logs, i, ctl_log_t), take, x);
        if (bad && !x->is_recount) {
            fprintf(stderr, "redirect307ctl: %s\n", bad);
        }
        is_read &= !bad;
    }
    return is_read;
}

static int open_all(missing_t *x, const ctl_args_t *args)
{
    int i, is_open = 1;

    x->logs = apr_array_make(x->p, args->count, sizeof(ctl_log_t));
    for (i = 0; i < args->count; i++) {
        ctl_log_t *log = apr_array_push(x->logs);
        const char *bad = ctl_log_open(x->p, args->words[i], log);

        if (bad) {
            fprintf(stderr, "redirect307ctl: %s\n", bad);
            apr_array_pop(x->logs);
            is_open = 0;
        }
        else {
            x->sum.is_once = x->sum.is_once || log->is_once;
        }
    }
    x->sum.files = x->logs->nelts;
    return is_open;
}

/* Those that can be among the first ones are counted again, from nothing. */
static int recount(missing_t *x)
{
    size_t count, i;
    r307_frequent_item_t *items;
    int list;

    for (list = 0; list < 2; list++) {
        apr_uint64_t least = r307_frequent_nth(x->tally, list, 2 * (size_t)x->top);

        if (least > r307_frequent_error(x->tally)) {
            r307_frequent_drop(x->tally, list, least - r307_frequent_error(x->tally));
        }
    }
    items = r307_frequent_items(x->tally, &count);
    for (i = 0; i < count; i++) {
        items[i].count = items[i].others = items[i].last = 0;
    }
    x->froms = count && count <= FROM_ROWS ? calloc(count, sizeof(*x->froms)) : NULL;
    x->is_recount = 1;
    return read_all(x);
}

/* --- the URLs --- */

static int by_hits(const void *a, const void *b)
{
    const ctl_gap_t *x = a, *y = b;
    int order = strcmp(x->host, y->host);

    return x->hits != y->hits ? (x->hits < y->hits ? 1 : -1)
        : order ? order : strcmp(x->path, y->path);
}

static const char *from_of(missing_t *x, size_t nth)
{
    const from_t *from = x->froms ? &x->froms[nth] : NULL;
    r307_buf_t buf;

    if (!from || !from->len) {
        return NULL;
    }
    r307_buf_make(&buf, x->p, from->len + 8);
    r307_text_encode(&buf, from->text, from->len, R307_LAND_QUERY, R307_FORM_ENCODED);
    return apr_pstrcat(x->p, buf.s, from->len == FROM_MOST ? "..." : "", NULL);
}

static void add_gap(missing_t *x, ctl_gaps_t *gaps, const r307_frequent_item_t *item,
                    size_t nth)
{
    ctl_gap_t *gap = apr_array_push(gaps->gaps);
    const char *text = r307_frequent_text(x->tally, item);
    size_t host = 0;

    memset(gap, 0, sizeof(*gap));
    while (host < item->len && text[host] != '/') {
        host++;
    }
    gap->status = item->hash & 1 ? 410 : 404;
    gap->is_cut = text[item->len - 1] == '#';
    gap->host = apr_pstrmemdup(x->p, text, host);
    gap->path = apr_pstrmemdup(x->p, text + host, item->len - host - (gap->is_cut != 0));
    gap->hits = item->count;
    gap->hits_most = item->count + (x->sum.is_once ? x->sum.error : 0);
    gap->others = item->others;
    gap->last = apr_time_from_sec(item->last);
    gap->from = from_of(x, nth);
}

/* The first ones of both lists, by what they were counted. */
static void choose(missing_t *x, ctl_gaps_t *gaps)
{
    r307_frequent_item_t *items;
    apr_uint64_t least[2];
    size_t count, i;

    least[0] = r307_frequent_nth(x->tally, 0, 2 * (size_t)x->top);
    least[1] = r307_frequent_nth(x->tally, 1, 2 * (size_t)x->top);
    items = r307_frequent_items(x->tally, &count);
    for (i = 0; i < count; i++) {
        if (items[i].len && items[i].count
            && items[i].count >= least[items[i].hash & 1]) {
            add_gap(x, gaps, &items[i], i);
        }
    }
    qsort(gaps->gaps->elts, (size_t)gaps->gaps->nelts, sizeof(ctl_gap_t), by_hits);
    if (gaps->gaps->nelts > 4 * x->top) {
        gaps->gaps->nelts = 4 * x->top;     /* many have as few hits as the last one */
    }
    for (i = 1; i < (size_t)gaps->gaps->nelts; i++) {
        gaps->is_by_host = gaps->is_by_host
            || strcmp(APR_ARRAY_IDX(gaps->gaps, i, ctl_gap_t).host,
                      APR_ARRAY_IDX(gaps->gaps, 0, ctl_gap_t).host) != 0;
    }
}

/* --- the command line --- */

static const char *set_since(missing_t *x, const char *since)
{
    apr_time_t length;
    const char *bad;

    if (!since || !r307_time_parse(x->p, since, 0, &x->since)) {
        return NULL;
    }
    bad = r307_duration_parse(x->p, since, &length);
    x->since = apr_time_now() - (bad ? 0 : length);
    return bad ? apr_psprintf(x->p, "--since '%s' is no time; write 30d, or 2026-11-01",
                              r307_text_show(x->p, since, strlen(since))) : NULL;
}

static const char *set_of(missing_t *x, const char *of)
{
    int i;

    for (i = 0; of && i < R307_ASKER_COUNT; i++) {
        if (strcmp(r307_asker_words[i], of) == 0) {
            x->sum.of = (r307_asker_t)i;
            return NULL;
        }
    }
    return !of ? NULL : apr_psprintf(x->p, "--of '%s' is none of these; write %s",
                                     r307_text_show(x->p, of, strlen(of)),
                                     "people, robots, attacks or browsers");
}

static const char *set_top(missing_t *x, const char *top)
{
    apr_int64_t value;

    top = top ? top : TOP_USUAL;
    value = r307_text_number(r307_slice(top, strlen(top)), TOP_MOST);
    x->top = (int)value;
    return value > 0 ? NULL : apr_psprintf(x->p, "--top '%s' is none of these; write %s",
                                           r307_text_show(x->p, top, strlen(top)),
                                           "a number from 1 to 1000");
}

static const char *set_options(missing_t *x, const ctl_args_t *args,
                               const ctl_gap_format_t **format)
{
    const char *name = ctl_args_value(args, "format"), *bad;

    *format = ctl_gap_format_find(name ? name : "text");
    bad = set_since(x, ctl_args_value(args, "since"));
    bad = bad ? bad : set_of(x, ctl_args_value(args, "of"));
    bad = bad ? bad : set_top(x, ctl_args_value(args, "top"));
    return bad || *format ? bad
        : apr_psprintf(x->p, "--format '%s' is none of these; write %s",
                       r307_text_show(x->p, name, strlen(name)), "text, json or csv");
}

/* Nothing of it is a line of a log, or some lines are none. */
static int say_strange(const missing_t *x)
{
    if (!x->sum.strange) {
        return 0;
    }
    fprintf(stderr,
            "redirect307ctl: %" APR_UINT64_T_FMT " of %" APR_UINT64_T_FMT " lines are "
            "none of an access log (common, combined, vhost_combined), first: %s\n",
            x->sum.strange, x->sum.lines, x->strange ? x->strange : "a very long one");
    return x->sum.strange == x->sum.lines;
}

static ctl_exit_t report(missing_t *x, ctl_gaps_t *gaps, const ctl_gap_format_t *format,
                         int is_read)
{
    const char *bad;

    choose(x, gaps);
    bad = ctl_gaps_find(gaps);
    format->print(gaps, &x->sum, x->top);
    fflush(stdout);
    if (bad) {
        fprintf(stderr, "redirect307ctl: not looked at: %s\n", bad);
    }
    if (!is_read || bad) {
        return CTL_EXIT_UNKNOWN;
    }
    return ctl_gap_count(gaps, 404, 1) || ctl_gap_count(gaps, 410, 1) ? CTL_EXIT_FINDINGS
                                                                      : CTL_EXIT_FINE;
}

ctl_exit_t ctl_cmd_missing(const ctl_args_t *args)
{
    missing_t *x = apr_pcalloc(args->p, sizeof(*x));
    const ctl_gap_format_t *format;
    const char *bad;
    ctl_gaps_t gaps;
    ctl_exit_t result;
    int is_read;

    x->p = args->p;
    bad = set_options(x, args, &format);
    bad = bad ? bad : ctl_gaps_make(&gaps, args);
    if (bad) {
        return ctl_args_refuse(args, bad);
    }
    if (apr_pool_create(&x->one, x->p) != APR_SUCCESS
        || apr_generate_random_bytes((unsigned char *)&x->key, sizeof(x->key))
           != APR_SUCCESS) {
        return ctl_args_refuse(args, "the machine has no random numbers");
    }
    is_read = open_all(x, args);
    x->tally = r307_frequent_make(TEXT_ROOM);
    is_read &= read_all(x);
    if (!x->logs->nelts || say_strange(x)) {
        r307_frequent_free(x->tally);
        return CTL_EXIT_UNKNOWN;
    }
    if (!x->sum.is_once) {
        is_read &= recount(x);
    }
    x->sum.error = r307_frequent_error(x->tally);
    result = report(x, &gaps, format, is_read);
    free(x->froms);
    r307_frequent_free(x->tally);
    return result;
}
