/* SPDX-License-Identifier: Apache-2.0 */
#include "case/case_key.h"

#include <string.h>
#include <apr_strings.h>

#include "base/ip.h"

/* --- what a word sets --- */

static const char *set_url(apr_pool_t *p, r307_case_t *c, const char *value)
{
    c->url = value;
    return *value ? NULL : "is empty";
}

static const char *set_method(apr_pool_t *p, r307_case_t *c, const char *value)
{
    const char *s;

    c->method = value;
    for (s = value; *s; s++) {
        if (!r307_text_is(*s, R307_IS_NAME) && *s != '-') {
            return "is no method; write POST";
        }
        if (*s >= 'a' && *s <= 'z') {
            return "is no method: they are upper-case; write POST";
        }
    }
    return *value ? NULL : "is empty";
}

static const char *set_host(apr_pool_t *p, r307_case_t *c, const char *value)
{
    int has_scheme = strncmp(value, "http://", 7) == 0 || strncmp(value, "https://", 8) == 0;
    const char *text = apr_pstrcat(p, has_scheme ? "" : "http://", value, "/", NULL);
    r307_url_t url;

    r307_url_split(text, strlen(text), &url);
    c->host = value;
    return url.userinfo.s || url.path.len != 1 || url.query.s || url.fragment.s
           || r307_url_check_host(url.host) || r307_url_port(url.port) < 0
        ? "is no host; write www.example.com, or https://www.example.com" : NULL;
}

static const char *set_at(apr_pool_t *p, r307_case_t *c, const char *value)
{
    return r307_time_parse(p, value, 0, &c->at);
}

static const char *set_client(apr_pool_t *p, r307_case_t *c, const char *value)
{
    r307_ip_t ip;

    c->client = value;
    return r307_ip_parse(r307_slice(value, strlen(value)), &ip)
        ? NULL : "is no address; write 192.0.2.7";
}

static const char *set_user(apr_pool_t *p, r307_case_t *c, const char *value)
{
    c->user = value;
    return *value ? NULL : "is empty; leave it out for nobody";
}

static void add(apr_pool_t *p, apr_array_header_t **list, const char *text)
{
    *list = *list ? *list : apr_array_make(p, 2, sizeof(const char *));
    APR_ARRAY_PUSH(*list, const char *) = text;
}

static const char *set_header(apr_pool_t *p, r307_case_t *c, const char *value)
{
    size_t n = strcspn(value, ":"), i;

    add(p, &c->headers, value);
    for (i = 0; i < n; i++) {
        if (!r307_text_is(value[i], R307_IS_NAME) && !strchr("!#$%&'*+-.^`|~", value[i])) {
            break;
        }
    }
    return n && value[n] && i == n ? NULL : "is no header; write \"header=Name: value\"";
}

static const char *set_cookie(apr_pool_t *p, r307_case_t *c, const char *value)
{
    add(p, &c->cookies, value);
    return strcspn(value, "=; ") && strchr(value, '=') ? NULL
        : "is no cookie; write cookie=NAME=value";
}

static const char *set_lang(apr_pool_t *p, r307_case_t *c, const char *value)
{
    add(p, &c->headers, apr_pstrcat(p, "Accept-Language: ", value, NULL));
    return *value ? NULL : "is empty";
}

static const char *set_env(apr_pool_t *p, r307_case_t *c, const char *value)
{
    add(p, &c->env, value);
    return strcspn(value, "=") ? NULL : "names no variable; write env=NAME or env=NAME=value";
}

static const char *set_flag(apr_pool_t *p, r307_case_t *c, const char *value)
{
    add(p, &c->flags, value);
    return *value ? NULL : "names no flag; write it as the rule does, as flag=down.on";
}

static const char *set_file(apr_pool_t *p, r307_case_t *c, const char *value)
{
    c->file = strcmp(value, "present") == 0;
    return c->file || strcmp(value, "missing") == 0
        ? NULL : "is not known; write file=missing or file=present";
}

/* What a condition comes to, or a piece of a target. */
static const char *set_expr(apr_pool_t *p, r307_case_t *c, const char *value)
{
    if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0) {
        c->test = *value == 't';
    }
    else {
        c->string = value;
    }
    return NULL;
}

static const char *set_roll(apr_pool_t *p, r307_case_t *c, const char *value)
{
    int size;

    if (strspn(value, "0.") == strlen(value) && *value) {
        c->place = 0;
        return NULL;
    }
    if (r307_share_parse(value, &size)) {
        return "is no roll; write a number from 0 to 100: percent=10 holds from 0 to 10";
    }
    c->place = size < R307_SHARE_ALL ? size : R307_SHARE_ALL - 1;
    return NULL;
}

static const char *set_by(apr_pool_t *p, r307_case_t *c, const char *value)
{
    c->by = value;
    return *value ? NULL : "is empty; write the name= of a rule, or FILE:LINE";
}

