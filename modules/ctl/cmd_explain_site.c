/* SPDX-License-Identifier: Apache-2.0
 *
 * redirect307ctl explain URL: what a whole httpd answers, as its configuration says it. What
 * it cannot know it says first. */
#include "cmd.h"

#include <string.h>
#include <apr_strings.h>

#include "ctl_whole.h"

#define NAMED_MOST 3            /* of the things it depends on */

static void print_depends(ctl_whole_t *x, const apr_array_header_t *list, const char *text)
{
    int i;

    printf("cannot tell: depends on ");
    for (i = 0; i < list->nelts && i < NAMED_MOST; i++) {
        const char *one = APR_ARRAY_IDX(list, i, const char *);

        printf("%s%s", i ? ", " : "", r307_text_show(x->p, one, strlen(one)));
    }
    if (i < list->nelts) {
        printf(" and %d more", list->nelts - i);
    }
    printf("; if it holds: %s\n", text);
}

static ctl_exit_t print(ctl_whole_t *x, const ctl_ending_t *ending, const ctl_ending_t *other)
{
    int differs = strcmp(ending->text, other->text) != 0
                  || x->asked.is_open || x->asked.unanswered->nelts > 1;
    apr_array_header_t *depends = ctl_whole_depends(x, ending, differs);
    ctl_exit_t result = CTL_EXIT_FINE;

    if (depends->nelts) {
        print_depends(x, depends, differs ? other->text : ending->text);
        ending = differs ? other : ending;
        result = CTL_EXIT_UNKNOWN;
    }
    else {
        printf("%s\n", ending->text);
    }
    if (ending->halt) {
        ctl_halt_details(x->p, ending->halt);
    }
    if (ending->is_decided) {
        ctl_exit_t said = ctl_asked_details(&x->asked, &ending->decision);

        result = result == CTL_EXIT_FINE ? said : result;
    }
    printf("  site         %s\n", x->walk.server->node
           ? apr_psprintf(x->p, "%s, <VirtualHost %s> (%s:%u)",
                          x->walk.server->name ? x->walk.server->name : "without ServerName",
                          x->walk.server->node->args, x->walk.server->node->file,
                          x->walk.server->node->line)
           : "the main server");
    return result;
}

ctl_exit_t ctl_cmd_explain_site(const ctl_args_t *args)
{
    ctl_whole_t x = { .p = args->p };
    const char *bad = ctl_asked_options(&x.asked, args), *refused;
    ctl_ending_t ending, other;

    x.asked.url = args->words[0];
    x.asked.needs_client = 1;
    ctl_httpd_make(&x.httpd, x.p);
    bad = bad ? bad : ctl_httpd_load(&x.httpd, args);
    if (bad) {
        return ctl_args_refuse(args, bad);
    }
    if (!ctl_asked_set(&x.asked, &x.view)) {
        return ctl_args_refuse(args, apr_psprintf(x.p, "'%s' is not a URL; write "
                                                  "https://host/path or /path",
                                                  r307_text_show(x.p, x.asked.url,
                                                                 strlen(x.asked.url))));
    }
    if (x.httpd.fails) {
        printf("httpd does not start with this configuration\n  %s\n", x.httpd.fails);
        return CTL_EXIT_FINDINGS;
    }
    refused = ctl_whole_go(&x, &x.asked.self);
    if (refused) {
        printf("%s\n", refused);
        return CTL_EXIT_FINE;
    }
    ctl_whole_settle(&x, 0, &ending);
    other = ending;
    if (x.asked.unanswered->nelts) {
        ctl_whole_settle(&x, 1, &other);
    }
    return print(&x, &ending, &other);
}
