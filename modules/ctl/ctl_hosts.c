/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "ctl_csv.h"
#include "ctl_json.h"
#include "ctl_print.h"

void ctl_hosts_make(ctl_hosts_t *x, apr_pool_t *p)
{
    memset(x, 0, sizeof(*x));
    x->p = p;
    x->hosts = apr_hash_make(p);
}

/* In front of those that were known, as these are the ones that are looked for. */
static void keep_place(ctl_hosts_t *x, ctl_host_t *host, const ctl_hosts_place_t *place)
{
    ctl_hosts_place_t *to = NULL;
    int i;

    if (host->places->nelts < CTL_HOSTS_PLACES) {
        to = apr_array_push(host->places);
    }
    for (i = 0; !to && place->is_new && i < host->places->nelts; i++) {
        ctl_hosts_place_t *known = &APR_ARRAY_IDX(host->places, i, ctl_hosts_place_t);

        to = known->is_new ? NULL : known;
    }
    if (to) {
        *to = *place;
        to->file = apr_pstrdup(x->p, place->file);
        to->how = apr_pstrdup(x->p, place->how);
    }
}

void ctl_hosts_add(ctl_hosts_t *x, const char *name, const ctl_hosts_place_t *place,
                   int seen)
{
    ctl_host_t *host = apr_hash_get(x->hosts, name, APR_HASH_KEY_STRING);
    ctl_hosts_place_t with = *place;

    if (!host) {
        host = apr_pcalloc(x->p, sizeof(*host));
        host->name = r307_text_show(x->p, name, strlen(name));
        host->places = apr_array_make(x->p, 1, sizeof(ctl_hosts_place_t));
        host->is_new = seen == 2;
        apr_hash_set(x->hosts, apr_pstrdup(x->p, name), APR_HASH_KEY_STRING, host);
    }
    if (!host->last || strcmp(host->last, place->file) != 0) {
        host->last = apr_pstrdup(x->p, place->file);
        host->files++;
        host->new_files += seen > 0;
    }
    x->lines++;
    host->lines++;
    host->hiding += place->only != NULL;
    with.is_new = seen > 0;
    keep_place(x, host, &with);
}

static int order_of(int a, int b)
{
    return a == b ? 0 : a > b ? -1 : 1;
}

static int by_news(const void *a, const void *b)
{
    const ctl_host_t *x = *(ctl_host_t *const *)a, *y = *(ctl_host_t *const *)b;
    int order = order_of(x->is_new, y->is_new);

    order = order ? order : order_of(x->new_files, y->new_files);
    order = order ? order : order_of(x->files, y->files);
    order = order ? order : order_of(x->lines, y->lines);
    return order ? order : strcmp(x->name, y->name);
}

static int by_place(const void *a, const void *b)
{
    const ctl_hosts_place_t *x = a, *y = b;
    int order = order_of(x->is_new, y->is_new);

    order = order ? order : strcmp(x->file, y->file);
    return order ? order : order_of((int)y->line, (int)x->line);
}

void ctl_hosts_sort(ctl_hosts_t *x)
{
    apr_hash_index_t *at;

    x->list = apr_array_make(x->p, (int)apr_hash_count(x->hosts) + 1,
                             sizeof(ctl_host_t *));
    for (at = apr_hash_first(x->p, x->hosts); at; at = apr_hash_next(at)) {
        ctl_host_t *host = apr_hash_this_val(at);

        qsort(host->places->elts, (size_t)host->places->nelts, sizeof(ctl_hosts_place_t),
              by_place);
        APR_ARRAY_PUSH(x->list, ctl_host_t *) = host;
    }
    qsort(x->list->elts, (size_t)x->list->nelts, sizeof(ctl_host_t *), by_news);
}

static const ctl_host_t *host_at(const ctl_hosts_t *x, int i)
{
    return APR_ARRAY_IDX(x->list, i, const ctl_host_t *);
}

int ctl_hosts_new(const ctl_hosts_t *x)
{
    int i, count = 0;

    for (i = 0; x->has_state && i < x->list->nelts; i++) {
        count += host_at(x, i)->new_files;
    }
    return count;
}

static const ctl_hosts_place_t *place_at(const ctl_host_t *host, int i)
{
    return &APR_ARRAY_IDX(host->places, i, const ctl_hosts_place_t);
}

/* --- for people --- */

static const char *plural(int count)
{
    return count == 1 ? "" : "s";
}

