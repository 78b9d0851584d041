/* SPDX-License-Identifier: Apache-2.0
 *
 * directive_table: our directives, one row each. Who includes it says before what a row
 * becomes:
 *
 *     DIRECTIVE(id, name, kind of line, where it may stand, what follows the name,
 *               words at least, at most, reader of these words, values, help)
 *
 * reader: READER(function), or CHOICE(words) where it is one of a few words.
 *
 * values: what its line sets, where a number says it all:
 *
 *     VALUE(id, member of r307_said_t that has it, what holds where no line says it)
 *
 * Each VALUE is read by r307_config_value, and needs no more than this. A list, as hosts
 * are, has none, and is added to in httpd/directives.c.
 */
#define NONE
#define READER(function) function, NULL
#define CHOICE(words) r307_setting_choice, words

DIRECTIVE(R307_DIRECTIVE_RULE, "Redirect307", R307_LINE_RULE, R307_STANDS_EVERYWHERE,
          "/from /to", 0, 0, READER(NULL), NONE, "[source] target [option=value ...]")
DIRECTIVE(R307_DIRECTIVE_MATCH, "Redirect307Match", R307_LINE_RULE,
          R307_STANDS_EVERYWHERE, "^/from$ /to", 0, 0, READER(NULL), NONE,
          "regex target [option=value ...]")
DIRECTIVE(R307_DIRECTIVE_MAP, "Redirect307Map", R307_LINE_MAP, R307_STANDS_EVERYWHERE,
          "relaunch.csv", 0, 0, READER(NULL), NONE,
          "file [format=lines|redirects|csv] [option=value ...]")
DIRECTIVE(R307_DIRECTIVE_MAINTENANCE, "Redirect307Maintenance", R307_LINE_MAINTENANCE,
          R307_STANDS_EVERYWHERE, "/down/ flag=down.on", 0, 0, READER(NULL), NONE,
          "page [option=value ...]: closes this place while a flag file is there")
DIRECTIVE(R307_DIRECTIVE_ENGINE, "Redirect307Engine", R307_LINE_SETTING,
          R307_STANDS_EVERYWHERE, "on, report or off", 1, 1, CHOICE(r307_words_engine),
          VALUE(R307_SETTING_ENGINE, choice, R307_ENGINE_ON)
          VALUE(R307_SETTING_CEILING, choice, R307_ENGINE_ON),  /* of .htaccess */
          "on, report (decide and log, answer nothing) or off; .htaccess may only lower it")
DIRECTIVE(R307_DIRECTIVE_BASE, "Redirect307Base", R307_LINE_SETTING,
          R307_STANDS_EVERYWHERE, "/url/", 1, 1, READER(r307_setting_base), NONE,
          "the URL-path of the directory, for relative sources")
DIRECTIVE(R307_DIRECTIVE_RELATIVE, "Redirect307Relative", R307_LINE_SETTING,
          R307_STANDS_CONF, "on or off", 1, 1, CHOICE(r307_words_switch),
          VALUE(R307_SETTING_RELATIVE, choice, 1),
          "on: paths of this server go out as paths; off: as full URLs")
DIRECTIVE(R307_DIRECTIVE_HOSTS, "Redirect307AllowHosts", R307_LINE_SETTING,
          R307_STANDS_CONF, "www.example.com *.example.net", 1, R307_WORDS_MOST,
          READER(r307_setting_hosts), NONE,
          "hosts that a request may choose by a rule's insertions, or none")
DIRECTIVE(R307_DIRECTIVE_REFUSE, "Redirect307Refuse", R307_LINE_SETTING, R307_STANDS_CONF,
          "400, 404 or pass", 1, 1, CHOICE(r307_words_refuse),
          VALUE(R307_SETTING_REFUSE, choice, 400),
          "400, 404 or pass: what a request gets whose Location may not leave")
DIRECTIVE(R307_DIRECTIVE_EXEMPT, "Redirect307Exempt", R307_LINE_SETTING, R307_STANDS_CONF,
          "/healthz /.well-known/", 1, R307_WORDS_MOST, READER(r307_setting_exempt), NONE,
          "paths that only a rule naming them touches; adds to the list, none empties it")
