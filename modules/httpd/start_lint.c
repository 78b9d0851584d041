/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/start_lint.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include "lint/lint_words.h"
#include "grammar/hosts_advice.h"
#include "lint/lint_above.h"
#include "lint/lint_chain.h"
#include "lint/lint_loop.h"
#include "conf/rewrite_cond.h"
#include "grammar/token.h"
#include "httpd/conf_indexes.h"
#include "httpd/log_once.h"
#include "httpd/refusal.h"

APLOG_USE_MODULE(redirect307);

#define FOUND    "mod_redirect307.found"
#define NAMED_MOST 100          /* of one start, and of one file */
#define FOUND_MOST 1000         /* are remembered */
#define CLEARED_EACH 256        /* rules: what was made for them is given back */

typedef struct remembered_t {
    const r307_rule_t *rule;            /* NULL: it is a map */
    const r307_maintenance_t *line;     /* whose rule that is; NULL: it is one */
    const r307_mapdef_t *map;
    r307_place_t place;
    const r307_config_t *conf;  /* of its container, not yet merged */
    const server_rec *server;
    const ap_directive_t *directive;    /* of a run the first one */
} remembered_t;

/* Rules of one container whose lines follow each other, so that of a million of them nothing is
 * remembered of each; or one line that is none. */
typedef struct run_t {
    struct run_t *next;
    remembered_t first;
    const r307_ruleset_t *rules;        /* NULL: it is no rule */
    int number, count;                  /* the first one's in the list, and how many */
    const ap_directive_t *last;
} run_t;

typedef struct r307_runs_t {
    run_t *first, *last;
} runs_t;

/* What was remembered, in its order. */
typedef struct walk_t {
    const run_t *run;
    int at;
    int passes_plain;           /* nothing is asked of the run's plain lines */
    const ap_directive_t *line; /* one of the run's, and its number; NULL: it was not asked */
    int lines;
    remembered_t now;
    r307_literal_t room;
} walk_t;

static run_t *push(cmd_parms *cmd, runs_t *runs, const r307_config_t *conf)
{
    run_t *run = apr_pcalloc(cmd->pool, sizeof(*run));

    run->first.conf = conf;
    run->first.server = cmd->server;
    run->first.directive = cmd->directive;
    run->last = cmd->directive;
    run->count = 1;
    *(runs->last ? &runs->last->next : &runs->first) = run;
    runs->last = run;
    return run;
}

static runs_t *runs_of(r307_reading_t *reading, cmd_parms *cmd)
{
    if (!reading->runs) {
        reading->runs = apr_pcalloc(cmd->pool, sizeof(runs_t));
    }
    return reading->runs;
}

static remembered_t *add(cmd_parms *cmd, const r307_config_t *conf, r307_place_t place)
{
    remembered_t *remembered = &push(cmd, runs_of(r307_reading_of(cmd), cmd), conf)->first;

    remembered->place = place;
    return remembered;
}

void r307_start_lint_add(r307_reading_t *reading, cmd_parms *cmd, const r307_config_t *conf,
                         const r307_ruleset_t *rules)
{
    runs_t *runs = runs_of(reading, cmd);
    int number = rules->rules->nelts - 1;
    run_t *run = runs->last;

    if (run && run->rules == rules && run->number + run->count == number
        && run->last->next == cmd->directive && run->first.conf == conf
        && run->first.server == cmd->server) {
        run->last = cmd->directive;
        run->count++;
        return;
    }
    run = push(cmd, runs, conf);
    run->rules = rules;
    run->number = number;
}

void r307_start_lint_add_line(cmd_parms *cmd, const r307_config_t *conf,
                        const r307_maintenance_t *line)
{
    remembered_t *remembered = add(cmd, conf, line->rule.place);

    remembered->rule = &line->rule;
    remembered->line = line;
}

void r307_start_lint_add_map(cmd_parms *cmd, const r307_config_t *conf,
                             const r307_mapdef_t *def, r307_place_t place)
{
    add(cmd, conf, place)->map = def;
}

