/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/directives.h"

#include <string.h>
#include <apr_strings.h>
#include <http_log.h>
#include "engine/guard.h"
#include "engine/line.h"
#include "engine/token.h"
#include "httpd/config.h"
#include "httpd/container.h"
#include "httpd/expr.h"
#include "httpd/flag.h"
#include "httpd/freeze.h"
#include "httpd/htaccess.h"
#include "httpd/lint.h"
#include "httpd/maintenance.h"
#include "httpd/maps.h"
#include "httpd/once.h"

APLOG_USE_MODULE(redirect307);

/* So many lines of one .htaccess are named: the log is everybody's, and what was said is
 * remembered for all files together. */
#define NAMED_MOST 100
#define ARENA_LEAST (APR_INT64_C(1) << 20)
#define ARENA_MOST  (APR_INT64_C(1) << 40)
#define USERDATA "mod_redirect307.file "

/* The file itself, where line->filename may be the story of a <Macro>. */
static const char *file_of(const cmd_parms *cmd)
{
    return cmd->config_file ? cmd->config_file->name : cmd->directive->filename;
}

static r307_progress_t *find_met(cmd_parms *cmd)
{
    r307_progress_t *cached = r307_htaccess_progress(cmd);
    const char *key;
    void *met = NULL;

    if (cached) {
        return cached;
    }
    key = apr_pstrcat(cmd->pool, USERDATA, file_of(cmd), NULL);
    apr_pool_userdata_get(&met, key, cmd->pool);
    if (!met) {
        met = apr_pcalloc(cmd->pool, sizeof(r307_progress_t));
        apr_pool_userdata_setn(met, key, NULL, cmd->pool);
    }
    return met;
}

/* The place remembers it, for errors=fail. */
static void mark_skipped(cmd_parms *cmd, r307_config_t *conf)
{
    r307_place_t place = { file_of(cmd), (unsigned)cmd->directive->line_num };
    r307_container_t container;
    r307_block_t *block;

    (void)r307_container_find(cmd, &container);
    block = r307_config_block(cmd->pool, conf, 1, place, container.directory);
    block->is_htaccess = 1;
    block->skipped++;
}

/* The one way out for what is wrong: an error where the admin sits before it, a line in
 * the log where a tenant's site would go down. httpd adds the place to an error. */
static const char *refuse_line(cmd_parms *cmd, void *mconfig, const char *text)
{
    const ap_directive_t *line = cmd->directive;
    apr_uint64_t key;
    int count;

    text = apr_pstrcat(cmd->pool, cmd->cmd->name, ": ", text, NULL);
    if (!r307_container_is_htaccess(cmd)) {
        return text;
    }
    mark_skipped(cmd, mconfig);
    count = ++find_met(cmd)->skipped;
    if (count > NAMED_MOST) {
        if (count > NAMED_MOST + 1) {
            return NULL;
        }
        text = "more than " APR_STRINGIFY(NAMED_MOST) " lines are no rules; the rest of "
               "them is not named";
    }
    key = r307_once_key(cmd->pool, file_of(cmd), (unsigned)line->line_num, text);
    if (r307_once_ever(cmd->server, key)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, cmd->server,
                     "%s:%d: %s; this line is skipped, the others work",
                     line->filename, line->line_num, text);
    }
    return NULL;
}

static const char *show(cmd_parms *cmd, const char *text)
{
    return r307_text_show(cmd->pool, text, strlen(text));
}

/* --- rules --- */

int r307_directives_is_relative(const r307_rule_t *rule)
{
    return (rule->pattern && rule->pattern->relative)
           || (rule->target && rule->target->kind == R307_TARGET_RELATIVE);
}

