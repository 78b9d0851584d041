/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/htaccess_compile.h"

#include <string.h>
#include <apr_strings.h>
#include "file/open_below.h"
#include "httpd/conf_indexes.h"
#include "httpd/container.h"
#include "httpd/htaccess_file.h"
#include "httpd/htaccess_taken.h"
#include "httpd/rule_directive.h"
#include "httpd/start_lint.h"

extern module AP_MODULE_DECLARE_DATA redirect307_module;

/* What a version costs, about: from what processes grew by with rules of all kinds. */
#define VERSION_WEIGHT 16384
#define RUN_WEIGHT 512
#define RULE_WEIGHT 2000
#define BYTE_WEIGHT 12
#define REGEX_WEIGHT 1500

typedef struct making_t {
    r307_version_t *version;
    cmd_parms cmd;
    r307_reading_t *reading;            /* of cmd */
    ap_directive_t line;
    r307_container_t container;
    const command_rec *commands[R307_HOISTED_MOST];
    apr_array_header_t *runs;           /* of r307_hoist_t * */
    apr_array_header_t *name_of;        /* of the last run, of unsigned char */
    apr_hash_t *names;                  /* name= in any run */
    apr_hash_t *groups;                 /* to the run of its rules */
    int is_torn;                        /* a group has rules in two runs */
    int is_once;                        /* as httpd does it: no machine code, no index */
    r307_progress_t met;
} making_t;

/* --- reading --- */

/* All bytes of the file if it is still the version that was stamped. */
static char *read_all(apr_pool_t *p, int fd, const r307_stamp_t *stamp)
{
    size_t size = (size_t)stamp->size;
    char *bytes;
    struct stat info;
    r307_stamp_t after;

    if (stamp->size > R307_HTACCESS_MOST) {
        return NULL;
    }
    bytes = apr_palloc(p, size + 1);
    if (r307_open_read(fd, bytes, size + 1) != (ssize_t)size || fstat(fd, &info) != 0) {
        return NULL;
    }
    r307_stamp_of(&info, &after);
    return r307_stamp_same(stamp, &after) ? bytes : NULL;
}

/* --- rules --- */

static r307_hoist_t *run_at(making_t *making, int run, unsigned number)
{
    r307_hoist_t *made;

    if (run < making->runs->nelts) {
        return APR_ARRAY_IDX(making->runs, run, r307_hoist_t *);
    }
    made = apr_pcalloc(making->version->p, sizeof(*made));
    made->block.rules = r307_ruleset_make(making->version->p);
    made->block.directory = making->container.directory;
    made->block.file = making->version->file;
    made->block.line = number;
    made->block.is_htaccess = 1;
    made->block.is_cached = 1;
    APR_ARRAY_PUSH(making->runs, r307_hoist_t *) = made;
    making->name_of = apr_array_make(making->version->p, 4, 1);
    making->version->weight += RUN_WEIGHT;
    return made;
}

/* The rules of one group are decided together, so they must come to stand in one block. */
static int may_group(making_t *making, int run, const r307_rule_t *rule)
{
    const int *other = rule->group ? apr_hash_get(making->groups, &rule->group,
                                                  sizeof(rule->group)) : NULL;
    int *here;

    if (rule->group && !other) {
        here = apr_palloc(making->version->p, sizeof(*here));
        *here = run;
        apr_hash_set(making->groups, &rule->group, sizeof(rule->group), here);
    }
    return !other || *other == run;
}

/* A run ends before the next one begins, so one list of names at a time is enough. */
static void add_rule(making_t *making, r307_hoist_t *run, int name,
                     const r307_rule_t *rule)
{
    APR_ARRAY_PUSH(making->name_of, unsigned char) = (unsigned char)name;
    if (rule->name) {
        apr_hash_set(making->names, rule->name, APR_HASH_KEY_STRING, rule);
    }
    run->name_of = (const unsigned char *)making->name_of->elts;
    if (!(run->names & 1u << name)) {
        run->lines[name] = rule->place.line;
    }
    run->names |= 1u << name;
    run->regexes += rule->nth_regex != 0;
    making->met.rules++;
    making->met.regexes += rule->nth_regex != 0;
    r307_limit_count(making->version->p, &run->block.tally, rule);
    run->block.doubts += r307_start_lint_doubts(making->version->p, rule);
    run->block.needs_base = run->block.needs_base || r307_config_is_relative(rule);
}

