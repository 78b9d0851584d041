/* SPDX-License-Identifier: Apache-2.0
 *
 * redirect307ctl flatten: chains as direct lines. */
#include "cmd.h"

#include <string.h>
#include <unistd.h>

#include "ctl_offer.h"
#include "lint/lint_rule.h"

static ctl_exit_t tell(const char *text)
{
    fprintf(stderr, "redirect307ctl: %s\n", text);
    return CTL_EXIT_UNKNOWN;
}

/* The file with its direct lines, or, in its place, those that are new. */
static ctl_exit_t flatten(const ctl_args_t *args, const ctl_fix_t *fix)
{
    ctl_offer_t offer;
    const char *bad;

    if (!ctl_args_value(args, "write")) {
        fwrite(fix->after.s, 1, fix->after.len, stdout);
        fflush(stdout);
        fprintf(stderr, "redirect307ctl: %d line%s of %s made direct\n", fix->count,
                fix->count == 1 ? "" : "s", fix->found->name);
        return CTL_EXIT_FINE;
    }
    bad = ctl_offer(args, fix, &offer);
    if (bad) {
        return tell(bad);
    }
    if (offer == CTL_OFFER_NOTHING) {
        printf("%s has no chain that one line could be.\n", fix->found->name);
    }
    return offer == CTL_OFFER_LEFT ? CTL_EXIT_FINDINGS : CTL_EXIT_FINE;
}

ctl_exit_t ctl_cmd_flatten(const ctl_args_t *args)
{
    ctl_fix_t fix = { .p = args->p };
    ctl_named_t found;
    const char *bad;

    if (ctl_args_value(args, "yes") && !ctl_args_value(args, "write")) {
        return ctl_args_refuse(args, "--yes goes with --write");
    }
    if (ctl_args_value(args, "write") && strcmp(args->words[0], "-") == 0) {
        return ctl_args_refuse(args, "standard input has no place; leave --write out");
    }
    bad = ctl_reach_name(args->p, args->words[0], &found);
    if (bad) {
        return tell(bad);
    }
    fix.root = ctl_args_value(args, "root");
    fix.found = &found;
    fix.only = r307_finding_row(R307_FINDING_CHAIN)->id;
    bad = ctl_fix_make(&fix);
    return bad ? tell(bad) : flatten(args, &fix);
}