static const char *add_rule(cmd_parms *cmd, r307_config_t *conf,
                            const r307_container_t *container, const r307_rule_t *rule)
{
    const char *err = r307_config_taken(cmd->pool, container->is_late ? conf->late
                                                                      : conf->early, rule);
    r307_place_t place = rule->place;
    r307_block_t *block;

    if (err) {
        return err;
    }
    if (r307_container_is_htaccess(cmd)) {
        place.file = file_of(cmd);
    }
    block = r307_config_block(cmd->pool, conf, container->is_late, place,
                              container->directory);
    err = r307_ruleset_add(cmd->pool, block->rules, rule);
    block->is_htaccess = r307_container_is_htaccess(cmd);
    block->needs_base = block->needs_base
                        || (!err && r307_directives_is_relative(rule));
    if (!block->is_htaccess && block->rules->rules->nelts == 1) {
        r307_freeze_note(cmd->pool, block->rules);
    }
    if (!err && block->is_htaccess) {
        r307_progress_t *met = find_met(cmd);

        met->rules++;
        met->regexes += rule->nth_regex != 0;
        r307_limit_count(cmd->pool, &block->tally, rule);
        block->doubts += r307_lint_doubts(cmd->pool, rule);
    }
    else if (!err) {
        r307_lint_add(cmd, conf, rule);
    }
    return err;
}

static const r307_match_t by_prefix = R307_MATCH_PREFIX;
static const r307_match_t by_regex = R307_MATCH_REGEX;

const char *r307_directives_parse(cmd_parms *cmd, const r307_container_t *container,
                                  const r307_progress_t *met, int jit, const char *args,
                                  const r307_rule_t **rule)
{
    r307_context_t context;
    r307_place_t place;

    memset(&context, 0, sizeof(context));
    context.directive = cmd->cmd->name;
    context.match = *(const r307_match_t *)cmd->info;
    context.where = container->where;
    context.location = container->location;
    context.maker.compile = r307_expr_compile;
    context.maker.baton = cmd;
    context.maker.find_flag = r307_flag_find;
    context.is_late = container->is_late;
    context.jit = jit;
    context.is_tenant = met != NULL;
    if (met) {
        context.nth = met->rules + 1;
        context.nth_regex = met->regexes + 1;
    }
    place.file = r307_container_file(cmd);
    place.line = (unsigned)cmd->directive->line_num;
    return r307_line_parse(cmd->pool, args, place, &context, rule);
}

static const char *set_rule(cmd_parms *cmd, void *mconfig, const char *args)
{
    const r307_hoist_t *run = r307_htaccess_run(cmd);
    int is_htaccess = r307_container_is_htaccess(cmd);
    r307_container_t container;
    const r307_rule_t *rule = NULL;
    const char *err;

    if (run) {
        r307_htaccess_add_run(cmd, mconfig, run, refuse_line);
        return NULL;
    }
    err = r307_container_find(cmd, &container);
    if (!err) {
        err = r307_directives_parse(cmd, &container, is_htaccess ? find_met(cmd) : NULL,
                                    !is_htaccess, args, &rule);
    }
    if (!err && !rule) {
        err = "nothing follows; write: Redirect307 /from /to";
    }
    if (!err) {
        err = add_rule(cmd, mconfig, &container, rule);
    }
    return err ? refuse_line(cmd, mconfig, err) : NULL;
}

/* --- Redirect307Map --- */

static const char *set_map(cmd_parms *cmd, void *mconfig, const char *args)
{
    const char *err = r307_maps_add(cmd, mconfig, args);

    return err ? refuse_line(cmd, mconfig, err) : NULL;
}

/* --- Redirect307Maintenance --- */

static const char *set_maintenance(cmd_parms *cmd, void *mconfig, const char *args)
{
    int is_htaccess = r307_container_is_htaccess(cmd);
    r307_container_t container;
    const char *err = r307_container_find(cmd, &container);

    if (!err) {
        err = r307_maintenance_add(cmd, mconfig, &container,
                                   is_htaccess ? find_met(cmd)->rules + 1 : 0, args);
    }
    if (!err && is_htaccess) {
        find_met(cmd)->rules++;
    }
    return err ? refuse_line(cmd, mconfig, err) : NULL;
}

/* --- settings --- */

