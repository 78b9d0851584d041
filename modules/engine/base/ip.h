/* SPDX-License-Identifier: Apache-2.0
 *
 * ip: addresses and networks, IPv4 and IPv6 alike. An IPv4 address is the same as its
 * form in IPv6 (::ffff:192.0.2.1), as a socket for both families hands it over.
 */
#ifndef R307_IP_H
#define R307_IP_H

#include <apr_tables.h>
#include "base/text.h"

typedef struct r307_ip_t {
    unsigned char byte[16];
} r307_ip_t;

typedef struct r307_net_t {
    r307_ip_t ip;           /* bits behind the prefix are 0 */
    int bits;               /* of 128 */
} r307_net_t;

/* 0 when the text is no address. A zone ("%eth0") is left aside. */
int r307_ip_parse(r307_slice_t text, r307_ip_t *ip);

/* Whether the text is an address as one stands in a URL's host (RFC 3986 3.2.2): without a
 * zone, and no number with a 0 in front, which some read as octal. */
int r307_ip_is_v4(r307_slice_t text);
int r307_ip_is_v6(r307_slice_t text);

/* "192.0.2.0/24", "2001:db8::/32", or one address; a list of them at commas, appended to nets
 * (of r307_net_t). NULL; or why it is none and what to write, to stand behind
 * "name='text' ". */
const char *r307_net_parse_list(apr_pool_t *p, const char *text,
                                apr_array_header_t *nets);

/* Whether one of the networks holds the address. */
int r307_net_list_holds(const r307_net_t *nets, int count, const r307_ip_t *ip);

#endif
