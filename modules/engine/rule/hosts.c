/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/hosts.h"

#include <string.h>
#include <strings.h>

/* In other letters, too: "%{tolower:%{HTTP_HOST}}". */
static int is_named(const r307_part_t *part, const char *const *names)
{
    const char *text = part->expr.text;
    size_t len;

    if (part->kind != R307_PART_EXPR || !text || strncmp(text, "%{", 2) != 0) {
        return 0;
    }
    len = strlen(text);
    if (r307_text_same_fold(text + 2, len < 10 ? len - 2 : 8, "tolower:", 8)
        || r307_text_same_fold(text + 2, len < 10 ? len - 2 : 8, "toupper:", 8)) {
        text += 10;
        len -= 11;
    }
    for (; *names; names++) {
        if (len == strlen(*names) + 3 && strncasecmp(text + 2, *names, len - 3) == 0) {
            return 1;
        }
    }
    return 0;
}

int r307_hosts_is_asked(const r307_part_t *part)
{
    static const char *const names[] = {
        "HTTP_HOST", "SERVER_NAME", "HTTP:Host", "req:Host", "req_novary:Host", NULL
    };

    return is_named(part, names);
}

int r307_hosts_is_port(const r307_part_t *part)
{
    static const char *const names[] = { "SERVER_PORT", NULL };

    return is_named(part, names);
}

/* "^(.*)$" and "(/.*)": groups that begin where the path does. */
static int takes_path(const char *text)
{
    text += *text == '^';
    return strncmp(text, "(/", 2) == 0 || strncmp(text, "(.*)", 4) == 0
        || strncmp(text, "(.+)", 4) == 0;
}

int r307_hosts_is_path(const r307_pattern_t *pattern, const r307_part_t *part)
{
    static const char *const names[] = { "REQUEST_URI", "DOCUMENT_URI", NULL };

    if (part->kind == R307_PART_CAPTURE) {
        return pattern && pattern->regex
            && (part->capture == 0 ? *pattern->text == '^'
                                   : part->capture == 1 && takes_path(pattern->text));
    }
    return is_named(part, names);
}

/* Where the port begins: behind the last ':' that is not one of an IPv6 address; the end,
 * when there is none. */
static size_t before_port(const r307_buf_t *text)
{
    size_t len = text->len;

    while (len && text->s[len - 1] != ':' && text->s[len - 1] != ']') {
        len--;
    }
    return len && text->s[len - 1] == ':' ? len - 1 : text->len;
}

/* Of the text of a whole authority, whose port begins at `at`. */
static int port_of(const r307_buf_t *text, size_t at)
{
    r307_slice_t port;

    if (at == text->len) {
        /* "%{HTTP_HOST}" may bring its port along */
        return at && text->s[at - 1] == '*' ? R307_HOSTS_ANY_PORT : 0;
    }
    port = r307_slice(text->s + at + 1, text->len - at - 1);
    return memchr(port.s, '*', port.len) ? R307_HOSTS_ANY_PORT : (int)r307_url_port(port);
}

static void set_form(r307_hosts_t *hosts, const r307_buf_t *text)
{
    size_t len = before_port(text);

    hosts->port = port_of(text, len);
    /* a dot at its end is not sent */
    hosts->form = r307_slice(text->s, len - (len > 1 && text->s[len - 1] == '.'));
}

