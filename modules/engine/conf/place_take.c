/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/place_take.h"

/* What a line sets that is a number. */
static void set_values(r307_config_t *conf, const r307_directive_row_t *row,
                       const r307_said_t *said)
{
    int i;

    for (i = 0; row->values[i].is_set; i++) {
        conf->values[row->values[i].setting]
            = *(const apr_int64_t *)((const char *)said + row->values[i].member);
    }
}

static void set_exempt(apr_pool_t *p, r307_config_t *conf, const r307_said_t *said)
{
    int i;

    if (said->is_none) {
        r307_config_reset_exempt(p, conf);
    }
    for (i = 0; i < said->paths->nelts; i++) {
        r307_config_add_exempt(p, conf, APR_ARRAY_IDX(said->paths, i, r307_slice_t));
    }
}

void r307_place_take(apr_pool_t *p, r307_config_t *conf, const r307_directive_row_t *row,
                     const r307_said_t *said, int is_htaccess, const char *directory)
{
    switch (row->id) {
    case R307_DIRECTIVE_ENGINE:
        conf->values[is_htaccess ? R307_SETTING_CEILING : R307_SETTING_ENGINE]
            = said->choice;
        break;
    case R307_DIRECTIVE_BASE:
        r307_config_add_base(p, conf, directory,
                             APR_ARRAY_IDX(said->paths, 0, r307_slice_t));
        break;
    case R307_DIRECTIVE_HOSTS:      /* several lines of one container are one list */
        conf->allow = conf->allow && !said->is_none
                      ? apr_array_append(p, conf->allow, said->hosts) : said->hosts;
        break;
    case R307_DIRECTIVE_EXEMPT:
        set_exempt(p, conf, said);
        break;
    case R307_DIRECTIVE_LIMITS:
        conf->limits = r307_limit_merge(p, conf->limits, said->limits);
        break;
    case R307_DIRECTIVE_STATUS:
        if (said->link) {           /* no value: a cached .htaccess has none */
            conf->own_link = said->link;
            conf->own_directory = directory;
            break;
        }
        set_values(conf, row, said);
        break;
    case R307_DIRECTIVE_HITS:
        set_values(conf, row, said);
        conf->hits_file = said->file;
        break;
    default:
        set_values(conf, row, said);
    }
}
