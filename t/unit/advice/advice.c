/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads a message as its reader does: what stands behind "write" is put in the place of what
 * the message quotes, beside the line, or is the line; what is to be left out is left out. */
#include <string.h>
#include <apr_strings.h>
#include "advice/advice.h"
#include "unit.h"

typedef struct reading_t {
    apr_pool_t *p;
    const char *line;
    const char *message;
    apr_array_header_t *quoted;     /* of const char *: what the message quotes */
} reading_t;

static void read_quoted(reading_t *reading)
{
    const char *s = reading->message, *end;

    reading->quoted = apr_array_make(reading->p, 4, sizeof(const char *));
    while ((s = strchr(s, '\''))) {
        const char *next;

        end = strchr(s + 1, '\'');
        /* a quote within what is quoted: up to the one that a blank follows */
        while (end && (next = strchr(end + 1, '\'')) && !strchr(" ;:,", end[1])) {
            end = next;
        }
        if (!end) {
            return;
        }
        APR_ARRAY_PUSH(reading->quoted, const char *) =
            apr_pstrmemdup(reading->p, s + 1, (size_t)(end - s - 1));
        s = end + 1;
    }
}

static void put(reading_t *reading, apr_array_header_t *lines, const char *before,
                size_t len, const char *middle, const char *behind)
{
    APR_ARRAY_PUSH(lines, const char *) =
        apr_pstrcat(reading->p, apr_pstrmemdup(reading->p, before, len), middle, behind,
                    NULL);
}

/* The line with `what`, where it stands, replaced: once for each place. */
static void put_replaced(reading_t *reading, apr_array_header_t *lines, const char *what,
                         const char *by)
{
    const char *at = reading->line;
    size_t len = strlen(what);
    int is_spaced = strchr(by, ' ') && !strchr(by, '"');

    for (; len && (at = strstr(at, what)); at++) {
        int begins = at == reading->line || at[-1] == ' ';
        int ends = at[len] == ' ' || at[len] == '\0';

        if (is_spaced && strstr(reading->message, "hosts have spaces")) {
            put(reading, lines, reading->line, (size_t)(at - reading->line), by, at + len);
        }
        if (at > reading->line && at[-1] == '"' && at[len] == '"') {
            put(reading, lines, reading->line, (size_t)(at - reading->line) - 1, by,
                at + len + 1);
        }
        put(reading, lines, reading->line, (size_t)(at - reading->line),
            is_spaced && begins && ends ? apr_pstrcat(reading->p, "\"", by, "\"", NULL) : by,
            at + len);
    }
}

/* The words of the line that begin with `start` replaced. */
static void put_option(reading_t *reading, apr_array_header_t *lines, const char *start,
                       const char *by)
{
    const char *at = reading->line;

    while ((at = strstr(at, start))) {
        if (at == reading->line || strchr(" \"'", at[-1])) {
            size_t before = (size_t)(at - reading->line);
            char quote = before && at[-1] != ' ' ? at[-1] : at[strlen(start)];
            const char *end = at + strlen(start) + (quote == at[strlen(start)]);

            end = quote == '"' || quote == '\'' ? strchr(end, quote) : strchr(end, ' ');
            end = end ? end + (*end != ' ') : at + strlen(at);
            put(reading, lines, reading->line,
                before - (before && at[-1] != ' '), by, end);
        }
        at++;
    }
}

static int is_option(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz-");

    return n > 1 && text[n] == '=';
}

/* What stands for something that the reader knows. */
static const char *filled(apr_pool_t *p, const char *text)
{
    static const struct {
        const char *what, *by;
    } fills[] = {
        { "https://...", "https://h.example/" }, { ",...", "" }, { "=KEY", "=abcdefgh" },
        { "YYYY-MM-DD", "2026-12-26" },
        { "an earlier until=", "until=2026-12-02" }
    };
    size_t i;

    for (i = 0; i < sizeof(fills) / sizeof(fills[0]); i++) {
        const char *at = strstr(text, fills[i].what);

        if (at) {
            text = apr_pstrcat(p, apr_pstrmemdup(p, text, (size_t)(at - text)), fills[i].by,
                               at + strlen(fills[i].what), NULL);
        }
    }
    return text;
}

