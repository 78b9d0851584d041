/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl: redirect307ctl, the engine for people. Answer first, reasons below, the line to
 * write last. Knows stdio, files and the engine; never httpd.
 */
#ifndef CTL_H
#define CTL_H

#include <stdio.h>

typedef enum {
    CTL_EXIT_FINE = 0,      /* nothing to do */
    CTL_EXIT_FINDINGS = 1,  /* something to do */
    CTL_EXIT_UNKNOWN = 2    /* could not tell */
} ctl_exit_t;

#endif
