/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status_gather.h"
#include "httpd/status_served.h"

#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <http_config.h>
#include "base/version.h"
#include "map/image.h"
#include "httpd/conf_indexes.h"
#include "httpd/counters.h"
#include "httpd/flag_file.h"
#include "httpd/hit_table.h"
#include "httpd/htaccess_taken.h"
#include "httpd/request_view.h"
#include "httpd/start_lint.h"
#include "httpd/store.h"

extern module AP_MODULE_DECLARE_DATA redirect307_module;

#define SCAN_MOST   200000      /* rules that are looked at for one page */
#define SUMMED_MOST 50000       /* lines of a map whose hits are summed up */
#define DATED_MOST  1000        /* lines of maps with dates that are looked at */
#define CLEARED     256         /* lines until what they took is given back */
#define UNUSED_DAYS 180
#define UNUSED      apr_time_from_sec((apr_time_t)UNUSED_DAYS * 24 * 3600)

/* --- all rules --- */

typedef struct walk_t {
    request_rec *r;
    const r307_config_t *conf;
    apr_hash_t *findings;       /* by r307_start_lint_words, arrays of const char * */
    apr_uint64_t number, from;
    int with_hits;
    r307_status_see_t *see;
    void *baton;
} walk_t;

static const char *host_of(const server_rec *s)
{
    return s->server_hostname ? s->server_hostname : "";
}

static apr_hash_t *find_findings(request_rec *r)
{
    apr_hash_t *all = apr_hash_make(r->pool);
    const r307_startfound_t *found;
    int i;

    for (i = 0; (found = r307_start_lint_found(r->server, i)) != NULL; i++) {
        apr_array_header_t *of = apr_hash_get(all, &found->words, sizeof(found->words));

        if (!of) {
            of = apr_array_make(r->pool, 1, sizeof(const char *));
            apr_hash_set(all, &found->words, sizeof(found->words), of);
        }
        APR_ARRAY_PUSH(of, const char *) = found->text;
    }
    return all;
}

static int tell(const walk_t *walk, r307_block_t *block, const server_rec *s,
                const char *map, const r307_rule_t *rule)
{
    const void *words = r307_start_lint_words(rule);
    r307_status_rule_t of;
    r307_hitcount_t count;

    memset(&of, 0, sizeof(of));
    of.rule = rule;
    of.host = host_of(s);
    of.map = map;
    of.findings = apr_hash_count(walk->findings)
        ? apr_hash_get(walk->findings, &words, sizeof(words)) : NULL;
    if (walk->with_hits) {
        r307_hit_table_read(walk->conf, block, rule, walk->r->request_time, &count);
        of.hits.all = count.all;
        of.hits.month = count.month;
        of.hits.own = count.own;
        of.hits.last = count.last;
        of.hits.first = count.first;
    }
    return walk->see(walk->baton, &of, walk->number);
}

static int each_line(walk_t *walk)
{
    const r307_noted_t *noted;
    r307_literal_t room;
    int i, k;

    for (i = 0; (noted = r307_conf_indexes_noted(walk->r->server, i)) != NULL; i++) {
        const r307_ruleset_t *rules = noted->block->rules;

        for (k = 0; k < rules->rules->nelts; k++, walk->number++) {
            if (walk->number >= walk->from
                && !tell(walk, noted->block, noted->server, NULL,
                         r307_ruleset_look(rules, k, &room))) {
                return 0;
            }
        }
    }
    return 1;
}

static int each_of_map(walk_t *walk, const r307_mapref_t *ref, const r307_image_t *image)
{
    apr_uint32_t count = r307_image_count(image), i = 0;
    apr_pool_t *p;
    int goes_on = 1;

    if (walk->number + count <= walk->from) {
        walk->number += count;
        return 1;
    }
    if (walk->number < walk->from) {
        i = (apr_uint32_t)(walk->from - walk->number);
        walk->number = walk->from;
    }
    apr_pool_create(&p, walk->r->pool);
    for (; goes_on && i < count; i++, walk->number++) {
        const r307_rule_t *rule = r307_image_rule(p, image, i);

        goes_on = !rule || tell(walk, NULL, ref->server, ref->path, rule);
        if (i % CLEARED == 0) {
            apr_pool_clear(p);
        }
    }
    apr_pool_destroy(p);
    return goes_on;
}

