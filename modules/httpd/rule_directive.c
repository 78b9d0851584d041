/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/rule_directive.h"

#include <string.h>
#include <apr_strings.h>
#include "conf/directive_names.h"
#include "grammar/line.h"
#include "grammar/literal_line.h"
#include "grammar/stay.h"
#include "httpd/conf_indexes.h"
#include "httpd/expr.h"
#include "httpd/flag_file.h"
#include "httpd/fresh_pool.h"
#include "httpd/htaccess_file.h"
#include "httpd/htaccess_note.h"
#include "httpd/htaccess_run.h"
#include "httpd/never_served.h"
#include "httpd/refusal.h"
#include "httpd/start_lint.h"

#define FRESH_MOST 400000       /* lines: what a fresh pool has room for at first */

/* --- one line --- */

/* What stands in for a line that is none. In .htaccess (met != NULL) it takes no
 * number from the rules; a limit that counts leaves it out as soon as it would leave
 * out the rule that the line should have been. */
static const r307_rule_t *make_stay(cmd_parms *cmd, const r307_progress_t *met,
                                    const char *args, r307_place_t place,
                                    const r307_context_t *context)
{
    r307_context_t counted = *context;

    if (met) {
        counted.nth = met->rules + met->stays + 1;
        counted.nth_regex = met->regexes + met->stays + 1;
    }
    return r307_stay_make(cmd->pool, args, place, &counted);
}

/* What flag= of a rule becomes, an r307_flag_find_t. Who serves the files of a .htaccess
 * finds them by the rules themselves. */
static const char *find_flag(void *baton, apr_pool_t *p, const char *name, void **found)
{
    cmd_parms *cmd = baton;
    const char *bad = r307_flag_file_find(cmd, p, name, found);

    if (!bad && !r307_container_is_htaccess(cmd)) {
        r307_never_served_add(cmd, NULL, r307_flag_file_path(*found));
    }
    return bad;
}

/* In what a line of cmd->cmd stands. */
static void fill_context(cmd_parms *cmd, const r307_container_t *container,
                         const r307_progress_t *met, int jit, r307_context_t *context)
{
    memset(context, 0, sizeof(*context));
    context->directive = cmd->cmd->name;
    context->match = r307_directive_match(cmd->info);
    context->where = container->where;
    context->location = container->location;
    context->maker.compile = r307_expr_compile;
    context->maker.baton = cmd;
    context->maker.find_flag = find_flag;
    context->is_late = container->is_late;
    context->jit = jit;
    context->is_tenant = met != NULL;
    if (met) {
        context->nth = met->rules + 1;
        context->nth_regex = met->regexes + 1;
    }
}

static r307_place_t place_of(r307_reading_t *reading, cmd_parms *cmd)
{
    r307_place_t place = { r307_reading_file(reading, cmd), (unsigned)cmd->directive->line_num };

    return place;
}

/* Lines of httpd.conf. Of as many as fill a fresh pool only the words are kept: they cost memory,
 * and the start cleans each page of it, while the few that most servers have are better off
 * as rules. NULL: the line is another one. */
static r307_plain_t *keep_plain(r307_reading_t *reading, cmd_parms *cmd,
                                const r307_container_t *container, const char *args)
{
    r307_context_t context;
    r307_plain_t *plain;

    if (reading->plain_count < R307_FRESH_FROM) {
        return NULL;
    }
    if (!reading->plain_pool || reading->plain_count == FRESH_MOST) {
        reading->plain_pool = r307_fresh_pool_make(cmd->pool);
        reading->plain_count = R307_FRESH_FROM;
    }
    fill_context(cmd, container, NULL, 1, &context);
    plain = r307_literals_keep(reading->literals, reading->plain_pool, args,
                               place_of(reading, cmd), &context);
    reading->plain_count += plain != NULL;
    return plain;
}

const char *r307_rule_directive_parse(r307_reading_t *reading, cmd_parms *cmd,
                                      const r307_container_t *container,
                                      const r307_progress_t *met, int jit,
                                      const char *args, const r307_rule_t **rule)
{
    r307_place_t place = place_of(reading, cmd);
    r307_context_t context;
    const char *err;

    fill_context(cmd, container, met, jit, &context);
    *rule = r307_literals_line(reading->literals, cmd->pool, args, place, &context);
    if (*rule) {
        reading->plain_count++;
        return NULL;
    }
    err = r307_line_parse(cmd->pool, args, place, &context, rule);
    if (err && (met || !r307_refusal_is_trial())) {
        *rule = make_stay(cmd, met, args, place, &context);
    }
    return err;
}

/* What stands in for a line whose rule is right by itself and cannot be added. */
static const r307_rule_t *stay(cmd_parms *cmd, const r307_container_t *container,
                               const r307_progress_t *met, const r307_rule_t *rule,
                               const char *args)
{
    r307_context_t context;

    memset(&context, 0, sizeof(context));
    context.directive = cmd->cmd->name;
    context.match = r307_directive_match(cmd->info);
    context.where = container->where;
    context.is_late = container->is_late;
    context.is_tenant = met != NULL;
    return make_stay(cmd, met, args, rule->place, &context);
}

