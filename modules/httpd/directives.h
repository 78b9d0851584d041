/* SPDX-License-Identifier: Apache-2.0
 *
 * directives: the command table. Rules go as they were typed to the engine's parser.
 * An error in httpd.conf stops the start; in .htaccess the line is skipped, said once
 * per version of the file, and the site stays up.
 */
#ifndef R307_HTTPD_DIRECTIVES_H
#define R307_HTTPD_DIRECTIVES_H

#include <httpd.h>
#include <http_config.h>

extern const command_rec r307_directives[];

#endif
