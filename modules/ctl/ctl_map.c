/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <apr_sha1.h>
#include <apr_strings.h>

#include "map/image.h"
#include "lint/lint_map.h"
#include "grammar/token.h"

static int ends_in(const char *text, const char *ending)
{
    size_t len = strlen(text), n = strlen(ending);

    return len >= n && r307_text_same_fold(text + len - n, n, ending, n);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

int ctl_map_is(const char *file)
{
    return r307_format_of(file) || ends_in(file, ".image");
}

static const char *beside(apr_pool_t *p, const char *file, const char *name)
{
    return apr_pstrcat(p, apr_pstrmemdup(p, file, (size_t)(base_name(file) - file)), name,
                       NULL);
}

/* Sources without a leading '/' belong to a .htaccess, and one that lies beside the map is
 * likely the one that names it. */
static r307_where_t where_of(apr_pool_t *p, const char *file)
{
    struct stat st;

    return stat(beside(p, file, ".htaccess"), &st) == 0 ? R307_WHERE_DIRECTORY
                                                                 : R307_WHERE_SERVER;
}

const char *ctl_map_plain(apr_pool_t *p, const char *file, const char *options,
                           r307_mapdef_t *def)
{
    r307_context_t context;

    memset(&context, 0, sizeof(context));
    context.directive = "Redirect307Map";
    context.where = where_of(p, file);
    return r307_map_parse(p, apr_pstrcat(p, r307_token_quote(p, file), " ", options, NULL),
                          &context, def);
}

/* --- reading --- */

typedef struct telling_t {
    apr_pool_t *p;
    const char *file;
    ctl_maploaded_t *loaded;
    apr_array_header_t *told;   /* of ctl_told_t */
} telling_t;

const char *ctl_told_say(apr_pool_t *p, const ctl_told_t *told)
{
    const char *note = told->kind == CTL_TOLD_NOTE ? "note: " : "";

    return told->line
        ? apr_psprintf(p, "%s:%u: %s%s\n", told->file, told->line, note, told->text)
        : apr_psprintf(p, "%s: %s%s\n", told->file, note, told->text);
}

static ctl_told_t *keep(telling_t *telling, unsigned line, ctl_told_kind_t kind,
                        const char *text)
{
    ctl_told_t *told = apr_array_push(telling->told);

    memset(told, 0, sizeof(*told));
    told->kind = kind;
    told->file = telling->file;
    told->line = line;
    told->nth = telling->told->nelts;
    told->text = apr_pstrdup(telling->p, text);
    return told;
}

static void keep_bad(void *baton, unsigned line, const char *why)
{
    keep(baton, line, CTL_TOLD_BAD, why);
}

static void keep_note(void *baton, unsigned line, const char *why)
{
    keep(baton, line, CTL_TOLD_NOTE, why);
}

static int by_line(const void *a, const void *b)
{
    const ctl_told_t *x = a, *y = b;

    return x->line != y->line ? (x->line - 1 > y->line - 1 ? 1 : -1) : x->nth - y->nth;
}

static void tell_all(const telling_t *telling, const ctl_teller_t *teller)
{
    int i;

    qsort(telling->told->elts, (size_t)telling->told->nelts, sizeof(ctl_told_t), by_line);
    for (i = 0; i < telling->told->nelts; i++) {
        teller->say(teller->baton, &APR_ARRAY_IDX(telling->told, i, ctl_told_t));
    }
}

static const char *load_image(apr_pool_t *p, r307_mapdef_t *def,
                              const ctl_content_t *content, ctl_maploaded_t *loaded)
{
    r307_image_info_t info;
    const char *bad = content->is_tenants
        ? "is a compiled image, which only httpd.conf may name; in .htaccess write the map "
          "itself" : r307_image_check(p, content->s, content->len);

    if (bad) {
        return apr_psprintf(p, "%s: %s", content->name, bad);
    }
    r307_image_info(content->s, &info);
    def->where = info.where;
    def->match = info.match;
    loaded->bytes = content->s;
    loaded->size = content->len;
    loaded->rules = info.count;
    return NULL;
}

/* --- doubts --- */

ctl_meant_t ctl_meant_of(apr_pool_t *p, const r307_doubt_t *doubt)
{
    ctl_meant_t meant = {
        apr_pstrdup(p, doubt->rule->source), apr_pstrdup(p, doubt->rule->target->text),
        apr_pstrdup(p, doubt->source), apr_pstrdup(p, doubt->target)
    };

    return meant;
}

typedef struct doubting_t {
    telling_t *telling;
    apr_hash_t *bad;            /* the lines that were told already */
} doubting_t;

static void keep_doubts(void *baton, const r307_rule_t *rule,
                        const apr_array_header_t *doubts)
{
    doubting_t *doubting = baton;
    ctl_maploaded_t *loaded = doubting->telling->loaded;
    unsigned line = rule->place.line;
    apr_uint32_t findings = loaded->findings;
    int i;

    if (apr_hash_get(doubting->bad, &line, sizeof(line))) {
        return;         /* what stands in for it is not the line */
    }
    for (i = 0; i < doubts->nelts; i++) {
        const r307_doubt_t *doubt = &APR_ARRAY_IDX(doubts, i, r307_doubt_t);
        const r307_finding_row_t *row = r307_finding_row(doubt->finding);
        int is_note = row->severity == R307_SEVERITY_NOTE;
        ctl_told_t *told;

        loaded->notes += is_note;
        loaded->findings += !is_note;
        told = keep(doubting->telling, line, is_note ? CTL_TOLD_NOTE : CTL_TOLD_FINDING,
                    doubt->text);
        told->id = row->id;
        told->meant = ctl_meant_of(doubting->telling->p, doubt);
    }
    loaded->doubted += loaded->findings > findings;
}

static const char *doubt_rules(telling_t *telling, const r307_mapdef_t *def, int is_alone)
{
    doubting_t doubting = { telling, apr_hash_make(telling->p) };
    const r307_image_t *image;
    r307_context_t context;
    const char *bad;
    int i;

    for (i = 0; i < telling->told->nelts; i++) {
        const ctl_told_t *told = &APR_ARRAY_IDX(telling->told, i, ctl_told_t);

        if (told->kind == CTL_TOLD_BAD) {
            unsigned *line = apr_pmemdup(telling->p, &told->line, sizeof(told->line));

            apr_hash_set(doubting.bad, line, sizeof(*line), line);
        }
    }
    r307_map_context(def, &context);
    bad = r307_image_attach(telling->p, telling->loaded->bytes, &context, NULL, &image);
    if (!bad) {
        r307_map_audit(telling->p, image, is_alone, keep_doubts, &doubting);
    }
    return bad;
}

/* --- loading --- */

static const char *write_rules(apr_pool_t *p, const r307_mapresult_t *result,
                               ctl_maploaded_t *loaded)
{
    void *image;

    loaded->size = r307_image_size(result->builder);
    if (!loaded->size) {
        return "makes an image of more than 4 GiB";
    }
    image = apr_palloc(p, loaded->size);
    r307_image_write(result->builder, image);
    loaded->bytes = image;
    loaded->rules = result->rules;
    loaded->bad = result->bad;
    loaded->notes = result->notes;
    loaded->stays = result->stays;
    return NULL;
}

/* a file may be longer than what SHA-1 is given at once */
#define SHA1_STEP ((size_t)1 << 20)

/* The same file gives the same image, and who writes it cannot choose: to have lines that
 * collide by the seed, they would have to be found together with a SHA-1 that they are part of. */
static apr_uint64_t seed_of(const ctl_content_t *content)
{
    unsigned char hash[APR_SHA1_DIGESTSIZE];
    apr_uint64_t seed = 0;
    apr_sha1_ctx_t sha1;
    size_t at, step;

    apr_sha1_init(&sha1);
    for (at = 0; at < content->len; at += step) {
        step = content->len - at < SHA1_STEP ? content->len - at : SHA1_STEP;
        apr_sha1_update_binary(&sha1, (const unsigned char *)content->s + at, (unsigned)step);
    }
    apr_sha1_final(hash, &sha1);
    for (at = 0; at < sizeof(seed); at++) {
        seed = seed << 8 | hash[at];
    }
    return seed;
}

/* When the map was written, in seconds; no later than a build that is to come out the same
 * each time says (reproducible-builds.org), as a checkout writes its files anew. */
static apr_uint64_t time_of(const ctl_content_t *content)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    char *end = NULL;
    apr_int64_t most = epoch && *epoch ? apr_strtoi64(epoch, &end, 10) : -1;

    return end && !*end && most >= 0 && (apr_uint64_t)most < content->time
        ? (apr_uint64_t)most : content->time;
}