/* The words of a line. NULL, or the error text; `least` and `most` count words. */
static const char *split_words(cmd_parms *cmd, const char *args, int least, int most,
                               const char *write, apr_array_header_t **words)
{
    r307_container_t container;
    const char *err = r307_container_find(cmd, &container);

    if (!err) {
        err = r307_token_split(cmd->pool, args, words);
    }
    if (!err && ((*words)->nelts < least || (*words)->nelts > most)) {
        err = apr_psprintf(cmd->pool, "%s; write: %s %s",
                           (*words)->nelts < least ? "a value is missing"
                                                   : "too many values",
                           cmd->cmd->name, write);
    }
    return err;
}

static const char *word_at(const apr_array_header_t *words, int i)
{
    return APR_ARRAY_IDX(words, i, r307_word_t).text;
}

typedef struct choice_t {
    const char *word;
    int value;
} choice_t;

/* A setting that is one word of a few. */
typedef struct choices_t {
    size_t offset;
    const char *write;
    choice_t words[4];
} choices_t;

static const choices_t relative_choices = {
    offsetof(r307_config_t, relative), "on or off", { { "on", 1 }, { "off", 0 } }
};
static const choices_t refuse_choices = {
    offsetof(r307_config_t, refuse), "400, 404 or pass",
    { { "400", 400 }, { "404", 404 }, { "pass", R307_REFUSE_PASS } }
};
static const choices_t by_choices = {
    offsetof(r307_config_t, by), "off, on or rule",
    { { "off", R307_BY_OFF }, { "on", R307_BY_ON }, { "rule", R307_BY_RULE } }
};
static const choices_t lint_choices = {
    offsetof(r307_config_t, lint), "off, warn or refuse",
    { { "off", R307_LINT_OFF }, { "warn", R307_LINT_WARN },
      { "refuse", R307_LINT_REFUSE } }
};
static const choices_t engine_choices = {
    offsetof(r307_config_t, engine), "on, report or off",
    { { "on", R307_ENGINE_ON }, { "report", R307_ENGINE_REPORT },
      { "off", R307_ENGINE_OFF } }
};

static const choices_t cache_choices = {
    offsetof(r307_config_t, htaccess_cache), "on or off", { { "on", 1 }, { "off", 0 } }
};

static const char *choose(cmd_parms *cmd, const char *word, const choices_t *choices,
                          int *value)
{
    int i;

    for (i = 0; i < 4 && choices->words[i].word; i++) {
        if (strcasecmp(choices->words[i].word, word) == 0) {
            *value = choices->words[i].value;
            return NULL;
        }
    }
    return apr_psprintf(cmd->pool, "'%s' is no value here; write %s", show(cmd, word),
                        choices->write);
}

static const char *choose_only(cmd_parms *cmd, const char *args, const choices_t *choices,
                               int *value)
{
    apr_array_header_t *words;
    const char *err = split_words(cmd, args, 1, 1, choices->write, &words);

    return err ? err : choose(cmd, word_at(words, 0), choices, value);
}

static const char *set_choice(cmd_parms *cmd, void *mconfig, const char *args)
{
    const choices_t *choices = cmd->info;
    const char *err = choose_only(cmd, args, choices,
                                  (int *)((char *)mconfig + choices->offset));

    return err ? refuse_line(cmd, mconfig, err) : NULL;
}

static const char *set_engine(cmd_parms *cmd, void *mconfig, const char *args)
{
    r307_config_t *conf = mconfig;
    int *member = r307_container_is_htaccess(cmd) ? &conf->ceiling : &conf->engine;
    const char *err = choose_only(cmd, args, &engine_choices, member);

    return err ? refuse_line(cmd, mconfig, err) : NULL;
}

static int is_none(const apr_array_header_t *words)
{
    return strcasecmp(word_at(words, 0), "none") == 0;
}