/* "did you mean status=?" is about a name, "did you mean 2027?" about a year, "did you mean
 * Redirect307?" about the whole word. */
static void put_meant(reading_t *reading, apr_array_header_t *lines, const char *text)
{
    size_t n = strlen(text), k;
    int i;

    for (i = 0; i < reading->quoted->nelts; i++) {
        const char *word = APR_ARRAY_IDX(reading->quoted, i, const char *);

        k = text[n - 2] == '=' ? strcspn(word, "=") + 1
            : strncmp(text, "Redirect307", 11) == 0 ? strlen(word) : 4;
        if (strlen(word) >= k) {
            put_replaced(reading, lines, word,
                         apr_pstrcat(reading->p, apr_pstrmemdup(reading->p, text, n - 1),
                                     word + k, NULL));
        }
    }
}

/* "%2A for the character": all of them in what is quoted. */
static void put_code(reading_t *reading, apr_array_header_t *lines, const char *code)
{
    int c = r307_text_hex2(code + 1, 2), i;

    for (i = 0; i < reading->quoted->nelts; i++) {
        const char *word = APR_ARRAY_IDX(reading->quoted, i, const char *), *s;
        r307_buf_t buf;

        r307_buf_make(&buf, reading->p, 32);
        for (s = word; *s; s++) {
            if ((unsigned char)*s == c) {
                r307_buf_puts(&buf, code);
            }
            else {
                r307_buf_putc(&buf, *s);
            }
        }
        put_replaced(reading, lines, word, buf.s);
    }
    if (c < 0x20 || c == 0x7F) {        /* the message shows it in another way */
        char raw[2] = { (char)c, '\0' };
        const char *line = reading->line;

        put_replaced(reading, lines, raw, code);
        while (lines->nelts && strstr(APR_ARRAY_IDX(lines, lines->nelts - 1, const char *),
                                      raw)) {
            reading->line = APR_ARRAY_IDX(lines, lines->nelts - 1, const char *);
            put_replaced(reading, lines, raw, code);
        }
        reading->line = line;
    }
}

/* Without the control bytes, which a message shows in another way. */
static const char *without_control(apr_pool_t *p, const char *line)
{
    char *text = apr_pstrdup(p, line), *d = text;

    for (; *line; line++) {
        if ((unsigned char)*line >= 0x20 && *line != 0x7F) {
            *d++ = *line;
        }
    }
    *d = '\0';
    return text;
}

/* "leave it out", "leave then= and until= out", "leave '/b' out" */
static apr_array_header_t *left_out(reading_t *reading, const char *what)
{
    apr_array_header_t *lines = apr_array_make(reading->p, 8, sizeof(const char *));
    const char *line = reading->line, *s;
    int i;

    for (i = 0; i < reading->quoted->nelts; i++) {
        const char *word = APR_ARRAY_IDX(reading->quoted, i, const char *);
        const char *at = strstr(line, word);

        put_replaced(reading, lines, word, "");
        while (at > line && at[-1] != ' ') {
            at--;
        }
        if (at && is_option(at)) {      /* the option of a value that is quoted */
            put(reading, lines, line, (size_t)(at - line), "", at + strcspn(at, " "));
        }
    }
    APR_ARRAY_PUSH(lines, const char *) = without_control(reading->p, line);
    s = is_option(reading->message) ? apr_pstrcat(reading->p, what, " ", reading->message,
                                                  NULL) : what;
    for (; *s; s += strcspn(s, " ,") + (s[strcspn(s, " ,")] != '\0')) {
        size_t n = strcspn(s, "= ,");

        if (s[n] == '=') {
            apr_array_header_t *some = apr_array_make(reading->p, 2, sizeof(const char *));

            put_option(reading, some, apr_pstrmemdup(reading->p, s, n + 1), "");
            if (some->nelts) {
                reading->line = APR_ARRAY_IDX(some, 0, const char *);
                APR_ARRAY_PUSH(lines, const char *) = reading->line;
            }
        }
    }
    reading->line = line;
    return lines;
}

