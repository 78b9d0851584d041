/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/htaccess_run.h"

#include <apr_strings.h>
#include "httpd/container.h"
#include "httpd/htaccess_file.h"
#include "httpd/htaccess_taken.h"
#include "httpd/refusal.h"
#include "httpd/start_lint.h"

extern module AP_MODULE_DECLARE_DATA redirect307_module;

/* Which directives of a run are allowed here. httpd asks that for each where its line
 * stands, but the rules of all of them are added with the first line. */
static unsigned allowed_names(const cmd_parms *cmd, const r307_hoist_t *run)
{
    unsigned names = run->names;
    int i;

    if (cmd->override & OR_FILEINFO) {
        return names;
    }
    for (i = 0; r307_hoisted[i]; i++) {
        if (!cmd->override_list || !apr_table_get(cmd->override_list, r307_hoisted[i])) {
            names &= ~(1u << i);
        }
    }
    return names;
}

/* Whether the rules of the run were added already, with the line of its other
 * directive. A directive that is not allowed here was never called, and so added
 * nothing. */
static int is_here_already(const r307_hoist_t *run, unsigned names, unsigned line)
{
    int i;

    for (i = 0; r307_hoisted[i]; i++) {
        if ((names & 1u << i) && run->lines[i] < line) {
            return 1;
        }
    }
    return 0;
}

/* Whether rules of this container that httpd had to read have names, which rules of
 * the run may have too. Cached rules were compared with each other when they were
 * compiled. */
static int has_names_beside(const r307_blocks_t *blocks)
{
    int i;

    for (i = 0; blocks && i < blocks->count; i++) {
        if (!blocks->at[i]->is_cached
            && apr_hash_count(blocks->at[i]->rules->names)) {
            return 1;
        }
    }
    return 0;
}

/* As an error of the rule's own line. */
static void refuse_at(cmd_parms *cmd, r307_config_t *conf, const r307_rule_t *rule,
                      int name, const char *text)
{
    ap_directive_t line = *cmd->directive;
    cmd_parms at = *cmd;

    at.cmd = ap_find_command(r307_hoisted[name], redirect307_module.cmds);
    line.line_num = (int)rule->place.line;
    at.directive = &line;
    (void)r307_refusal_take(&at, conf, text);
}

static const char *add_one(cmd_parms *cmd, r307_config_t *conf, r307_progress_t *met,
                           const r307_hoist_t *run, const r307_rule_t *rule)
{
    const char *err = r307_config_taken(cmd->pool, conf->late, rule);
    r307_rule_t *own = apr_pmemdup(cmd->pool, rule, sizeof(*own));
    r307_block_t *block;

    if (err) {
        return err;
    }
    own->nth = ++met->rules;
    own->nth_regex = rule->nth_regex ? ++met->regexes : 0;
    block = r307_config_block(cmd->pool, conf, 1, rule->place, run->block.directory);
    block->is_htaccess = 1;
    block->needs_base = run->block.needs_base;
    r307_limit_count(cmd->pool, &block->tally, own);
    block->doubts += r307_start_lint_doubts(cmd->pool, own);
    return r307_ruleset_add(cmd->pool, block->rules, own);
}

/* As lines, one by one. Rare: a name is taken, a directive is not allowed, or a macro has
 * opened a section where rules cannot stand. */
static void add_singly(cmd_parms *cmd, r307_config_t *conf, r307_progress_t *met,
                       const r307_hoist_t *run, unsigned names, const char *wrong_place)
{
    const r307_ruleset_t *rules = run->block.rules;
    int i, count = r307_htshare_open(run->only[0]) ? r307_ruleset_count(rules) : 0;

    for (i = 0; i < count; i++) {
        const r307_rule_t *rule;
        const char *err = wrong_place;

        if (!(names & 1u << run->name_of[i])) {
            continue;
        }
        rule = r307_ruleset_rule(cmd->pool, rules, i);
        if (!rule) {
            continue;
        }
        if (!err) {
            err = add_one(cmd, conf, met, run, rule);
        }
        if (err) {
            refuse_at(cmd, conf, rule, run->name_of[i], err);
        }
    }
}

/* All of the run at once. What it cannot know is how many rules come before it where it
 * is read: there may be some that httpd had to read, or a section that does not count. */
static void add_whole(cmd_parms *cmd, r307_config_t *conf, r307_progress_t *met,
                      const r307_hoist_t *run)
{
    int rules = met->rules - run->before.rules;
    int regexes = met->regexes - run->before.regexes;
    r307_block_t *block = run->only[0];

    met->rules += r307_ruleset_count(run->block.rules);
    met->regexes += run->regexes;
    if (rules || regexes) {
        block = apr_pmemdup(cmd->pool, block, sizeof(*block));
        block->shift.rules = rules;
        block->shift.regexes = regexes;
    }
    else if (!conf->late) {
        conf->late = &run->blocks;
        return;
    }
    r307_config_append_block(cmd->pool, &conf->late, block);
}

void r307_htaccess_add_run(cmd_parms *cmd, r307_config_t *conf, const r307_hoist_t *run)
{
    r307_progress_t *met = r307_htaccess_progress(cmd);
    r307_container_t container;
    const char *wrong_place = NULL;
    unsigned names;

    conf->only_rules = 1;
    names = allowed_names(cmd, run);
    if (is_here_already(run, names, (unsigned)cmd->directive->line_num)) {
        return;
    }
    if (cmd->directive->parent) {
        wrong_place = r307_container_find(cmd, &container);
    }
    if (wrong_place || names != run->names || has_names_beside(conf->late)) {
        add_singly(cmd, conf, met, run, names, wrong_place);
    }
    else {
        add_whole(cmd, conf, met, run);
    }
}