static const char *set_allow_hosts(cmd_parms *cmd, void *mconfig, const char *args)
{
    r307_config_t *conf = mconfig;
    apr_array_header_t *words, *list;
    const char *err = split_words(cmd, args, 1, R307_WORDS_MOST,
                                  "none|[SCHEME://]HOST[:PORT]...", &words);
    int i;

    if (err) {
        return refuse_line(cmd, mconfig, err);
    }
    /* several lines of one container are one list */
    list = conf->allow && !is_none(words)
           ? apr_array_copy(cmd->pool, conf->allow)
           : apr_array_make(cmd->pool, words->nelts, sizeof(r307_origin_t));
    for (i = is_none(words); i < words->nelts; i++) {
        r307_origin_t origin;

        memset(&origin, 0, sizeof(origin));
        err = r307_origin_parse(cmd->pool, word_at(words, i), &origin);
        if (err) {
            return refuse_line(cmd, mconfig, err);
        }
        *(r307_origin_t *)apr_array_push(list) = origin;
    }
    conf->allow = list;
    return NULL;
}

/* A path as the engine compares it: decoded and normalised. */
static const char *parse_path(cmd_parms *cmd, const char *text, r307_slice_t *path)
{
    const r307_path_t *made;

    if (text[0] != '/' || strpbrk(text, "?#")) {
        return apr_psprintf(cmd->pool, "'%s' is no URL-path; write one that begins with "
                                       "'/', without '?' and '#'", show(cmd, text));
    }
    made = r307_path_make(cmd->pool, r307_slice(text, strlen(text)));
    *path = r307_slice(made->dec, made->len);
    return NULL;
}

static const char *set_exempt(cmd_parms *cmd, void *mconfig, const char *args)
{
    apr_array_header_t *words;
    r307_slice_t path;
    const char *err = split_words(cmd, args, 1, R307_WORDS_MOST, "none|/PATH...", &words);
    int i;

    if (err) {
        return refuse_line(cmd, mconfig, err);
    }
    if (is_none(words)) {
        r307_config_reset_exempt(cmd->pool, mconfig);
    }
    for (i = is_none(words); i < words->nelts; i++) {
        err = parse_path(cmd, word_at(words, i), &path);
        if (err) {
            return refuse_line(cmd, mconfig, err);
        }
        r307_config_add_exempt(cmd->pool, mconfig, path);
    }
    return NULL;
}

static const char *set_base(cmd_parms *cmd, void *mconfig, const char *args)
{
    r307_container_t container;
    apr_array_header_t *words;
    r307_slice_t url;
    const char *err = r307_container_find(cmd, &container);

    if (!err && !container.directory) {
        err = "says what sources in a directory are relative to; write it in .htaccess "
              "or in a <Directory> without wildcards";
    }
    if (!err) {
        err = split_words(cmd, args, 1, 1, "/url/", &words);
    }
    if (!err) {
        err = parse_path(cmd, word_at(words, 0), &url);
    }
    if (err) {
        return refuse_line(cmd, mconfig, err);
    }
    if (url.s[url.len - 1] != '/') {
        url.s = apr_pstrcat(cmd->pool, r307_slice_text(cmd->pool, url), "/", NULL);
        url.len++;
    }
    r307_config_add_base(cmd->pool, mconfig, container.directory, url);
    return NULL;
}

static const char *set_require(cmd_parms *cmd, void *mconfig, const char *args)
{
    apr_array_header_t *words;
    const char *err = split_words(cmd, args, 1, 2, R307_LINT_REQUIRE, &words);

    err = err ? err : r307_lint_parse_require(cmd->pool, words, mconfig);
    return err ? refuse_line(cmd, mconfig, err) : NULL;
}

static const char *set_limits(cmd_parms *cmd, void *mconfig, const char *args)
{
    r307_config_t *conf = mconfig;
    r307_limits_t *limits = r307_limit_make(cmd->pool);
    apr_array_header_t *words;
    const char *err = split_words(cmd, args, 1, R307_LIMIT_COUNT,
                                  "rules=1000 targets=same-site", &words);
    int i;

    for (i = 0; !err && i < words->nelts; i++) {
        err = r307_limit_parse(cmd->pool, word_at(words, i), limits);
    }
    if (!err) {
        conf->limits = r307_limit_merge(cmd->pool, conf->limits, limits);
    }
    return err ? refuse_line(cmd, mconfig, err) : NULL;
}

/* --- Redirect307Drain --- */

typedef struct unit_t {
    const char *name;
    apr_int64_t factor;
} unit_t;

