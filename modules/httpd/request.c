/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/request.h"

#include <apr_strings.h>
#include <http_config.h>
#include <http_protocol.h>

extern module AP_MODULE_DECLARE_DATA redirect307_module;

r307_state_t *r307_request_known(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &redirect307_module);
}

int r307_request_is_ours(const request_rec *r)
{
    return !r->main && !r->prev && r->proxyreq != PROXYREQ_PROXY
           && r->method_number != M_TRACE && r->method_number != M_CONNECT;
}

void r307_request_vary(request_rec *r, const char *names)
{
    const char *held;
    char *list, *last, *name;

    if (!names) {
        return;
    }
    held = apr_table_get(r->err_headers_out, "Vary");
    if (!held) {
        apr_table_setn(r->err_headers_out, "Vary", names);
        return;
    }
    list = apr_pstrdup(r->pool, names);
    for (name = apr_strtok(list, ", ", &last); name;
         name = apr_strtok(NULL, ", ", &last)) {
        if (!ap_find_token(r->pool, held, name)) {
            held = apr_pstrcat(r->pool, held, ", ", name, NULL);
        }
    }
    apr_table_setn(r->err_headers_out, "Vary", held);
}

void r307_request_cookies(request_rec *r, const apr_array_header_t *values)
{
    int i;

    if (!values) {
        return;
    }
    r307_request_known(r)->sets_cookie = 1;
    for (i = 0; i < values->nelts; i++) {
        apr_table_addn(r->err_headers_out, "Set-Cookie",
                       APR_ARRAY_IDX(values, i, const char *));
    }
    apr_table_setn(r->err_headers_out, "Cache-Control", "private, no-store");
}
