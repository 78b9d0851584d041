/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/htaccess.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>
#include <ap_mpm.h>
#include <http_core.h>
#include <http_log.h>
#include "httpd/container.h"
#include "httpd/directives.h"
#include "httpd/start_lint.h"

APLOG_USE_MODULE(redirect307);

/* A file that cannot be cached is looked at again after this. */
#define LATER apr_time_from_sec(10)

#ifdef O_CLOEXEC
#define OPEN_FLAGS (O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
#else
#define OPEN_FLAGS (O_RDONLY | O_NOCTTY | O_NONBLOCK)
#endif

static r307_config_t *config(const ap_conf_vector_t *vector)
{
    return ap_get_module_config(vector, &redirect307_module);
}

void r307_htaccess_begin(apr_pool_t *pchild, server_rec *s)
{
    const r307_config_t *main_conf = config(s->lookup_defaults);
    size_t most = (size_t)r307_config_value(main_conf, R307_SETTING_HTACCESS_SIZE);
    r307_htaccess_t *cache;
    int is_threaded = AP_MPMQ_NOT_SUPPORTED;

    ap_mpm_query(AP_MPMQ_IS_THREADED, &is_threaded);
    cache = r307_cache_make(pchild, is_threaded != AP_MPMQ_NOT_SUPPORTED, most);
    for (; s; s = s->next) {
        r307_config_t *conf = config(s->lookup_defaults);

        if (r307_config_value(conf, R307_SETTING_HTACCESS_CACHE)) {
            conf->cache = cache;
        }
    }
}

/* --- what httpd reads --- */

typedef struct cursor_t {
    const r307_version_t *version;
    ap_configfile_t file;
    int line;
    size_t offset;          /* in that line */
    r307_progress_t met;
} cursor_t;

/* What of the line is left; NULL at the end. */
static const char *rest_of_line(cursor_t *cursor, size_t *len)
{
    const r307_scan_line_t *line = &cursor->version->lines[cursor->line];

    if (cursor->line == cursor->version->line_count) {
        return NULL;
    }
    *len = line->len - cursor->offset;
    return line->text + cursor->offset;
}

static void advance(cursor_t *cursor, size_t len)
{
    cursor->offset += len;
    if (cursor->offset == cursor->version->lines[cursor->line].len) {
        cursor->offset = 0;
        cursor->line++;
    }
}

/* As apr_file_gets: a line, or what of it fits. httpd has counted one up before it
 * calls, which is right for a line behind its predecessor in the file only. */
static apr_status_t get_line(void *buf, apr_size_t size, void *param)
{
    cursor_t *cursor = param;
    char *out = buf;
    size_t len;
    const char *from = rest_of_line(cursor, &len);

    if (!from) {
        return APR_EOF;
    }
    cursor->file.line_number = cursor->version->lines[cursor->line].number;
    if (size <= 1) {
        return APR_SUCCESS;
    }
    if (len > size - 1) {
        len = size - 1;
    }
    memcpy(out, from, len);
    out[len] = '\0';
    advance(cursor, len);
    return APR_SUCCESS;
}

/* mod_macro reads the line behind a Use byte by byte, and counts at its end. */
static apr_status_t get_byte(char *c, void *param)
{
    cursor_t *cursor = param;
    size_t len;
    const char *from = rest_of_line(cursor, &len);

    if (!from) {
        return APR_EOF;
    }
    cursor->file.line_number = cursor->version->lines[cursor->line].number - 1;
    *c = *from;
    advance(cursor, 1);
    return APR_SUCCESS;
}

static apr_status_t release(void *data)
{
    r307_version_release(data);
    return APR_SUCCESS;
}

/* The caller's reference becomes the request's. */
static apr_status_t hand_out(request_rec *r, r307_version_t *version,
                             ap_configfile_t **file)
{
    cursor_t *cursor = apr_pcalloc(r->pool, sizeof(*cursor));

    apr_pool_cleanup_register(r->pool, version, release, apr_pool_cleanup_null);
    cursor->version = version;
    /* as ap_pcfg_open_custom, without a second allocation; nothing needs to be closed */
    cursor->file.name = version->file;
    cursor->file.param = cursor;
    cursor->file.getch = get_byte;
    cursor->file.getstr = get_line;
    *file = &cursor->file;
    return APR_SUCCESS;
}

/* --- the hook --- */

/* Opened as httpd would open it: same permissions, and on NFS the server is asked. The
 * descriptor, or -1. */