/* The map that line `at` names first; NULL. */
static const r307_image_t *image_at(request_rec *r, int at, const r307_mapref_t **ref)
{
    const r307_mapref_t *other;
    int i;

    *ref = r307_store_listed(r->server, at);
    for (i = 0; *ref && i < at; i++) {
        other = r307_store_listed(r->server, i);
        if (other->number == (*ref)->number) {
            return NULL;
        }
    }
    return *ref && (*ref)->slot >= 0 ? r307_store_image(r, *ref) : NULL;
}

int r307_status_is_own(const r307_status_own_t *own, const r307_block_t *block)
{
    size_t len = strlen(own->directory);

    return block->is_htaccess && block->directory
        && strncmp(block->directory, own->directory, len) == 0
        && (block->directory[len] == '\0' || block->directory[len] == '/');
}

static int each_own(walk_t *walk, const r307_status_own_t *own)
{
    r307_literal_t room;
    apr_pool_t *one = NULL;
    int i, k, goes_on = 1;

    for (i = 0; own->blocks && goes_on && i < own->blocks->count; i++) {
        r307_block_t *block = own->blocks->at[i];
        const apr_array_header_t *maps = block->rules->maps;
        int is_here = r307_status_is_own(own, block);
        int count = is_here && r307_htshare_open(block) ? r307_ruleset_count(block->rules) : 0;

        for (k = 0; goes_on && k < count; k++, walk->number++) {
            const r307_rule_t *rule = walk->number < walk->from ? NULL
                : r307_ruleset_glance(walk->r->pool, &one, block->rules, k, &room);

            goes_on = !rule || tell(walk, block, walk->r->server, NULL, rule);
        }
        for (k = 0; is_here && goes_on && maps && k < maps->nelts; k++) {
            const r307_mapref_t *ref = APR_ARRAY_IDX(maps, k, r307_map_t).handle;
            const r307_image_t *image = r307_store_image(walk->r, ref);

            goes_on = !image || each_of_map(walk, ref, image);
        }
    }
    return goes_on;
}

int r307_status_each(request_rec *r, const r307_config_t *conf,
                     const r307_status_own_t *own, apr_uint64_t from, int with_hits,
                     r307_status_see_t *see, void *baton)
{
    walk_t walk = { r, conf, own ? apr_hash_make(r->pool) : find_findings(r), 0, from,
                    with_hits, see, baton };
    const r307_mapref_t *ref;
    int i, goes_on;

    (void)r307_request_state(r);        /* maps are held by it */
    if (own) {
        return each_own(&walk, own);
    }
    goes_on = each_line(&walk);
    for (i = 0; goes_on && r307_store_listed(r->server, i); i++) {
        const r307_image_t *image = image_at(r, i, &ref);

        goes_on = !image || each_of_map(&walk, ref, image);
    }
    return goes_on;
}

/* --- needs --- */

void r307_status_need(r307_overview_t *status, r307_need_kind_t kind, const char *place,
                      const char *text)
{
    r307_status_need_t *added = apr_array_push(status->needs);

    added->kind = kind;
    added->place = place;
    added->text = text;
}

static const char *place_of(apr_pool_t *p, const r307_place_t *place)
{
    return apr_psprintf(p, "%s:%u", place->file ? place->file : "-", place->line);
}

