/* SPDX-License-Identifier: Apache-2.0
 *
 * conf_tree: httpd's configuration as it is after everything that httpd does while it reads
 * it: lines joined, Include followed, Define, <IfDefine>, <IfModule>, <IfVersion>, <IfFile>,
 * <Macro> and Use done, ${NAME} replaced. What is left is a tree of lines and sections. Opens
 * no file: whoever reads it gives the bytes.
 */
#ifndef R307_CONF_TREE_H
#define R307_CONF_TREE_H

#include <apr_hash.h>
#include <apr_tables.h>
#include "base/text.h"

/* A line, or a section with what is in it. */
typedef struct r307_node_t {
    const char *name;           /* as it is written; of a section without '<' */
    const char *args;           /* of a section without '>' */
    const char *file;
    unsigned line;
    int is_section;
    int is_maybe;               /* inside of a section that was not decided */
    const char *env;            /* a variable of the environment in its args, or NULL */
    struct r307_node_t *parent, *child, *last, *next;
} r307_node_t;

typedef struct r307_tree_t r307_tree_t;

/* What only the host knows. A question is answered by 1, 0, or -1 where it is not known. */
typedef struct r307_tree_host_t {
    int (*has_module)(void *baton, const char *name);   /* one that is built in */
    int (*has_file)(void *baton, const char *name);
    /* *is_sure: httpd has it, too. */
    const char *(*env)(void *baton, const char *name, int *is_sure);
    /* Calls r307_tree_add for each file of the name, which may be a pattern. NULL, or why
     * there is none. */
    const char *(*include)(void *baton, r307_tree_t *tree, const char *name,
                           int is_optional);
    void *baton;
} r307_tree_host_t;

typedef struct r307_problem_t {
    const char *file;
    unsigned line;
    const char *text;
} r307_problem_t;

struct r307_tree_t {
    apr_pool_t *p;
    const r307_tree_host_t *host;
    const char *version;        /* of httpd, as "2.4.58"; NULL: not known */
    const char *root;           /* ServerRoot, as the lines say it */
    apr_hash_t *defines;        /* name to value; of -D "" */
    apr_hash_t *macros;
    apr_hash_t *modules;        /* of LoadModule: "alias_module" and "mod_alias.c" */
    r307_node_t *top, *at;      /* `at`: the section that lines go into */
    apr_array_header_t *problems;   /* of r307_problem_t: httpd does not take it */
    apr_array_header_t *maybe;      /* of r307_node_t *: sections that were not decided */
    apr_array_header_t *envs;       /* of const char *: variables that httpd may not have, and
                                     * by which it was decided what is read */
    const char *env;                /* of the line at hand */
    int depth, is_too_deep;     /* of files in each other */
    int is_odd;                 /* a module was loaded of whose source the name is not known */
};

void r307_tree_make(r307_tree_t *tree, apr_pool_t *p, const r307_tree_host_t *host);

/* The lines of one file, behind what was read before. */
void r307_tree_add(r307_tree_t *tree, const char *file, const char *bytes, size_t len);

int r307_node_is(const r307_node_t *node, const char *name);

/* The words of a line as httpd's ap_getword_conf cuts them. */
apr_array_header_t *r307_conf_words(apr_pool_t *p, const char *args);

#endif
