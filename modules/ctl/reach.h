/* SPDX-License-Identifier: Apache-2.0
 *
 * reach: which files the tool opens, and how. It may run as root, and what it reads is
 * often a tenant's: a .htaccess reaches what it reaches on the server and nothing else,
 * and nothing waits for a pipe. Knows no directives.
 */
#ifndef CTL_REACH_H
#define CTL_REACH_H

#include <apr_pools.h>
#include <apr_tables.h>
#include "file/open_below.h"

/* A file to read: as somebody named it, or as it was found below a directory. */
typedef struct ctl_named_t {
    const char *name;           /* as it may be shown */
    const char *path;           /* as it is opened; "-": standard input */
    int folder;                 /* a descriptor of the directory it lies in; -1: none */
    int is_walked;              /* nobody named it: it lies in what was named */
} ctl_named_t;

/* A file that was read, and the place from where it names others. */
typedef struct ctl_reach_t {
    apr_pool_t *p;
    const char *name;           /* as it may be shown */
    const char *root;           /* ServerRoot, or NULL where nobody said it */
    const char *directory;      /* a .htaccess's, as it was named */
    int folder;                 /* a descriptor of it, as long as the found file's */
    int is_conf;                /* httpd.conf or a part of it, not .htaccess */
    apr_uint32_t owners[2];     /* of the directory and of the .htaccess */
    const char *bytes;          /* NUL-terminated; others may be in it */
    size_t len;
} ctl_reach_t;

/* Who is told of files. */
typedef struct ctl_meeting_t {
    void (*met)(void *baton, const ctl_named_t *found);
    /* of what could not be read, as it was named; why: with its name */
    void (*unread)(void *baton, const char *name, const char *why);
    void *baton;
} ctl_meeting_t;

/* Which directories are looked into, and for which files. */
typedef struct ctl_entering_t {
    /* of a directory, before it is looked into: 0 where it is not; baton: the meeting's */
    int (*enter)(void *baton, const char *name, int folder);
    const apr_array_header_t *names;    /* of const char *: the first that is there counts */
} ctl_entering_t;

/* Calls met for the file, or, of a directory, for each .htaccess in it and below, in the
 * order of their names. */
void ctl_reach_each(apr_pool_t *p, const char *name, const ctl_meeting_t *meeting);

/* The same of a directory, with less of it or other files; nothing of what is none. */
void ctl_reach_walk(apr_pool_t *p, const char *name, const ctl_meeting_t *meeting,
                    const ctl_entering_t *entering);

/* A file by its name, its directory held open until the program ends. */
const char *ctl_reach_name(apr_pool_t *p, const char *name, ctl_named_t *found);

/* Reads it. NULL, or why it cannot be read. */
const char *ctl_reach_read(apr_pool_t *p, const ctl_named_t *found, ctl_reach_t *reach);

/* Opens what is too long to be read whole: a file that a person named, or what they handed
 * over, which may be a pipe (*is_once). NULL and *fd, for the caller to close; or why not,
 * with the name. */
const char *ctl_reach_stream(apr_pool_t *p, const char *name, const char **shown, int *fd,
                             apr_uint64_t *size, int *is_once);

/* Whether only the server knows where a file of that name lies. */
int ctl_reach_is_elsewhere(const ctl_reach_t *reach, const char *file);

/* How a map's file was read. */
typedef enum {
    CTL_REACH_READ,
    CTL_REACH_NOT,             /* the server does not read it either */
    CTL_REACH_UNKNOWN          /* the server may be able to */
} ctl_reached_t;

typedef struct ctl_content_t {
    const char *name;           /* as it may be shown */
    const char *s;
    size_t len;
    apr_uint64_t time;
    int is_tenants;
} ctl_content_t;

/* Reads a file that one of these names, as the server would. *bad: why not, with the
 * name. */
ctl_reached_t ctl_reach_map(apr_pool_t *p, const ctl_reach_t *reach, const char *file,
                              ctl_content_t *content, const char **bad);
/* The same of a file that a person named. */
ctl_reached_t ctl_reach_map_named(apr_pool_t *p, const char *file,
                                    ctl_content_t *content, const char **bad);

/* Whether a flag, or a page, is there: 1, 0, or -1 where it cannot be told. */
int ctl_reach_flag(const ctl_reach_t *reach, const char *flag);

/* Whether a part of a name below the .htaccess's directory is a symbolic link. */
int ctl_reach_is_linked(const ctl_reach_t *reach, const char *file);

/* `file` relative to the directory of the .htaccess, if it is an absolute name that lies
 * in it. */
const char *ctl_reach_relative(apr_pool_t *p, const ctl_reach_t *reach,
                                const char *file);

/* Opens the directory of a flag: below the .htaccess, or where httpd.conf says. *leaf:
 * the flag's name in it. NULL and *folder, a descriptor; or why not. */
const char *ctl_reach_parent(apr_pool_t *p, const ctl_reach_t *reach, const char *file,
                              int *folder, const char **leaf);

#endif