static void look_at_refusals(request_rec *r, r307_overview_t *status)
{
    int i;

    for (i = 0; i < R307_PASSED_COUNT; i++) {
        status->passed[i] = r307_counters_passed((r307_passed_t)i);
    }

    for (i = 1; i < R307_VERDICT_COUNT; i++) {
        const r307_verdict_row_t *row = r307_verdict_row((r307_verdict_t)i);

        status->refused[i] = r307_counters_read((r307_verdict_t)i);
        if (status->refused[i]) {
            r307_status_need(status, R307_NEED_REFUSED, NULL,
                 apr_psprintf(r->pool, "%" APR_UINT64_T_FMT " request%s refused (%s): a "
                              "Location %s; the error log names the rules",
                              status->refused[i], status->refused[i] == 1 ? " was"
                                      : "s were",
                              row->id, row->why));
        }
    }
}

static void look_at_findings(request_rec *r, r307_overview_t *status)
{
    const r307_startfound_t *found;
    int i;

    for (i = 0; i < R307_STATUS_NEEDS
         && (found = r307_start_lint_found(r->server, i)) != NULL; i++) {
        r307_status_need(status, R307_NEED_DOUBT, place_of(r->pool, &found->place),
             found->text);
    }
}

static void look_at_maintenance(request_rec *r, r307_overview_t *status)
{
    const r307_maintenance_t *line;
    int i;

    for (i = 0; (line = r307_start_lint_line(r->server, i)) != NULL; i++) {
        const char *place = place_of(r->pool, &line->rule.place), *problem = NULL;
        int is_on = !line->flag
            || r307_flag_file_exists(r, line->flag_path, NULL, NULL, &problem);

        if (problem) {
            r307_status_need(status, R307_NEED_BROKEN, place,
                 apr_psprintf(r->pool, "flag=%s %s", line->flag, problem));
        }
        else if (is_on && !(line->until && line->until <= status->now)
                 && !(line->from && line->from > status->now)) {
            r307_status_need(status, R307_NEED_CLOSED, place, line->flag
                 ? apr_psprintf(r->pool, "maintenance is on: %s is there; to open "
                               "again: rm %s",
                                line->flag, line->flag_path)
                 : "maintenance is on by the line itself; take it out to open again");
        }
    }
}

/* --- maps --- */

static int has_dates(const r307_plan_t *plan)
{
    return !plan || plan->from.text || plan->until.text || plan->review.text;
}

/* Lines with dates; which those are is known without making them, of nearly all. */
static void look_at_dates(request_rec *r, r307_overview_t *status,
                          const r307_image_t *image)
{
    apr_uint32_t i, count = r307_image_count(image);
    int looked = 0;
    apr_pool_t *p;

    apr_pool_create(&p, r->pool);
    for (i = 0; i < count && looked < DATED_MOST; i++) {
        const r307_rule_t *rule;

        if (has_dates(r307_image_plan(image, i))) {
            rule = r307_image_rule(p, image, i);
            looked++;
            if (rule) {
                r307_status_look(r->pool, status, rule);
            }
            apr_pool_clear(p);
        }
    }
    apr_pool_destroy(p);
}

static apr_array_header_t *versions_of(apr_pool_t *p, const r307_maptold_t *told)
{
    apr_array_header_t *versions = apr_array_make(p, 4, sizeof(r307_status_version_t));
    int i;

    for (i = 0; i < told->versions; i++) {
        const r307_mapwas_t *was = &told->was[i];
        r307_status_version_t *version = apr_array_push(versions);

        version->since = was->since;
        version->written = (apr_time_t)(was->written / 1000);
        version->is_counted = was->rules != R307_MAP_UNCOUNTED;
        version->lines = was->rules;
        version->skipped = was->bad;
    }
    return versions;
}