/* A word that ends in a backslash and the one behind it. */
static void put_joined(reading_t *reading, apr_array_header_t *lines, const char *word,
                       const char *by)
{
    const char *at = strstr(reading->line, word);
    size_t len = strlen(word);

    if (at && len && word[len - 1] == '\\' && at[len] == ' ') {
        const char *rest = at + len + 1;

        put(reading, lines, reading->line, (size_t)(at - reading->line), by,
            rest + strcspn(rest, " "));
    }
}

/* The option that the message is about goes, the source becomes the alternative, or ends in
 * it. */
static void put_source(reading_t *reading, apr_array_header_t *lines, const char *by)
{
    apr_array_header_t *some = left_out(reading, "");
    int i;

    for (i = 0; i < some->nelts && is_option(reading->message); i++) {
        const char *one = APR_ARRAY_IDX(some, i, const char *);

        put(reading, lines, by, strlen(by), one + strcspn(one, " "), "");
    }
}

/* The target alone. */
static void put_target(reading_t *reading, apr_array_header_t *lines, const char *by)
{
    const char *target = strchr(reading->line, ' ');

    if (target) {
        target++;
        put(reading, lines, reading->line, (size_t)(target - reading->line), by,
            target + strcspn(target, " "));
    }
}

/* The source, or source and target, which are in front. */
static void put_head(reading_t *reading, apr_array_header_t *lines, const char *by)
{
    const char *rest = reading->line + strcspn(reading->line, " ");

    put(reading, lines, by, strlen(by), rest, "");
    if (*rest) {
        rest += 1 + strcspn(rest + 1, " ");
        put(reading, lines, by, strlen(by), rest, "");
    }
}

/* Another directive, which brings its own match=. */
static apr_array_header_t *with_directive(reading_t *reading, const char *directive)
{
    apr_array_header_t *lines = apr_array_make(reading->p, 2, sizeof(const char *));
    int i, count;

    put_option(reading, lines, "match=", "");
    APR_ARRAY_PUSH(lines, const char *) = reading->line;
    count = lines->nelts;
    for (i = 0; i < count; i++) {
        const char **line = &APR_ARRAY_IDX(lines, i, const char *);

        *line = apr_pstrcat(reading->p, directive, " ", *line, NULL);
    }
    return lines;
}

/* The first two columns of a sheet with names that mean something. */
static apr_array_header_t *named_columns(reading_t *reading)
{
    apr_array_header_t *lines = apr_array_make(reading->p, 2, sizeof(const char *));
    const char *line = reading->line;

    put_replaced(reading, lines, APR_ARRAY_IDX(reading->quoted, 0, const char *), "source");
    reading->line = APR_ARRAY_IDX(lines, 0, const char *);
    put_replaced(reading, lines, APR_ARRAY_IDX(reading->quoted, 1, const char *), "target");
    reading->line = line;
    return lines;
}

/* "write the rule beside the line that names the map, with user=NAME" */
static apr_array_header_t *beside(reading_t *reading, const char *text)
{
    apr_array_header_t *lines = apr_array_make(reading->p, 2, sizeof(const char *));
    const char *option = strstr(text, "with "), *line = reading->line;
    int i;

    if (!option) {
        APR_ARRAY_PUSH(lines, const char *) = line;
    }
    else {
        option = strrchr(text, ' ') + 1;
        put_replaced(reading, lines, APR_ARRAY_IDX(reading->quoted, 0, const char *), option);
    }
    for (i = 0; i < lines->nelts; i++) {
        const char **one = &APR_ARRAY_IDX(lines, i, const char *);

        *one = apr_pstrcat(reading->p, "@beside ", *one, NULL);
    }
    return lines;
}

