/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_blame.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <apr_strings.h>

#include "base/text.h"
#include "reach.h"

#define LINE_MOST 65536
#define SECONDS_MOST 20         /* of git */
#define NOT_COMMITTED "is not in the last commit as it is now"

/* Where git is: an absolute name that root trusts, never by PATH. */
static const char *const programs[] = {
    "/usr/bin/git", "/usr/local/bin/git", "/opt/homebrew/bin/git", NULL
};

/* Nothing of whoever calls: neither HOME nor SUDO_UID, by which git trusts more. */
static const char *const environment[] = {
    "PATH=/usr/bin:/bin", "LC_ALL=C", "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1",
    "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_ATTR_NOSYSTEM=1",
    "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", NULL
};

/* In front of what is asked. It is asked of the last commit and not of the file as it
 * lies there, as that would go through filters, which are programs. */
static const char *const asked[] = {
    "git", "--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null",
    "-c", "protocol.allow=never", "-c", "blame.ignoreRevsFile=", "-c",
    "mailmap.file=", "blame", "--no-textconv", "--porcelain", NULL
};
#define ASKED_COUNT (sizeof(asked) / sizeof(*asked))

/* Nobody else can write it. */
static int is_ours(const char *path, int wants_folder)
{
    struct stat st;

    return lstat(path, &st) == 0 && st.st_uid == geteuid()
           && (wants_folder ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode))
           && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

/* The directory of the repository that a file lies in. NULL and *top; or why not. */
static const char *find_top(apr_pool_t *p, const char *path, const char **top)
{
    char *at = apr_pstrdup(p, path), *slash;
    struct stat st;

    while ((slash = strrchr(at, '/')) != NULL) {
        const char *git;

        *slash = '\0';
        git = apr_pstrcat(p, at, "/.git", NULL);
        if (lstat(git, &st) == 0) {
            *top = at;
            return is_ours(*at ? at : "/", 1) && is_ours(git, 1)
                   && is_ours(apr_pstrcat(p, git, "/config", NULL), 0) ? NULL
                : "lies in a repository that others can write, and git is not asked";
        }
    }
    return "lies in no repository of git";
}

/* --- git --- */

/* Its output; NULL: it does not run. */
static FILE *start(apr_pool_t *p, const char *program, const char *top, const char *file,
                   unsigned line, pid_t *pid)
{
    const char **words = apr_pcalloc(p, (ASKED_COUNT + 6) * sizeof(*words));
    struct rlimit seconds = { SECONDS_MOST, SECONDS_MOST };
    int ends[2], null, n = 0;

    for (n = 0; asked[n]; n++) {
        words[n] = asked[n];
    }
    words[n++] = apr_psprintf(p, "-L%u,%u", line, line);
    words[n++] = "HEAD";
    words[n++] = "--";
    words[n] = file;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return NULL;
    }
    *pid = fork();
    if (*pid == 0) {
        null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(ends[1], 1);
        dup2(null, 2);
        (void)setrlimit(RLIMIT_CPU, &seconds);
        if (chdir(top) == 0) {
            execve(program, (char *const *)words, (char *const *)environment);
        }
        _exit(127);
    }
    close(ends[1]);
    if (*pid < 0) {
        close(ends[0]);
        return NULL;
    }
    return fdopen(ends[0], "r");
}

/* What blame --porcelain prints of one line; 1 when that line is `text`. */
static int take(apr_pool_t *p, FILE *in, const char *text, ctl_blame_t *blame)
{
    char *line = apr_palloc(p, LINE_MOST);
    int is_same = 0;

    while (fgets(line, LINE_MOST, in)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (strncmp(line, "author ", 7) == 0) {
            blame->author = r307_text_show(p, line + 7, strlen(line + 7));
        }
        else if (strncmp(line, "author-time ", 12) == 0) {
            blame->when = apr_time_from_sec(apr_atoi64(line + 12));
        }
        else if (*line == '\t') {
            is_same = strcmp(line + 1, text) == 0;
        }
    }
    return is_same;
}

/* --- the line as it is now --- */

static const char *line_at(apr_pool_t *p, const char *file, unsigned nth)
{
    char *line = apr_palloc(p, LINE_MOST);
    apr_uint64_t size;
    const char *name;
    int fd, is_once;
    FILE *in;

    if (ctl_reach_stream(p, file, &name, &fd, &size, &is_once)) {
        return NULL;
    }
    in = fdopen(fd, "r");
    if (!in) {
        close(fd);
        return NULL;
    }
    *line = '\0';
    while (nth && fgets(line, LINE_MOST, in)) {
        nth -= strchr(line, '\n') || feof(in);
    }
    fclose(in);
    line[strcspn(line, "\r\n")] = '\0';
    return nth ? NULL : line;
}

const char *ctl_blame_find(apr_pool_t *p, const char *file, unsigned line,
                           ctl_blame_t *blame)
{
    char *real = realpath(file, NULL);
    const char *path = apr_pstrdup(p, real ? real : ""), *text, *top, *bad;
    int i, status = -1, is_same;
    pid_t pid = -1;
    FILE *in;

    free(real);
    blame->author = "-";
    blame->when = 0;
    if (!line || *path != '/') {
        return "lies in no repository of git";
    }
    bad = find_top(p, path, &top);
    if (bad) {
        return bad;
    }
    for (i = 0; programs[i] && access(programs[i], X_OK) != 0; i++) {
        continue;
    }
    text = line_at(p, path, line);
    in = text && programs[i] ? start(p, programs[i], *top ? top : "/",
                                     path + strlen(top) + 1, line, &pid) : NULL;
    if (!in) {
        return programs[i] ? NOT_COMMITTED : "cannot be asked for, as there is no git";
    }
    is_same = take(p, in, text, blame);
    fclose(in);
    waitpid(pid, &status, 0);
    if (status != 0 || !is_same || !blame->author) {
        blame->author = "-";
        blame->when = 0;
        return NOT_COMMITTED;
    }
    return NULL;
}
