/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf_host.h"

#include <string.h>
#include <apr_strings.h>

static int same(const char *a, const char *b)
{
    return r307_text_same_fold(a, strlen(a), b, strlen(b));
}

static const r307_server_t *server_at(const r307_site_t *site, int i)
{
    return APR_ARRAY_IDX(site->hosts, i, const r307_server_t *);
}

static const r307_address_t *address_at(const apr_array_header_t *list, int i)
{
    return &APR_ARRAY_IDX(list, i, r307_address_t);
}

static int is_literal(const char *host)
{
    return strchr(host, ':') != NULL || strspn(host, "0123456789.") == strlen(host);
}

/* --- by address --- */

/* How one address of a <VirtualHost> is the one that is asked; at: NULL is one that nobody
 * names. httpd takes the hosts of the best kind alone. */
static int fits(const r307_address_t *address, const char *at, int port)
{
    int exactly = address->port == port;

    if (!exactly && address->port) {
        return 0;
    }
    if (!address->host) {
        return 1 + exactly;
    }
    return at && same(address->host, at) ? 3 + exactly : 0;
}

static int best_of(const r307_server_t *server, const char *at, int port)
{
    int i, best = 0;

    for (i = 0; i < server->addresses->nelts; i++) {
        int fit = fits(address_at(server->addresses, i), at, port);

        best = fit > best ? fit : best;
    }
    return best;
}

static int has_kind(const r307_server_t *server, const char *at, int port, int kind)
{
    int i;

    for (i = 0; i < server->addresses->nelts; i++) {
        if (fits(address_at(server->addresses, i), at, port) == kind) {
            return 1;
        }
    }
    return 0;
}

/* --- by name --- */

static int is_glob(const char *pattern, const char *host)
{
    return r307_text_glob(r307_slice(pattern, strlen(pattern)),
                          r307_slice(host, strlen(host)), 1);
}

/* Without ServerName a host of any address has that of the main server. */
static const char *name_of(const r307_site_t *site, const r307_server_t *server)
{
    return server->name ? server->name : site->main->name;
}

static int has_name(const r307_site_t *site, const r307_server_t *server, const char *host)
{
    const char *name = name_of(site, server);
    int i;

    if (name && same(name, host)) {
        return 1;
    }
    for (i = 0; i < server->aliases->nelts; i++) {
        if (same(APR_ARRAY_IDX(server->aliases, i, const char *), host)) {
            return 1;
        }
    }
    for (i = 0; i < server->globs->nelts; i++) {
        if (is_glob(APR_ARRAY_IDX(server->globs, i, const char *), host)) {
            return 1;
        }
    }
    return 0;
}

/* <VirtualHost www.example.com:80>: the name counts where no other does. */
static int is_written(const r307_server_t *server, const char *host)
{
    int i;

    for (i = 0; i < server->addresses->nelts; i++) {
        const char *written = address_at(server->addresses, i)->host;

        if (written && same(written, host)) {
            return 1;
        }
    }
    return 0;
}

/* A host with an address of its own and no ServerName has the name that DNS gives. */
static int is_unnamed(const r307_server_t *server)
{
    return !server->name && address_at(server->addresses, 0)->host != NULL;
}

typedef struct found_t {
    const r307_server_t *server;
    const r307_server_t *unnamed;       /* one that may be it instead */
} found_t;

static void find_at(const r307_site_t *site, const char *at, const char *host, int port,
                    found_t *found)
{
    const r307_server_t *first = NULL, *written = NULL;
    int i, level = 0, best;

    memset(found, 0, sizeof(*found));
    for (i = 0; i < site->hosts->nelts; i++) {
        best = best_of(server_at(site, i), at, port);
        level = best > level ? best : level;
    }
    for (i = 0; level && i < site->hosts->nelts; i++) {
        const r307_server_t *server = server_at(site, i);

        if (!has_kind(server, at, port, level)) {
            continue;
        }
        first = first ? first : server;
        if (has_name(site, server, host)) {
            found->server = server;
            return;
        }
        written = written || !is_written(server, host) ? written : server;
        found->unnamed = found->unnamed || !is_unnamed(server) ? found->unnamed : server;
    }
    found->server = written ? written : first ? first : site->main;
}