static void look_at_map(request_rec *r, r307_overview_t *status, int at)
{
    const r307_mapref_t *ref;
    const r307_image_t *image = image_at(r, at, &ref);
    r307_status_map_t *map;
    r307_maptold_t told;

    if (!image && ref->slot >= 0 && at > 0) {
        int i;

        for (i = 0; i < at; i++) {
            if (r307_store_listed(r->server, i)->number == ref->number) {
                return;         /* it is there already */
            }
        }
    }
    r307_store_tell(ref, &told);
    map = apr_array_push(status->maps);
    memset(map, 0, sizeof(*map));
    map->path = ref->path;
    map->host = host_of(ref->server);
    map->place = place_of(r->pool, &ref->place);
    map->is_read = image != NULL;
    map->skipped = told.bad;
    map->since = told.written;
    map->versions = versions_of(r->pool, &told);
    if (image) {
        map->lines = r307_image_count(image);
        status->rules += map->lines;
        look_at_dates(r, status, image);
    }
    if (!image || told.is_refused) {
        r307_status_need(status, R307_NEED_BROKEN, map->place,
             apr_psprintf(r->pool, "the map %s cannot be read%s; the error log says "
                                   "why, and "
                          "redirect307ctl lint FILE", ref->path,
                          image ? " any more: an older version answers" : ", and has "
                                        "no rules"));
    }
    if (told.bad) {
        r307_status_need(status, R307_NEED_BROKEN, map->place,
             apr_psprintf(r->pool, "%u line%s of %s skipped, as %s no rule%s; "
                                   "redirect307ctl lint "
                          "FILE says why", told.bad, told.bad == 1 ? "" : "s",
                          apr_pstrcat(r->pool, ref->path, told.bad == 1 ? " is" : " are",
                                      NULL),
                          told.bad == 1 ? "it is" : "they are", told.bad == 1 ? ""
                                  : "s"));
    }
}

/* --- lines of httpd.conf --- */

typedef struct looking_t {
    request_rec *r;
    r307_overview_t *status;
    apr_hash_t *hosts, *statuses;
} looking_t;

static void add_sum(apr_pool_t *p, apr_hash_t *sums, apr_array_header_t *list,
                    const char *label, apr_uint64_t count)
{
    int *at = apr_hash_get(sums, label, APR_HASH_KEY_STRING);
    r307_status_sum_t *sum;

    if (!at) {
        at = apr_palloc(p, sizeof(*at));
        *at = list->nelts;
        sum = apr_array_push(list);
        sum->label = apr_pstrdup(p, label);
        sum->host = NULL;
        sum->count = 0;
        apr_hash_set(sums, sum->label, APR_HASH_KEY_STRING, at);
    }
    APR_ARRAY_IDX(list, *at, r307_status_sum_t).count += count;
}

static void add_named(looking_t *looking, const r307_status_rule_t *of)
{
    r307_overview_t *status = looking->status;
    r307_status_sum_t *sum;
    int i;

    if (!of->rule->name || status->named->nelts >= R307_STATUS_NAMED) {
        return;
    }
    for (i = 0; i < status->named->nelts; i++) {        /* one series for each */
        sum = &APR_ARRAY_IDX(status->named, i, r307_status_sum_t);
        if (strcmp(sum->label, of->rule->name) == 0 && strcmp(sum->host, of->host) == 0) {
            sum->count += of->hits.all;
            return;
        }
    }
    sum = apr_array_push(status->named);
    sum->label = of->rule->name;
    sum->host = of->host;
    sum->count = of->hits.all;
}

static void add_sums(looking_t *looking, const r307_status_rule_t *of)
{
    apr_pool_t *p = looking->r->pool;
    r307_overview_t *status = looking->status;

    add_sum(p, looking->hosts, status->hosts, of->host, of->hits.all);
    add_sum(p, looking->statuses, status->statuses, apr_itoa(p, of->rule->status),
            of->hits.all);
    add_named(looking, of);
}

/* An r307_status_see_t: lines of httpd.conf. */
static int sum_up(void *baton, const r307_status_rule_t *of, apr_uint64_t number)
{
    if (of->map) {
        return 0;
    }
    add_sums(baton, of);
    return 1;
}

