/* SPDX-License-Identifier: Apache-2.0
 *
 * htaccess_note: what httpd reads has rules, so that it is worth to be compiled.
 */
#ifndef R307_HTTPD_HTACCESS_NOTE_H
#define R307_HTTPD_HTACCESS_NOTE_H

#include <httpd.h>

/* While httpd reads the file: it is a candidate from now on, whatever becomes of the request.
 * Cheap when it was said before. */
void r307_htaccess_note(const server_rec *s, const char *file);

#endif