DIRECTIVE(R307_DIRECTIVE_BY, "Redirect307By", R307_LINE_SETTING, R307_STANDS_CONF,
          "off, on or rule", 1, 1, CHOICE(r307_words_by),
          VALUE(R307_SETTING_BY, choice, R307_BY_OFF),
          "off, on or rule: the response header X-Redirect-By")
DIRECTIVE(R307_DIRECTIVE_DRAIN, "Redirect307Drain", R307_LINE_SETTING, R307_STANDS_CONF,
          "64K 5s", 1, 2, READER(r307_setting_drain),
          VALUE(R307_SETTING_DRAIN, size, 64 * 1024)
          VALUE(R307_SETTING_DRAIN_TIME, time, 5 * APR_USEC_PER_SEC),
          "size and time up to which a request body is read")
DIRECTIVE(R307_DIRECTIVE_ARENA, "Redirect307Arena", R307_LINE_SETTING, R307_STANDS_GLOBAL,
          "256M", 1, 1, READER(r307_setting_arena),
          VALUE(R307_SETTING_ARENA, size, 256 * 1024 * 1024),   /* 0: off */
          "the memory that all processes share for maps, or off")
DIRECTIVE(R307_DIRECTIVE_CACHE, "Redirect307HtaccessCache", R307_LINE_SETTING,
          R307_STANDS_SERVER, "on 2s 128M", 1, 3, READER(r307_setting_cache),
          VALUE(R307_SETTING_HTACCESS_CACHE, choice, 1)
          VALUE(R307_SETTING_HTACCESS_AGE, time, 2 * APR_USEC_PER_SEC)
          VALUE(R307_SETTING_HTACCESS_SIZE, size, 128 * 1024 * 1024),
          "on or off, how long a .htaccess must be unchanged, and the memory of a process "
          "for compiled ones")
DIRECTIVE(R307_DIRECTIVE_LIMITS, "Redirect307Limits", R307_LINE_SETTING, R307_STANDS_CONF,
          "rules=1000 targets=same-site", 1, R307_LIMIT_COUNT, READER(r307_setting_limits), NONE,
          "what .htaccess files may hold: rules= regex= regex-steps= targets= errors= "
          "map-lines= map-size= longest=")
DIRECTIVE(R307_DIRECTIVE_REQUIRE, "Redirect307Require", R307_LINE_SETTING,
          R307_STANDS_CONF, "until refuse", 1, 2, READER(r307_setting_require),
          VALUE(R307_SETTING_REQUIRE, choice, R307_REQUIRE_NONE)
          VALUE(R307_SETTING_REQUIRE_HOW, how, R307_REQUIRE_WARN),
          "until, review or none, and warn or refuse: what rules that are meant for a time "
          "must say")
DIRECTIVE(R307_DIRECTIVE_HITS, "Redirect307Hits", R307_LINE_SETTING, R307_STANDS_GLOBAL,
          "on keep=/var/lib/httpd/redirect307.hits", 1, 2, READER(r307_setting_hits),
          VALUE(R307_SETTING_HITS, choice, 1),
          "on or off: how often each rule answered; keep=FILE: also after the server ended")
DIRECTIVE(R307_DIRECTIVE_STATUS, "Redirect307Status", R307_LINE_SETTING,
          R307_STANDS_EVERYWHERE, "server or off", 1, 2,
          READER(r307_setting_status),
          VALUE(R307_SETTING_STATUS, choice, R307_STATUS_OFF),
          "server or off: what SetHandler redirect307-status shows here; own link=NAME=KEY: "
          "a page about the rules of this directory, for who has the key")
DIRECTIVE(R307_DIRECTIVE_LINT, "Redirect307Lint", R307_LINE_SETTING, R307_STANDS_CONF,
          "off, warn or refuse", 1, 1, CHOICE(r307_words_lint),
          VALUE(R307_SETTING_LINT, choice, R307_LINT_WARN),
          "off, warn or refuse: doubts about rules, at start and with -t")

#undef NONE
#undef READER
#undef CHOICE
#undef DIRECTIVE
#undef VALUE