static apr_array_header_t *candidates(reading_t *reading, const char *alternative)
{
    apr_array_header_t *lines = apr_array_make(reading->p, 8, sizeof(const char *));
    size_t len = strlen(alternative);
    int i;

    if (strncmp(alternative, "leave ", 6) == 0) {
        return left_out(reading, alternative + 6);
    }
    if (strncmp(alternative, "Redirect307", 11) == 0 && strchr(alternative, ' ')) {
        APR_ARRAY_PUSH(lines, const char *) = alternative;
        return lines;
    }
    if (strstr(alternative, ".htaccess") || strstr(alternative, "<Directory>")) {
        APR_ARRAY_PUSH(lines, const char *) = apr_pstrcat(reading->p, "@htaccess ",
                                                          reading->line, NULL);
        return lines;
    }
    if (strncmp(alternative, "source and target", 17) == 0) {
        return named_columns(reading);
    }
    if (strncmp(reading->message, "says nothing", 12) == 0 && is_option(alternative)) {
        APR_ARRAY_PUSH(lines, const char *) = alternative;
        return lines;
    }
    if (strcmp(alternative, "a '#'") == 0) {
        APR_ARRAY_PUSH(lines, const char *) = apr_pstrcat(reading->p, "# ", reading->line,
                                                          NULL);
        return lines;
    }
    if (strstr(alternative, "<Location>")) {
        APR_ARRAY_PUSH(lines, const char *) = apr_pstrcat(reading->p, "@location ",
                                                          reading->line, NULL);
        return lines;
    }
    if (len > 2 && alternative[len - 1] == '?') {
        put_meant(reading, lines, alternative);
        if (lines->nelts) {
            return lines;
        }
    }
    if (is_option(alternative)) {
        put_option(reading, lines, apr_pstrmemdup(reading->p, alternative,
                                                  strcspn(alternative, "=") + 1),
                   alternative);
        for (i = 0; i < reading->quoted->nelts; i++) {      /* a value of two words */
            const char *word = APR_ARRAY_IDX(reading->quoted, i, const char *);

            put_replaced(reading, lines,
                         apr_pstrcat(reading->p, apr_pstrmemdup(reading->p, alternative,
                                                                strcspn(alternative, "=") + 1),
                                     word, NULL), alternative);
        }
        if (strstr(reading->message, "in the place of expr=")) {
            put_option(reading, lines, "expr=", alternative);
        }
        if (is_option(reading->message)) {      /* another option is meant */
            put_option(reading, lines,
                       apr_pstrmemdup(reading->p, reading->message,
                                      strcspn(reading->message, "=") + 1), alternative);
        }
    }
    else if (is_option(reading->message)) {
        const char *name = apr_pstrmemdup(reading->p, reading->message,
                                          strcspn(reading->message, "=") + 1);

        put_option(reading, lines, name, apr_pstrcat(reading->p, name, alternative, NULL));
    }
    if (len > 2 && alternative[0] == '%' && r307_text_hex2(alternative + 1, 2) >= 0) {
        put_code(reading, lines, alternative);
    }
    if (strcmp(alternative, "Redirect307Match") == 0) {
        return with_directive(reading, alternative);
    }
    for (i = 0; i < reading->quoted->nelts; i++) {
        put_replaced(reading, lines, APR_ARRAY_IDX(reading->quoted, i, const char *),
                     alternative);
        put_joined(reading, lines, APR_ARRAY_IDX(reading->quoted, i, const char *),
                   alternative);
    }
    if (strstr(reading->message, "write Redirect307 with a path")) {
        const char *line = reading->line;

        put_option(reading, lines, "match=", "");
        reading->line = lines->nelts ? APR_ARRAY_IDX(lines, 0, const char *) : line;
        put_head(reading, lines, apr_pstrcat(reading->p, "Redirect307 ", alternative, NULL));
        reading->line = line;
        return lines;
    }
    put_replaced(reading, lines, "\"\"", alternative);
    put_head(reading, lines, alternative);
    put_target(reading, lines, alternative);
    put_source(reading, lines, alternative);
    if (strstr(reading->message, "write: ")) {
        APR_ARRAY_PUSH(lines, const char *) = alternative;
    }
    put(reading, lines, reading->line, strlen(reading->line), " ", alternative);
    return lines;
}