/* What was noted at the start tells which rules are worth a look. */
static int look_at_rules(request_rec *r, r307_overview_t *status)
{
    const r307_noted_t *noted;
    int i, k, endless = 0;

    for (i = 0; (noted = r307_conf_indexes_noted(r->server, i)) != NULL; i++) {
        status->rules += (apr_uint64_t)noted->block->rules->rules->nelts;
        endless += noted->endless;
        for (k = 0; k < noted->dated->nelts; k++) {
            r307_status_look(r->pool, status, APR_ARRAY_IDX(noted->dated, k,
                                                            const r307_rule_t *));
        }
    }
    return endless;
}

/* Lines of maps that are not too large; those of larger ones are left out of the sums. */
static int look_in_maps(void *baton, const r307_status_rule_t *of, apr_uint64_t number)
{
    looking_t *looking = baton;
    r307_overview_t *status = looking->status;
    int i;

    for (i = 0; of->map && i < status->maps->nelts; i++) {
        r307_status_map_t *map = &APR_ARRAY_IDX(status->maps, i, r307_status_map_t);

        if (map->path == of->map) {
            map->hits += of->hits.all;
            add_sums(looking, of);
            break;
        }
    }
    return 1;
}

static void sum_up_maps(looking_t *looking, const r307_config_t *conf, apr_uint64_t lines)
{
    r307_overview_t *status = looking->status;
    apr_uint64_t in_maps = 0;
    int i;

    for (i = 0; i < status->maps->nelts; i++) {
        in_maps += APR_ARRAY_IDX(status->maps, i, r307_status_map_t).lines;
    }
    if (in_maps > SUMMED_MOST) {
        return;
    }
    for (i = 0; i < status->maps->nelts; i++) {
        APR_ARRAY_IDX(status->maps, i, r307_status_map_t).has_hits = 1;
    }
    (void)r307_status_each(looking->r, conf, NULL, lines, 1, look_in_maps, looking);
}

void r307_status_add_endless(request_rec *r, r307_overview_t *status, int endless)
{
    if (endless) {
        r307_status_need(status, R307_NEED_ENDLESS, NULL,
             apr_psprintf(r->pool, "%d temporary rule%s neither an end nor a date to "
                                   "look "
                          "again; write until=YYYY-MM-DD or review=YYYY-MM-DD", endless,
                          endless == 1 ? " has" : "s have"));
    }
}

static const char *word_of(const r307_config_t *conf)
{
    const r307_choice_t *choice = r307_words_engine;

    while (choice->word && choice->value != r307_config_engine(conf)) {
        choice++;
    }
    return choice->word ? choice->word : "off";
}

void r307_status_begin(request_rec *r, const r307_config_t *conf, r307_overview_t *status)
{
    apr_pool_t *p = r->pool;

    status->now = r->request_time;
    status->version = R307_VERSION;
    status->engine = word_of(conf);
    status->quiet = apr_array_make(p, 2, sizeof(const char *));
    status->needs = apr_array_make(p, 16, sizeof(r307_status_need_t));
    status->events = apr_array_make(p, 8, sizeof(r307_status_event_t));
    status->windows = apr_array_make(p, 8, sizeof(r307_status_window_t));
    status->maps = apr_array_make(p, 4, sizeof(r307_status_map_t));
    status->hosts = apr_array_make(p, 4, sizeof(r307_status_sum_t));
    status->statuses = apr_array_make(p, 4, sizeof(r307_status_sum_t));
    status->named = apr_array_make(p, 4, sizeof(r307_status_sum_t));
    status->shown = apr_array_make(p, 4, sizeof(r307_status_rule_t));
    status->files = apr_array_make(p, 4, sizeof(r307_status_file_t));
    status->new_hosts = apr_array_make(p, 4, sizeof(r307_status_host_t));
}