static const unit_t size_units[] = {
    { "", 1 }, { "K", 1024 }, { "M", 1024 * 1024 },
    { "G", APR_INT64_C(1024) * 1024 * 1024 }, { NULL, 0 }
};
static const unit_t time_units[] = {
    { "", APR_USEC_PER_SEC }, { "s", APR_USEC_PER_SEC }, { "ms", 1000 },
    { "min", 60 * APR_USEC_PER_SEC }, { NULL, 0 }
};

/* Number and unit; -1 when it is none. */
static apr_int64_t parse_amount(const char *text, const unit_t *units)
{
    size_t digits = strspn(text, "0123456789");
    long number = digits ? r307_text_number(r307_slice(text, digits), 1000000000L) : -1;

    for (; number >= 0 && units->name; units++) {
        if (strcasecmp(text + digits, units->name) == 0) {
            return number * units->factor;
        }
    }
    return -1;
}

static const char *read_size(cmd_parms *cmd, const char *text, apr_int64_t *size)
{
    apr_int64_t amount = parse_amount(text, size_units);

    if (amount < 0) {
        return apr_psprintf(cmd->pool, "'%s' is no size; write 65536, 64K or 1M",
                            show(cmd, text));
    }
    *size = amount;
    return NULL;
}

static const char *read_time(cmd_parms *cmd, const char *text, apr_int64_t *time)
{
    apr_int64_t amount = parse_amount(text, time_units);

    if (amount < 0) {
        return apr_psprintf(cmd->pool, "'%s' is no time; write 5s, 500ms or 1min",
                            show(cmd, text));
    }
    *time = amount;
    return NULL;
}

static const char *set_drain(cmd_parms *cmd, void *mconfig, const char *args)
{
    r307_config_t *conf = mconfig;
    apr_array_header_t *words;
    apr_int64_t size = 0, timeout = R307_UNSET;
    const char *err = split_words(cmd, args, 1, 2, "64K 5s", &words);

    if (!err) {
        err = read_size(cmd, word_at(words, 0), &size);
    }
    if (!err && words->nelts == 2) {
        err = read_time(cmd, word_at(words, 1), &timeout);
    }
    if (err) {
        return refuse_line(cmd, mconfig, err);
    }
    conf->drain = size;
    conf->drain_time = timeout;
    return NULL;
}

/* --- Redirect307Arena --- */

static const char *set_arena(cmd_parms *cmd, void *mconfig, const char *args)
{
    r307_config_t *conf = mconfig;
    apr_array_header_t *words;
    const char *err = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    err = err ? err : split_words(cmd, args, 1, 1, "256M", &words);
    if (!err) {
        conf->arena = strcasecmp(word_at(words, 0), "off") == 0
                      ? 0 : parse_amount(word_at(words, 0), size_units);
        if (conf->arena && (conf->arena < ARENA_LEAST || conf->arena > ARENA_MOST)) {
            err = apr_psprintf(cmd->pool, "'%s' is no size of an arena; write off, or from "
                               "1M to 1024G, such as 256M", show(cmd, word_at(words, 0)));
        }
    }
    return err ? refuse_line(cmd, mconfig, err) : NULL;
}

/* --- Redirect307HtaccessCache --- */

static const char *set_htaccess_cache(cmd_parms *cmd, void *mconfig, const char *args)
{
    r307_config_t *conf = mconfig;
    apr_array_header_t *words;
    apr_int64_t age = R307_UNSET, size = R307_UNSET;
    const char *err = split_words(cmd, args, 1, 3, "on|off [2s [64M]]", &words);
    int is_on = 0;

    if (!err) {
        err = choose(cmd, word_at(words, 0), &cache_choices, &is_on);
    }
    if (!err && words->nelts > 1 && !is_on) {
        err = "nothing may follow off";
    }
    if (!err && words->nelts > 1) {
        err = read_time(cmd, word_at(words, 1), &age);
    }
    if (!err && words->nelts > 2) {
        err = cmd->server->is_virtual
              ? "a size is for the whole process; write it outside of <VirtualHost>"
              : read_size(cmd, word_at(words, 2), &size);
    }
    if (err) {
        return refuse_line(cmd, mconfig, err);
    }
    conf->htaccess_cache = is_on;
    conf->htaccess_age = age;
    conf->htaccess_size = size;
    return NULL;
}