/* An r307_scan_take_t. What is wrong with a line is not said here: the line stays, and
 * httpd has it said. So does a name that is not the only one of its kind in the file,
 * since that may be right or wrong by what the server defines. */
static r307_taking_t take(void *baton, int run, int name, const char *args,
                          unsigned number)
{
    making_t *making = baton;
    const r307_rule_t *rule = NULL;
    const char *err;
    r307_hoist_t *made;

    making->cmd.cmd = making->commands[name];
    making->cmd.info = making->cmd.cmd->cmd_data;
    making->line.directive = making->cmd.cmd->name;
    making->line.args = args;
    making->line.line_num = (int)number;
    err = r307_rule_directive_parse(making->reading, &making->cmd, &making->container,
                                    &making->met, !making->is_once, args, &rule);
    if (err || !rule) {     /* what stands in for a bad line is a rule among the others */
        return rule ? R307_SCAN_STAYS : R307_SCAN_NO_RULE;
    }
    if (rule->name && apr_hash_get(making->names, rule->name, APR_HASH_KEY_STRING)) {
        return R307_SCAN_STAYS;
    }
    if (!may_group(making, run, rule)) {
        making->is_torn = 1;
        return R307_SCAN_STAYS;
    }
    made = run_at(making, run, number);
    if (r307_ruleset_add(making->version->p, made->block.rules, rule)) {
        return R307_SCAN_STAYS;
    }
    add_rule(making, made, name, rule);
    making->version->weight += RULE_WEIGHT + BYTE_WEIGHT * strlen(args)
                               + (rule->pattern && rule->pattern->regex ? REGEX_WEIGHT
                                                                        : 0);
    return R307_SCAN_TAKEN;
}

static int prepare(making_t *making, request_rec *r, r307_version_t *version, size_t most)
{
    int i;

    memset(making, 0, sizeof(*making));
    making->version = version;
    making->is_once = most == 0;
    making->cmd.pool = version->p;
    making->reading = r307_reading_of(&making->cmd);
    making->cmd.temp_pool = version->p;     /* the same: this is .htaccess */
    making->cmd.server = r->server;
    making->cmd.override = OR_FILEINFO;
    making->cmd.directive = &making->line;
    making->line.filename = version->file;
    making->runs = apr_array_make(r->pool, 4, sizeof(r307_hoist_t *));
    making->names = apr_hash_make(version->p);
    making->groups = apr_hash_make(version->p);
    for (i = 0; r307_hoisted[i]; i++) {
        making->commands[i] = ap_find_command(r307_hoisted[i], redirect307_module.cmds);
    }
    return r307_container_find(&making->cmd, &making->container) == NULL;
}

/* --- the version --- */

static void settle_runs(making_t *making)
{
    r307_version_t *version = making->version;
    r307_progress_t before = { 0, 0, 0, 0, 0, 0 };
    int i;

    version->runs = apr_palloc(version->p,
                               (size_t)making->runs->nelts * sizeof(*version->runs));
    for (i = 0; i < making->runs->nelts; i++) {
        r307_hoist_t *run = &version->runs[i];

        *run = *APR_ARRAY_IDX(making->runs, i, r307_hoist_t *);
        run->before = before;
        before.rules += run->block.rules->rules->nelts;
        before.regexes += run->regexes;
        if (!making->is_once) {
            r307_ruleset_freeze(version->p, run->block.rules, r307_conf_indexes_seed(),
                                apr_time_now());
        }
        run->only[0] = &run->block;
        run->blocks.at = run->only;
        run->blocks.count = 1;
    }
}