/* Adds what stands in for a line; met is NULL for one of httpd.conf. */
static void add_stay(cmd_parms *cmd, r307_config_t *conf,
                     const r307_container_t *container, r307_progress_t *met,
                     const char *file, const r307_rule_t *rule)
{
    r307_place_t place = { file, rule->place.line };
    r307_block_t *block = r307_config_block(cmd->pool, conf, container->is_late, place,
                                            container->directory);

    /* it has no name and no share, which are all that can be taken */
    (void)r307_ruleset_add(cmd->pool, block->rules, rule);
    block->needs_base = block->needs_base || r307_config_is_relative(rule);
    if (!met) {
        if (block->rules->rules->nelts == 1) {
            r307_conf_indexes_note(cmd, block);
        }
        return;
    }
    block->is_htaccess = 1;
    r307_limit_count(cmd->pool, &block->tally, rule);
    block->stays++;
    met->stays++;
}

/* --- the directive --- */

static const char *add_rule(r307_reading_t *reading, cmd_parms *cmd, r307_config_t *conf,
                            const r307_container_t *container, r307_progress_t *met,
                            const r307_rule_t *rule)
{
    const char *err = r307_config_taken(cmd->pool, container->is_late ? conf->late
                                                                      : conf->early, rule);
    r307_place_t place = rule->place;
    r307_block_t *block;

    if (err) {
        return err;
    }
    if (met) {
        place.file = r307_refusal_file(cmd);
    }
    block = r307_config_block(cmd->pool, conf, container->is_late, place,
                              container->directory);
    err = r307_ruleset_add(cmd->pool, block->rules, rule);
    block->is_htaccess = met != NULL;
    block->needs_base = block->needs_base
                        || (!err && r307_config_is_relative(rule));
    if (!block->is_htaccess && block->rules->rules->nelts == 1) {
        r307_conf_indexes_note(cmd, block);
    }
    if (!err && met) {
        met->rules++;
        met->regexes += rule->nth_regex != 0;
        r307_limit_count(cmd->pool, &block->tally, rule);
        block->doubts += r307_start_lint_doubts(cmd->pool, rule);
    }
    else if (!err) {
        r307_start_lint_add(reading, cmd, conf, block->rules);
    }
    return err;
}

static void add_plain(r307_reading_t *reading, cmd_parms *cmd, r307_config_t *conf,
                      const r307_container_t *container, r307_plain_t *plain)
{
    r307_place_t place = { plain->file, plain->line };
    r307_block_t *block = r307_config_block(cmd->pool, conf, container->is_late, place,
                                            container->directory);

    r307_ruleset_add_plain(cmd->pool, block->rules, plain);
    if (block->rules->rules->nelts == 1) {
        r307_conf_indexes_note(cmd, block);
    }
    r307_start_lint_add(reading, cmd, conf, block->rules);
}

const char *r307_rule_directive_set(cmd_parms *cmd, void *mconfig, const char *args)
{
    const r307_hoist_t *run = r307_htaccess_run(cmd);
    int is_htaccess = r307_container_is_htaccess(cmd);
    r307_reading_t *reading;
    r307_progress_t *met;
    r307_container_t container;
    const r307_rule_t *rule = NULL;
    r307_plain_t *plain;
    const char *err;

    if (run) {
        r307_htaccess_add_run(cmd, mconfig, run);
        return NULL;
    }
    reading = r307_reading_of(cmd);
    met = is_htaccess ? r307_refusal_met(reading, cmd) : NULL;
    if (met && !met->noted) {
        met->noted = 1;
        r307_htaccess_note(cmd->server, r307_refusal_file(cmd));
    }
    err = r307_container_find(cmd, &container);
    plain = err || met ? NULL : keep_plain(reading, cmd, &container, args);
    if (plain) {
        add_plain(reading, cmd, mconfig, &container, plain);
        return NULL;
    }
    if (!err) {
        err = r307_rule_directive_parse(reading, cmd, &container, met, !is_htaccess, args,
                                        &rule);
    }
    if (!err && !rule) {
        err = "nothing follows; write: Redirect307 /from /to";
    }
    if (!err) {
        err = add_rule(reading, cmd, mconfig, &container, met, rule);
        rule = err ? stay(cmd, &container, met, rule, args) : rule;
    }
    /* a line that ends the start stands for nothing */
    if (err && rule && (is_htaccess || !r307_refusal_is_trial())) {
        add_stay(cmd, mconfig, &container, met, r307_refusal_file(cmd), rule);
        err = met ? err : apr_pstrcat(cmd->pool, err, "; what it is for stays where it is",
                                      NULL);
        if (met) {
            met->stands = 1;
        }
    }
    return err ? r307_refusal_take(cmd, mconfig, err) : NULL;
}