void r307_status_gather(request_rec *r, const r307_config_t *conf, int with_sums,
                        r307_overview_t *status)
{
    const r307_config_t *of_server = ap_get_module_config(r->server->lookup_defaults,
                                                          &redirect307_module);
    looking_t looking = { r, status, apr_hash_make(r->pool), apr_hash_make(r->pool) };
    r307_hitsum_t sum;
    apr_uint64_t lines;
    int i, endless;

    r307_status_begin(r, of_server, status);
    status->is_counted = conf->hits != NULL;
    r307_hit_table_sum(conf, status->now - UNUSED, &sum);
    status->hits = sum.all;
    status->hit_rules = sum.cells;
    endless = look_at_rules(r, status);
    lines = status->rules;
    (void)r307_request_state(r);        /* maps are held by it */
    for (i = 0; r307_store_listed(r->server, i); i++) {
        look_at_map(r, status, i);
    }
    if (with_sums) {
        (void)r307_status_each(r, conf, NULL, 0, 1, sum_up, &looking);
        sum_up_maps(&looking, conf, lines);
    }
    look_at_refusals(r, status);
    look_at_findings(r, status);
    look_at_maintenance(r, status);
    r307_status_served(r, status);
    if (sum.idle) {
        r307_status_need(status, R307_NEED_UNUSED, NULL,
             apr_psprintf(r->pool, "%u rule%s had no hit for " APR_STRINGIFY(UNUSED_DAYS)
                          " days; ?json says which, by last_hit", sum.idle,
                          sum.idle == 1 ? "" : "s"));
    }
    r307_status_add_endless(r, status, endless);
    r307_status_sort(status);
}

/* --- a page of them --- */

typedef struct showing_t {
    request_rec *r;
    r307_overview_t *status;
    apr_uint64_t looked;
    int is_own;                 /* lines of .htaccess, which may be in images */
} showing_t;

/* What a rule of an image is made of, its texts too, is gone with the next ones: of the copy
 * nothing is compared any more. */
static const r307_rule_t *copy_of(apr_pool_t *p, const r307_rule_t *rule)
{
    r307_rule_t *copy = apr_pmemdup(p, rule, sizeof(*copy));
    r307_target_t *target = apr_pmemdup(p, rule->target, sizeof(*target));

    copy->is_made = 0;
    copy->pattern = NULL;
    copy->conds = NULL;
    copy->cond_count = 0;
    copy->source = apr_pstrdup(p, rule->source);
    target->text = apr_pstrdup(p, rule->target->text);
    copy->target = target;
    copy->name = apr_pstrdup(p, rule->name);
    copy->owner = apr_pstrdup(p, rule->owner);
    copy->note = apr_pstrdup(p, rule->note);
    copy->plan.from.text = apr_pstrdup(p, rule->plan.from.text);
    copy->plan.until.text = apr_pstrdup(p, rule->plan.until.text);
    copy->plan.review.text = apr_pstrdup(p, rule->plan.review.text);
    return copy;
}

static int show(void *baton, const r307_status_rule_t *of, apr_uint64_t number)
{
    showing_t *showing = baton;
    r307_overview_t *status = showing->status;
    r307_status_rule_t *shown;

    if (status->shown->nelts == R307_STATUS_PAGE || ++showing->looked > SCAN_MOST) {
        status->next = number;
        status->is_cut = status->shown->nelts < R307_STATUS_PAGE;
        return 0;
    }
    if (r307_status_wants(&status->filter, of, status->now)) {
        shown = apr_array_push(status->shown);
        *shown = *of;
        shown->rule = of->map || showing->is_own ? copy_of(showing->r->pool, of->rule)
                              : r307_plain_keep(showing->r->pool, of->rule);
    }
    return 1;
}

void r307_status_show(request_rec *r, const r307_config_t *conf,
                      const r307_status_own_t *own, r307_overview_t *status)
{
    showing_t showing = { r, status, 0, own != NULL };

    (void)r307_status_each(r, conf, own, status->filter.from, 1, show, &showing);
}