const char *ctl_map_load(apr_pool_t *p, r307_mapdef_t *def, const ctl_content_t *content,
                          const ctl_teller_t *teller, ctl_maploaded_t *loaded)
{
    r307_mapbytes_t bytes = { content->s, content->len, time_of(content) };
    telling_t telling = { p, content->name, loaded, apr_array_make(p, 0, sizeof(ctl_told_t)) };
    r307_maplimits_t limits;
    r307_mapresult_t result;
    const char *bad;

    memset(loaded, 0, sizeof(*loaded));
    loaded->name = content->name;
    if (r307_image_is(content->s, content->len)) {
        return load_image(p, def, content, loaded);
    }
    loaded->text = r307_slice(content->s, content->len);
    memset(&limits, 0, sizeof(limits));
    limits.regex_most = APR_INT64_MAX;
    limits.bad = keep_bad;
    limits.note = keep_note;
    limits.baton = &telling;
    limits.seed = seed_of(content);
    bad = r307_map_build(p, def, NULL, &bytes, &limits, &result);
    bad = bad ? bad : write_rules(p, &result, loaded);
    bad = !bad && teller->doubts ? doubt_rules(&telling, def, teller->is_alone) : bad;
    tell_all(&telling, teller);
    return bad ? apr_psprintf(p, "%s: %s", content->name, bad) : NULL;
}

const char *ctl_map_named(apr_pool_t *p, r307_mapdef_t *def, const char *file,
                           const ctl_teller_t *teller, ctl_maploaded_t *loaded, ctl_reached_t *reached)
{
    ctl_content_t content;
    const char *bad;

    *reached = ctl_reach_map_named(p, file, &content, &bad);
    return *reached == CTL_REACH_READ ? ctl_map_load(p, def, &content, teller, loaded) : bad;
}

const char *ctl_map_of(apr_pool_t *p, r307_mapdef_t *def, const ctl_reach_t *reach,
                        const ctl_teller_t *teller, ctl_maploaded_t *loaded,
                        ctl_reached_t *reached)
{
    ctl_content_t content;
    const char *bad;

    *reached = ctl_reach_map(p, reach, def->file, &content, &bad);
    return *reached == CTL_REACH_READ ? ctl_map_load(p, def, &content, teller, loaded) : bad;
}