/* --- what the address can be --- */

static void add(apr_array_header_t *list, const char *at)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        const char *known = APR_ARRAY_IDX(list, i, const char *);

        if (known == at || (known && at && same(known, at))) {
            return;
        }
    }
    APR_ARRAY_PUSH(list, const char *) = at;
}

/* All that <VirtualHost> lines of the port name, and one that none does. */
static void add_written(const r307_site_t *site, int port, apr_array_header_t *list)
{
    int i, k;

    add(list, NULL);
    for (i = 0; i < site->hosts->nelts; i++) {
        const apr_array_header_t *addresses = server_at(site, i)->addresses;

        for (k = 0; k < addresses->nelts; k++) {
            const r307_address_t *address = address_at(addresses, k);

            if (address->host && (!address->port || address->port == port)) {
                add(list, address->host);
            }
        }
    }
}

/* The addresses that a request to host and port may come to: of const char *. */
static apr_array_header_t *possible(const r307_site_t *site, const char *host, int port)
{
    apr_array_header_t *list = apr_array_make(site->p, 4, sizeof(const char *));
    int i, is_any = !site->listens->nelts;

    if (is_literal(host)) {
        add(list, host);
        return list;
    }
    for (i = 0; i < site->listens->nelts; i++) {
        const r307_address_t *listen = address_at(site->listens, i);

        if (listen->port == port && listen->host) {
            add(list, listen->host);
        }
        is_any = is_any || (listen->port == port && !listen->host);
    }
    if (is_any || !list->nelts) {
        add_written(site, port, list);
    }
    return list;
}

static int is_listened(const r307_site_t *site, int port)
{
    int i;

    for (i = 0; i < site->listens->nelts && address_at(site->listens, i)->port != port; i++) {
        continue;
    }
    return !site->listens->nelts || i < site->listens->nelts;
}

/* Where none listens at the port of the URL, as behind a balancer: the one there is. */
static int port_of(const r307_site_t *site, int port)
{
    int i, only = site->listens->nelts ? address_at(site->listens, 0)->port : port;

    for (i = 0; i < site->listens->nelts; i++) {
        if (address_at(site->listens, i)->port != only) {
            return port;
        }
    }
    return only;
}

static int is_by_name(const r307_site_t *site, int port)
{
    int i, k;

    for (i = 0; i < site->hosts->nelts; i++) {
        const apr_array_header_t *addresses = server_at(site, i)->addresses;

        for (k = 0; k < addresses->nelts; k++) {
            const r307_address_t *address = address_at(addresses, k);

            if (address->host && !is_literal(address->host)
                && (!address->port || address->port == port)) {
                return 1;
            }
        }
    }
    return 0;
}

void r307_host_find(const r307_site_t *site, const char *host, int asked,
                    r307_hosted_t *hosted)
{
    int port = is_listened(site, asked) ? asked : port_of(site, asked), i, differs = 0;
    const apr_array_header_t *list = possible(site, host, port);
    found_t best = { NULL, NULL }, found;

    memset(hosted, 0, sizeof(*hosted));
    for (i = 0; i < list->nelts; i++) {
        find_at(site, APR_ARRAY_IDX(list, i, const char *), host, port, &found);
        differs = differs || (best.server && best.server != found.server);
        if (!best.server || (has_name(site, found.server, host)
                             && !has_name(site, best.server, host))) {
            best = found;
        }
    }
    if (!is_listened(site, asked)) {
        hosted->depends = apr_psprintf(site->p, "Listen, which has no port %d", asked);
    }
    else if (differs || is_by_name(site, port)) {
        hosted->depends = "the address that is asked";
        hosted->node = best.server->node;
    }
    else if (best.unnamed) {
        hosted->depends = "the name of a <VirtualHost> without ServerName";
        hosted->node = best.unnamed->node;
    }
    hosted->server = r307_site_whole(site, best.server);
}