static const char *set_hops(apr_pool_t *p, r307_case_t *c, const char *value)
{
    c->hops = (int)r307_text_number(r307_slice(value, strlen(value)), 20);
    return c->hops >= 1 ? NULL : "is no number of redirects; write one from 1 to 20";
}

static const char *set_cache(apr_pool_t *p, r307_case_t *c, const char *value)
{
    c->cache = 0;
    return strcmp(value, "off") == 0 ? NULL : r307_duration_parse(p, value, &c->cache);
}

/* --- what has a condition hold --- */

static void say(r307_case_sample_t *sample, const char *name, const char *value)
{
    r307_word_t *word = apr_array_push(sample->keys);

    memset(word, 0, sizeof(*word));
    word->text = apr_pstrcat(sample->p, name, "=", value, NULL);
    word->name_len = strlen(name);
}

static void say_id(r307_case_sample_t *sample, r307_case_key_id_t id, const char *value)
{
    say(sample, r307_case_keys[id].name, value);
}

/* A text that the glob matches. */
static const char *unglob(apr_pool_t *p, r307_slice_t glob, const char *any)
{
    r307_buf_t buf;
    size_t i;

    r307_buf_make(&buf, p, glob.len + 8);
    for (i = 0; i < glob.len; i++) {
        if (glob.s[i] == '*') {
            r307_buf_puts(&buf, any);
        }
        else {
            r307_buf_putc(&buf, glob.s[i] == '?' ? 'x' : glob.s[i]);
        }
    }
    return buf.s ? buf.s : "";
}

static void add_param(r307_case_sample_t *sample, r307_slice_t name, r307_slice_t value)
{
    r307_buf_t buf;

    r307_buf_make(&buf, sample->p, 32);
    r307_buf_puts(&buf, sample->query);
    if (*sample->query) {
        r307_buf_putc(&buf, '&');
    }
    r307_text_encode(&buf, name.s, name.len, R307_LAND_VALUE, R307_FORM_DATA);
    if (value.s) {
        r307_buf_putc(&buf, '=');
        r307_text_encode(&buf, value.s, value.len, R307_LAND_VALUE, R307_FORM_DATA);
    }
    sample->query = buf.s;
}

/* What of the URL is asked for: its scheme, its parameters, a key in it. */
static void sample_url(r307_case_sample_t *sample, const r307_cond_t *cond)
{
    const r307_link_t *link = r307_cond_link(cond, 1);
    int i;

    if (link) {
        add_param(sample, r307_slice(link->name, strlen(link->name)), link->key);
    }
    else if (cond->kind->about == R307_ABOUT_SCHEME) {
        sample->scheme = cond->value;
    }
    for (i = 0; !cond->negate && cond->kind->about == R307_ABOUT_QUERY && i < cond->count;
         i++) {
        add_param(sample, cond->names[i], cond->values[i]);
    }
}

static void sample_method(r307_case_sample_t *sample, const r307_cond_t *cond)
{
    static const char *const usual[] = { "GET", "POST", "PUT", "DELETE", "HEAD", NULL };
    int i, k = 0;

    if (!cond->negate) {
        sample->method = r307_slice_text(sample->p, cond->names[0]);
        return;
    }
    for (i = 0; i < cond->count && usual[k]; i++) {
        if (r307_slice_same(cond->names[i], r307_slice(usual[k], strlen(usual[k])))) {
            i = -1;
            k++;
        }
    }
    sample->method = usual[k];
}

static void sample_host(r307_case_sample_t *sample, const r307_cond_t *cond)
{
    sample->host = cond->negate ? NULL : unglob(sample->p, cond->names[0], "www");
}

static void sample_client(r307_case_sample_t *sample, const r307_cond_t *cond)
{
    const r307_net_t *nets = cond->own;
    const unsigned char *b = nets[0].ip.byte;
    r307_buf_t buf;
    int i;

    if (cond->negate) {
        return;
    }
    if (b[10] == 0xFF && b[11] == 0xFF && !b[0] && !b[9]) {
        say_id(sample, R307_CASE_CLIENT, apr_psprintf(sample->p, "%d.%d.%d.%d", b[12], b[13],
                                                      b[14], b[15]));
        return;
    }
    r307_buf_make(&buf, sample->p, 48);
    for (i = 0; i < 16; i += 2) {
        r307_buf_puts(&buf, apr_psprintf(sample->p, "%s%x", i ? ":" : "",
                                         (unsigned)(b[i] << 8 | b[i + 1])));
    }
    say_id(sample, R307_CASE_CLIENT, buf.s);
}

static void sample_user(r307_case_sample_t *sample, const r307_cond_t *cond)
{
    if (!cond->negate) {
        say_id(sample, R307_CASE_USER, r307_slice_same(cond->names[0], r307_slice("*", 1))
               ? "somebody" : r307_slice_text(sample->p, cond->names[0]));
    }
}

static void sample_header(r307_case_sample_t *sample, const r307_cond_t *cond)
{
    if (!cond->negate) {
        say_id(sample, R307_CASE_HEADER, apr_pstrcat(sample->p, cond->names[0].s, ":",
            cond->values[0].s ? unglob(sample->p, cond->values[0], "") : "x", NULL));
    }
}

