/* SPDX-License-Identifier: Apache-2.0 */
#include "http/asker.h"

#include <string.h>

const char *const r307_asker_words[R307_ASKER_COUNT] = {
    "people", "robots", "attacks", "browsers"
};

/* In lower case, anywhere in a User-Agent that begins as a browser's. A robot that
 * says who it is has an address in it. */
static const char *const robots[] = {
    "bot", "crawl", "spider", "slurp", "http:", "https:", "headless", "phantom", "scan",
    "monitor", "uptime", "preview", "fetch", "facebookexternalhit", "mediapartners",
    "archive", "validator", "lighthouse", "pagespeed", "python", "curl/", "wget", "java/",
    "libwww", "httpclient", "scrapy", "compatible; ahc", "probe", "survey", "research"
};

/* How every browser's User-Agent begins. */
static const char *const browsers[] = { "Mozilla/", "Opera/" };

typedef enum { IS, BEGINS, ENDS } how_t;

/* A segment of a path, in lower case. */
typedef struct word_t {
    how_t how;
    const char *text;
    r307_asker_t asker;
} word_t;

static const word_t words[] = {
    { IS, "wp-login.php", R307_ASKER_ATTACKS },
    { IS, "wp-admin", R307_ASKER_ATTACKS },
    { IS, "wp-config.php", R307_ASKER_ATTACKS },
    { BEGINS, "wp-config.", R307_ASKER_ATTACKS },
    { IS, "wlwmanifest.xml", R307_ASKER_ATTACKS },
    { IS, "xmlrpc.php", R307_ASKER_ATTACKS },
    { BEGINS, "phpmyadmin", R307_ASKER_ATTACKS },
    { BEGINS, "phpinfo", R307_ASKER_ATTACKS },
    { IS, "pma", R307_ASKER_ATTACKS },
    { IS, "myadmin", R307_ASKER_ATTACKS },
    { BEGINS, "adminer", R307_ASKER_ATTACKS },
    { IS, "phpunit", R307_ASKER_ATTACKS },
    { IS, "eval-stdin.php", R307_ASKER_ATTACKS },
    { IS, "cgi-bin", R307_ASKER_ATTACKS },
    { IS, "actuator", R307_ASKER_ATTACKS },
    { IS, "_ignition", R307_ASKER_ATTACKS },
    { IS, "boaform", R307_ASKER_ATTACKS },
    { IS, "gponform", R307_ASKER_ATTACKS },
    { IS, "hnap1", R307_ASKER_ATTACKS },
    { IS, "autodiscover", R307_ASKER_ATTACKS },
    { IS, "solr", R307_ASKER_ATTACKS },
    { IS, "telescope", R307_ASKER_ATTACKS },
    { IS, "server-status", R307_ASKER_ATTACKS },
    { IS, "shell.php", R307_ASKER_ATTACKS },
    { IS, "alfa.php", R307_ASKER_ATTACKS },
    { IS, "setup.php", R307_ASKER_ATTACKS },
    { ENDS, ".sql", R307_ASKER_ATTACKS },
    { ENDS, ".bak", R307_ASKER_ATTACKS },
    { ENDS, ".env", R307_ASKER_ATTACKS },
    { ENDS, ".swp", R307_ASKER_ATTACKS },
    { ENDS, ".git", R307_ASKER_ATTACKS },
    { IS, ".well-known", R307_ASKER_BROWSERS },
    { IS, "favicon.ico", R307_ASKER_BROWSERS },
    { BEGINS, "apple-touch-icon", R307_ASKER_BROWSERS },
    { IS, "apple-app-site-association", R307_ASKER_BROWSERS },
    { IS, "browserconfig.xml", R307_ASKER_BROWSERS },
    { ENDS, ".webmanifest", R307_ASKER_BROWSERS },
    { IS, "robots.txt", R307_ASKER_BROWSERS },
    { IS, "ads.txt", R307_ASKER_BROWSERS },
    { IS, "app-ads.txt", R307_ASKER_BROWSERS },
    { IS, "humans.txt", R307_ASKER_BROWSERS },
    { IS, "security.txt", R307_ASKER_BROWSERS },
    { BEGINS, "sitemap", R307_ASKER_BROWSERS },
    { IS, "crossdomain.xml", R307_ASKER_BROWSERS },
    { IS, "wpad.dat", R307_ASKER_BROWSERS },
    { ENDS, ".map", R307_ASKER_BROWSERS }
};

/* In lower case, anywhere in what was asked: no link is written so. */
static const char *const inside[] = {
    "../", "..%2f", "%2e%2e", "%00", "<", "%3c", "${", "%24%7b", "jndi:", "select%20",
    "select+", "union%20", "/etc/passwd", "php://", "allow_url_include", "base64"
};

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static int begins(r307_slice_t text, const char *word)
{
    size_t n = strlen(word), i;

    for (i = 0; i < n && i < text.len && r307_text_lower(text.s[i]) == word[i]; i++) {
        continue;
    }
    return i == n;
}

static int holds(r307_slice_t text, const char *const *list, size_t count)
{
    size_t at, i;

    for (at = 0; at < text.len; at++) {
        char c = r307_text_lower(text.s[at]);

        for (i = 0; i < count; i++) {
            if (list[i][0] == c
                && begins(r307_slice(text.s + at, text.len - at), list[i])) {
                return 1;
            }
        }
    }
    return 0;
}

r307_asker_t r307_asker_by_agent(r307_slice_t agent)
{
    size_t i;

    if (!agent.s) {
        return R307_ASKER_PEOPLE;
    }
    for (i = 0; i < COUNT(browsers); i++) {
        size_t n = strlen(browsers[i]);

        if (agent.len > n && memcmp(agent.s, browsers[i], n) == 0) {
            return holds(agent, robots, COUNT(robots)) ? R307_ASKER_ROBOTS
                                                       : R307_ASKER_PEOPLE;
        }
    }
    return R307_ASKER_ROBOTS;
}

static int is_word(r307_slice_t segment, const word_t *word)
{
    size_t n = strlen(word->text);

    if (segment.len < n || (word->how == IS && segment.len != n)) {
        return 0;
    }
    return begins(word->how == ENDS ? r307_slice(segment.s + segment.len - n, n)
                                    : segment,
                  word->text);
}

static r307_asker_t by_segment(r307_slice_t segment)
{
    char first = r307_text_lower(segment.s[0]);
    size_t i;

    for (i = 0; i < COUNT(words); i++) {
        if ((words[i].text[0] == first || words[i].how == ENDS)
            && is_word(segment, &words[i])) {
            return words[i].asker;
        }
    }
    return first == '.' ? R307_ASKER_ATTACKS : R307_ASKER_PEOPLE;
}

r307_asker_t r307_asker_by_path(r307_slice_t target, r307_slice_t path)
{
    size_t at = 0, end;

    if (target.len && target.s[0] != '/') {
        return R307_ASKER_ATTACKS; /* another server's, by a proxy that this is none */
    }
    for (; at < path.len; at = end) {
        r307_asker_t asker;

        at += path.s[at] == '/';
        for (end = at; end < path.len && path.s[end] != '/'; end++) {
            continue;
        }
        asker = end > at ? by_segment(r307_slice(path.s + at, end - at))
                         : R307_ASKER_PEOPLE;
        if (asker != R307_ASKER_PEOPLE) {
            return asker;
        }
    }
    return holds(target, inside, COUNT(inside)) ? R307_ASKER_ATTACKS : R307_ASKER_PEOPLE;
}