static int open_stamped(const char *path, r307_stamp_t *stamp)
{
    struct stat info;
    int fd = open(path, OPEN_FLAGS);

    if (fd < 0) {
        return -1;
    }
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return -1;
    }
    r307_stamp_of(&info, stamp);
    return fd;
}

/* A version seen for the second time and left alone for a while: two changes within one
 * tick of the file's clock look the same. With an age of 0 at first sight, too. */
static int is_due(const request_rec *r, apr_time_t age, const r307_stamp_t *stamp,
                  const r307_stamp_t *seen, r307_cached_t cached)
{
    if (age == 0) {
        return 1;
    }
    return cached != R307_CACHED_NOTHING && r307_stamp_same(stamp, seen)
           && r307_stamp_time(stamp) + age <= r->request_time;
}

static r307_version_t *compile(request_rec *r, r307_htaccess_t *cache, const char *path,
                               int fd, const r307_stamp_t *stamp)
{
    r307_version_t *version;

    if (!r307_cache_claim(cache, path)) {
        return NULL;
    }
    version = r307_htaccess_compile(r, path, fd, stamp, r307_cache_most(cache));
    if (version) {
        if (APLOGrtrace1(r)) {
            ap_log_rerror(APLOG_MARK, APLOG_TRACE1, 0, r, "%s is compiled: left to read "
                          "%d line%s, it takes about %" APR_SIZE_T_FMT " KiB", path,
                          version->line_count, version->line_count == 1 ? "" : "s",
                          version->weight / 1024);
        }
        r307_cache_put(cache, path, version);
    }
    else {
        r307_cache_later(cache, path, r->request_time + LATER);
    }
    return version;
}

apr_status_t r307_on_open_htaccess(request_rec *r, const char *directory,
                                   const char *name, ap_configfile_t **file,
                                   const char **full_name)
{
    const r307_config_t *conf = config(r->per_dir_config);
    apr_uint64_t key;
    apr_time_t age;
    r307_version_t *version = NULL;
    r307_stamp_t stamp, seen;
    r307_cached_t cached;
    const char *path;
    int fd;

    if (!conf->cache) {
        return AP_DECLINED;
    }
    age = r307_config_value(conf, R307_SETTING_HTACCESS_AGE);
    if (age && r307_cache_is_empty(conf->cache)) {
        return AP_DECLINED;
    }
    key = r307_cache_key(directory);
    if (age && !r307_cache_may_know(conf->cache, key)) {
        return AP_DECLINED;
    }
    cached = r307_cache_find(conf->cache, directory, name, key, r->request_time, &seen,
                             &version);
    if (cached == R307_CACHED_LATER || (cached == R307_CACHED_NOTHING && age)) {
        return AP_DECLINED;
    }
    path = version ? version->file : ap_make_full_path(r->pool, directory, name);
    fd = open_stamped(path, &stamp);
    if (version && (fd < 0 || !r307_stamp_same(&stamp, &version->stamp))) {
        path = apr_pstrdup(r->pool, path);
        r307_version_release(version);
        version = NULL;
    }
    if (fd < 0) {
        if (cached != R307_CACHED_NOTHING) {
            r307_cache_forget(conf->cache, path);
        }
        return AP_DECLINED;
    }
    if (!version) {
        r307_cache_see(conf->cache, path, &stamp);
        version = is_due(r, age, &stamp, &seen, cached)
                  ? compile(r, conf->cache, path, fd, &stamp) : NULL;
    }
    close(fd);
    if (!version) {
        return AP_DECLINED;
    }
    if (APLOGrtrace1(r)) {
        ap_log_rerror(APLOG_MARK, APLOG_TRACE1, 0, r, "%s is read from memory", path);
    }
    *full_name = path;
    return hand_out(r, version, file);
}

/* --- a byte order mark --- */

/* An editor put it there, and httpd takes it for the beginning of a directive. What is
 * read first is read through this; everything behind it is httpd's own. */
typedef struct begun_t {
    ap_configfile_t *file;
    ap_configfile_t own;
} begun_t;

static void give_back(begun_t *begun)
{
    begun->file->getch = begun->own.getch;
    begun->file->getstr = begun->own.getstr;
    begun->file->close = begun->own.close;
    begun->file->param = begun->own.param;
}

