/* SPDX-License-Identifier: Apache-2.0 */
#include "time.h"

#include <string.h>
#include <apr_strings.h>

/* What lies outside is a slip of the keyboard, not a plan. */
#define YEAR_LEAST 2000
#define YEAR_MOST  2199
#define ZONE_MOST  (14 * 3600 + 59 * 60)    /* +14:00 is Kiribati */

#define DAY (24 * 3600)

/* The fields of one text. */
typedef struct written_t {
    int year, month, day, hour, minute, second;
    int has_time;
    int has_zone;
    int zone;               /* seconds east of UTC */
    const char *zone_text;  /* "" without one */
} written_t;

/* So many digits at *s, moved behind them; -1 when there are fewer. */
static int digits(const char **s, int count)
{
    int value = 0, i;

    for (i = 0; i < count; i++) {
        char c = (*s)[i];

        if (c < '0' || c > '9') {
            return -1;
        }
        value = value * 10 + (c - '0');
    }
    *s += count;
    return value;
}

/* "<sign>NN" at *s. */
static int sign_digits(const char **s, char sign)
{
    if (**s != sign) {
        return -1;
    }
    ++*s;
    return digits(s, 2);
}

/* Z, +hh:mm or -hh:mm, to the end of the text. */
static int read_zone(const char *s, written_t *w)
{
    int hours, minutes, sign = *s == '-' ? -1 : 1;

    w->zone_text = s;
    if (strcmp(s, "Z") == 0) {
        w->has_zone = 1;
        return 1;
    }
    if (*s != '+' && *s != '-') {
        return *s == '\0';
    }
    hours = sign_digits(&s, *s);
    minutes = sign_digits(&s, ':');
    w->zone = sign * (hours * 3600 + minutes * 60);
    w->has_zone = 1;
    return hours >= 0 && minutes >= 0 && minutes < 60 && *s == '\0'
        && w->zone >= -ZONE_MOST && w->zone <= ZONE_MOST;
}

/* The shape alone; whether there is such a day comes after. */
static int read_shape(const char *s, written_t *w)
{
    memset(w, 0, sizeof(*w));
    w->zone_text = "";
    w->year = digits(&s, 4);
    w->month = w->year < 0 ? -1 : sign_digits(&s, '-');
    w->day = w->month < 0 ? -1 : sign_digits(&s, '-');
    if (w->day < 0 || *s == '\0') {
        return w->day >= 0;
    }
    w->has_time = 1;
    w->hour = sign_digits(&s, 'T');
    w->minute = w->hour < 0 ? -1 : sign_digits(&s, ':');
    if (w->minute < 0) {
        return 0;
    }
    w->second = *s == ':' ? sign_digits(&s, ':') : 0;
    return w->second >= 0 && read_zone(s, w);
}

static const char example[] =
    "is not a date; write 2026-12-26 (that whole day) or 2026-12-26T18:00";

/* What somebody meant by "26.12.2026", "12/26/2026", "2026/12/26" or by a blank where
 * the T belongs; NULL when it cannot be told. */
static const char *guess(apr_pool_t *p, const char *text)
{
    static const char separators[] = "./-";
    const char *s = text, *rest;
    int a, b, c, swap;
    written_t w;

    if (text[strspn(text, "0123456789-")] == ' ') {
        char *copy = apr_pstrdup(p, text);

        copy[strcspn(copy, " ")] = 'T';
        return read_shape(copy, &w) && w.has_time ? copy : NULL;
    }
    a = digits(&s, 4);
    if (a >= 0) {
        if (!strchr(separators, *s) || (b = sign_digits(&s, *s)) < 0
            || !strchr(separators, *s) || (c = sign_digits(&s, *s)) < 0 || *s) {
            return NULL;
        }
        rest = apr_psprintf(p, "%04d-%02d-%02d", a, b, c);
        return b >= 1 && b <= 12 && c >= 1 && c <= 31 ? rest : NULL;
    }
    a = digits(&s, 2);
    if (a < 0 || !*s || !strchr(separators, *s)) {
        return NULL;
    }
    swap = *s != '.' && a <= 12;        /* month first, unless the day says otherwise */
    b = sign_digits(&s, *s);
    if (b < 0 || !*s || !strchr(separators, *s) || (swap && b <= 12)) {
        return NULL;
    }
    s++;
    c = digits(&s, 4);
    rest = swap ? apr_psprintf(p, "%04d-%02d-%02d", c, a, b)
                : apr_psprintf(p, "%04d-%02d-%02d", c, b, a);
    return c >= 0 && !*s && (swap ? a : b) >= 1 && (swap ? a : b) <= 12
           && (swap ? b : a) >= 1 && (swap ? b : a) <= 31 ? rest : NULL;
}

static const char *no_date(apr_pool_t *p, const char *text)
{
    const char *meant = guess(p, text);

    if (!meant) {
        return example;
    }
    return strchr(meant, 'T')
        ? apr_psprintf(p, "has a blank where a T belongs; write %s", meant)
        : apr_psprintf(p, "is not a date; write %s (that whole day) or %sT18:00", meant,
                       meant);
}