/* The next one, until the one behind it is asked for; NULL: there is no more. `walk` begins with
 * the first run and zeros. */
static const remembered_t *next(walk_t *walk)
{
    const run_t *run = walk->run;

    while (run && walk->passes_plain && walk->at < run->count
           && !r307_ruleset_kept(run->rules, run->number + walk->at)) {
        walk->at++;
    }
    if (run && walk->at == run->count) {
        run = walk->run = run->next;
        walk->at = walk->passes_plain = 0;
        walk->line = NULL;
    }
    if (!run) {
        return NULL;
    }
    if (walk->at == 0) {
        walk->now = run->first;
    }
    if (run->rules) {
        walk->now.rule = r307_ruleset_look(run->rules, run->number + walk->at, &walk->room);
        walk->now.place = walk->now.rule->place;
    }
    walk->at++;
    return &walk->now;
}

/* Of the one that was asked for last. Each line of very many is far away, and hardly ever
 * wanted. */
static const ap_directive_t *directive_of(walk_t *walk)
{
    if (!walk->line) {
        walk->line = walk->run->first.directive;
        walk->lines = 0;
    }
    for (; walk->lines < walk->at - 1; walk->lines++) {
        walk->line = walk->line->next;
    }
    return walk->line;
}

/* What holds in the rule's container: its own word, else that of its virtual host, which
 * has the main server's in it. */
static const r307_config_t *find_conf(apr_pool_t *p, const remembered_t *remembered)
{
    void *base = ap_get_module_config(remembered->server->lookup_defaults,
                                      &redirect307_module);

    return r307_config_merge(p, base, (void *)(apr_uintptr_t)remembered->conf);
}

static r307_list_t list_of(const r307_config_t *conf)
{
    return conf->allow && conf->allow->nelts ? R307_LIST_THERE : R307_LIST_EMPTY;
}

/* One look at what was remembered. */
typedef struct judging_t {
    apr_pool_t *p;
    int is_said;            /* else it is only counted */
    int said;
    apr_pool_t *scratch;    /* for one rule at a time */
    apr_hash_t *conditions; /* of const char *, by the directive that they stand in front
                             * of: what is to be said of them; NULL: not looked yet */
    int refused, unplanned; /* what the words of the configuration refuse */
    int idle;               /* rules that no request could get an answer from */
    apr_array_header_t *found;      /* of r307_startfound_t, of what is said */
    apr_hash_t *told;       /* what was found where rules are asked together: a line of the main
                             * server's stands in each virtual host */
} judging_t;

static void say_finding(const server_rec *s, const r307_place_t *place, const char *text,
                        int *said)
{
    if (++*said <= NAMED_MOST) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s, "%s:%u: Redirect307: %s",
                     place->file, place->line, text);
    }
    else if (*said == NAMED_MOST + 1) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     "more than %d findings; redirect307ctl lint names them all",
                     NAMED_MOST);
    }
}

/* How many of the doubts of one rule count as a warning. */
static int say_doubts(const server_rec *s, const apr_array_header_t *doubts, int is_said,
                      int *said)
{
    int i, warnings = 0;

    for (i = 0; i < doubts->nelts; i++) {
        const r307_doubt_t *doubt = &APR_ARRAY_IDX(doubts, i, r307_doubt_t);

        warnings += r307_finding_row(doubt->finding)->severity == R307_SEVERITY_WARN;
        if (is_said) {
            say_finding(s, &doubt->rule->place, doubt->text, said);
        }
    }
    return warnings;
}

/* For who asks while the server runs. */
static void remember(judging_t *judging, const apr_array_header_t *doubts)
{
    int i;

    for (i = 0; judging->is_said && i < doubts->nelts
         && judging->found->nelts < FOUND_MOST; i++) {
        const r307_doubt_t *doubt = &APR_ARRAY_IDX(doubts, i, r307_doubt_t);
        r307_startfound_t *found = apr_array_push(judging->found);

        found->words = r307_start_lint_words(doubt->rule);
        found->place = doubt->rule->place;
        found->text = apr_pstrdup(judging->found->pool, doubt->text);
    }
}