const r307_hosts_t *r307_hosts_find(apr_pool_t *p, const r307_pattern_t *pattern,
                                    const r307_target_t *target)
{
    r307_hosts_t *hosts;
    r307_buf_t text;
    int i;

    /* behind a literal host it depends on what is inserted */
    if (target->kind != R307_TARGET_URL || target->host.s) {
        return NULL;
    }
    hosts = apr_pcalloc(p, sizeof(*hosts));
    r307_buf_make(&text, p, 64);
    for (i = 0; i < target->count && target->parts[i].in == R307_IN_HOST; i++) {
        const r307_part_t *part = &target->parts[i];

        if (r307_hosts_is_path(pattern, part)) {
            hosts->kind = R307_HOSTS_NEVER;     /* "/x" is in no host */
            return hosts;
        }
        if (part->kind == R307_PART_LITERAL) {
            r307_buf_add(&text, part->text.s, part->text.len);
        }
        else {
            r307_buf_putc(&text, '*');
        }
    }
    hosts->kind = R307_HOSTS_LISTED;
    hosts->scheme = target->scheme;
    set_form(hosts, &text);
    return hosts;
}

/* Whether some host below that name has the form. What stands in front of the form's last
 * '*' can stand in front of any name. */
static int can_be_below(r307_slice_t form, r307_slice_t name)
{
    size_t len = 0, more;

    while (len < form.len && form.s[form.len - 1 - len] != '*') {
        len++;
    }
    if (len == form.len) {                  /* its host is all written; its port is not */
        return form.len > name.len + 1 && form.s[form.len - name.len - 1] == '.'
            && r307_text_same_fold(form.s + form.len - name.len, name.len, name.s, name.len);
    }
    if (len <= name.len) {
        return r307_text_same_fold(form.s + form.len - len, len, name.s + name.len - len, len);
    }
    more = len - name.len;
    return form.s[form.len - name.len - 1] == '.'
        && r307_text_same_fold(form.s + form.len - len + more, name.len, name.s, name.len);
}

static int can_be(const r307_hosts_t *hosts, const r307_origin_t *origin)
{
    int standard = r307_url_default_port(hosts->scheme);

    if (origin->scheme.s
        && !r307_text_same_fold(origin->scheme.s, origin->scheme.len, hosts->scheme.s,
                                hosts->scheme.len)) {
        return 0;
    }
    if (hosts->port != R307_HOSTS_ANY_PORT
        && (hosts->port ? hosts->port : standard)
            != (origin->port ? origin->port : standard)) {
        return 0;
    }
    return origin->below ? can_be_below(hosts->form, origin->host)
                         : r307_text_glob(hosts->form, origin->host, 1);
}

static int is_on_list(const r307_hosts_t *hosts, const apr_array_header_t *allow)
{
    int i;

    for (i = 0; allow && i < allow->nelts; i++) {
        if (can_be(hosts, &APR_ARRAY_IDX(allow, i, r307_origin_t))) {
            return 1;
        }
    }
    return 0;
}

int r307_hosts_may(const r307_hosts_t *hosts, const apr_array_header_t *allow)
{
    return !hosts || (hosts->kind == R307_HOSTS_LISTED && is_on_list(hosts, allow));
}

static const char path_for_host[] = "has the path where its host would be";
static const char chosen_host[] = "lets the request choose the host, and there is no "
    "Redirect307AllowHosts here that says which ones may be chosen";
static const char other_host[] = "makes a host that is never one of Redirect307AllowHosts";

const char *r307_hosts_why(const r307_hosts_t *hosts, const apr_array_header_t *allow)
{
    return hosts->kind == R307_HOSTS_NEVER ? path_for_host
        : allow && allow->nelts ? other_host : chosen_host;
}

int r307_hosts_says(const char *why)
{
    return why == path_for_host || why == chosen_host || why == other_host;
}

int r307_hosts_is_own(const r307_target_t *target)
{
    int i;

    if (target->kind != R307_TARGET_URL || target->host.s || !target->count
        || target->parts[0].in != R307_IN_HOST || !r307_hosts_is_asked(&target->parts[0])) {
        return 0;
    }
    for (i = 1; i < target->count && target->parts[i].in == R307_IN_HOST; i++) {
        const r307_part_t *part = &target->parts[i];

        if (part->kind == R307_PART_LITERAL ? *part->text.s != ':'
                                            : !r307_hosts_is_port(part)) {
            return 0;
        }
    }
    return 1;
}