/* The lines as they will be read, with a copy of their bytes. */
static void settle_lines(making_t *making, const r307_scan_t *script)
{
    r307_version_t *version = making->version;
    const apr_array_header_t *from = script->lines;
    r307_scan_line_t *lines = apr_pmemdup(version->p, from->elts,
                                            (size_t)from->nelts * sizeof(*lines));
    const r307_scan_line_t **marks;
    size_t bytes = 0;
    char *text;
    int i, count = 0;

    for (i = 0; i < from->nelts; i++) {
        bytes += lines[i].len;
        count += lines[i].run != R307_SCAN_FILE;
    }
    text = apr_palloc(version->p, bytes + 1);
    marks = apr_palloc(version->p, (size_t)count * sizeof(*marks));
    for (i = count = 0; i < from->nelts; i++) {
        memcpy(text, lines[i].text, lines[i].len);
        lines[i].text = text;
        text += lines[i].len;
        if (lines[i].run != R307_SCAN_FILE) {
            marks[count++] = &lines[i];
        }
    }
    version->lines = lines;
    version->line_count = from->nelts;
    version->marks = marks;
    version->mark_count = count;
    version->weight += VERSION_WEIGHT + bytes + (size_t)from->nelts * sizeof(*lines);
}

/* most: what it may weigh; 0: it is for this request alone. NULL: `version` is released. */
static r307_version_t *compile(request_rec *r, r307_version_t *version, const char *file,
                               int fd, const r307_stamp_t *stamp, size_t most)
{
    const char *bytes;
    r307_scan_t script;
    making_t making;
    size_t mark;

    version->stamp = *stamp;
    version->file = apr_pstrdup(version->p, file);
    bytes = read_all(most ? r->pool : version->p, fd, stamp);
    mark = bytes ? r307_htaccess_mark(bytes, (size_t)stamp->size) : 0;
    if (!bytes || !prepare(&making, r, version, most)
        || r307_scan_make(r->pool, bytes + mark, (size_t)stamp->size - mark,
                            r307_hoisted, take, &making, &script)
        || script.runs == 0 || making.is_torn
        || (script.others && apr_hash_count(making.groups))) {
        r307_version_release(version);
        return NULL;
    }
    settle_runs(&making);
    settle_lines(&making, &script);
    if (most && version->weight > most) {
        r307_version_release(version);
        return NULL;
    }
    return version;
}

r307_version_t *r307_htaccess_compile(request_rec *r, const char *file, int fd,
                                      const r307_stamp_t *stamp, size_t most)
{
    r307_version_t *version = stamp->size <= R307_HTACCESS_MOST ? r307_version_make(0) : NULL;

    return version ? compile(r, version, file, fd, stamp, most) : NULL;
}

#define LARGE_FILE (256 * 1024) /* a version takes about ten times as much */
#define LARGE_MOST 4            /* in one process: each has 64 MiB of addresses */

static apr_status_t give_back(void *large)
{
    __atomic_sub_fetch((unsigned *)large, 1, __ATOMIC_RELAXED);
    return APR_SUCCESS;
}

static r307_version_t *make_large(unsigned *large)
{
    r307_version_t *version = NULL;

    if (__atomic_add_fetch(large, 1, __ATOMIC_RELAXED) <= LARGE_MOST && sizeof(void *) >= 8) {
        version = r307_version_make(1);
    }
    if (!version) {
        give_back(large);
        return NULL;
    }
    apr_pool_cleanup_register(version->p, large, give_back, apr_pool_cleanup_null);
    return version;
}

r307_version_t *r307_htaccess_compile_once(request_rec *r, const char *file, int fd,
                                           const r307_stamp_t *stamp, unsigned *large)
{
    r307_version_t *version = NULL;

    if (stamp->size > R307_HTACCESS_MOST) {
        return NULL;
    }
    if (stamp->size >= LARGE_FILE) {
        version = make_large(large);
    }
    version = version ? version : r307_version_make(0);
    return version ? compile(r, version, file, fd, stamp, 0) : NULL;
}
