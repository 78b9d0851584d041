/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines that are put together from what people type, right and wrong: who does what the
 * messages say comes to a rule, and is never led in a circle. */
#include <string.h>
#include <apr_strings.h>
#include "advice/advice.h"
#include "unit.h"

#define LINES 4000
#define STEPS 9

static const char *const words[] = {
    "/a", "/b/", "/old", "/x.html", "https://h.example/", "https://h.example", "-", "/c/*",
    "/d/:id", "301", "302", "307", "410", "gone", "Gone", "permanent", "temp", "[301]",
    "(302)", "301;", "[R=301,L]", "[R,NC]", "[G]", "NC", "L", "R=302", "->", "=>", "to", "|",
    ",", "/a->/b", "code=301", "type=temp", "status=301", "status=gone", "status:302",
    "--status=303", "-match=exact", "until=2026-12-31", "until=2026-12-31 18:00",
    "cache=2 hours", "cache=1h", "name=x", "case=ignore", "query=drop", "query:drop",
    "\"/a b\"", "/a b", "match=exact", "then=308", "percent=10", "R=permanent", "redirect=gone",
    "^/r(.*)$", "host=h.example", "from=1.12.2026", "$1", ":splat", "%{HTTP_HOST}", "\"\""
};
#define WORDS (sizeof(words) / sizeof(words[0]))

/* The first line that the message shows whole; NULL: it shows none. */
static const char *line_of(apr_pool_t *p, const char *message)
{
    const char *at = strstr(message, "write: Redirect307");
    const char *end;

    if (!at) {
        return NULL;
    }
    at += strlen("write: ");
    end = strstr(at, ", or ");
    end = end ? end : strstr(at, "; ");
    return apr_pstrmemdup(p, at, end ? (size_t)(end - at) : strlen(at));
}

static const char *parse(apr_pool_t *p, const char *line)
{
    size_t n = strcspn(line, " ");
    r307_place_t place = { "unit", 1 };
    const r307_rule_t *rule = NULL;
    r307_context_t context;

    unit_context_make(p, "server", apr_pstrmemdup(p, line, n), &context);
    return r307_line_parse(p, line + n, place, &context, &rule);
}

void advice_storm(void)
{
    apr_pool_t *p = unit_pool(), *one;
    unsigned seed = 307;
    int i, k, lines = 0;

    ck_assert(!apr_pool_create(&one, p));
    for (i = 0; i < LINES; i++) {
        const char *line = "Redirect307", *first, *bad = NULL;

        apr_pool_clear(one);
        for (k = 0; k < 2 + i % 4; k++) {
            seed = seed * 1103515245u + 12345u;
            line = apr_pstrcat(one, line, " ", words[(seed >> 8) % WORDS], NULL);
        }
        first = line;
        for (k = 0; k < STEPS && line; k++) {
            bad = parse(one, line);
            line = bad ? line_of(one, bad) : NULL;
            lines += line != NULL;
        }
        unit_rows_add(1);
        ck_assert_msg(!line, "%s: after %d lines that were advised still: %s", first, STEPS,
                      bad);
    }
    ck_assert_msg(lines > LINES / 10, "%d lines were advised", lines);
    apr_pool_destroy(p);
}