/* --- the table --- */

#define EVERYWHERE OR_FILEINFO
#define NOT_HTACCESS (RSRC_CONF | ACCESS_CONF)

const command_rec r307_directives[] = {
    AP_INIT_RAW_ARGS("Redirect307", set_rule, (void *)&by_prefix, EVERYWHERE,
                     "[source] target [option=value ...]"),
    AP_INIT_RAW_ARGS("Redirect307Match", set_rule, (void *)&by_regex, EVERYWHERE,
                     "regex target [option=value ...]"),
    AP_INIT_RAW_ARGS("Redirect307Map", set_map, NULL, EVERYWHERE,
                     "file [format=lines|redirects|csv] [option=value ...]"),
    AP_INIT_RAW_ARGS("Redirect307Arena", set_arena, NULL, RSRC_CONF,
                     "the memory that all processes share for maps, or off"),
    AP_INIT_RAW_ARGS("Redirect307Maintenance", set_maintenance, NULL, EVERYWHERE,
                     "page [option=value ...]: closes this place while a flag file is "
                     "there"),
    AP_INIT_RAW_ARGS("Redirect307Engine", set_engine, NULL, EVERYWHERE,
                     "on, report (decide and log, answer nothing) or off; .htaccess may "
                     "only lower it"),
    AP_INIT_RAW_ARGS("Redirect307Base", set_base, NULL, EVERYWHERE,
                     "the URL-path of the directory, for relative sources"),
    AP_INIT_RAW_ARGS("Redirect307Relative", set_choice, (void *)&relative_choices,
                     NOT_HTACCESS, "on: paths of this server go out as paths; off: as "
                     "full URLs"),
    AP_INIT_RAW_ARGS("Redirect307AllowHosts", set_allow_hosts, NULL, NOT_HTACCESS,
                     "hosts that a request may choose by a rule's insertions, or none"),
    AP_INIT_RAW_ARGS("Redirect307Refuse", set_choice, (void *)&refuse_choices,
                     NOT_HTACCESS, "400, 404 or pass: what a request gets whose Location "
                     "may not leave"),
    AP_INIT_RAW_ARGS("Redirect307Exempt", set_exempt, NULL, NOT_HTACCESS,
                     "paths that only a rule naming them touches; adds to the list, none "
                     "empties it"),
    AP_INIT_RAW_ARGS("Redirect307By", set_choice, (void *)&by_choices, NOT_HTACCESS,
                     "off, on or rule: the response header X-Redirect-By"),
    AP_INIT_RAW_ARGS("Redirect307Drain", set_drain, NULL, NOT_HTACCESS,
                     "size and time up to which a request body is read after the answer"),
    AP_INIT_RAW_ARGS("Redirect307HtaccessCache", set_htaccess_cache, NULL, RSRC_CONF,
                     "on or off, how long a .htaccess must be unchanged, and the memory "
                     "of a process for compiled ones"),
    AP_INIT_RAW_ARGS("Redirect307Lint", set_choice, (void *)&lint_choices, NOT_HTACCESS,
                     "off, warn or refuse: doubts about rules, at start and with -t"),
    AP_INIT_RAW_ARGS("Redirect307Require", set_require, NULL, NOT_HTACCESS,
                     R307_LINT_REQUIRE),
    AP_INIT_RAW_ARGS("Redirect307Limits", set_limits, NULL, NOT_HTACCESS,
                     "what .htaccess files may hold: rules= regex= regex-steps= targets= "
                     "errors= map-lines= map-size= longest="),
    { NULL, { NULL }, NULL, 0, RAW_ARGS, NULL }
};

const char *const r307_hoisted[R307_HOISTED_MOST] = { "Redirect307", "Redirect307Match", NULL };

const command_rec *r307_directives_find(const char *name)
{
    const command_rec *row = r307_directives;

    while (row->name && strcmp(row->name, name) != 0) {
        row++;
    }
    return row->name ? row : NULL;
}
