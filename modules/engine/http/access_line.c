/* SPDX-License-Identifier: Apache-2.0 */
#include "http/access_line.h"

#include <string.h>

/* Behind the quote that ends a word at s, or NULL. */
static const char *end_of_word(const char *s, const char *end)
{
    while (s < end && (s = memchr(s, '"', (size_t)(end - s))) != NULL) {
        const char *before = s;

        while (before[-1] == '\\') {    /* the word's first quote stops it */
            before--;
        }
        s++;
        if ((s - 1 - before) % 2 == 0) {
            return s;
        }
    }
    return NULL;
}

static int is_digits(const char *s, const char *end)
{
    const char *at = s;

    while (at < end && *at >= '0' && *at <= '9') {
        at++;
    }
    return at == end && at > s;
}

/* "host:port client ident user": a client that is an IPv6 address ends with ":" and
 * digits, too, but its ident, which is "-", stands where a vhost's client does. */
static r307_slice_t host_of(const char *s, const char *end)
{
    const char *space = memchr(s, ' ', (size_t)(end - s)), *colon = space, *second;
    int words = 1;

    while (colon && colon > s && *colon != ':') {
        colon--;
    }
    if (!colon || *colon != ':' || !is_digits(colon + 1, space)
        || (space + 2 < end && space[1] == '-' && space[2] == ' ')) {
        return r307_slice(NULL, 0);
    }
    for (second = space; second; second = memchr(second + 1, ' ',
                                                 (size_t)(end - second - 1))) {
        words++;
    }
    return words >= 4 ? r307_slice(s, (size_t)(space - s)) : r307_slice(NULL, 0);
}

/* "METHOD target HTTP/1.1"; of HTTP/0.9 without the last word. */
static void set_request(const char *s, const char *end, r307_access_line_t *line)
{
    const char *space = memchr(s, ' ', (size_t)(end - s)), *last = end;

    line->method = line->target = r307_slice(NULL, 0);
    if (!space || space == s) {
        return;
    }
    while (last > space && last[-1] != ' ') {
        last--;
    }
    last = last - 1 > space && end - last > 5 && memcmp(last, "HTTP/", 5) == 0
        ? last - 1 : end;
    line->method = r307_slice(s, (size_t)(space - s));
    line->target = r307_slice(space + 1, (size_t)(last - space - 1));
}

int r307_access_line_split(const char *s, size_t len, r307_access_line_t *line)
{
    const char *end = s + len, *close = s, *open, *request, *behind;

    do {
        close = memchr(close, ']', (size_t)(end - close));
        if (!close || end - close < 4) {
            return 0;
        }
        close++;
    } while (close[0] != ' ' || close[1] != '"');
    open = close - 1;
    while (open > s && *open != '[') {
        open--;
    }
    request = close + 2;
    behind = end_of_word(request, end);
    if (open <= s || open[-1] != ' ' || !behind || end - behind < 4 || *behind != ' '
        || !is_digits(behind + 1, behind + 4)
        || (end - behind > 4 && behind[4] != ' ')) {
        return 0;
    }
    line->host = host_of(s, open - 1);
    line->date = r307_slice(open + 1, (size_t)(close - open - 2));
    line->status = (behind[1] - '0') * 100 + (behind[2] - '0') * 10 + behind[3] - '0';
    line->rest = r307_slice(behind + 4, (size_t)(end - behind - 4));
    set_request(request, behind - 1, line);
    return 1;
}

static r307_slice_t take_word(const char **at, const char *end)
{
    const char *s = *at, *behind;

    if (end - s < 3 || s[0] != ' ' || s[1] != '"') {
        return r307_slice(NULL, 0);
    }
    behind = end_of_word(s + 2, end);
    *at = behind ? behind : end;
    if (!behind) {
        return r307_slice(NULL, 0);
    }
    return r307_slice(s + 2,
                      behind - s == 4 && s[2] == '-' ? 0 : (size_t)(behind - s - 3));
}

void r307_access_line_agent(const r307_access_line_t *line, r307_slice_t *referrer,
                            r307_slice_t *agent)
{
    const char *at = line->rest.s, *end = at + line->rest.len;

    at += at < end;
    while (at < end && *at != ' ') {
        at++;
    }
    *referrer = take_word(&at, end);
    *agent = take_word(&at, end);
}

static int number(const char *s, int digits)
{
    int value = 0;

    while (digits--) {
        if (*s < '0' || *s > '9') {
            return -1;
        }
        value = 10 * value + *s++ - '0';
    }
    return value;
}

static int within(int value, int least, int most)
{
    return value >= least && value <= most;
}

/* Days since 1970 of a day of the Gregorian calendar; March is the first month. */
static apr_int64_t days(int year, int month, int day)
{
    int y = year - (month <= 2), m = (month + 9) % 12;

    return 365 * (apr_int64_t)y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1
           - 719468;
}

apr_time_t r307_access_line_time(r307_slice_t date)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const char *s = date.s;
    int day, year, hour, minute, second, zone, zone_minutes, month;
    apr_int64_t at;

    if (date.len != 26 || s[2] != '/' || s[6] != '/' || s[11] != ':' || s[14] != ':'
        || s[17] != ':' || s[20] != ' ' || (s[21] != '+' && s[21] != '-')) {
        return -1;
    }
    for (month = 0; month < 12 && memcmp(months + 3 * month, s + 3, 3) != 0; month++) {
        continue;
    }
    day = number(s, 2);
    year = number(s + 7, 4);
    hour = number(s + 12, 2);
    minute = number(s + 15, 2);
    second = number(s + 18, 2);
    zone = number(s + 22, 2);
    zone_minutes = number(s + 24, 2);
    if (month == 12 || !within(day, 1, 31) || year < 1970 || !within(hour, 0, 23)
        || !within(minute, 0, 59) || !within(second, 0, 60) || !within(zone, 0, 23)
        || !within(zone_minutes, 0, 59)) {
        return -1;
    }
    zone = zone * 60 + zone_minutes;
    at = days(year, month + 1, day) * 86400 + hour * 3600 + minute * 60 + second
         - (s[21] == '-' ? -zone : zone) * 60;
    return at < 0 ? -1 : apr_time_from_sec(at);
}

size_t r307_access_line_plain(r307_slice_t word, char *bytes)
{
    static const char from[] = "nrtbvf\"\\", to[] = "\n\r\t\b\v\f\"\\";
    size_t i = 0, len = 0;

    while (i < word.len) {
        const char *found;
        int hex;

        if (word.s[i] != '\\' || i + 1 == word.len) {
            bytes[len++] = word.s[i++];
            continue;
        }
        hex = word.s[i + 1] == 'x' ? r307_text_hex2(word.s + i + 2, word.len - i - 2)
                                   : -1;
        found = word.s[i + 1] ? strchr(from, word.s[i + 1]) : NULL;
        if (hex >= 0) {
            bytes[len++] = (char)hex;
            i += 4;
        }
        else if (found) {
            bytes[len++] = to[found - from];
            i += 2;
        }
        else {
            bytes[len++] = word.s[i++];
        }
    }
    return len;
}
