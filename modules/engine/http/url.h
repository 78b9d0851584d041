/* SPDX-License-Identifier: Apache-2.0
 *
 * url: RFC 3986 references as slices: split, resolve, print, and the strict check of a
 * host. No percent-coding and no policy: what may leave is the guard's question.
 */
#ifndef R307_URL_H
#define R307_URL_H

#include "base/text.h"

/* The parts of a reference; an absent part has s == NULL, path is never absent. */
typedef struct r307_url_t {
    r307_slice_t scheme;
    r307_slice_t userinfo;
    r307_slice_t host;      /* with its brackets for an IPv6 literal */
    r307_slice_t port;      /* present but empty for "http://h:/" */
    r307_slice_t path;
    r307_slice_t query;
    r307_slice_t fragment;
} r307_url_t;

/* Splits without judging, RFC 3986 appendix B; slices point into s. */
void r307_url_split(const char *s, size_t len, r307_url_t *url);

/* RFC 3986 5.2.2 (strict): what `ref` means when read at `base`. The result's slices
 * point into ref, base, or memory of p. */
void r307_url_resolve(apr_pool_t *p, const r307_url_t *base, const r307_url_t *ref,
                      r307_url_t *url);

/* RFC 3986 5.2.4; percent codes are not looked into. */
r307_slice_t r307_url_remove_dots(apr_pool_t *p, r307_slice_t path);

/* RFC 3986 5.3. NUL-terminated, but a part may have brought a NUL of its own. */
r307_slice_t r307_url_print(apr_pool_t *p, const r307_url_t *url);

/* NULL when the host is a plain ASCII name of LDH labels (and '_'), a dotted IPv4
 * address or a bracketed IPv6 address without zone; else why it is not. A name whose
 * last label is a number must be an exact dotted quad, because browsers read every
 * other spelling of one as an address too (WHATWG URL, host parsing). */
const char *r307_url_check_host(r307_slice_t host);

/* Port number of the slice, 0 when absent or empty, -1 when it is none (RFC 3986
 * 3.2.3; 1 to 65535). */
long r307_url_port(r307_slice_t port);

/* 80 or 443; 0 for any other scheme. */
int r307_url_default_port(r307_slice_t scheme);

/* Whether a word without a scheme begins like a host: "www.x.y/z", or a name that ends as those
 * of hosts do and those of files do not, as "example.com/a". */
int r307_url_looks_like_host(const char *text);

/* The host as it is sent: without the '.' that may end a name. "h.example." is the same host
 * to DNS and another origin to a browser. What is no host stays as it is. */
r307_slice_t r307_url_sent_host(r307_slice_t host);

/* Host names compared as ASCII, case-insensitively, without a trailing dot. */
int r307_url_same_host(r307_slice_t a, r307_slice_t b);

/* Whether a URL as browsers write it is of that host, whatever its port: for Referer, which
 * has no user in it (RFC 9110 10.1.3). */
int r307_url_is_of_host(const char *url, const char *host);

#endif