/* What explains an alternative and is not to be typed. */
static const char *bare(apr_pool_t *p, const char *text)
{
    const char *model = strstr(text, "such as ");
    static const char *const ends[] = {
        " (", " beside it", " for ", " in front", " to ", ", which", " if ", " instead",
        ": ", ", and ", " in the place of ", " at most"
    };
    const char *example = strstr(text, ", as ");
    size_t i, len;

    text = model ? model + 8 : example ? example + 5 : text;
    if (strncmp(text, "https: as the target", 20) == 0) {
        return "https:";
    }
    text = strncmp(text, "it as ", 6) == 0 ? text + 6 : text;
    text = *text == '\'' && text[strlen(text) - 1] == '\''
        ? apr_pstrmemdup(p, text + 1, strlen(text) - 2) : text;
    text = strncmp(text, "in ", 3) == 0 && strstr(text, " as ") ? strstr(text, " as ") + 4
                                                                : text;
    text = strncmp(text, "one of ", 7) == 0 ? text + 7 : text;
    len = strlen(text);
    for (i = 0; i < sizeof(ends) / sizeof(ends[0]) && strncmp(text, "leave ", 6); i++) {
        const char *at = strstr(text, ends[i]);

        if (at && (size_t)(at - text) < len) {
            len = (size_t)(at - text);
        }
    }
    return filled(p, apr_pstrmemdup(p, text, len));
}

/* Whether what follows a comma is another alternative: one word up to the next, or an
 * option. */
static int is_next(const char *s)
{
    size_t n = strcspn(s, " ,");

    return strncmp(s, "or ", 3) == 0 || is_option(s) || strncmp(s, "a <", 3) == 0
        || strncmp(s, "a number ", 9) == 0
        || (n && s[n] == ',')
        || s[n] == '\0' || strncmp(s + n, " or ", 4) == 0 || strncmp(s + n, " (", 2) == 0;
}

/* "write it outside, and method=GET behind a rule": the line in front of its section. */
static apr_array_header_t *outside(reading_t *reading, const char *text)
{
    apr_array_header_t *lines = apr_array_make(reading->p, 1, sizeof(const char *));
    const char *option = strstr(text, " and method=");
    int is_rule = strncmp(reading->line, "Redirect307 ", 12) == 0;

    option = option && is_rule ? apr_pstrmemdup(reading->p, option + 4,
                                                strcspn(option + 5, " ") + 1) : "";
    put(reading, lines, "@outside ", 9, reading->line, option);
    return lines;
}

/* Splits at ", or ", " or ", and at commas between single words. */
static void add_alternatives(reading_t *reading, const char *text, apr_array_header_t *all)
{
    const char *lead = "";      /* what several words may follow */

    while (*text) {
        const char *or = strstr(text, " or "), *comma = strstr(text, ", ");
        int by_comma;
        const char *end, *one;

        while (comma && !is_next(comma + 2)) {
            comma = strstr(comma + 2, ", ");
        }
        by_comma = comma && (!or || comma < or);
        end = by_comma ? comma : or ? or : text + strlen(text);
        one = apr_pstrmemdup(reading->p, text, (size_t)(end - text));
        if (strncmp(one, "Redirect307", 11) == 0) {
            lead = apr_pstrmemdup(reading->p, one, strcspn(one, " ") + 1);
        }
        else if (*lead && !strchr(one, ' ') && strstr(reading->message, " value")) {
            one = apr_pstrcat(reading->p, lead, one, NULL);
        }
        if (*one && strncmp(one, "ask ", 4)) {      /* which is no line */
            APR_ARRAY_PUSH(all, apr_array_header_t *) =
                candidates(reading, bare(reading->p, one));
        }
        text = !*end ? end : !by_comma ? end + 4 : strncmp(end, ", or ", 5) ? end + 2
                                                                            : end + 5;
    }
}

/* Up to the end of the clause. */
static const char *clause(apr_pool_t *p, const char *s)
{
    const char *end = strstr(s, "; "), *open, *close;
    char *text = apr_pstrmemdup(p, s, end ? (size_t)(end - s) : strlen(s));

    while ((open = strstr(text, " (")) && (close = strchr(open, ')'))
           && strchr(" ,.;", close[1])) {
        text = apr_pstrcat(p, apr_pstrmemdup(p, text, (size_t)(open - text)), close + 1,
                           NULL);
    }
    return text;
}

