/* SPDX-License-Identifier: Apache-2.0
 *
 * redirect307ctl explain --live: what a running server says to a URL, asked by the page that
 * SetHandler redirect307-status makes there. */
#include "cmd.h"

#include <stdio.h>
#include <string.h>
#include <apr_strings.h>

#include "ctl_live.h"
#include "ctl_print.h"
#include "http/url.h"
#include "status/status_page.h"

/* What these say is of files, or of a request that the server would have to believe. */
static const char *const elsewhere[] = { "f", "D", "base", "root", "client", "user" };

static const char *check(const ctl_args_t *args)
{
    size_t i;

    for (i = 0; i < sizeof(elsewhere) / sizeof(*elsewhere); i++) {
        if (ctl_args_value(args, elsewhere[i])) {
            return apr_psprintf(args->p, "--live asks a server, which knows its files and who "
                                "asks it; leave -%s%s out", elsewhere[i][1] ? "-" : "",
                                elsewhere[i]);
        }
    }
    return args->count == 1 && *args->words[0] ? NULL : "--live asks for one URL; leave the file out";
}

static void put(r307_buf_t *buf, const char *name, const char *value)
{
    if (value) {
        r307_buf_puts(buf, "&");
        r307_buf_puts(buf, name);
        r307_buf_puts(buf, "=");
        r307_text_encode(buf, value, strlen(value), R307_LAND_VALUE, R307_FORM_DATA);
    }
}

/* All headers as one parameter, as the box on the page has them. NULL, or what is wrong. */
static const char *put_headers(r307_buf_t *buf, const ctl_args_t *args)
{
    const char *header, *all = NULL;
    int i;

    for (i = 0; (header = ctl_args_nth(args, "header", i)) != NULL; i++) {
        if (strstr(header, " | ")) {
            return apr_psprintf(args->p, "--header '%s' holds ' | ', which parts headers "
                                "there; write '|' without one of the spaces",
                                r307_text_show(args->p, header, strlen(header)));
        }
        all = all ? apr_pstrcat(args->p, all, " | ", header, NULL) : header;
    }
    put(buf, "headers", all);
    return NULL;
}

/* "http://host/page" into a server and the path of the page. NULL, or what is wrong. */
static const char *open_page(const ctl_args_t *args, const char *page, ctl_live_t *live,
                             const char **path)
{
    const char *slash = strstr(page, "://"), *bad;

    slash = slash ? strchr(slash + 3, '/') : NULL;
    if (slash && strpbrk(slash, "?# \t\r\n")) {
        return "is no page; write http://127.0.0.1/redirects-status";
    }
    *path = slash ? slash : "/";
    bad = ctl_live_open(args->p, slash ? apr_pstrmemdup(args->p, page,
                                                        (apr_size_t)(slash - page)) : page,
                        live);
    return bad && strstr(bad, "speaks no TLS")
        ? "is about https, and no TLS is spoken here; name the page by plain HTTP, as "
          "http://127.0.0.1/redirects-status" : bad;
}

/* Each line as it came, but for bytes that are no text. */
static ctl_exit_t print(apr_pool_t *p, const char *said)
{
    ctl_exit_t result = strncmp(said, "refused: ", 9) == 0 ? CTL_EXIT_FINDINGS
        : strncmp(said, "cannot be asked: ", 17) == 0 ? CTL_EXIT_UNKNOWN : CTL_EXIT_FINE;

    while (*said) {
        size_t len = strcspn(said, "\n");

        ctl_print(stdout, apr_pstrcat(p, r307_text_show_all(p, said, len), "\n", NULL));
        said += len + (said[len] != '\0');
    }
    return result;
}

static ctl_exit_t fail(const char *why)
{
    fprintf(stderr, "redirect307ctl: %s\n", why);
    return CTL_EXIT_UNKNOWN;
}

ctl_exit_t ctl_cmd_explain_live(const ctl_args_t *args)
{
    const char *page = ctl_args_value(args, "live"), *bad = check(args), *path = "/", *said;
    apr_pool_t *p = args->p;
    ctl_live_t live;
    r307_buf_t query;
    int status;

    r307_buf_make(&query, p, 256);
    bad = bad ? bad : put_headers(&query, args);
    if (bad) {
        return ctl_args_refuse(args, bad);
    }
    bad = open_page(args, page, &live, &path);
    if (bad) {
        return ctl_args_refuse(args, apr_psprintf(p, "--live '%s' %s",
                                                  r307_text_show(p, page, strlen(page)), bad));
    }
    put(&query, "explain", args->words[0]);
    put(&query, "method", ctl_args_value(args, "method"));
    put(&query, "at", ctl_args_value(args, "at"));
    said = ctl_live_get(&live, p, apr_pstrcat(p, path, "?text", query.s, NULL), &status);
    if (!said) {
        return fail(live.failed);
    }
    if (status != 200 || strncmp(said, R307_STATUS_SAYS, strlen(R307_STATUS_SAYS)) != 0) {
        return fail(apr_psprintf(p, "%s answers %d there, and has no page about its rules for "
                                 "this client; name the place of SetHandler redirect307-status "
                                 "with Redirect307Status server", live.base, status));
    }
    return print(p, said + strlen(R307_STATUS_SAYS));
}
