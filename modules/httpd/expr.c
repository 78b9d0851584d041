/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/expr.h"

#include <string.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include <ap_expr.h>
#include "conf/expr_check.h"
#include "httpd/container.h"
#include "httpd/request.h"

APLOG_USE_MODULE(redirect307);

/* AP_EXPR_FLAG_RESTRICTED alone leaves the environment of the server, notes and subrequests
 * open to .htaccess. */
static int is_for_tenants(const ap_expr_lookup_parms *parms)
{
    static const r307_expr_name_t kinds[] = {
        [AP_EXPR_FUNC_VAR] = R307_EXPR_NAME_VARIABLE,
        [AP_EXPR_FUNC_STRING] = R307_EXPR_NAME_FUNCTION,
        [AP_EXPR_FUNC_LIST] = R307_EXPR_NAME_LIST,
        [AP_EXPR_FUNC_OP_UNARY] = R307_EXPR_NAME_UNARY,
        [AP_EXPR_FUNC_OP_BINARY] = R307_EXPR_NAME_BINARY
    };

    return r307_expr_for_tenants(kinds[parms->type], parms->name);
}

/* %{arg:name}: the parameter of the query. Twice the same name has no one value; that
 * the expression fails then is what the engine does in targets, too. Not by ctx->err:
 * httpd would log an error for whatever a client sends. */
static const char *read_arg(ap_expr_eval_ctx_t *ctx, const void *data, const char *name)
{
    /* what the client asked, as everywhere, not what a rewrite made of it */
    const r307_query_t *query = r307_query_make(ctx->p,
                                                r307_request_known(ctx->r)->view.query);
    const char *value = NULL;
    size_t i, len = strlen(name);

    for (i = 0; i < query->count; i++) {
        const r307_param_t *param = &query->params[i];

        if (param->name.len != len || memcmp(param->name.s, name, len) != 0) {
            continue;
        }
        if (value) {
            *(int *)ctx->data = 1;
            return "";
        }
        value = param->value.s ? r307_slice_text(ctx->p, param->value) : "";
    }
    return value ? value : "";
}

static const char *shown(const ap_expr_lookup_parms *parms)
{
    if (parms->type == AP_EXPR_FUNC_VAR) {
        return apr_psprintf(parms->ptemp, "%%{%s}", parms->name);
    }
    if (parms->type == AP_EXPR_FUNC_OP_UNARY || parms->type == AP_EXPR_FUNC_OP_BINARY) {
        return apr_psprintf(parms->ptemp, "-%s", parms->name);
    }
    return apr_psprintf(parms->ptemp, "%%{%s:...}", parms->name);
}

static int find_provider(ap_expr_lookup_parms *parms)
{
    if (parms->type == AP_EXPR_FUNC_STRING && strcasecmp(parms->name, "arg") == 0) {
        *parms->func = (const void *)read_arg;
        *parms->data = "arg";       /* httpd asserts that there is some */
        return OK;
    }
    if ((parms->flags & AP_EXPR_FLAG_RESTRICTED) && !is_for_tenants(parms)) {
        *parms->err = apr_psprintf(parms->ptemp, "%s is not available in .htaccess",
                                   shown(parms));
        return !OK;
    }
    return ap_expr_lookup_default(parms);
}

const char *r307_expr_compile(void *baton, apr_pool_t *p, const char *text,
                              int is_string, const void **compiled)
{
    const cmd_parms *cmd = baton;
    /* Vary is set by us: what httpd merges into headers_out is lost where
     * ErrorDocument or a proxy makes the answer. */
    unsigned flags = AP_EXPR_FLAG_DONT_VARY;
    const char *err = NULL;
    const ap_expr_info_t *info;

    /* first by our own reader: httpd's ends the process over some texts, with nothing more
     * than "flex scanner jammed" */
    if (r307_expr_check(p, text, is_string, r307_container_is_htaccess(cmd), &err)
        == R307_EXPR_BAD) {
        return err;
    }
    err = NULL;
    if (is_string) {
        flags |= AP_EXPR_FLAG_STRING_RESULT;
    }
    if (r307_container_is_htaccess(cmd)) {
        /* a regex in it is the business of Redirect307Limits, which are known later */
        flags |= AP_EXPR_FLAG_RESTRICTED;
    }
    info = ap_expr_parse_cmd_mi(cmd, text, flags, &err, find_provider,
                                APLOG_MODULE_INDEX);
    if (!err) {
        *compiled = info;
    }
    return err;
}

static void add_names(r307_vary_t *vary, const char *names)
{
    char *list = apr_pstrdup(vary->p, names), *last, *name;

    for (name = apr_strtok(list, ", ", &last); name;
         name = apr_strtok(NULL, ", ", &last)) {
        r307_vary_add(vary, name);
    }
}

/* httpd merges the names into headers_out, where ErrorDocument and a proxy lose them;
 * ours go into err_headers_out with the answer. */
static void restore_vary(request_rec *r, const char *vary)
{
    if (vary) {
        apr_table_setn(r->headers_out, "Vary", vary);
    }
    else {
        apr_table_unset(r->headers_out, "Vary");
    }
}

static int run(request_rec *r, const ap_expr_info_t *info, const char **result,
               r307_vary_t *vary)
{
    ap_regmatch_t matches[AP_MAX_REG_MATCH];
    const char *err = NULL, *source = NULL, *names = NULL;
    const char *before = apr_table_get(r->headers_out, "Vary");
    ap_expr_eval_ctx_t ctx;
    int rc, is_void = 0;

    memset(&ctx, 0, sizeof(ctx));
    memset(matches, 0, sizeof(matches));
    ctx.r = r;
    ctx.c = r->connection;
    ctx.s = r->server;
    ctx.p = r->pool;
    ctx.err = &err;
    ctx.info = info;
    ctx.re_pmatch = matches;
    ctx.re_nmatch = AP_MAX_REG_MATCH;
    ctx.re_source = &source;
    ctx.vary_this = &names;
    ctx.result_string = result;
    ctx.data = &is_void;
    rc = ap_expr_exec_ctx(&ctx);
    if (names) {
        restore_vary(r, before);
        add_names(vary, names);
    }
    return err || is_void || rc < 0 ? -1 : rc;
}

int r307_expr_test(request_rec *r, const r307_expr_t *expr, r307_vary_t *vary)
{
    const char *ignored = NULL;

    return run(r, expr->compiled, &ignored, vary);
}

const char *r307_expr_string(request_rec *r, const r307_expr_t *expr, r307_vary_t *vary)
{
    const char *result = NULL;

    return run(r, expr->compiled, &result, vary) < 0 ? NULL : result;
}
