/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/own_key.h"

#include <string.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_request.h>
#include "conf/setting.h"

extern module AP_MODULE_DECLARE_DATA redirect307_module;

int r307_own_key_hide(request_rec *r, const r307_config_t *conf, r307_state_t *state)
{
    r307_view_t *view = &state->view;
    const r307_query_t *query;

    if (!conf->own_link || !view->query.s) {
        return 0;
    }
    query = r307_query_make(r->pool, view->query);
    if (!r307_link_mark(r->pool, conf->own_link, query)) {
        return 0;
    }
    view->query = r307_query_without_keys(r->pool, query);
    view->query.s = view->query.len ? view->query.s : NULL;
    state->hides_key = 1;
    return 1;
}

void r307_own_key_strip(request_rec *r, const r307_view_t *view)
{
    const char *mark = strchr(r->the_request, '?');
    const char *behind = mark ? strchr(mark, ' ') : NULL;

    r->args = view->query.s ? r307_slice_text(r->pool, view->query) : NULL;
    if (mark) {
        r->the_request = apr_pstrcat(r->pool, apr_pstrmemdup(r->pool, r->the_request,
                                              (size_t)(mark - r->the_request)),
                                     r->args ? "?" : "", r->args ? r->args : "",
                                     behind ? behind : "", NULL);
    }
}

/* A value of so many bytes; encoded it has more. */
int r307_own_key_may(const r307_view_t *view)
{
    const char *at = view->query.s, *end = at ? at + view->query.len : NULL;
    const char *value = NULL;

    for (; at < end && !(value && at - value >= R307_OWN_KEY_LEAST); at++) {
        if (*at == '&') {
            value = NULL;
        }
        else if (*at == '=' && !value) {
            value = at + 1;
        }
    }
    return value && at - value >= R307_OWN_KEY_LEAST;
}

int r307_own_key_leaves(const r307_config_t *conf, const r307_view_t *view,
                        const r307_decision_t *decision)
{
    const char *location = decision->location;

    if (decision->outcome == R307_OUTCOME_REFUSE) {
        return 1;               /* the log has what would have left */
    }
    if (decision->outcome != R307_OUTCOME_ANSWER || !location) {
        return 0;
    }
    if (r307_config_engine(conf) == R307_ENGINE_REPORT) {
        return 1;
    }
    return !(location[0] == '/' && location[1] != '/')
        && !r307_url_is_of_host(location, view->asked.host)
        && !(decision->rule->target && decision->rule->target->text
             && strcmp(location, decision->rule->target->text) == 0);
}

/* What the client wrote, without scheme and host. */
static const char *path_of(const request_rec *r)
{
    const char *path = strstr(r->unparsed_uri, "://");

    return r->unparsed_uri[0] == '/' ? r->unparsed_uri
           : path ? strchr(path + 3, '/') : NULL;
}

int r307_own_key_seek(request_rec *r, r307_state_t *state)
{
    const char *path = path_of(r);

    /* it lives as long as the request: what it read of a .htaccess is in its pool */
    return path && r307_own_key_hide(r, ap_get_module_config(
        ap_sub_req_lookup_uri(path, r, NULL)->per_dir_config, &redirect307_module), state);
}
