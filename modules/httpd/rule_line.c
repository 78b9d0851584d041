/* SPDX-License-Identifier: Apache-2.0
 *
 * rule_line: the line of a rule directive to its rule, and what stands in for one that is
 * none. */
#include "httpd/directives.h"

#include <string.h>
#include "grammar/stay.h"
#include "httpd/conf_indexes.h"
#include "httpd/expr.h"
#include "httpd/flag_file.h"
#include "httpd/refusal.h"

int r307_directives_is_relative(const r307_rule_t *rule)
{
    return (rule->pattern && rule->pattern->relative)
           || (rule->target && rule->target->kind == R307_TARGET_RELATIVE);
}

/* In .htaccess (met != NULL) it takes no number from the others; limits that count leave it
 * out as soon as they would leave out the rule that it is not. */
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

const char *r307_directives_parse(cmd_parms *cmd, const r307_container_t *container,
                                  const r307_progress_t *met, int jit, const char *args,
                                  const r307_rule_t **rule)
{
    r307_context_t context;
    r307_place_t place;
    const char *err;

    memset(&context, 0, sizeof(context));
    context.directive = cmd->cmd->name;
    context.match = *(const r307_match_t *)cmd->info;
    context.where = container->where;
    context.location = container->location;
    context.maker.compile = r307_expr_compile;
    context.maker.baton = cmd;
    context.maker.find_flag = r307_flag_file_find;
    context.is_late = container->is_late;
    context.jit = jit;
    context.is_tenant = met != NULL;
    if (met) {
        context.nth = met->rules + 1;
        context.nth_regex = met->regexes + 1;
    }
    place.file = r307_container_file(cmd);
    place.line = (unsigned)cmd->directive->line_num;
    err = r307_line_parse(cmd->pool, args, place, &context, rule);
    if (err && (met || !r307_refusal_is_trial())) {
        *rule = make_stay(cmd, met, args, place, &context);
    }
    return err;
}

const r307_rule_t *r307_directives_stay(cmd_parms *cmd, const r307_container_t *container,
                                        const r307_progress_t *met, const r307_rule_t *rule,
                                        const char *args)
{
    r307_context_t context;

    memset(&context, 0, sizeof(context));
    context.directive = cmd->cmd->name;
    context.match = *(const r307_match_t *)cmd->info;
    context.where = container->where;
    context.is_late = container->is_late;
    context.is_tenant = met != NULL;
    return make_stay(cmd, met, args, rule->place, &context);
}

void r307_directives_add_stay(cmd_parms *cmd, r307_config_t *conf,
                              const r307_container_t *container, r307_progress_t *met,
                              const char *file, const r307_rule_t *stay)
{
    r307_place_t place = { file, stay->place.line };
    r307_block_t *block = r307_config_block(cmd->pool, conf, container->is_late, place,
                                            container->directory);

    /* it has no name and no share, which are all that can be taken */
    (void)r307_ruleset_add(cmd->pool, block->rules, stay);
    block->needs_base = block->needs_base || r307_directives_is_relative(stay);
    if (!met) {
        if (block->rules->rules->nelts == 1) {
            r307_conf_indexes_note(cmd->pool, block->rules);
        }
        return;
    }
    block->is_htaccess = 1;
    r307_limit_count(cmd->pool, &block->tally, stay);
    met->stays++;
}
