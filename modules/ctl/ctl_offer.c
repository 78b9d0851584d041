/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_offer.h"

#include <string.h>
#include <unistd.h>

static int is_wanted(const ctl_args_t *args, const ctl_fix_t *fix)
{
    char answer[16];

    if (ctl_args_value(args, "yes")) {
        return 1;
    }
    if (!isatty(STDIN_FILENO)) {
        return 0;
    }
    fprintf(stderr, "Write %s? [y/N] ", fix->found->name);
    return fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y');
}

const char *ctl_offer(const ctl_args_t *args, const ctl_fix_t *fix, ctl_offer_t *offer)
{
    const char *bad;

    *offer = CTL_OFFER_NOTHING;
    if (!fix->count) {
        return NULL;
    }
    ctl_fix_print(fix, stdout);
    fflush(stdout);
    *offer = CTL_OFFER_LEFT;
    if (!is_wanted(args, fix)) {
        fprintf(stderr, "redirect307ctl: %s is left as it is%s\n", fix->found->name,
                isatty(STDIN_FILENO) ? "" : "; with --yes it is written");
        return NULL;
    }
    bad = ctl_fix_write(fix);
    *offer = bad ? CTL_OFFER_LEFT : CTL_OFFER_WRITTEN;
    return bad;
}
