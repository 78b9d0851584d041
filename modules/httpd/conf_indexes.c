/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/conf_indexes.h"

#include <apr_general.h>
#include <apr_time.h>

#define USERDATA "mod_redirect307.rulesets"

/* Kept at pconf, as a static would outlive what it points to. */
void r307_conf_indexes_note(apr_pool_t *pconf, r307_ruleset_t *rules)
{
    void *list = NULL;

    apr_pool_userdata_get(&list, USERDATA, pconf);
    if (!list) {
        list = apr_array_make(pconf, 16, sizeof(r307_ruleset_t *));
        apr_pool_userdata_set(list, USERDATA, NULL, pconf);     /* copies the key */
    }
    *(r307_ruleset_t **)apr_array_push(list) = rules;
}

apr_uint64_t r307_conf_indexes_seed(void)
{
    apr_uint64_t seed;

#if APR_HAS_RANDOM
    if (apr_generate_random_bytes((unsigned char *)&seed, sizeof(seed)) == APR_SUCCESS) {
        return seed;
    }
#endif
    seed = (apr_uint64_t)apr_time_now();
    return seed * 0x9E3779B97F4A7C15ull ^ (apr_uint64_t)(apr_uintptr_t)&seed;
}

void r307_conf_indexes_build(apr_pool_t *pconf)
{
    void *data = NULL;
    apr_array_header_t *list;
    int i;

    apr_pool_userdata_get(&data, USERDATA, pconf);
    list = data;
    for (i = 0; list && i < list->nelts; i++) {
        r307_ruleset_freeze(pconf, APR_ARRAY_IDX(list, i, r307_ruleset_t *),
                            r307_conf_indexes_seed(), apr_time_now());
    }
}