static void sample_cookie(r307_case_sample_t *sample, const r307_cond_t *cond)
{
    if (!cond->negate) {
        say_id(sample, R307_CASE_COOKIE, apr_pstrcat(
            sample->p, unglob(sample->p, cond->names[0], "x"), "=",
            cond->values[0].s ? unglob(sample->p, cond->values[0], "") : "x", NULL));
    }
}

static void sample_lang(r307_case_sample_t *sample, const r307_cond_t *cond)
{
    if (!cond->negate) {
        say_id(sample, R307_CASE_LANG, r307_slice_text(sample->p, cond->names[0]));
    }
}

static void sample_env(r307_case_sample_t *sample, const r307_cond_t *cond)
{
    if (!cond->negate) {
        say_id(sample, R307_CASE_ENV, cond->value);
    }
}

static void sample_flag(r307_case_sample_t *sample, const r307_cond_t *cond)
{
    if (!cond->negate) {
        say_id(sample, R307_CASE_FLAG, cond->value);
    }
}

static void sample_file(r307_case_sample_t *sample, const r307_cond_t *cond)
{
    int present = (strcmp(cond->value, "present") == 0) != cond->negate;

    say_id(sample, R307_CASE_FILE, present ? "present" : "missing");
}

static void sample_expr(r307_case_sample_t *sample, const r307_cond_t *cond)
{
    say_id(sample, R307_CASE_EXPR, "true");
}

static void sample_roll(r307_case_sample_t *sample, const r307_cond_t *cond)
{
    say_id(sample, R307_CASE_ROLL, apr_psprintf(sample->p, "%d.%02d", sample->place / 100,
                                                sample->place % 100));
}

/* --- the rows --- */

const r307_case_key_t r307_case_keys[R307_CASE_KEYS] = {
    { "url", "URL", 0, 0, 1, NULL, "scheme args optin", set_url, sample_url },
    { "method", "METHOD", 0, 0, 1, NULL, "method", set_method, sample_method },
    { "host", "NAME", 0, 0, 1, NULL, "host", set_host, sample_host },
    { "at", "TIME", 0, 0, 0, NULL, "", set_at, NULL },
    { "client", "ADDRESS", 0, 0, 0, NULL, "ip", set_client, sample_client },
    { "user", "NAME", 0, 0, 0, NULL, "user", set_user, sample_user },
    { "header", "Name:value", 0, 1, 1, NULL, "header", set_header, sample_header },
    { "cookie", "NAME=value", 0, 1, 1, NULL, "cookie", set_cookie, sample_cookie },
    { "lang", "LIST", 0, 0, 1, NULL, "lang", set_lang, sample_lang },
    { "env", "NAME[=value]", 0, 1, 0, NULL, "env", set_env, sample_env },
    { "flag", "FILE", 0, 1, 0, NULL, "flag", set_flag, sample_flag },
    { "file", "missing|present", 0, 0, 0, "file=missing or file=present", "file", set_file,
      sample_file },
    { "expr", "true|false|TEXT", 0, 1, 0, "expr=true or expr=false, or, for what stands in "
      "%{...} of a target, expr=TEXT", "expr", set_expr, sample_expr },
    { "roll", "0-100", 0, 0, 0, "roll=0 to roll=100", "percent", set_roll, sample_roll },
    { "by", "NAME|FILE:LINE", 1, 0, 1, NULL, "", set_by, NULL },
    { "hops", "1-20", 1, 0, 1, NULL, "", set_hops, NULL },
    { "cache", "TIME|off", 1, 0, 1, NULL, "", set_cache, NULL }
};

const r307_case_key_t *r307_case_key_find(const char *name, size_t len)
{
    int i;

    for (i = 0; i < R307_CASE_KEYS; i++) {
        if (strlen(r307_case_keys[i].name) == len
            && memcmp(r307_case_keys[i].name, name, len) == 0) {
            return &r307_case_keys[i];
        }
    }
    return NULL;
}

static int is_in(const char *list, const char *word, size_t len)
{
    while (*list) {
        size_t n = strcspn(list, " ");

        if (n == len && memcmp(list, word, len) == 0) {
            return 1;
        }
        list += n + strspn(list + n, " ");
    }
    return 0;
}

const r307_case_key_t *r307_case_key_of(const char *condition)
{
    size_t len = strcspn(condition, "=");
    int i;

    for (i = 0; i < R307_CASE_KEYS; i++) {
        if (is_in(r307_case_keys[i].conditions, condition, len)) {
            return &r307_case_keys[i];
        }
    }
    return NULL;
}

const char *r307_case_key_list(apr_pool_t *p, int is_wanted)
{
    const char *text = "";
    int i;

    for (i = 0; i < R307_CASE_KEYS; i++) {
        if (r307_case_keys[i].is_wanted == is_wanted) {
            text = apr_pstrcat(p, text, *text ? ", " : "", r307_case_keys[i].name, "=", NULL);
        }
    }
    return text;
}
