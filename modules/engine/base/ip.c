/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ip.h"

#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <apr_strings.h>

#define TEXT_MOST 45        /* of an IPv6 address with an IPv4 one at its end */
#define V4_BITS 96          /* in front of an IPv4 address in its IPv6 form */

static int has_colon(r307_slice_t text)
{
    return text.len && memchr(text.s, ':', text.len);
}

/* inet_pton of bytes that no NUL ends. */
static int read_address(int family, r307_slice_t text, void *bytes)
{
    char copy[TEXT_MOST + 1];

    if (text.len == 0 || text.len > TEXT_MOST || memchr(text.s, '\0', text.len)) {
        return 0;
    }
    memcpy(copy, text.s, text.len);
    copy[text.len] = '\0';
    return inet_pton(family, copy, bytes) == 1;
}

int r307_ip_is_v4(r307_slice_t text)
{
    r307_ip_t ip;
    char last = text.len ? text.s[text.len - 1] : '\0';

    return last >= '0' && last <= '9' && read_address(AF_INET, text, ip.byte);
}

int r307_ip_is_v6(r307_slice_t text)
{
    r307_ip_t ip;

    return read_address(AF_INET6, text, ip.byte);
}

int r307_ip_parse(r307_slice_t text, r307_ip_t *ip)
{
    static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF };
    const char *zone = text.len ? memchr(text.s, '%', text.len) : NULL;

    text.len = zone ? (size_t)(zone - text.s) : text.len;
    if (has_colon(text)) {
        return read_address(AF_INET6, text, ip->byte);
    }
    memcpy(ip->byte, mapped, sizeof(mapped));
    return read_address(AF_INET, text, ip->byte + sizeof(mapped));
}

static void clear_behind(r307_net_t *net)
{
    int i;

    for (i = 0; i < 16; i++) {
        int left = net->bits - 8 * i;

        net->ip.byte[i] &= left >= 8 ? 0xFF : left <= 0 ? 0
                           : (unsigned char)(0xFF << (8 - left));
    }
}

/* What httpd's "Require ip" takes for a network, "10.1" or "10.1.", has a clear form. */
static const char *explain(apr_pool_t *p, r307_slice_t text)
{
    static const char *const whole[] = { ".0.0.0/8", ".0.0/16", ".0/24" };
    size_t i, dots = 0;

    while (text.len && text.s[text.len - 1] == '.') {
        text.len--;
    }
    for (i = 0; i < text.len; i++) {
        if (text.s[i] == '.') {
            dots++;
        }
        else if (text.s[i] < '0' || text.s[i] > '9') {
            return "is no address; write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32";
        }
    }
    return text.len == 0 || dots > 2
           ? "is no address; write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32"
           : apr_pstrcat(p, "is no address; write ", r307_slice_text(p, text),
                         whole[dots], NULL);
}

static const char *parse_net(apr_pool_t *p, r307_slice_t text, r307_net_t *net)
{
    const char *slash = text.len ? memchr(text.s, '/', text.len) : NULL;
    r307_slice_t ip = r307_slice(text.s, slash ? (size_t)(slash - text.s) : text.len);
    r307_slice_t prefix;
    long bits;

    if (!r307_ip_parse(ip, &net->ip)) {
        return explain(p, slash ? ip : text);
    }
    net->bits = 128;
    if (slash) {
        prefix = r307_slice(slash + 1, text.len - ip.len - 1);
        bits = r307_text_number(prefix, has_colon(ip) ? 128 : 32);
        if (bits < 0) {
            return has_colon(ip) ? "has a prefix that is no number from 0 to 128; write "
                                   "2001:db8::/32"
                                 : "has a prefix that is no number from 0 to 32; write "
                                   "192.0.2.0/24";
        }
        net->bits = (int)bits + (has_colon(ip) ? 0 : V4_BITS);
    }
    clear_behind(net);
    return NULL;
}

const char *r307_net_parse_list(apr_pool_t *p, const char *text,
                                apr_array_header_t *nets)
{
    int is_list = strchr(text, ',') != NULL;

    for (;;) {
        size_t n = strcspn(text, ","), from = strspn(text, " "), to = n;
        const char *bad;
        r307_net_t net;

        while (to > from && text[to - 1] == ' ') {
            to--;
        }
        if (from >= to) {
            return "has an empty member in its list";
        }
        bad = parse_net(p, r307_slice(text + from, to - from), &net);
        if (bad && is_list) {
            bad = apr_pstrcat(p, "has a member that is wrong: '",
                              r307_text_show(p, text + from, to - from), "' ", bad, NULL);
        }
        if (bad) {
            return bad;
        }
        APR_ARRAY_PUSH(nets, r307_net_t) = net;
        if (!text[n]) {
            return NULL;
        }
        text += n + 1;
    }
}

static int holds(const r307_net_t *net, const r307_ip_t *ip)
{
    int whole = net->bits / 8, left = net->bits % 8;

    return memcmp(net->ip.byte, ip->byte, (size_t)whole) == 0
        && (left == 0
            || ((net->ip.byte[whole] ^ ip->byte[whole]) & (0xFF << (8 - left)) & 0xFF)
               == 0);
}

int r307_net_list_holds(const r307_net_t *nets, int count, const r307_ip_t *ip)
{
    int i;

    for (i = 0; i < count; i++) {
        if (holds(&nets[i], ip)) {
            return 1;
        }
    }
    return 0;
}