/* The lines of one container, as they stand in the file: what is in front of a rule. An
 * <If> is no end of that. */
static void find_conditions(judging_t *judging, const ap_directive_t *line,
                            r307_rewrite_t *rewrite)
{
    for (; line; line = line->next) {
        const char *text;

        /* nearly all of a long file */
        if (!rewrite->line && (line->directive[0] | 0x20) == 'r'
            && strncasecmp(line->directive, "Rewrite", 7) != 0) {
            continue;
        }
        if (strcasecmp(line->directive, "<If") == 0) {
            find_conditions(judging, line->first_child, rewrite);
            continue;
        }
        if (line->directive[0] == '<') {
            memset(rewrite, 0, sizeof(*rewrite));
            find_conditions(judging, line->first_child, rewrite);
            memset(rewrite, 0, sizeof(*rewrite));
            continue;
        }
        text = r307_rewrite_meet(judging->p, rewrite, line->directive, line->args,
                                 (unsigned)line->line_num);
        if (text) {
            const ap_directive_t **key = apr_palloc(judging->p, sizeof(*key));

            *key = line;
            apr_hash_set(judging->conditions, key, sizeof(*key), text);
        }
    }
}

/* How many warnings that is. */
static int say_conditions(judging_t *judging, walk_t *walk)
{
    const remembered_t *remembered = &walk->now;
    const ap_directive_t *line;
    const char *text;
    r307_rewrite_t rewrite;

    if (!judging->conditions) {
        memset(&rewrite, 0, sizeof(rewrite));
        judging->conditions = apr_hash_make(judging->p);
        if (ap_find_linked_module("mod_rewrite.c")) {   /* else there is none */
            find_conditions(judging, ap_conftree, &rewrite);
        }
    }
    if (!apr_hash_count(judging->conditions)) {
        return 0;
    }
    line = directive_of(walk);
    text = apr_hash_get(judging->conditions, &line, sizeof(line));
    if (text && judging->is_said) {
        say_finding(remembered->server, &remembered->place, text, &judging->said);
    }
    return text != NULL;
}

/* Whether anything is done with what lint finds there. Where it is not said it is counted, for
 * what it refuses. */
static int wants_lint(const judging_t *judging, const r307_config_t *conf)
{
    apr_int64_t lint = r307_config_value(conf, R307_SETTING_LINT);

    return lint == R307_LINT_REFUSE || (lint != R307_LINT_OFF && judging->is_said);
}

/* Takes those out that were told of another host which refuses as much; in their order. */
static void leave_new(judging_t *judging, int refuses, apr_array_header_t *doubts)
{
    int i, count = 0;

    judging->told = judging->told ? judging->told : apr_hash_make(judging->p);
    for (i = 0; i < doubts->nelts; i++) {
        r307_doubt_t doubt = APR_ARRAY_IDX(doubts, i, r307_doubt_t);
        const char *key = apr_psprintf(judging->scratch, "%d %pp %s", refuses,
                                       r307_start_lint_words(doubt.rule), doubt.text);

        if (!apr_hash_get(judging->told, key, APR_HASH_KEY_STRING)) {
            apr_hash_set(judging->told, apr_pstrdup(judging->p, key), APR_HASH_KEY_STRING, "");
            APR_ARRAY_IDX(doubts, count++, r307_doubt_t) = doubt;
        }
    }
    doubts->nelts = count;
    apr_pool_clear(judging->scratch);
}

/* Where the rules of the server or virtual host itself lead together, and which of them
 * others leave nothing to; those of its sections are not followed. */