static apr_status_t get_first_line(void *buf, apr_size_t size, void *param)
{
    begun_t *begun = param;
    const ap_configfile_t *own = &begun->own;
    apr_status_t status = own->getstr(buf, size, own->param);
    char *s = buf;
    size_t mark, len;

    give_back(begun);
    if (status != APR_SUCCESS) {
        return status;
    }
    len = strlen(s);
    mark = r307_htaccess_mark(s, len);
    if (!mark) {
        return status;
    }
    len -= mark;
    memmove(s, s + mark, len + 1);
    /* httpd takes what neither fills its room nor ends a line for the end of the file */
    if (!len || s[len - 1] != '\n') {
        status = own->getstr(s + len, size - len, own->param);
        if (status == APR_EOF) {
            s[len] = '\0';
            status = APR_SUCCESS;
        }
    }
    return status;
}

/* Whoever reads byte by byte begins behind a line. */
static apr_status_t get_first_byte(char *c, void *param)
{
    begun_t *begun = param;

    give_back(begun);
    return begun->own.getch(c, begun->own.param);
}

static apr_status_t close_unread(void *param)
{
    begun_t *begun = param;

    return begun->own.close(begun->own.param);
}

size_t r307_htaccess_mark(const char *s, size_t len)
{
    size_t mark = 0;

    while (len - mark >= 3 && memcmp(s + mark, "\xef\xbb\xbf", 3) == 0) {
        mark += 3;
    }
    return mark;
}

apr_status_t r307_on_open_marked(request_rec *r, const char *directory, const char *name,
                                 ap_configfile_t **file, const char **full_name)
{
    begun_t *begun;
    apr_status_t status;

    *full_name = ap_make_full_path(r->pool, directory, name);
    status = ap_pcfg_openfile(file, r->pool, *full_name);
    if (status != APR_SUCCESS || !(*file)->getstr) {
        return status;
    }
    begun = apr_palloc(r->pool, sizeof(*begun));
    begun->file = *file;
    begun->own = **file;
    (*file)->getch = get_first_byte;
    (*file)->getstr = get_first_line;
    (*file)->close = close_unread;
    (*file)->param = begun;
    return status;
}

void r307_htaccess_note(const r307_config_t *conf, const r307_chain_t *chain)
{
    int i;

    for (i = 0; conf->cache && i < chain->count; i++) {
        const r307_block_t *block = chain->blocks[i];

        /* of a macro the file is a story */
        if (block->is_htaccess && !block->is_cached && block->file[0] == '/') {
            r307_cache_note(conf->cache, block->file);
        }
    }
}

/* --- the lines that stand for rules --- */

static cursor_t *find_cursor(const cmd_parms *cmd)
{
    const ap_configfile_t *file = cmd->config_file;

    return file && file->getstr == get_line ? file->param : NULL;
}

r307_progress_t *r307_htaccess_progress(const cmd_parms *cmd)
{
    cursor_t *cursor = find_cursor(cmd);

    return cursor ? &cursor->met : NULL;
}

/* A tenant cannot write one: httpd numbers the lines by what get_line says, and a line
 * of the file never has the number of a line that is not handed out. */
