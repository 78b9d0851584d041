/* SPDX-License-Identifier: Apache-2.0
 *
 * place_config: what httpd.conf and .htaccess said, for one place of the configuration:
 * rules in two lists, and the settings. The server and redirect307ctl fill it and merge it
 * by the same code.
 */
#ifndef R307_PLACE_CONFIG_H
#define R307_PLACE_CONFIG_H

#include <apr_hash.h>
#include <apr_tables.h>
#include "decide/decide.h"
#include "maintenance/maintenance.h"
#include "conf/directive_names.h"

/* What was met in one .htaccess, while it is read. */
typedef struct r307_progress_t {
    int skipped, rules, regexes;
    int stays;              /* rules that stand in for skipped lines, beside the rules */
    int stands;             /* one does for the line at hand */
    int noted;              /* the file is known to have rules */
} r307_progress_t;

/* The rules of one container of one file. */
/* A line of a .htaccess that is no rule, and why. */
typedef struct r307_fault_t {
    unsigned line;
    const char *text;
} r307_fault_t;

#define R307_FAULTS_MOST 20     /* kept of one block */

typedef struct r307_block_t {
    r307_ruleset_t *rules;
    const char *directory;  /* of the file system, without final slash ("" is "/"); NULL:
                             * none that is known, and no source is relative */
    const char *file;       /* where its first rule stands */
    unsigned line;
    int is_htaccess;
    int is_cached;          /* of a compiled .htaccess, which requests may share */
    int needs_base;         /* a source or a target is relative to the directory's URL */
    int checked;            /* __atomic: sources outside the directory were looked for */
    r307_tally_t tally;     /* of a .htaccess: what its rules are */
    int skipped;            /* of a .htaccess: lines that are no rules */
    apr_array_header_t *faults;     /* of r307_fault_t: the first of them; NULL: there is none */
    r307_progress_t shift;  /* of a cached .htaccess: so many rules and regexes more come
                             * before it than where it was compiled; may be negative */
    int doubts;             /* of a .htaccess: what r307_start_lint_say has to say */
    apr_uint64_t home;      /* __atomic: see r307_identity_home; 0: not known yet */
    int stays;              /* of a .htaccess: rules that stand in for lines that are none */
    apr_uint32_t noted;     /* __atomic, of a cached .htaccess: the second in which
                             * httpd/serve_note.h last noted it */
} r307_block_t;

/* Blocks in the order they are asked. Never empty: where there is none, the list is
 * NULL. */
typedef struct r307_blocks_t {
    int count;
    r307_block_t *const *at;
} r307_blocks_t;

/* Compiled .htaccess files of one process, see htaccess_cache.h. */
typedef struct r307_htaccess_t r307_htaccess_t;

/* Counted hits, see httpd/hit_table.h. */
typedef struct r307_hittable_t r307_hittable_t;

/* Redirect307Maintenance of a place and of what it lies in, as they are asked. Never
 * empty. */
typedef struct r307_lines_t {
    int count;
    const r307_maintenance_t *const *at;
} r307_lines_t;

/* What Redirect307Base said for a directory. */
typedef struct r307_base_t {
    const char *directory;  /* as in r307_block_t */
    r307_slice_t url;       /* decoded, begins and ends with '/' */
} r307_base_t;

typedef struct r307_config_t {
    const r307_blocks_t *early; /* decided in translate_name */
    const r307_blocks_t *late;  /* decided once .htaccess was read */
    const r307_lines_t *early_maintenance, *late_maintenance;   /* likewise; NULL: none */
    const apr_array_header_t *bases;    /* of r307_base_t, innermost first; NULL: none */
    apr_int64_t values[R307_SETTING_COUNT];     /* R307_UNSAID where no line sets it */
    int only_rules;             /* of a cached .htaccess: but for Redirect307Engine, none
                                 * of the values is in it */
    r307_htaccess_t *cache;     /* NULL: off; set before there are threads */
    r307_hittable_t *hits;      /* likewise */
    const char *hits_file;      /* as written, of the server; NULL: none */
    const r307_link_t *own_link;        /* opens the page about the rules of */
    const char *own_directory;          /* this directory and those below; NULL: none */
    const apr_array_header_t *allow;    /* of r307_origin_t; NULL: unset */
    apr_array_header_t *exempt;         /* of r307_slice_t, of this place; NULL: unset */
    int exempt_resets;          /* "none" was written: what was inherited is gone */
    const apr_array_header_t *exempt_all;   /* with what was inherited; NULL: default */
    const r307_limits_t *limits;            /* NULL: none */
    apr_array_header_t *hidden;             /* of const char *: files that .htaccess uses,
                                             * by their paths; NULL: none */
} r307_config_t;

/* The two shapes httpd's module record asks for. */
void *r307_config_create(apr_pool_t *p, char *directory);
void *r307_config_merge(apr_pool_t *p, void *base, void *add);

/* What holds: microseconds, bytes, or a word of conf/setting.h. */
static inline apr_int64_t r307_config_value(const r307_config_t *conf,
                                            r307_setting_t setting)
{
    apr_int64_t value = conf->values[setting];

    return value == R307_UNSAID ? r307_setting_fallbacks[setting] : value;
}

/* on, report or off, with what .htaccess lowered. */
static inline int r307_config_engine(const r307_config_t *conf)
{
    apr_int64_t engine = r307_config_value(conf, R307_SETTING_ENGINE);
    apr_int64_t ceiling = conf->values[R307_SETTING_CEILING];

    return (int)(ceiling == R307_UNSAID || ceiling > engine ? engine : ceiling);
}

/* Paths that only a rule naming them touches: array of r307_slice_t, never NULL. */
const apr_array_header_t *r307_config_exempt(apr_pool_t *p, const r307_config_t *conf);

/* Adds to the list of this place. */
void r307_config_add_exempt(apr_pool_t *p, r307_config_t *conf, r307_slice_t path);
void r307_config_reset_exempt(apr_pool_t *p, r307_config_t *conf);

void r307_config_add_base(apr_pool_t *p, r307_config_t *conf, const char *directory,
                          r307_slice_t url);

/* A line behind those of this place. */
void r307_config_add_line(apr_pool_t *p, r307_config_t *conf, int is_late,
                          const r307_maintenance_t *line);

/* The block that a rule of this place goes into, made when there is none yet that may be
 * added to. */
r307_block_t *r307_config_block(apr_pool_t *p, r307_config_t *conf, int is_late,
                                r307_place_t place, const char *directory);

/* Asks a block behind those there are. */
void r307_config_append_block(apr_pool_t *p, const r307_blocks_t **blocks,
                              r307_block_t *block);

/* The number of the block's first rule in its .htaccess: tells its blocks apart, where
 * the lines of a macro may be those of the file, too. */
unsigned r307_config_first(const r307_block_t *block);

/* Whether source or target are relative to the directory's URL. */
int r307_config_is_relative(const r307_rule_t *rule);

/* NULL, or that the rule's name is taken by a rule of the blocks, and where. */
const char *r307_config_taken(apr_pool_t *p, const r307_blocks_t *blocks,
                              const r307_rule_t *rule);

/* Whether the line, by where it stands, is one of those that hold there. */
int r307_config_holds_line(const r307_config_t *conf, const r307_maintenance_t *line);

#endif