static void print_host(const ctl_hosts_t *x, const ctl_host_t *host)
{
    const char *mark = !x->has_state ? "" : host->is_new ? "NEW  "
        : host->new_files ? "new  " : "     ";
    const char *text;
    int i;

    text = apr_psprintf(x->p, "%s%s  %d line%s in %d file%s", mark, host->name,
                        host->lines, plural(host->lines), host->files,
                        plural(host->files));
    if (x->has_state && host->new_files && !host->is_new) {
        text = apr_psprintf(x->p, "%s, new in %d", text, host->new_files);
    }
    ctl_print(stdout, apr_pstrcat(x->p, text, "\n", NULL));
    for (i = 0; i < host->places->nelts; i++) {
        const ctl_hosts_place_t *place = place_at(host, i);

        ctl_print(stdout, apr_psprintf(x->p, "     %s:%u: %s%s%s%s\n", place->file,
                                       place->line, place->how,
                                       place->only ? ", only for some (" : "",
                                       place->only ? place->only : "",
                                       place->only ? ")" : ""));
    }
    if (host->lines > host->places->nelts) {
        printf("     and %d more\n", host->lines - host->places->nelts);
    }
}

static void print_text(const ctl_hosts_t *x)
{
    int i, fresh = 0;

    for (i = 0; i < x->list->nelts; i++) {
        print_host(x, host_at(x, i));
        fresh += host_at(x, i)->is_new;
    }
    printf("%d host%s", x->list->nelts, plural(x->list->nelts));
    if (x->has_state) {
        printf(", %d new", fresh);
    }
    printf("; %d line%s of %d file%s", x->lines, plural(x->lines), x->files,
           plural(x->files));
    if (x->own) {
        printf("; %d more to the site's own name", x->own);
    }
    if (x->cut) {
        printf("; %d not kept", x->cut);
    }
    printf(".\n");
}

/* --- for programs and sheets --- */

static void print_place(const ctl_hosts_place_t *place)
{
    printf("        { \"file\": ");
    ctl_json_string(stdout, place->file);
    printf(", \"line\": %u, \"how\": ", place->line);
    ctl_json_string(stdout, place->how);
    printf(", \"only\": ");
    ctl_json_string(stdout, place->only);
    printf(", \"new\": %s }", place->is_new ? "true" : "false");
}

static void print_json(const ctl_hosts_t *x)
{
    int i, k;

    printf("{\n  \"files\": %d, \"lines\": %d, \"own\": %d, \"cut\": %d, \"state\": %s,\n"
           "  \"hosts\": [", x->files, x->lines, x->own, x->cut,
           x->has_state ? "true" : "false");
    for (i = 0; i < x->list->nelts; i++) {
        const ctl_host_t *host = host_at(x, i);

        printf("%s\n    { \"name\": ", i ? "," : "");
        ctl_json_string(stdout, host->name);
        printf(", \"new\": %s, \"new_files\": %d, \"lines\": %d, \"files\": %d, "
               "\"hiding\": %d,\n      \"places\": [", host->is_new ? "true" : "false",
               host->new_files, host->lines, host->files, host->hiding);
        for (k = 0; k < host->places->nelts; k++) {
            printf("%s\n", k ? "," : "");
            print_place(place_at(host, k));
        }
        printf("\n      ] }");
    }
    printf("\n  ]\n}\n");
}

static void print_csv(const ctl_hosts_t *x)
{
    int i, k;

    printf("name,new,lines,files,file,line,how,only\r\n");
    for (i = 0; i < x->list->nelts; i++) {
        const ctl_host_t *host = host_at(x, i);

        for (k = 0; k < host->places->nelts; k++) {
            const ctl_hosts_place_t *place = place_at(host, k);

            ctl_csv_cell(stdout, host->name, 0);
            printf("%d,%d,%d,", place->is_new, host->lines, host->files);
            ctl_csv_cell(stdout, place->file, 0);
            printf("%u,", place->line);
            ctl_csv_cell(stdout, place->how, 0);
            ctl_csv_cell(stdout, place->only, 1);
        }
    }
}

static const ctl_hosts_format_t formats[] = {
    { "text", print_text }, { "json", print_json }, { "csv", print_csv }
};

const ctl_hosts_format_t *ctl_hosts_format_find(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
        if (strcmp(formats[i].name, name) == 0) {
            return &formats[i];
        }
    }
    return NULL;
}
