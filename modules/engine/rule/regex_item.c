/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/regex_item.h"

#include <string.h>

static const char digits[] = "0123456789";

/* --- bytes and sets --- */

static void add_range(r307_byteset_t *set, int from, int to)
{
    for (; from <= to; from++) {
        r307_byteset_add(set, (unsigned char)from);
    }
}

static void add_text(r307_byteset_t *set, const char *text)
{
    for (; *text; text++) {
        r307_byteset_add(set, (unsigned char)*text);
    }
}

static void flip(r307_byteset_t *set)
{
    size_t i;

    for (i = 0; i < sizeof(set->bits); i++) {
        set->bits[i] = (unsigned char)~set->bits[i];
    }
}

/* "\d" and its like; 0 when the letter is none. */
static int add_letter(r307_byteset_t *set, char letter)
{
    r307_byteset_t some;
    size_t i;

    memset(&some, 0, sizeof(some));
    switch (r307_text_lower(letter)) {
    case 'd':
        add_range(&some, '0', '9');
        break;
    case 'w':
        add_range(&some, '0', '9');
        add_range(&some, 'A', 'Z');
        add_range(&some, 'a', 'z');
        add_text(&some, "_");
        break;
    case 's':
        add_text(&some, " \t\n\v\f\r");
        break;
    case 'h':
        add_text(&some, " \t\xA0");
        break;
    case 'v':
        add_text(&some, "\n\v\f\r\x85");
        break;
    default:
        return 0;
    }
    if (letter >= 'A' && letter <= 'Z') {
        flip(&some);
    }
    for (i = 0; i < sizeof(set->bits); i++) {
        set->bits[i] |= some.bits[i];
    }
    return 1;
}

/* A byte that is easily read, if the set has one. */
static unsigned char one_of(const r307_byteset_t *set)
{
    static const char liked[] = "x1 -/a";
    int c;

    for (c = 0; liked[c]; c++) {
        if (r307_byteset_has(set, (unsigned char)liked[c])) {
            return (unsigned char)liked[c];
        }
    }
    for (c = 0; c < 255 && !r307_byteset_has(set, (unsigned char)c); c++) {
        continue;
    }
    return (unsigned char)c;
}

void r307_item_be_byte(r307_regex_item_t *item, int byte, const char *end)
{
    item->kind = byte < 0 || byte > 255 ? R307_ITEM_LOST : R307_ITEM_BYTE;
    item->byte = (unsigned char)byte;
    item->end = end;
}

static void be_set(r307_regex_item_t *item, const char *end)
{
    item->kind = R307_ITEM_SET;
    item->byte = one_of(&item->set);
    item->end = end;
}

void r307_item_be_any(r307_regex_item_t *item, const char *end)
{
    memset(&item->set, 0xFF, sizeof(item->set));
    be_set(item, end);
}

void r307_item_be(r307_regex_item_t *item, r307_item_kind_t kind, const char *end)
{
    item->kind = end ? kind : R307_ITEM_LOST;
    item->end = end;
}

const char *r307_item_behind(const char *s, char c)
{
    s = strchr(s, c);
    return s ? s + 1 : NULL;
}

/* --- escapes --- */

