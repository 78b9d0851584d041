/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/directive_names.h"

#include <stddef.h>
#include <string.h>
#include <apr_strings.h>

#define NEAR_MOST 2             /* edits */

#define DIRECTIVE(id, name, kind, stands, write, least, most, read, values, help) \
    [id] = { id, name, kind, stands, write, least, most, read, { values { 0, 0, 0 } } },
#define VALUE(id, member, fallback) { 1, id, offsetof(r307_said_t, member) },
const r307_directive_row_t r307_directive_rows[R307_DIRECTIVE_COUNT + 1] = {
#include "conf/directive_table.h"
    [R307_DIRECTIVE_COUNT] = { R307_DIRECTIVE_COUNT, NULL, R307_LINE_RULE,
                               R307_STANDS_EVERYWHERE, NULL, 0, 0, NULL, NULL,
                               { { 0, 0, 0 } } }
};

#define DIRECTIVE(id, name, kind, stands, write, least, most, read, values, help) values
#define VALUE(id, member, fallback) [id] = (fallback),
const apr_int64_t r307_setting_fallbacks[R307_SETTING_COUNT] = {
#include "conf/directive_table.h"
};

r307_match_t r307_directive_match(const r307_directive_row_t *row)
{
    return row->id == R307_DIRECTIVE_MATCH ? R307_MATCH_REGEX : R307_MATCH_PREFIX;
}

const r307_directive_row_t *r307_directive_find(const char *name, size_t len)
{
    const r307_directive_row_t *row;

    for (row = r307_directive_rows; row->name; row++) {
        if (r307_text_same_fold(row->name, strlen(row->name), name, len)) {
            return row;
        }
    }
    return NULL;
}

/* Letters and digits alone, small: "Redirect-307:" is the name with marks in it. */
static const char *bare(apr_pool_t *p, const char *name)
{
    char *text = apr_pstrdup(p, name), *to = text;

    for (; *name; name++) {
        char c = r307_text_lower(*name);

        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            *to++ = c;
        }
    }
    *to = '\0';
    return text;
}

/* "RedirectMatch307" as "Redirect307Match". */
static const char *number_first(apr_pool_t *p, const char *meant)
{
    const char *number = strstr(meant, "307");

    return number && number > meant + 8 && strncmp(meant, "redirect", 8) == 0
        ? apr_pstrcat(p, "redirect307", apr_pstrmemdup(p, meant + 8,
                                                       (size_t)(number - meant - 8)),
                      number + 3, NULL) : meant;
}

const char *r307_directive_near(apr_pool_t *p, const char *name)
{
    const r307_directive_row_t *row;
    const char *near = NULL, *meant = number_first(p, bare(p, name));
    /* a name that begins as ours do is one of ours */
    int best = NEAR_MOST + 1 + (strncmp(meant, "redirect307", 11) == 0);

    if (strlen(meant) < 8 || strlen(meant) > 40) {
        return NULL;
    }
    for (row = r307_directive_rows; row->name; row++) {
        const char *name_of_row = bare(p, row->name);
        /* the edits of a long word are counted in what is not the same for all */
        size_t same = strncmp(meant, name_of_row, 8) == 0 ? 8 : 0;
        int distance = r307_text_distance(meant + same, name_of_row + same);

        if (distance < best) {
            best = distance;
            near = row->name;
        }
    }
    return near;
}

const char *r307_directive_standing(apr_pool_t *p, const r307_directive_row_t *row,
                                    const r307_standing_t *standing)
{
    if (standing->refused || row->stands == R307_STANDS_EVERYWHERE) {
        return standing->refused;
    }
    if (standing->is_htaccess) {
        return apr_psprintf(p, "%s is not allowed in .htaccess; ask the server's "
                            "administrator", row->name);
    }
    if (row->stands >= R307_STANDS_SERVER && standing->is_section) {
        return apr_psprintf(p, "%s does not stand in a section; write it outside of all",
                            row->name);
    }
    if (row->stands == R307_STANDS_GLOBAL && standing->is_virtual) {
        return apr_psprintf(p, "%s is for all virtual hosts together; write it outside of "
                            "<VirtualHost>", row->name);
    }
    return NULL;
}

const char *r307_directive_read(apr_pool_t *p, const r307_directive_row_t *row,
                                const char *args, const r307_standing_t *standing,
                                r307_said_t *setting)
{
    r307_words_form_t form = { row->write, row->choices };
    apr_array_header_t *words;
    const char *bad;

    memset(setting, 0, sizeof(*setting));
    setting->size = setting->time = R307_UNSAID;
    if (row->read == r307_setting_base && !standing->is_htaccess
        && !standing->directory) {
        return "says what sources in a directory are relative to; write it in .htaccess or "
               "in a <Directory> without wildcards";
    }
    bad = r307_token_split(p, args, &words);
    if (!bad && (words->nelts < row->least || words->nelts > row->most)) {
        bad = apr_psprintf(p, "%s; write: %s %s", words->nelts < row->least
                           ? "a value is missing" : "too many values", row->name,
                           row->write);
    }
    bad = bad ? bad : row->read(p, words, &form, setting);
    if (!bad && row->read == r307_setting_status) {
        bad = setting->link && !standing->is_htaccess && !standing->directory
            ? "own is about a directory; write it in .htaccess or in a <Directory> without "
              "wildcards"
            : !setting->link && standing->is_htaccess
            ? "a .htaccess has a page of its own alone; write: Redirect307Status own "
              "link=NAME=LONG-SECRET-KEY" : NULL;
    }
    if (!bad && row->read == r307_setting_cache && setting->size != R307_UNSAID
        && standing->is_virtual) {
        bad = "a size is for the whole server; write it outside of <VirtualHost>";
    }
    return bad;
}
