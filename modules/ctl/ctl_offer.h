/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_offer: shows what of a file would be other, and writes it where somebody says yes.
 */
#ifndef CTL_OFFER_H
#define CTL_OFFER_H

#include "ctl_args.h"
#include "ctl_fix.h"

typedef enum {
    CTL_OFFER_NOTHING,          /* there is nothing to change */
    CTL_OFFER_WRITTEN,
    CTL_OFFER_LEFT              /* nobody said yes */
} ctl_offer_t;

/* By --yes of the command line; where that is missing a person at the terminal is asked, and
 * nobody else. NULL and *offer, or why nothing was written. */
const char *ctl_offer(const ctl_args_t *args, const ctl_fix_t *fix, ctl_offer_t *offer);

#endif