static int days_of(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

static const char *check_calendar(apr_pool_t *p, const written_t *w)
{
    if (w->year < YEAR_LEAST || w->year > YEAR_MOST) {
        return apr_psprintf(p, "is in the year %04d; write a year from %d to %d", w->year,
                            YEAR_LEAST, YEAR_MOST);
    }
    if (w->month < 1 || w->month > 12) {
        return apr_psprintf(p, "has no month %02d; write the month before the day: "
                            "2026-12-26", w->month);
    }
    if (w->day < 1 || w->day > days_of(w->year, w->month)) {
        return apr_psprintf(p, "does not exist: that month has %d days; write %04d-%02d-"
                            "%02d", days_of(w->year, w->month), w->year, w->month,
                            w->day < 1 ? 1 : days_of(w->year, w->month));
    }
    if (w->hour > 24 || w->minute > 59 || w->second > 59
        || (w->hour == 24 && (w->minute || w->second))) {
        return "has no such time of day; write a time from 00:00 to 24:00, as T18:00";
    }
    return NULL;
}

/* Seconds since 1970 of the fields, as if they were UTC. */
static apr_int64_t seconds_of(const written_t *w)
{
    apr_time_exp_t exp;
    apr_time_t when = 0;

    memset(&exp, 0, sizeof(exp));
    exp.tm_year = w->year - 1900;
    exp.tm_mon = w->month - 1;
    exp.tm_mday = w->day;
    apr_time_exp_get(&when, &exp);
    return apr_time_sec(when) + w->hour * 3600 + w->minute * 60 + w->second;
}

/* Seconds east of UTC on this machine at that second. */
static int offset_at(apr_int64_t seconds)
{
    apr_time_exp_t exp;

    apr_time_exp_lt(&exp, apr_time_from_sec(seconds));
    return exp.tm_gmtoff;
}

static const char *print_zone(apr_pool_t *p, int offset)
{
    int minutes = (offset < 0 ? -offset : offset) / 60;

    return offset == 0 ? "Z" : apr_psprintf(p, "%c%02d:%02d", offset < 0 ? '-' : '+',
                                            minutes / 60, minutes % 60);
}

/* A wall clock's time to UTC. Clocks are set forward and back: a time may be on the wall
 * not at all or twice. The offsets of the day before and of the day after are the only
 * ones it can have. */
static const char *from_local(apr_pool_t *p, const written_t *w, apr_int64_t wall,
                              apr_int64_t *seconds)
{
    int before = offset_at(wall - DAY), after = offset_at(wall + DAY);
    int is_before = offset_at(wall - before) == before;
    int is_after = offset_at(wall - after) == after;
    const char *text;

    *seconds = wall - (is_before ? before : after);
    if (!w->has_time) {
        /* a day begins when its first second is on the wall */
        *seconds = is_before || is_after ? *seconds : wall - before;
        return NULL;
    }
    if (before == after || is_before != is_after) {
        return NULL;
    }
    text = apr_psprintf(p, "%04d-%02d-%02dT%02d:%02d:%02d", w->year, w->month, w->day,
                        w->hour, w->minute, w->second);
    if (is_before) {
        return apr_psprintf(p, "is there twice, because clocks are set back here that "
                            "night; write %s%s or %s%s", text, print_zone(p, before), text,
                            print_zone(p, after));
    }
    return apr_psprintf(p, "does not exist: clocks are set forward over it here; write %s, "
                        "which is the same second",
                        r307_time_print(p, apr_time_from_sec(wall - before)));
}

const char *r307_time_parse(apr_pool_t *p, const char *text, int is_end, apr_time_t *when)
{
    const char *bad;
    written_t w;
    apr_int64_t seconds;

    if (!read_shape(text, &w)) {
        return no_date(p, text);
    }
    bad = check_calendar(p, &w);
    if (bad) {
        return bad;
    }
    seconds = seconds_of(&w) + (is_end && !w.has_time ? DAY : 0);
    if (w.has_zone) {
        seconds -= w.zone;
    }
    else {
        bad = from_local(p, &w, seconds, &seconds);
    }
    if (!bad) {
        *when = apr_time_from_sec(seconds);
    }
    return bad;
}

const char *r307_time_print(apr_pool_t *p, apr_time_t when)
{
    apr_time_exp_t exp;

    apr_time_exp_lt(&exp, when);
    return apr_psprintf(p, "%04d-%02d-%02dT%02d:%02d:%02d%s", exp.tm_year + 1900,
                        exp.tm_mon + 1, exp.tm_mday, exp.tm_hour, exp.tm_min, exp.tm_sec,
                        print_zone(p, exp.tm_gmtoff));
}

/* Largest first, for the printer. */
static const struct {
    const char *name;
    long seconds;
} units[] = {
    { "d", DAY }, { "h", 3600 }, { "min", 60 }, { "s", 1 }, { "", 1 }
};
#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))
#define DURATION_MOST (100L * 366 * DAY)

const char *r307_duration_parse(apr_pool_t *p, const char *text, apr_time_t *length)
{
    size_t count = strspn(text, "0123456789"), i;
    long number = r307_text_number(r307_slice(text, count), DURATION_MOST);

    for (i = 0; i < UNIT_COUNT && count; i++) {
        if (strcmp(units[i].name, text + count) == 0) {
            if (number < 0 || number > DURATION_MOST / units[i].seconds) {
                return "is longer than 100 years; write less";
            }
            *length = apr_time_from_sec(number * units[i].seconds);
            return NULL;
        }
    }
    if (count && strcmp(text + count, "m") == 0) {
        return apr_psprintf(p, "may be minutes or months; write %.*smin or a number of "
                            "days, as 30d", (int)(count > 9 ? 9 : count), text);
    }
    return "is no duration; write a number with s, min, h or d, as 30min";
}

const char *r307_duration_print(apr_pool_t *p, apr_time_t length)
{
    apr_int64_t seconds = apr_time_sec(length);
    size_t i = 0;

    while (seconds % units[i].seconds || (seconds == 0 && units[i].seconds > 1)) {
        i++;
    }
    return apr_psprintf(p, "%" APR_INT64_T_FMT "%s", seconds / units[i].seconds,
                        units[i].name);
}
