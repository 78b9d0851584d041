/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/line_cond.h"

#include <string.h>
#include <apr_strings.h>

#include "base/hash.h"

/* The first condition about that, or NULL. */
static const r307_cond_t *find_about(const r307_draft_t *draft, r307_about_t about)
{
    const r307_cond_t *cond = (const void *)draft->conds->elts;
    int i;

    for (i = 0; i < draft->conds->nelts; i++) {
        if (cond[i].kind->about == about) {
            return &cond[i];
        }
    }
    return NULL;
}

static int has_share(const r307_draft_t *draft)
{
    int i;

    for (i = 0; i < draft->conds->nelts; i++) {
        if (APR_ARRAY_IDX(draft->conds, i, r307_cond_t).kind->order == R307_ORDER_PERCENT) {
            return 1;
        }
    }
    return 0;
}

const char *r307_line_cond_check(apr_pool_t *p, const r307_draft_t *draft)
{
    const r307_context_t *context = draft->context;
    const r307_cond_t *cond = context->is_late ? NULL : find_about(draft, R307_ABOUT_FILE);

    if (draft->conds->nelts > R307_CONDS_MOST) {
        return apr_psprintf(p, "%d conditions; a rule has at most %d%s", draft->conds->nelts,
                            R307_CONDS_MOST, context->is_map ? ""
                                             : ", and one expr= asks for many things");
    }
    if (cond) {
        return apr_psprintf(p, "%s= can be asked only where httpd has found the file already; "
                            "write the line in .htaccess or in a <Directory>",
                            cond->kind->name);
    }
    cond = context->is_late || context->where == R307_WHERE_LOCATION
        ? NULL : find_about(draft, R307_ABOUT_LOGIN);
    if (cond) {
        return apr_psprintf(p, "%s= can be asked only where a login is; write the line in "
                            ".htaccess, a <Directory> or a <Location>", cond->kind->name);
    }
    if (draft->has_sticky && !has_share(draft)) {
        return "sticky= says what holds a visitor in a share, and this line has none; "
               "write percent=10 beside it";
    }
    return NULL;
}

static r307_order_t order_of(const r307_cond_t *cond)
{
    return cond->waits ? R307_ORDER_USER : cond->kind->order;
}

/* In the order they are asked; equal ones keep theirs. */
static void sort(apr_array_header_t *conds)
{
    r307_cond_t *all = (r307_cond_t *)(void *)conds->elts;
    int i, k;

    for (i = 1; i < conds->nelts; i++) {
        r307_cond_t cond = all[i];

        for (k = i; k > 0 && order_of(&all[k - 1]) > order_of(&cond); k--) {
            all[k] = all[k - 1];
        }
        all[k] = cond;
    }
}

/* The number of what the rule compares: the source as written and, because several hosts
 * may share a container, the hosts. */
static apr_uint64_t source_number(apr_pool_t *p, const r307_draft_t *draft)
{
    const r307_rule_t *rule = draft->rule;
    const r307_pattern_t *pattern = rule->pattern;
    const char *text = draft->context->location ? draft->context->location : "";
    apr_uint64_t number;
    int i;

    if (pattern) {
        text = apr_psprintf(p, "%d %s %d %d", (int)pattern->match, rule->source,
                            pattern->fold, pattern->any_slash);
    }
    for (i = 0; i < rule->cond_count; i++) {
        const r307_cond_t *cond = &rule->conds[i];

        if (cond->kind->about == R307_ABOUT_HOST && !cond->implied) {
            text = apr_pstrcat(p, text, cond->negate ? " !" : " ", cond->value, NULL);
        }
    }
    number = r307_hash_stable(0, text, strlen(text));
    return number ? number : 1;
}

/* What the rule is called in a visitor's cookie: its name, else where it sends. */
static apr_uint32_t self_number(const r307_rule_t *rule)
{
    const char *text = rule->name ? rule->name
        : rule->target->text ? rule->target->text : "";
    apr_uint32_t number = (apr_uint32_t)r307_hash_stable(1, text, strlen(text));

    return number ? number : 1;
}

/* What a condition has to know of its rule. */
static void tell(r307_draft_t *draft, const r307_cond_t *cond)
{
    const r307_rule_t *rule = draft->rule;
    apr_time_t until = rule->plan.until.text ? rule->plan.until.when : 0;

    if (cond->kind->order == R307_ORDER_PERCENT) {
        r307_share_t *share = cond->own;

        share->sticky = draft->sticky;
        share->named = draft->named;
        share->self = self_number(rule);
        share->until = until;
    }
    else if (cond->kind->order == R307_ORDER_OPTIN) {
        ((r307_optin_t *)cond->own)->until = until;
    }
}

void r307_line_cond_finish(apr_pool_t *p, r307_draft_t *draft)
{
    r307_rule_t *rule = draft->rule;
    int i, is_grouped = 0;

    sort(draft->conds);
    rule->conds = (const r307_cond_t *)(const void *)draft->conds->elts;
    rule->cond_count = draft->conds->nelts;
    for (i = 0; i < rule->cond_count; i++) {
        const r307_cond_t *cond = &rule->conds[i];

        tell(draft, cond);
        is_grouped |= cond->kind->order == R307_ORDER_PERCENT
            || r307_cond_is_negotiated(cond);
    }
    rule->group = is_grouped ? source_number(p, draft) : 0;
}
