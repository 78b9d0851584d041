/* SPDX-License-Identifier: Apache-2.0
 *
 * hooks: the functions httpd calls; why each one runs where it runs stands in
 * mod_redirect307.c.
 */
#ifndef R307_HTTPD_HOOKS_H
#define R307_HTTPD_HOOKS_H

#include <httpd.h>
#include <ap_mpm.h>

int r307_on_translate_name(request_rec *r);
int r307_on_access_checker_ex(request_rec *r);
int r307_on_type_checker(request_rec *r);
void r307_on_child_status(server_rec *s, pid_t pid, ap_generation_t gen, int slot,
                          mpm_child_status state);
void r307_on_configured(void);
void r307_on_child_init(apr_pool_t *pchild, server_rec *s);
void r307_on_test_config(apr_pool_t *pconf, server_rec *s);
int r307_on_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                        server_rec *s);

#endif