/* "type plain ones": quotes of a word processor become plain ones. */
static apr_array_header_t *plain_quotes(reading_t *reading)
{
    apr_array_header_t *lines = apr_array_make(reading->p, 1, sizeof(const char *));
    const char *s = reading->line;
    r307_buf_t buf;

    r307_buf_make(&buf, reading->p, 64);
    while (*s) {
        int is_quote = strncmp(s, "\xE2\x80", 2) == 0 && (unsigned char)s[2] >= 0x98
            && (unsigned char)s[2] <= 0x9F;

        is_quote = is_quote ? 3 : strncmp(s, "\xC2\xAB", 2) == 0
            || strncmp(s, "\xC2\xBB", 2) == 0 ? 2 : 0;
        r307_buf_putc(&buf, is_quote ? '"' : *s);
        s += is_quote ? is_quote : 1;
    }
    APR_ARRAY_PUSH(lines, const char *) = buf.s;
    return lines;
}

apr_array_header_t *advice_read(apr_pool_t *p, const char *message, const char *line)
{
    static const char *const verbs[] = { "write: ", "write ", "did you mean " };
    apr_array_header_t *all = apr_array_make(p, 4, sizeof(apr_array_header_t *));
    reading_t reading = { p, line, message, NULL };
    const char *s = message;
    size_t i;

    advice_said(message);
    read_quoted(&reading);
    if (strstr(message, "type plain ones or none") || strstr(message, "typographic quotes")) {
        APR_ARRAY_PUSH(all, apr_array_header_t *) = plain_quotes(&reading);
        return all;
    }
    while (*s) {
        for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
            if ((s == message || s[-1] == ' ') && strncmp(s, verbs[i], strlen(verbs[i])) == 0) {
                break;
            }
        }
        if (i < sizeof(verbs) / sizeof(verbs[0])) {
            const char *text = clause(p, s + strlen(verbs[i]));

            s += strlen(verbs[i]);
            s = strstr(s, "; ") ? strstr(s, "; ") : s + strlen(s);
            if (strncmp(text, "it outside", 10) == 0) {
                APR_ARRAY_PUSH(all, apr_array_header_t *) = outside(&reading, text);
            }
            else if (strstr(text, "the line that names the map")) {
                APR_ARRAY_PUSH(all, apr_array_header_t *) = beside(&reading, text);
            }
            else {
                add_alternatives(&reading, text, all);
            }
        }
        else if (strncmp(s, "leave ", 6) == 0 && strstr(s, " out")) {
            const char *out = strstr(s, " out");

            APR_ARRAY_PUSH(all, apr_array_header_t *) =
                left_out(&reading, apr_pstrmemdup(p, s + 6, (size_t)(out - s - 6)));
            s = out + 4;
        }
        else if (strcmp(s, "keep one") == 0) {
            apr_array_header_t *some = left_out(&reading, "");

            APR_ARRAY_PUSH(all, apr_array_header_t *) = some;
            s += 8;
        }
        else {
            s++;
        }
    }
    return all;
}

void advice_check(const unit_row_t *row, const char *message, const char *line,
                  advice_try_t *try, void *baton)
{
    apr_pool_t *p = row->table->p;
    apr_array_header_t *all = advice_read(p, message, line);
    int i, k;

    if (advice_is_none(message)) {
        return;
    }
    for (i = 0; i < all->nelts; i++) {
        const apr_array_header_t *lines = APR_ARRAY_IDX(all, i, apr_array_header_t *);
        const char *why = "nothing to try", *first = "";

        for (k = 0; k < lines->nelts && why; k++) {
            const char *one = APR_ARRAY_IDX(lines, k, const char *);
            const char *bad = try(baton, p, one);

            first = k == 0 ? one : first;
            why = k == 0 || !bad ? bad : why;
        }
        unit_rows_add(1);
        if (why) {
            unit_row_fail(row, message, why, apr_psprintf(p, "advice that works, as in: %s",
                                                          first));
        }
    }
    if (all->nelts == 0) {
        unit_row_fail(row, "advice", message, "what to write, or to leave out");
    }
}