static void judge_together(judging_t *judging, const server_rec *s, int is_one)
{
    const r307_config_t *conf = ap_get_module_config(s->lookup_defaults,
                                                     &redirect307_module);
    int i, warnings;
    int refuses = r307_config_value(conf, R307_SETTING_LINT) == R307_LINT_REFUSE;
    int is_https = s->server_scheme && strcasecmp(s->server_scheme, "https") == 0;
    apr_array_header_t *doubts = apr_array_make(judging->p, 2, sizeof(r307_doubt_t));
    r307_loop_site_t site;
    r307_scope_t *scopes;
    const r307_alone_t *alone;

    if (!conf->early || !wants_lint(judging, conf)) {
        return;
    }
    scopes = apr_pcalloc(judging->p, (size_t)conf->early->count * sizeof(*scopes));
    site.self.port = s->addrs && s->addrs->host_port ? s->addrs->host_port : s->port;
    is_https = is_https || site.self.port == 443;
    site.self.scheme = is_https ? "https" : "http";
    site.self.port = site.self.port ? site.self.port : is_https ? 443 : 80;
    site.self.host = s->server_hostname ? s->server_hostname : "localhost";
    site.is_one = is_one;
    site.asked_most = site.has_images = 0;
    for (i = 0; i < conf->early->count; i++) {
        /* now: it is what post_config would make, and lint asks it */
        r307_ruleset_freeze(judging->found->pool, conf->early->at[i]->rules,
                            r307_conf_indexes_shared(judging->found->pool), apr_time_now());
        scopes[i].rules = conf->early->at[i]->rules;
    }
    alone = r307_alone_make(judging->p, scopes, conf->early->count);
    for (i = 0; i < conf->early->count; i++) {
        r307_above_audit(judging->p, scopes[i].rules, alone->flags[i], doubts);
    }
    r307_loop_audit(judging->p, alone, &site, doubts);
    r307_chain_audit(judging->p, alone, &site, doubts);
    if (!is_one) {
        leave_new(judging, refuses, doubts);
    }
    warnings = say_doubts(s, doubts, judging->is_said, &judging->said);
    remember(judging, doubts);
    judging->refused += refuses ? warnings : 0;
}

/* Redirect307Require looks at the text alone. */
static void judge_plan(judging_t *judging, const remembered_t *remembered,
                       const r307_config_t *conf)
{
    const r307_place_t *place = &remembered->place;
    r307_require_t require
        = (r307_require_t)r307_config_value(conf, R307_SETTING_REQUIRE);
    const char *lack = remembered->line
                       ? r307_maintenance_lacks(require, remembered->line)
                       : r307_limit_lacks(require, remembered->rule);
    int refuse = r307_config_value(conf, R307_SETTING_REQUIRE_HOW) == R307_REQUIRE_REFUSE;

    if (lack && judging->is_said) {
        ap_log_error(APLOG_MARK, refuse ? APLOG_ERR : APLOG_WARNING, 0,
                     remembered->server, "%s:%u: %s %s", place->file, place->line,
                     remembered->line ? "Redirect307Maintenance: the line"
                                      : "Redirect307: the rule", lack);
    }
    judging->unplanned += lack && refuse;
}

/* Lines of a map never keep a server from starting, as the file is not the
 * configuration's; those that would are left out when they are asked for. */
static void judge_map(const judging_t *judging, const remembered_t *remembered,
                      const r307_config_t *conf)
{
    r307_require_t require
        = (r307_require_t)r307_config_value(conf, R307_SETTING_REQUIRE);

    if (judging->is_said
        && r307_config_value(conf, R307_SETTING_REQUIRE_HOW) == R307_REQUIRE_REFUSE
        && r307_map_lacks(judging->p, remembered->map, require)) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, 0, remembered->server,
            "%s:%u: "
            "Redirect307Map: lines of this map that %s are left out, as "
            "Redirect307Require asks; write until=YYYY-MM-DD behind its name for "
            "all of them, or behind each",
            remembered->place.file, remembered->place.line,
            require == R307_REQUIRE_UNTIL ? "have no until="
                                          : "have neither until= nor review=");
    }
}