const r307_hoist_t *r307_htaccess_run(const cmd_parms *cmd)
{
    const cursor_t *cursor = find_cursor(cmd);
    unsigned number = (unsigned)cmd->directive->line_num;
    int low = 0, high;

    if (!cursor || cmd->directive->filename != cmd->config_file->name) {
        return NULL;
    }
    high = cursor->version->mark_count;
    while (low < high) {
        int middle = (low + high) / 2;
        const r307_scan_line_t *mark = cursor->version->marks[middle];

        if (mark->number == number) {
            return &cursor->version->runs[mark->run];
        }
        if (mark->number < number) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return NULL;
}

/* Which names of a run httpd will let pass: it asks for each where its line stands, but
 * the rules of all of them are added with the first. */
static unsigned allowed_names(const cmd_parms *cmd, const r307_hoist_t *run)
{
    unsigned names = run->names;
    int i;

    if (cmd->override & OR_FILEINFO) {
        return names;
    }
    for (i = 0; r307_hoisted[i]; i++) {
        if (!cmd->override_list || !apr_table_get(cmd->override_list, r307_hoisted[i])) {
            names &= ~(1u << i);
        }
    }
    return names;
}

/* Added with another name, whose line came before. One that is not allowed never came. */
static int is_here_already(const r307_hoist_t *run, unsigned names, unsigned line)
{
    int i;

    for (i = 0; r307_hoisted[i]; i++) {
        if ((names & 1u << i) && run->lines[i] < line) {
            return 1;
        }
    }
    return 0;
}

/* Blocks of one container that httpd had to read may have taken a name. Of cached ones
 * it is known that they have not. */
static int has_names_beside(const r307_chain_t *chain)
{
    int i;

    for (i = 0; chain && i < chain->count; i++) {
        if (!chain->blocks[i]->is_cached
            && apr_hash_count(chain->blocks[i]->rules->names)) {
            return 1;
        }
    }
    return 0;
}

static void refuse_at(cmd_parms *cmd, r307_config_t *conf, const r307_rule_t *rule,
                      int name, const char *text, r307_refuse_t refuse)
{
    ap_directive_t line = *cmd->directive;
    cmd_parms at = *cmd;

    at.cmd = r307_directives_find(r307_hoisted[name]);
    line.line_num = (int)rule->place.line;
    at.directive = &line;
    refuse(&at, conf, text);
}

static const char *add_one(cmd_parms *cmd, r307_config_t *conf, r307_progress_t *met,
                           const r307_hoist_t *run, const r307_rule_t *rule)
{
    const char *err = r307_config_taken(cmd->pool, conf->late, rule);
    r307_rule_t *own = apr_pmemdup(cmd->pool, rule, sizeof(*own));
    r307_block_t *block;

    if (err) {
        return err;
    }
    own->nth = ++met->rules;
    own->nth_regex = rule->nth_regex ? ++met->regexes : 0;
    block = r307_config_block(cmd->pool, conf, 1, rule->place, run->block.directory);
    block->is_htaccess = 1;
    block->needs_base = run->block.needs_base;
    r307_limit_count(cmd->pool, &block->tally, own);
    block->doubts += r307_start_lint_doubts(cmd->pool, own);
    return r307_ruleset_add(cmd->pool, block->rules, own);
}

/* As lines, one by one. Rare: a name is taken, a directive is not allowed, or a macro has
 * opened a section where rules cannot stand. */
static void add_singly(cmd_parms *cmd, r307_config_t *conf, r307_progress_t *met,
                       const r307_hoist_t *run, unsigned names, const char *wrong_place,
                       r307_refuse_t refuse)
{
    const apr_array_header_t *rules = run->block.rules->rules;
    int i;

    for (i = 0; i < rules->nelts; i++) {
        const r307_rule_t *rule = APR_ARRAY_IDX(rules, i, const r307_rule_t *);
        const char *err = wrong_place;

        if (!(names & 1u << run->name_of[i])) {
            continue;
        }
        if (!err) {
            err = add_one(cmd, conf, met, run, rule);
        }
        if (err) {
            refuse_at(cmd, conf, rule, run->name_of[i], err, refuse);
        }
    }
}

/* All of the run at once. What it cannot know is how many rules come before it where it
 * is read: there may be some that httpd had to read, or a section that does not count. */
static void add_whole(cmd_parms *cmd, r307_config_t *conf, r307_progress_t *met,
                      const r307_hoist_t *run)
{
    int rules = met->rules - run->before.rules;
    int regexes = met->regexes - run->before.regexes;
    r307_block_t *block = run->blocks[0];

    met->rules += run->block.rules->rules->nelts;
    met->regexes += run->regexes;
    if (rules || regexes) {
        block = apr_pmemdup(cmd->pool, block, sizeof(*block));
        block->shift.rules = rules;
        block->shift.regexes = regexes;
    }
    else if (!conf->late) {
        conf->late = &run->chain;
        return;
    }
    r307_config_append_block(cmd->pool, &conf->late, block);
}

void r307_htaccess_add_run(cmd_parms *cmd, r307_config_t *conf, const r307_hoist_t *run,
                           r307_refuse_t refuse)
{
    r307_progress_t *met = &find_cursor(cmd)->met;
    r307_container_t container;
    const char *wrong_place = NULL;
    unsigned names;

    conf->only_rules = 1;
    names = allowed_names(cmd, run);
    if (is_here_already(run, names, (unsigned)cmd->directive->line_num)) {
        return;
    }
    if (cmd->directive->parent) {
        wrong_place = r307_container_find(cmd, &container);
    }
    if (wrong_place || names != run->names || has_names_beside(conf->late)) {
        add_singly(cmd, conf, met, run, names, wrong_place, refuse);
    }
    else {
        add_whole(cmd, conf, met, run);
    }
}
