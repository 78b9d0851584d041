/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole httpd as what cases are asked of. */
#include "ctl_trial.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "ctl_whole.h"

#define ASKED_MOST 500          /* of one that was loaded: what requests leave in its memory,
                                 * as .htaccess files, goes with it */

typedef struct asking_t {
    apr_pool_t *parent, *p;     /* p: of what is loaded */
    const ctl_args_t *args;
    ctl_whole_t whole;
    ctl_whole_mark_t mark;      /* as it was loaded */
    int asked;
} asking_t;

static const char *load(asking_t *x)
{
    ctl_whole_t *whole = &x->whole;
    const char *bad;

    if (x->p) {
        apr_pool_destroy(x->p);
    }
    apr_pool_create(&x->p, x->parent);
    memset(whole, 0, sizeof(*whole));
    whole->p = x->p;
    bad = ctl_asked_options(&whole->asked, x->args);
    whole->asked.p = x->p;
    ctl_httpd_make(&whole->httpd, x->p);
    bad = bad ? bad : ctl_httpd_load(&whole->httpd, x->args);
    if (!bad) {
        ctl_whole_mark(whole, &x->mark);
    }
    x->asked = 0;
    return bad;
}

static void take_ending(const ctl_ending_t *ending, apr_pool_t *p, r307_case_came_t *came)
{
    const r307_decision_t *decision = &ending->decision;
    const r307_config_t *conf = ending->area ? ending->area->conf : NULL;

    if (!ending->is_decided || r307_config_engine(conf) != R307_ENGINE_ON) {
        came->status = atoi(ending->text);      /* of httpd itself */
        return;
    }
    came->outcome = decision->outcome;
    came->status = decision->status;
    came->location = decision->location;
    came->rule = decision->rule;
    came->max_age = decision->max_age;
    came->cookies = decision->cookies;
    if (decision->outcome == R307_OUTCOME_REFUSE) {
        came->refused = apr_pstrdup(p, ending->text);
        if (r307_config_value(conf, R307_SETTING_REFUSE) == R307_REFUSE_PASS) {
            came->outcome = R307_OUTCOME_PASS;
        }
    }
}

static void ask(void *baton, apr_pool_t *p, r307_case_view_t *view, r307_case_came_t *came)
{
    asking_t *x = baton;
    ctl_whole_t *whole = &x->whole;
    apr_array_header_t *depends;
    ctl_ending_t ending;
    const char *refused;

    memset(came, 0, sizeof(*came));
    if (!view->is_behind && ++x->asked > ASKED_MOST && load(x)) {
        came->untold = "files that cannot be read any more";
        return;
    }
    ctl_whole_forget(whole, &x->mark);
    whole->view = view->view;
    whole->asked.url = view->url;
    whole->asked.user = view->c->user;
    whole->asked.self = view->self;
    whole->asked.now = view->view.now;
    refused = ctl_whole_go(whole, &view->self);
    if (refused) {
        came->status = atoi(refused);
        return;
    }
    ctl_whole_settle(whole, 0, &ending);
    depends = ctl_whole_depends(whole, &ending, 0);
    if (depends->nelts) {
        came->untold = apr_pstrdup(p, APR_ARRAY_IDX(depends, 0, const char *));
        return;
    }
    take_ending(&ending, p, came);
}

/* --- the cases in its files, and its rules --- */

static void met(void *baton, const ctl_met_t *what)
{
    (void)ctl_site_remark(baton, what);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const ctl_reach_t *const *)a)->name, (*(const ctl_reach_t *const *)b)->name);
}

static void read_remarks(apr_pool_t *p, apr_hash_t *reaches, ctl_site_t *site)
{
    const ctl_reach_t **files = apr_palloc(p, (apr_hash_count(reaches) + 1) * sizeof(*files));
    apr_hash_index_t *at;
    size_t i, count = 0;

    for (at = apr_hash_first(p, reaches); at; at = apr_hash_next(at)) {
        files[count++] = apr_hash_this_val(at);
    }
    qsort(files, count, sizeof(*files), by_name);
    for (i = 0; i < count; i++) {
        ctl_file_read(p, files[i], met, site);
    }
}

static const char *flag_name(const void *flag)
{
    return ((const ctl_flag_place_t *)flag)->file;
}

const char *ctl_trial_load_whole(apr_pool_t *p, const ctl_args_t *args, ctl_trial_t *trial)
{
    asking_t *x = apr_pcalloc(p, sizeof(*x)), lasting = { .parent = p, .args = args };
    const char *bad = load(&lasting);
    const ctl_httpd_t *httpd = &lasting.whole.httpd;

    x->parent = p;
    x->args = args;
    bad = bad ? bad : load(x);
    if (bad) {
        return bad;
    }
    memset(trial, 0, sizeof(*trial));
    trial->p = p;
    trial->is_whole = 1;
    trial->name = httpd->file;
    trial->site = httpd->lines;
    trial->fatal = httpd->fails;
    trial->reach.is_conf = 1;
    read_remarks(p, httpd->reaches, &trial->site);
    ctl_trial_take(trial);
    trial->asker.ask = ask;
    trial->asker.flag_name = flag_name;
    trial->asker.baton = x;
    trial->asker.now = apr_time_now();
    trial->asker.base = r307_slice(NULL, 0);
    trial->asker.knows_rules = 1;
    return NULL;
}