/* Whatever Redirect307Lint says: the line was meant as a rule, and answers nothing. */
static void judge_hosts(judging_t *judging, const remembered_t *remembered,
                        const r307_config_t *conf)
{
    const r307_rule_t *rule = remembered->rule;
    const char *text = rule->target->text;

    if (r307_hosts_may(rule->hosts, conf->allow)) {
        return;
    }
    judging->idle++;
    if (judging->is_said) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, remembered->server,
                     "%s:%u: Redirect307: "
                     "'%s' %s; %s",
                     rule->place.file, rule->place.line,
                     r307_text_show(judging->p, text, strlen(text)),
                     r307_hosts_why(rule->hosts, conf->allow),
                     r307_hosts_advice(judging->p, rule));
    }
}

static void judge_rule(judging_t *judging, walk_t *walk, const r307_config_t *conf)
{
    const remembered_t *remembered = &walk->now;
    apr_array_header_t doubts = { judging->scratch, sizeof(r307_doubt_t), 0, 0, NULL };
    int warnings;

    r307_lint_line(judging->scratch, remembered->rule, list_of(conf), &doubts);
    warnings = say_conditions(judging, walk);
    if (doubts.nelts) {
        warnings += say_doubts(remembered->server, &doubts, judging->is_said,
                               &judging->said);
        remember(judging, &doubts);
    }
    judging->refused += r307_config_value(conf, R307_SETTING_LINT) == R307_LINT_REFUSE
                        ? warnings : 0;
}

/* Of their hosts nothing is asked, as they have none that a request could choose. */
static int passes_plain(const judging_t *judging, const r307_config_t *conf)
{
    return !wants_lint(judging, conf)
        && r307_config_value(conf, R307_SETTING_REQUIRE) == R307_REQUIRE_NONE;
}

static void judge(judging_t *judging, const runs_t *runs, const server_rec *s)
{
    walk_t walk = { .run = runs->first };
    const r307_config_t *conf = NULL, *of = NULL;
    const remembered_t *remembered;
    const server_rec *one;
    unsigned count = 0;

    apr_pool_create(&judging->scratch, judging->p);
    while ((remembered = next(&walk))) {
        /* one merge for a container, not for each of its rules */
        if (!conf || remembered->conf != of) {
            of = remembered->conf;
            conf = find_conf(judging->p, remembered);
        }
        if (remembered->map) {
            judge_map(judging, remembered, conf);
            continue;
        }
        judge_plan(judging, remembered, conf);
        if (remembered->line) {
            continue;
        }
        judge_hosts(judging, remembered, conf);
        walk.passes_plain = walk.run->rules && passes_plain(judging, conf);
        if (wants_lint(judging, conf)
            && r307_hosts_may(remembered->rule->hosts, conf->allow)) {
            judge_rule(judging, &walk, conf);
        }
        if (++count % CLEARED_EACH == 0) {
            apr_pool_clear(judging->scratch);
        }
    }
    for (one = s; one; one = one->next) {
        judge_together(judging, one, !s->next);
    }
    apr_pool_destroy(judging->scratch);
}

/* What keeps the server from starting, counted; a server that runs goes on running. */
static void say_refused(const judging_t *judging, const server_rec *s)
{
    int count = judging->idle ? judging->idle
                : judging->unplanned ? judging->unplanned : judging->refused;
    const char *end = r307_refusal_is_trial()
                      ? "" : "; the one that runs goes on, and will not start again";

    ap_log_error(
        APLOG_MARK, APLOG_ERR, 0, s,
        judging->idle
            ? "%d rule%s that no request could get an answer from keep%s the server from "
              "starting%s"
        : judging->unplanned
            ? "%d rule%s without a plan keep%s the server from starting, as "
              "Redirect307Require asks%s"
            : "%d finding%s of Redirect307 keep%s the server from starting, as "
              "Redirect307Lint refuse asks%s",
        count, count == 1 ? "" : "s", count == 1 ? "s" : "", end);
}

