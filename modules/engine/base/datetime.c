/* SPDX-License-Identifier: Apache-2.0 */
#include "base/datetime.h"

#include <string.h>
#include <apr_strings.h>

/* What lies outside is a slip of the keyboard, not a plan. */
#define YEAR_LEAST 2000
#define YEAR_MOST  2199
#define ZONE_MOST  (14 * 3600 + 59 * 60)    /* +14:00 is Kiribati */

#define DAY (24 * 3600)
#define HTTP_YEAR_AT 12     /* Sat, 26 Dec 2026 18:00:00 GMT */

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

/* One or two digits, or four, at *s; -1 for anything else. */
static int field(const char **s, int count)
{
    size_t n = strspn(*s, "0123456789");

    return n == (size_t)count || (count == 2 && n == 1) ? digits(s, (int)n) : -1;
}

/* "2026/12/26", "2026-1-5", "26.12.2026", "1.12.2026", "12/26/2026" into a date and what
 * follows it; NULL when it cannot be told: 3/4/2027 is two days. */
static const char *guess_day(apr_pool_t *p, const char *text, const char **rest)
{
    const char *s = text;
    int is_year_first = strspn(text, "0123456789") == 4, a, b, c, month, day, year;
    char separator;

    a = field(&s, is_year_first ? 4 : 2);
    separator = *s;
    if (a < 0 || !separator || !strchr("./-", separator)) {
        return NULL;
    }
    s++;
    b = field(&s, 2);
    if (b < 0 || *s++ != separator) {
        return NULL;
    }
    c = field(&s, is_year_first ? 2 : 4);
    year = is_year_first ? a : c;
    month = b;
    day = is_year_first ? c : a;
    if (!is_year_first && separator != '.' && a <= 12) {
        if (b <= 12 && a != b) {
            return NULL;
        }
        month = a;              /* month first, as the day says */
        day = b;
    }
    *rest = s;
    return c >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= 31
        ? apr_psprintf(p, "%04d-%02d-%02d", year, month, day) : NULL;
}

/* What somebody meant, as "26.12.2026" or by a blank where the T belongs. */
static const char *guess(apr_pool_t *p, const char *text)
{
    const char *rest, *day = guess_day(p, text, &rest), *clock;
    written_t w;

    if (!day || !*rest) {
        return day;
    }
    if (*rest != 'T' && *rest != 't' && *rest != ' ' && *rest != ',' && *rest != '_') {
        return NULL;
    }
    clock = rest + 1 + strspn(rest + 1, " ");
    clock = apr_psprintf(p, "%sT%s%s", day, clock[0] && clock[1] == ':' ? "0" : "", clock);
    return read_shape(clock, &w) && w.has_time ? clock : NULL;
}

static const char *no_date(apr_pool_t *p, const char *text)
{
    const char *meant = guess(p, text);

    if (!meant) {
        return example;
    }
    return strchr(meant, 'T')
        ? apr_psprintf(p, "%s; write %s", strspn(text, "0123456789-") == 10
                       && text[10] == ' ' ? "has a blank where a T belongs"
                                          : "is not a date", meant)
        : apr_psprintf(p, "is not a date; write %s (that whole day) or %sT18:00", meant,
                       meant);
}

static int is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return days[month - 1] + (month == 2 && is_leap(year));
}

/* From 1 January 1970 to 1 January of the year. */
static int days_before(int year)
{
    int past = year - 1;

    return past * 365 + past / 4 - past / 100 + past / 400 - 719162;
}

#define TWIN_LEAST 2010
#define TWIN_MOST  2037     /* 28 years have all kinds of year */

/* A second that a time_t of this machine holds: `when`, or where that is too late for 32
 * bits the same in a year of the same calendar, `years` before. */
static time_t fitting(apr_time_t when, int *years)
{
    apr_int64_t seconds = apr_time_sec(when);
    int year = TWIN_MOST, twin = TWIN_LEAST;

    *years = 0;
    if (sizeof(time_t) > 4 || seconds < (apr_int64_t)days_before(TWIN_MOST) * DAY) {
        return (time_t)seconds;
    }
    while ((apr_int64_t)days_before(year + 1) * DAY <= seconds) {
        year++;
    }
    while (is_leap(twin) != is_leap(year)
           || (days_before(year) - days_before(twin)) % 7 != 0) {
        twin++;
    }
    *years = year - twin;
    return (time_t)(seconds - (apr_int64_t)(days_before(year) - days_before(twin)) * DAY);
}

void r307_time_local(apr_time_t when, struct tm *tm)
{
    int years;
    time_t fit = fitting(when, &years);

    localtime_r(&fit, tm);
    tm->tm_year += years;
}

