/* SPDX-License-Identifier: Apache-2.0
 *
 * conf_site: what the tree of a configuration means: servers with their names, and the
 * sections of each in the order in which httpd merges them. Our lines go to the host, which
 * puts them into the place; of the others it keeps what decides about a place or stands
 * between a request and our rules.
 */
#ifndef R307_CONF_SITE_H
#define R307_CONF_SITE_H

#include "conf/conf_between.h"
#include "conf/conf_override.h"
#include "conf/place_config.h"

/* What Options say of symbolic links. */
#define R307_LINKS_FOLLOW 1
#define R307_LINKS_OWNER 2
typedef struct r307_links_t {
    int is_whole;               /* said without '+' and '-': nothing is inherited */
    int on, add, remove;        /* of the two above */
} r307_links_t;

/* What the lines of one container say: merged as httpd merges it. */
typedef struct r307_area_t {
    r307_config_t *conf;
    int override;
    const apr_array_header_t *override_list;    /* of const char *; NULL: unset */
    const apr_array_header_t *files;    /* of r307_area_section_t *: <Files> in it */
    const apr_array_header_t *ifs;      /* of r307_area_if_t *: <If>, <ElseIf>, <Else> in it, as
                                         * they follow each other */
    const apr_array_header_t *maybes;   /* of r307_node_t *: lines that httpd may have or not */
    const r307_node_t *require;         /* the last line that says who may ask */
    int is_granted, is_denied;          /* that it says it of everybody */
    const r307_node_t *compat;          /* the last line of mod_access_compat */
    const r307_node_t *failing;         /* ErrorDocument with a URL of elsewhere */
    r307_links_t links;
    int has_views;                      /* Options said MultiViews somewhere */
    const apr_array_header_t *between;  /* of r307_node_t *: other modules' lines that have a
                                         * say, see conf_between.h */
} r307_area_t;

typedef struct r307_area_if_t {
    const r307_node_t *node;
    const char *condition;      /* NULL: <Else> */
    int is_else;                /* holds only where those in front do not */
    int matters;                /* something in it may have a say */
    int is_plain;               /* `part` is all that is in it: no section */
    r307_area_t part;
} r307_area_if_t;

typedef struct r307_area_section_t {
    const r307_node_t *node;
    const char *text;           /* what is compared; NULL: a regex */
    int is_glob;
    void *regex;
    int components;             /* of <Directory>: slashes, 0 of "/" */
    r307_area_t part;
} r307_area_section_t;

typedef struct r307_address_t {
    const char *host;           /* NULL: any */
    int port;                   /* 0: any */
} r307_address_t;

typedef struct r307_alias_t {
    const char *url, *path;
    const r307_node_t *node;
} r307_alias_t;

typedef struct r307_server_t {
    const r307_node_t *node;            /* NULL: the main server */
    apr_array_header_t *addresses;      /* of r307_address_t */
    const char *name;                   /* ServerName without port, or NULL */
    int name_port;                      /* 0: not said */
    int port;                           /* of its first address; 0: any */
    int is_https;                       /* ServerName says so */
    int tls;                            /* SSLEngine; -1: not said */
    apr_array_header_t *aliases;        /* of const char *, without wildcards */
    apr_array_header_t *globs;          /* with */
    const char *root;                   /* DocumentRoot, or NULL */
    apr_array_header_t *mapped;         /* of r307_alias_t */
    int by_name;                        /* UseCanonicalName: 1 On, 2 DNS; -1: not said */
    int takes_slashes;                  /* AllowEncodedSlashes; -1: not said */
    int keeps_slashes;                  /* MergeSlashes Off; -1: not said */
    int line_most;                      /* LimitRequestLine; 0: not said */
    const char *access_name;            /* AccessFileName; NULL: not said */
    r307_area_t part;
    apr_array_header_t *directories, *locations;    /* of r307_area_section_t * */
} r307_server_t;

typedef struct r307_site_t {
    apr_pool_t *p;
    r307_server_t *main;
    const char *root;                   /* ServerRoot, or NULL */
    apr_array_header_t *hosts;          /* of r307_server_t *, in the order of the file: what
                                         * their own lines say, see r307_site_whole */
    apr_array_header_t *listens;        /* of r307_address_t */
    const char *user, *group;           /* of User and Group, or NULL */
    const r307_node_t *inherits;        /* RewriteOptions with which rules of the main server
                                         * are those of others */
    apr_array_header_t *maybes;         /* of r307_node_t *: lines of which it was not decided
                                         * whether httpd has them, and by which it finds the
                                         * virtual host */
    apr_array_header_t *problems;       /* of r307_problem_t: sections where httpd takes none */
    /* the host: puts a line of ours into its place. directory: absolute, or NULL. */
    void (*take)(void *baton, const r307_node_t *node, const r307_standing_t *standing,
                 const char *directory, r307_config_t *conf);
    void *baton;
} r307_site_t;

/* Fills site->main and the rest; p, take and baton are set. */
void r307_site_read(r307_site_t *site, const r307_tree_t *tree);

/* A server with what it has of the main one. */
const r307_server_t *r307_site_whole(const r307_site_t *site, const r307_server_t *server);

/* An address as httpd writes it: "10.0.0.1:80", "[::1]:80", "*"; port: where it says none. */
void r307_site_address(apr_pool_t *p, const char *text, int port, r307_address_t *address);

/* What the lines of a .htaccess say; directory: its own. */
void r307_site_htaccess(r307_site_t *site, const r307_tree_t *tree, const char *directory,
                        r307_area_t *part);

void r307_area_make(apr_pool_t *p, r307_area_t *part);
/* What holds where `add` lies inside `base`. */
void r307_area_merge(apr_pool_t *p, const r307_area_t *base, const r307_area_t *add,
                     r307_area_t *merged);

/* `links` as they are where `add_to` was said inside. */
void r307_links_merge(r307_links_t *links, const r307_links_t *add_to);

/* Of <Directory>, <Location> or <Files>, without what is in it. */
r307_area_section_t *r307_area_section_make(apr_pool_t *p, const r307_node_t *node);

/* Whether the section is about that directory, URL-path or name. */
int r307_area_is(const r307_area_section_t *section, const char *text);

#endif