static int digit_of(char c)
{
    c = r307_text_lower(c);
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* A number in braces, or of up to `most` digits; bytes alone are understood. */
static void read_number(r307_regex_item_t *item, const char *s, int base, int most)
{
    int in_braces = *s == '{', value = 0, n = 0;

    for (s += in_braces; digit_of(*s) < base && value < 256 && (in_braces || n < most); n++) {
        value = value * base + digit_of(*s++);
    }
    if (in_braces && (*s != '}' || !n)) {
        value = -1;
    }
    r307_item_be_byte(item, value, s + in_braces);
}

/* The end of "{name}", "<name>", "'name'", or of a number, behind \g, \k or \p. */
static const char *end_of_name(const char *s)
{
    if (*s == '{' || *s == '<' || *s == '\'') {
        return r307_item_behind(s + 1, *s == '{' ? '}' : *s == '<' ? '>' : '\'');
    }
    s += *s == '+' || *s == '-';
    return strspn(s, digits) ? s + strspn(s, digits) : NULL;
}

/* Letters and digits that stand for something; s is at it. */
static void read_letter(r307_regex_item_t *item, const char *s)
{
    static const char letters[] = "tnrfea", bytes[] = "\t\n\r\f\x1B\a";
    char c = *s++;

    if (strchr(letters, c)) {
        r307_item_be_byte(item, bytes[strchr(letters, c) - letters], s);
    }
    else if (add_letter(&item->set, c)) {
        be_set(item, s);
    }
    else if (strchr("AzZbBGK", c)) {
        r307_item_be(item, c == 'A' ? R307_ITEM_BEGIN : c == 'z' ? R307_ITEM_LAST : R307_ITEM_POINT, s);
    }
    else if (c == 'x') {
        read_number(item, s, 16, 2);
    }
    else if (c == '0' && *s == '{') {
        r307_item_be_byte(item, 0, s);
    }
    else if (c == '0' || (c == 'o' && *s == '{')) {
        read_number(item, s, 8, 2);
    }
    else if (c == 'c' && *s > ' ' && *s <= '~') {
        r307_item_be_byte(item, r307_text_upper(*s) ^ 0x40, s + 1);
    }
    else if (c == 'N' || c == 'C') {
        r307_item_be_any(item, s);
    }
    else if (c == 'p' || c == 'P') {
        const char *end = r307_text_is(*s, R307_IS_ALPHA) ? s + 1 : end_of_name(s);

        r307_item_be_any(item, end ? end : s);
        r307_item_be(item, R307_ITEM_SET, end);
    }
    else if (c == 'R' || c == 'X') {
        r307_item_be(item, R307_ITEM_OTHER, s);
    }
    else if (c == 'g' || c == 'k') {
        r307_item_be(item, R307_ITEM_OTHER, end_of_name(s));
    }
    else {
        r307_item_be(item, R307_ITEM_OTHER, c >= '1' && c <= '9' ? s + strspn(s, digits) : NULL);
    }
}

void r307_item_read_escape(r307_regex_item_t *item, const char *s)
{
    char c = s[1];

    if (c && (c == '_' || !r307_text_is(c, R307_IS_NAME))) {
        r307_item_be_byte(item, (unsigned char)c, s + 2);
    }
    else if (c) {
        read_letter(item, s + 1);
    }
}

/* --- classes --- */

typedef struct class_t {
    r307_byteset_t set;
    int count;              /* members */
    int first;              /* the first one, if it is a byte, else -1 */
    int from;               /* a byte with which a range may begin, else -1 */
    int in_range;           /* behind its '-' */
    int is_all;             /* one of them is not looked into */
} class_t;

static void add_member(class_t *class, int byte)
{
    class->first = class->count++ ? class->first : byte;
    if (class->in_range && byte >= class->from) {
        add_range(&class->set, class->from, byte);
    }
    else if (byte >= 0) {
        r307_byteset_add(&class->set, (unsigned char)byte);
    }
    if (class->in_range && byte < 0) {
        r307_byteset_add(&class->set, '-');
    }
    class->from = class->in_range ? -1 : byte;
    class->in_range = 0;
}

/* Behind "[:alpha:]" at s; NULL when there is none. */
static const char *end_of_posix(const char *s)
{
    const char *t;

    if (s[0] != '[' || !s[1] || !strchr(":.=", s[1])) {
        return NULL;
    }
    for (t = s + 2; *t && *t != ']' && !(*t == '[' && t[1] == s[1]); t++) {
        if (*t == s[1] && t[1] == ']') {
            return t + 2;
        }
        t += *t == '\\' && (t[1] == ']' || t[1] == '\\');
    }
    return NULL;
}

/* One member that is not quoted. NULL: not understood. */
static const char *read_member(class_t *class, const char *s)
{
    const char *posix = end_of_posix(s);
    r307_regex_item_t item;

    if (posix) {
        class->is_all = 1;
        add_member(class, -1);
        return posix;
    }
    if (*s != '\\') {
        add_member(class, (unsigned char)*s);
        return s + 1;
    }
    memset(&item, 0, sizeof(item));
    item.kind = R307_ITEM_LOST;
    r307_item_read_escape(&item, s);
    if (s[1] == 'b') {
        r307_item_be_byte(&item, '\b', s + 2);
    }
    else if (s[1] >= '1' && s[1] <= '7') {      /* no reference in here */
        read_number(&item, s + 1, 8, 3);
    }
    if (item.kind == R307_ITEM_BYTE) {
        add_member(class, item.byte);
        return item.end;
    }
    if (item.kind == R307_ITEM_SET) {
        size_t i;

        for (i = 0; i < sizeof(class->set.bits); i++) {
            class->set.bits[i] |= item.set.bits[i];
        }
        add_member(class, -1);
        return item.end;
    }
    return NULL;
}

/* Where the members begin; whatever is nothing may stand in front of '^' and behind it. */
static const char *read_class_head(const char *s, int *is_negated)
{
    for (*is_negated = 0;;) {
        if (strncmp(s, "\\E", 2) == 0) {
            s += 2;
        }
        else if (strncmp(s, "\\Q\\E", 4) == 0) {
            s += 4;
        }
        else if (*s == '^' && !*is_negated) {
            *is_negated = 1;
            s++;
        }
        else {
            return s;
        }
    }
}

/* The members from s on. Behind the ']', or NULL. */
static const char *read_members(class_t *class, const char *s)
{
    int quoted = 0;

    while (s && *s && (quoted || *s != ']' || class->count == 0)) {
        if (s[0] == '\\' && s[1] == 'E') {
            quoted = 0;
            s += 2;
        }
        else if (quoted) {
            add_member(class, (unsigned char)*s++);
        }
        else if (s[0] == '\\' && s[1] == 'Q') {
            quoted = 1;
            s += 2;
        }
        else if (*s == '-' && class->from >= 0 && !class->in_range) {
            class->in_range = 1;
            s++;
        }
        else {
            s = read_member(class, s);
        }
    }
    if (!s || !*s) {
        return NULL;
    }
    if (class->in_range) {
        class->in_range = 0;
        add_member(class, '-');
    }
    return s + 1;
}

void r307_item_read_class(r307_regex_item_t *item, int is_extended)
{
    class_t class = { { { 0 } }, 0, -1, -1, 0, 0 };
    const char *s = item->at;
    int is_negated;

    if (strncmp(s, "[[:<:]]", 7) == 0 || strncmp(s, "[[:>:]]", 7) == 0) {
        r307_item_be(item, R307_ITEM_POINT, s + 7);       /* the edge of a word */
        return;
    }
    s = read_class_head(s + 1, &is_negated);
    if (is_extended && (*s == ' ' || *s == '\t')) {
        return;         /* a blank that may be nothing: what is the first member? */
    }
    s = read_members(&class, s);
    if (!s) {
        return;
    }
    item->set = class.set;
    if (is_negated) {
        flip(&item->set);
    }
    if (class.is_all) {
        r307_item_be_any(item, s);
    }
    else {
        be_set(item, s);
        item->byte = is_negated || class.first < 0 ? item->byte : (unsigned char)class.first;
    }
}