static const char *check_calendar(apr_pool_t *p, const written_t *w)
{
    if (w->year < YEAR_LEAST || w->year > YEAR_MOST) {
        return apr_psprintf(p, "is in the year %04d; write a year from %d to %d, as "
                            "%s", w->year, YEAR_LEAST, YEAR_MOST,
                            w->year < YEAR_LEAST ? "2000-01-01" : "2199-12-31");
    }
    if (w->month < 1 || w->month > 12) {
        return apr_psprintf(p, "has no month %02d; write the month before the day, as "
                            "2026-12-26", w->month);
    }
    if (w->day < 1 || w->day > days_of(w->year, w->month)) {
        return apr_psprintf(p, "does not exist: that month has %d days; write %04d-%02d-"
                            "%02d", days_of(w->year, w->month), w->year, w->month,
                            w->day < 1 ? 1 : days_of(w->year, w->month));
    }
    if (w->hour > 24 || w->minute > 59 || w->second > 59
        || (w->hour == 24 && (w->minute || w->second))) {
        return apr_psprintf(p, "has no such time of day; write a time from 00:00 to 24:00, "
                            "as %04d-%02d-%02dT18:00", w->year, w->month, w->day);
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
    struct tm tm;

    r307_time_local(apr_time_from_sec(seconds), &tm);
    return (int)tm.tm_gmtoff;
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

/* At either end of the years that are read, the clock of this machine may show one beyond:
 * that second on a clock that shows none. NULL: there is no such clock. */
static const char *print_edge(apr_pool_t *p, apr_int64_t seconds, int is_late)
{
    int second = (int)(seconds % 60);
    apr_int64_t wall = (apr_int64_t)days_before(is_late ? YEAR_MOST + 1 : YEAR_LEAST) * DAY
        + (is_late && second ? second - 60 : second);
    apr_int64_t zone = wall - seconds;

    return zone < -ZONE_MOST || zone > ZONE_MOST ? NULL
        : apr_psprintf(p, "%d-%sT%s:%02d%s", is_late ? YEAR_MOST : YEAR_LEAST,
                       is_late ? "12-31" : "01-01",
                       !is_late ? "00:00" : second ? "23:59" : "24:00", second,
                       print_zone(p, (int)zone));
}

const char *r307_time_print(apr_pool_t *p, apr_time_t when)
{
    const char *edge = NULL;
    struct tm tm;

    r307_time_local(when, &tm);
    if (tm.tm_year + 1900 > YEAR_MOST || tm.tm_year + 1900 < YEAR_LEAST) {
        edge = print_edge(p, apr_time_sec(when), tm.tm_year + 1900 > YEAR_MOST);
    }
    if (edge) {
        return edge;
    }
    return apr_psprintf(p, "%04d-%02d-%02dT%02d:%02d:%02d%s", tm.tm_year + 1900,
                        tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                        print_zone(p, (int)tm.tm_gmtoff));
}

const char *r307_time_http(apr_pool_t *p, apr_time_t when)
{
    char *date = apr_palloc(p, APR_RFC822_DATE_LEN), year[5];
    int years;
    time_t fit = fitting(when, &years);

    apr_rfc822_date(date, apr_time_from_sec((apr_int64_t)fit));
    if (years) {
        memcpy(year, date + HTTP_YEAR_AT, 4);
        year[4] = '\0';
        apr_snprintf(year, sizeof(year), "%04d",
                     (int)r307_text_number(r307_slice(year, 4), 9999) + years);
        memcpy(date + HTTP_YEAR_AT, year, 4);
    }
    return date;
}

/* Largest first, for the printer. */
static const struct {
    const char *name;
    apr_int64_t seconds;
} units[] = {
    { "d", DAY }, { "h", 3600 }, { "min", 60 }, { "s", 1 }, { "", 1 }
};
#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))
#define DURATION_MOST (APR_INT64_C(100) * 366 * DAY)

static const struct {
    const char *start, *unit;       /* a word that begins so; the letters here */
} spelled[] = {
    { "sec", "s" }, { "sek", "s" }, { "s", "s" }, { "min", "min" }, { "hour", "h" },
    { "hr", "h" }, { "h", "h" }, { "stunde", "h" }, { "std", "h" }, { "day", "d" },
    { "d", "d" }, { "tag", "d" }, { "jour", "d" }
};

const char *r307_duration_guess(apr_pool_t *p, const char *number, const char *unit)
{
    size_t digits = strspn(number, "0123456789"), i, best = 0;
    const char *meant = NULL;

    if (!digits || digits > 9 || number[digits] || !*unit) {
        return NULL;
    }
    for (i = 0; i < sizeof(spelled) / sizeof(spelled[0]); i++) {
        size_t n = strlen(spelled[i].start);

        if (n > best && strncasecmp(unit, spelled[i].start, n) == 0
            && (n > 1 || !unit[1])) {
            best = n;
            meant = apr_pstrcat(p, number, spelled[i].unit, NULL);
        }
    }
    return meant;
}

const char *r307_duration_parse(apr_pool_t *p, const char *text, apr_time_t *length)
{
    size_t count = strspn(text, "0123456789"), i;
    apr_int64_t number = r307_text_number(r307_slice(text, count), DURATION_MOST);
    const char *meant;

    for (i = 0; i < UNIT_COUNT && count; i++) {
        if (strcmp(units[i].name, text + count) == 0) {
            if (number < 0 || number > DURATION_MOST / units[i].seconds) {
                return "is longer than 100 years; write a shorter one, as 30d";
            }
            *length = apr_time_from_sec(number * units[i].seconds);
            return NULL;
        }
    }
    if (count && strcmp(text + count, "m") == 0) {
        return apr_psprintf(p, "may be minutes or months; write %.*smin or a number of "
                            "days, as 30d", (int)(count > 9 ? 9 : count), text);
    }
    for (i = count; text[i] == ' '; i++) {
        continue;
    }
    meant = r307_duration_guess(p, apr_pstrmemdup(p, text, count), text + i);
    return meant ? apr_psprintf(p, "is no duration; write %s", meant)
        : "is no duration; write a number with its unit (s, min, h or d), as 30min";
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
