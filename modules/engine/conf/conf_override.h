/* SPDX-License-Identifier: Apache-2.0
 *
 * conf_override: what AllowOverride and AllowOverrideList let .htaccess have.
 */
#ifndef R307_CONF_OVERRIDE_H
#define R307_CONF_OVERRIDE_H

#include "conf/conf_tree.h"

/* What AllowOverride lets .htaccess have, as far as it is about our lines. */
#define R307_OVERRIDE_UNSET (-1)
#define R307_OVERRIDE_FILEINFO 1    /* our lines are taken */
#define R307_OVERRIDE_AUTH 2
#define R307_OVERRIDE_LIMIT 4
#define R307_OVERRIDE_INDEXES 8
#define R307_OVERRIDE_OPTIONS 16
#define R307_OVERRIDE_ALL 31
#define R307_OVERRIDE_LENIENT 32    /* Nonfatal=: what is not let in is skipped */
#define R307_OVERRIDE_SOME 64       /* Options=: not all of them */
#define R307_OVERRIDE_PLAIN 128     /* Options alone: but SymLinksIfOwnerMatch and MultiViews */

/* What one more word of AllowOverride makes of what was said before it. "Options=Indexes" is
 * some of Options; None takes all back. */
int r307_override_add(int so_far, const char *word);

/* Whether they let .htaccess have the line: 1, 0 where httpd answers 500, -1 where it is not
 * known. list: of const char *; NULL: unset. */
int r307_override_allows(int override, const apr_array_header_t *list,
                         const r307_node_t *node);

#endif
