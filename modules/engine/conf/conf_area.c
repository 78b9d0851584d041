/* SPDX-License-Identifier: Apache-2.0
 *
 * What holds in one place of a configuration, and where it lies inside of another. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "conf/conf_site.h"

#include <string.h>
#include <pcre2.h>
#include <apr_file_info.h>
#include <apr_fnmatch.h>
#include <apr_strings.h>

void r307_area_make(apr_pool_t *p, r307_area_t *part)
{
    memset(part, 0, sizeof(*part));
    part->conf = r307_config_create(p, apr_pstrdup(p, ""));
    part->override = R307_OVERRIDE_UNSET;
}

/* As httpd's core_opts_merge. */
void r307_links_merge(r307_links_t *links, const r307_links_t *add_to)
{
    if (add_to->is_whole) {
        *links = *add_to;
        return;
    }
    links->add = (links->add & ~add_to->remove) | add_to->add;
    links->remove = (links->remove & ~add_to->add) | add_to->remove;
    links->on = (links->on & ~links->remove) | links->add;
}

static const apr_array_header_t *join(apr_pool_t *p, const apr_array_header_t *a,
                                      const apr_array_header_t *b)
{
    return a && b ? apr_array_append(p, a, b) : a ? a : b;
}

void r307_area_merge(apr_pool_t *p, const r307_area_t *base, const r307_area_t *add_to,
                     r307_area_t *merged)
{
    r307_area_t part = *base;

    part.conf = r307_config_merge(p, base->conf, add_to->conf);
    part.override = add_to->override == R307_OVERRIDE_UNSET ? base->override
                                                            : add_to->override;
    part.override_list = add_to->override_list ? add_to->override_list
                                               : base->override_list;
    part.files = join(p, base->files, add_to->files);
    part.ifs = join(p, base->ifs, add_to->ifs);
    part.maybes = join(p, base->maybes, add_to->maybes);
    part.between = join(p, base->between, add_to->between);
    if (add_to->require) {
        part.require = add_to->require;
        part.is_granted = add_to->is_granted;
        part.is_denied = add_to->is_denied;
    }
    part.compat = add_to->compat ? add_to->compat : base->compat;
    part.failing = add_to->failing ? add_to->failing : base->failing;
    r307_links_merge(&part.links, &add_to->links);
    part.has_views = base->has_views || add_to->has_views;
    *merged = part;
}

int r307_area_is(const r307_area_section_t *section, const char *text)
{
    size_t len;

    if (section->regex) {
        pcre2_match_data *data = pcre2_match_data_create(1, NULL);
        int found = pcre2_match(section->regex, (PCRE2_SPTR)text, strlen(text), 0, 0, data,
                                NULL) >= 0;

        pcre2_match_data_free(data);
        return found;
    }
    if (section->is_glob) {
        return apr_fnmatch(section->text, text, APR_FNM_PATHNAME) == APR_SUCCESS;
    }
    if (!r307_node_is(section->node, "Location")) {
        return strcmp(section->text, text) == 0;
    }
    len = strlen(section->text);
    return strncmp(section->text, text, len) == 0
        && (!len || section->text[len - 1] == '/' || text[len] == '/' || !text[len]);
}

/* --- sections --- */

static const char *word_at(const apr_array_header_t *words, int i)
{
    return i < words->nelts ? APR_ARRAY_IDX(words, i, const char *) : "";
}

static apr_status_t free_regex(void *regex)
{
    pcre2_code_free(regex);
    return APR_SUCCESS;
}

static void *compile(apr_pool_t *p, const char *text)
{
    PCRE2_SIZE at;
    int error;
    void *regex = pcre2_compile((PCRE2_SPTR)text, strlen(text),
                                PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY, &error, &at, NULL);

    if (regex) {
        apr_pool_cleanup_register(p, regex, free_regex, apr_pool_cleanup_null);
    }
    return regex;
}

static int count_slashes(const char *path)
{
    int count = 0;

    for (; *path; path++) {
        count += *path == '/';
    }
    return count;
}

/* A directory as httpd compares it: tidy, with '/' at its end. */
static const char *whole(apr_pool_t *p, const char *name)
{
    char *full = NULL;

    if (apr_filepath_merge(&full, NULL, name, APR_FILEPATH_TRUENAME, p) != APR_SUCCESS) {
        full = apr_pstrdup(p, name);
    }
    return full[strlen(full) - 1] == '/' ? full : apr_pstrcat(p, full, "/", NULL);
}

r307_area_section_t *r307_area_section_make(apr_pool_t *p, const r307_node_t *node)
{
    r307_area_section_t *section = apr_pcalloc(p, sizeof(*section));
    const r307_section_row_t *row = r307_section_find(node->name, strlen(node->name));
    apr_array_header_t *words = r307_conf_words(p, node->args);
    int is_regex = row->is_match || strcmp(word_at(words, 0), "~") == 0;
    const char *text = word_at(words, is_regex && !row->is_match);

    section->node = node;
    r307_area_make(p, &section->part);
    if (is_regex) {
        section->regex = compile(p, text);
        section->text = text;
        section->components = count_slashes(text);
        return section;
    }
    section->text = row->kind == R307_SECTION_DIRECTORY ? whole(p, text) : text;
    section->is_glob = apr_fnmatch_test(section->text) != 0;
    section->components = strcmp(section->text, "/") == 0 ? 0
                                                          : count_slashes(section->text);
    return section;
}
