/* SPDX-License-Identifier: Apache-2.0
 *
 * mod_redirect307: temporary redirects for Apache httpd. This is the front door: which
 * hooks there are and why each runs where it does. Decisions are made in modules/engine,
 * httpd is spoken to in modules/httpd; there is no logic here.
 */
#include <httpd.h>
#include <ap_mpm.h>
#include <http_config.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_status.h>
#include <util_filter.h>

#include "httpd/body.h"
#include "conf/place_config.h"
#include "httpd/counters.h"
#include "httpd/directives.h"
#include "httpd/hooks.h"
#include "httpd/htaccess.h"
#include "httpd/page.h"
#include "httpd/start_lint.h"
#include "httpd/status_handler.h"

/* They must not turn a URL into something else before our rules saw it. The list makes
 * the order ours, whatever the order of LoadModule. */
static const char *const mappers[] = {
    "mod_rewrite.c", "mod_proxy.c", "mod_proxy_express.c", "mod_alias.c",
    "mod_userdir.c", "mod_vhost_alias.c", "mod_jk.c", NULL
};

static const char *const httpd_itself[] = { "core.c", NULL };

static void register_hooks(apr_pool_t *p)
{
    /* Doubts about rules: with `httpd -t` too, which never comes to post_config. */
    ap_hook_check_config(r307_on_check_config, NULL, NULL, APR_HOOK_MIDDLE);

    /* What maps have to say, for `httpd -t`. */
    ap_hook_test_config(r307_on_test_config, NULL, NULL, APR_HOOK_MIDDLE);

    /* The table of what was said already, found by all children; the maps, loaded before
     * anybody asks. */
    ap_hook_post_config(r307_on_post_config, NULL, NULL, APR_HOOK_MIDDLE);

    /* The process that builds maps begins behind all that post_config does to this one's. */
    ap_hook_optional_fn_retrieve(r307_on_configured, NULL, NULL, APR_HOOK_MIDDLE);

    /* The tables of flag files and of compiled .htaccess files, each process's own, and
     * the thread that follows maps. */
    ap_hook_child_init(r307_on_child_init, NULL, NULL, APR_HOOK_MIDDLE);

    /* A child that ended reads no map any more. */
    ap_hook_child_status(r307_on_child_status, NULL, NULL, APR_HOOK_MIDDLE);

    /* Behind mpm-itk, which is there first to see whether a file may be read at all, and
     * before httpd, which reads it. */
    ap_hook_open_htaccess(r307_on_open_htaccess, NULL, NULL, APR_HOOK_MIDDLE);

    /* As httpd itself opens it, right before it would, but for a byte order mark. */
    ap_hook_open_htaccess(r307_on_open_marked, NULL, httpd_itself, APR_HOOK_REALLY_LAST);

    /* How many were refused, on the page of mod_status if there is one. */
    APR_OPTIONAL_HOOK(ap, status_hook, r307_on_status, NULL, NULL, APR_HOOK_MIDDLE);

    /* Server, vhost, <Location> and their <If>: the configuration is merged, and no other
     * module has mapped the URL yet. */
    ap_hook_translate_name(r307_on_translate_name, NULL, mappers, APR_HOOK_REALLY_FIRST);

    /* Directory rules, where a password would be asked for next: nobody logs in just to
     * be redirected. Last, so that whoever is refused stays refused. Per configuration,
     * else the whole server authenticates twice. */
    ap_hook_check_access_ex(r307_on_access_checker_ex, NULL, NULL, APR_HOOK_REALLY_LAST,
                            AP_AUTH_INTERNAL_PER_CONF);

    /* Directory rules in every other case: access is granted, SetEnvIf has run, and
     * MultiViews has not yet answered or changed the request. */
    ap_hook_type_checker(r307_on_type_checker, NULL, NULL, APR_HOOK_REALLY_FIRST);

    /* The page about all of this, where SetHandler asks for it. */
    ap_hook_handler(r307_on_handler, NULL, NULL, APR_HOOK_MIDDLE);

    /* Between HTTP_IN and the connection, for the time of an answer to a request with a
     * body. No other request has it. */
    ap_register_input_filter(R307_BODY_FILTER, r307_body_filter, NULL,
                             AP_FTYPE_CONNECTION - 1);

    /* What the URL of a maintenance's page shows is taken there, and sent by us. */
    r307_fetch_register();
    ap_hook_insert_filter(r307_fetch_insert_filter, NULL, NULL, APR_HOOK_LAST);
}

AP_DECLARE_MODULE(redirect307) = {
    STANDARD20_MODULE_STUFF,
    r307_config_create,
    r307_config_merge,
    NULL,
    NULL,
    r307_directives,
    register_hooks,
#ifdef AP_MODULE_FLAG_NONE
    AP_MODULE_FLAG_NONE
#endif
};
