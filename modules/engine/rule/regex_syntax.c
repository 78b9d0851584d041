/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/regex_syntax.h"

#include <string.h>

static const char digits[] = "0123456789";

/* --- groups --- */

static void be_group(r307_regex_item_t *item, r307_group_kind_t group, const char *end)
{
    r307_item_be(item, R307_ITEM_OPEN, end);
    item->group = group;
}

/* A reference or a recursion up to its ')'. */
static void be_call(r307_regex_item_t *item, const char *s)
{
    s += strcspn(s, "()");
    r307_item_be(item, R307_ITEM_OTHER, *s == ')' ? s + 1 : NULL);
}

/* Behind "(?C": a number, or a text in whose end its mark is written once. */
static void read_callout(r307_regex_item_t *item, const char *s)
{
    char mark = *s;

    if (mark && strchr("`'\"^%#${", mark)) {
        mark = mark == '{' ? '}' : mark;
        for (s++; *s && (*s != mark || s[1] == mark); s++) {
            s += *s == mark;
        }
        s += *s != '\0';
    }
    else {
        s += strspn(s, digits);
    }
    r307_item_be(item, R307_ITEM_POINT, *s == ')' ? s + 1 : NULL);
}

/* Behind "(*": a verb, or a group that has a name for what it is. */
static void read_verb(r307_regex_item_t *item, const char *s)
{
    const char *name = s, *end = s + strspn(s, "abcdefghijklmnopqrstuvwxyz_");

    if (end == name) {
        r307_item_be(item, R307_ITEM_OTHER, r307_item_behind(s, ')'));
    }
    else if (*end == ':' && strncmp(name, "atomic:", 7) == 0) {
        be_group(item, R307_GROUP_PLAIN, end + 1);
    }
    else if (*end == ':' && (*name == 'p' || *name == 'n')) {    /* positive, negative, non */
        be_group(item, R307_GROUP_LOOK, end + 1);
    }
}

/* Behind "(?": flags, alone or of a group. */
static void read_flags(r307_regex_reader_t *reader, r307_regex_item_t *item, const char *s)
{
    item->flags = r307_slice(s, strspn(s, "^-imsxnJUar"));
    s += item->flags.len;
    if (*s != ')' && *s != ':') {
        return;
    }
    reader->is_extended |= memchr(item->flags.s, 'x', item->flags.len) != NULL;
    be_group(item, R307_GROUP_PLAIN, s + 1);
    item->kind = *s == ')' ? R307_ITEM_FLAGS : R307_ITEM_OPEN;
}

/* At '('. */
static void read_group(r307_regex_reader_t *reader, r307_regex_item_t *item)
{
    const char *s = item->at + 2;
    int is_name = s[-1] == '?' && s[0] == 'P' && s[1] == '<';

    if (s[-1] == '*') {
        read_verb(item, s);
    }
    else if (s[-1] != '?') {
        be_group(item, R307_GROUP_CAPTURE, s - 1);
    }
    else if (*s == '=' || *s == '!' || *s == '*') {
        be_group(item, R307_GROUP_LOOK, s + 1);
    }
    else if (*s == '<' && s[1] && strchr("=!*", s[1])) {
        be_group(item, R307_GROUP_LOOK, s + 2);
    }
    else if (*s == '<' || *s == '\'' || is_name) {
        be_group(item, R307_GROUP_CAPTURE, r307_item_behind(s + 1 + is_name, *s == '\'' ? '\'' : '>'));
    }
    else if (*s == '>' || *s == '|') {
        be_group(item, *s == '|' ? R307_GROUP_RESET : R307_GROUP_PLAIN, s + 1);
    }
    else if (*s == '(') {       /* "(?(?=a)b|c)": what is asked is a group itself */
        be_group(item, R307_GROUP_CONDITION, s[1] == '?' || s[1] == '*' ? s : r307_item_behind(s, ')'));
    }
    else if (*s == 'C') {
        read_callout(item, s + 1);
    }
    else if (*s && (strchr("PR&+0123456789", *s) || (*s == '-' && strchr(digits, s[1])))) {
        be_call(item, s);
    }
    else {
        read_flags(reader, item, s);
    }
}

/* --- quantifiers --- */

/* "{n}", "{n,}", "{n,m}" at s: what stands behind it; s when it is a literal brace. NULL:
 * one to some versions of PCRE2, and a literal to others. */
static const char *read_braces(const char *s, size_t *least, size_t *most)
{
    const char *t = s + 1;
    size_t n = strspn(t, digits), more;

    if (*t == ' ' || *t == ',') {
        return NULL;
    }
    if (!n) {
        return s;
    }
    *least = *most = (size_t)r307_text_number(r307_slice(t, n), 65535);
    t += n;
    if (*t == ',') {
        more = strspn(++t, digits);
        *most = more ? (size_t)r307_text_number(r307_slice(t, more), 65535)
                     : R307_REPEAT_ANY;
        t += more;
    }
    if (*t == ' ') {
        return NULL;
    }
    return *t == '}' ? t + 1 : s;
}