int r307_on_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                         server_rec *s)
{
    int mode = ap_state_query(AP_SQ_RUN_MODE), is_refused;
    judging_t judging = { .p = ptemp, .found = apr_array_make(pconf, 4,
                                                              sizeof(r307_startfound_t)) };
    const r307_reading_t *reading = r307_reading_known(pconf);
    const runs_t *runs = reading ? reading->runs : NULL;

    if (!runs || mode == AP_SQ_RM_CONFIG_DUMP) {
        return OK;
    }
    /* At a start this is called twice. Findings are said the second time, when there
     * is a log; but if they end the start, the first time, while somebody looks at the
     * terminal. */
    judging.is_said = mode == AP_SQ_RM_CONFIG_TEST || !r307_refusal_is_trial();
    judge(&judging, runs, s);
    apr_pool_userdata_set(judging.found, FOUND, NULL, pconf);
    is_refused = judging.refused || judging.unplanned || judging.idle;
    if (is_refused && !judging.is_said) {
        judging_t again = { .p = ptemp, .is_said = 1, .found = judging.found };

        judging = again;
        judge(&judging, runs, s);
    }
    if (is_refused) {
        say_refused(&judging, s);
    }
    return is_refused && r307_refusal_is_trial() ? HTTP_INTERNAL_SERVER_ERROR : OK;
}

const r307_startfound_t *r307_start_lint_found(const server_rec *s, int number)
{
    const apr_array_header_t *list;
    void *data = NULL;

    apr_pool_userdata_get(&data, FOUND, s->process->pconf);
    list = data;
    return list && number < list->nelts ? &APR_ARRAY_IDX(list, number, r307_startfound_t)
                                        : NULL;
}

const r307_maintenance_t *r307_start_lint_line(const server_rec *s, int number)
{
    const r307_reading_t *reading = r307_reading_known(s->process->pconf);
    const run_t *run;

    for (run = reading && reading->runs ? reading->runs->first : NULL; run; run = run->next) {
        if (run->first.line && number-- == 0) {
            return run->first.line;
        }
    }
    return NULL;
}

int r307_start_lint_doubts(apr_pool_t *p, const r307_rule_t *rule)
{
    apr_array_header_t *doubts;

    /* a tenant is only told of doubts about insertions in the target */
    if (rule->target->inserts == 0) {
        return 0;
    }
    doubts = apr_array_make(p, 2, sizeof(r307_doubt_t));
    r307_lint_line(p, rule, R307_LIST_UNKNOWN, doubts);
    return doubts->nelts;
}

void r307_start_lint_say(request_rec *r, const r307_config_t *conf,
                         const r307_block_t *block)
{
    r307_literal_t room;
    apr_pool_t *one = NULL;
    int i, said = 0;

    if (r307_config_value(conf, R307_SETTING_LINT) == R307_LINT_OFF
        || !r307_log_once_ever(
            r->server,
            r307_log_once_key(r->pool, block->file, r307_config_first(block), "lint"))) {
        return;
    }
    for (i = 0; i < r307_ruleset_count(block->rules); i++) {
        const r307_rule_t *rule = r307_ruleset_glance(r->pool, &one, block->rules, i, &room);

        /* rules of one place may be one block or, from a cached file, several */
        if (rule && rule->target->inserts && r307_hosts_may(rule->hosts, conf->allow)
            && r307_log_once_ever(r->server,
                                  r307_log_once_key(r->pool, rule->place.file,
                                                    rule->place.line, "doubt"))) {
            apr_array_header_t *doubts = apr_array_make(r->pool, 2, sizeof(r307_doubt_t));

            r307_lint_line(r->pool, rule, list_of(conf), doubts);
            (void)say_doubts(r->server, doubts, 1, &said);
        }
    }
}