static void read_quantifier(r307_regex_reader_t *reader, r307_regex_item_t *item)
{
    const char *s = reader->s;
    size_t least = 1, most = 1;

    if (*s && strchr("*+?", *s)) {
        least = *s == '+';
        most = *s == '?' ? 1 : R307_REPEAT_ANY;
        s++;
    }
    else if (*s == '{') {
        s = read_braces(s, &least, &most);
    }
    if (!s) {
        reader->is_lost = 1;
        item->least = 0;
        item->most = R307_REPEAT_ANY;
        return;
    }
    if (s != reader->s) {
        item->least = least;
        item->most = most;
        reader->s = s + (*s == '?' || *s == '+');
    }
}

/* --- items --- */

static void skip_nothing(r307_regex_reader_t *reader)
{
    for (;;) {
        const char *s = reader->s, *end = NULL;

        if (strncmp(s, "\\E", 2) == 0) {
            reader->is_quoted = 0;
            end = s + 2;
        }
        else if (!reader->is_quoted && strncmp(s, "\\Q\\E", 4) == 0) {
            end = s + 4;
        }
        else if (!reader->is_quoted && strncmp(s, "(?#", 3) == 0) {
            end = r307_item_behind(s, ')');
        }
        if (!end) {
            return;
        }
        reader->s = end;
    }
}

static void read_plain(r307_regex_reader_t *reader, r307_regex_item_t *item)
{
    const char *s = item->at;
    size_t least, most;

    switch (*s) {
    case '\\':
        r307_item_read_escape(item, s);
        return;
    case '[':
        r307_item_read_class(item, reader->is_extended);
        return;
    case '(':
        read_group(reader, item);
        return;
    case '.':
        r307_item_be_any(item, s + 1);
        return;
    case '^':
        r307_item_be(item, R307_ITEM_BEGIN, s + 1);
        return;
    case '$':
        r307_item_be(item, R307_ITEM_LAST, s + 1);
        return;
    case '|':
        r307_item_be(item, R307_ITEM_OR, s + 1);
        return;
    case ')':
        r307_item_be(item, R307_ITEM_CLOSE, s + 1);
        return;
    default:
        if (!strchr("*+?", *s) && (*s != '{' || read_braces(s, &least, &most) == s)
            && !(reader->is_extended && strchr(" \t\n\v\f\r#", *s))) {
            r307_item_be_byte(item, (unsigned char)*s, s + 1);
        }
    }
}

void r307_regex_read(r307_regex_reader_t *reader, r307_regex_item_t *item)
{
    memset(item, 0, sizeof(*item));
    item->kind = R307_ITEM_LOST;
    item->least = item->most = 1;
    skip_nothing(reader);
    if (!reader->is_quoted && strncmp(reader->s, "\\Q", 2) == 0) {
        reader->is_quoted = 1;
        reader->s += 2;
    }
    item->at = item->end = reader->s;
    if (reader->is_lost) {
        return;
    }
    if (!*reader->s) {
        item->kind = R307_ITEM_END;
        return;
    }
    if (reader->is_quoted) {
        r307_item_be_byte(item, (unsigned char)*reader->s, reader->s + 1);
    }
    else {
        read_plain(reader, item);
    }
    if (item->kind == R307_ITEM_LOST) {
        reader->is_lost = 1;
        item->end = item->at;
        return;
    }
    reader->s = item->end;
    skip_nothing(reader);
    if (!reader->is_quoted && (item->kind == R307_ITEM_BYTE || item->kind == R307_ITEM_SET
                               || item->kind == R307_ITEM_CLOSE
                               || item->kind == R307_ITEM_OTHER)) {
        read_quantifier(reader, item);
    }
}

void r307_regex_close(r307_regex_reader_t *reader, r307_regex_item_t *item)
{
    int depth = 1;

    while (depth > 0) {
        r307_regex_read(reader, item);
        if (item->kind == R307_ITEM_END || item->kind == R307_ITEM_LOST) {
            item->kind = R307_ITEM_LOST;
            return;
        }
        depth += item->kind == R307_ITEM_OPEN;
        depth -= item->kind == R307_ITEM_CLOSE;
    }
}

int r307_regex_has_alternative(const char *pattern)
{
    r307_regex_reader_t reader = r307_regex_reader(pattern);
    r307_regex_item_t item;

    do {
        r307_regex_read(&reader, &item);
        if (item.kind == R307_ITEM_OPEN) {
            r307_regex_close(&reader, &item);
        }
    } while (item.kind != R307_ITEM_END && item.kind != R307_ITEM_OR
             && item.kind != R307_ITEM_LOST);
    return item.kind != R307_ITEM_END;
}
