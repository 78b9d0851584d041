/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_layout.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
#include <apr_strings.h>

#define LINE_MOST 1024

/* Where httpd is: an absolute name that root trusts, never by PATH. */
static const char *const programs[] = {
    "/usr/sbin/apache2", "/usr/sbin/httpd", "/usr/local/apache2/bin/httpd",
    "/usr/local/sbin/httpd", "/opt/homebrew/bin/httpd", NULL
};

typedef void (*taker_t)(apr_pool_t *p, ctl_layout_t *layout, char *line);

/* Each line that the program prints with that option. */
static void run(apr_pool_t *p, ctl_layout_t *layout, const char *option, taker_t take)
{
    char line[LINE_MOST];
    int ends[2], null;
    FILE *in;
    pid_t pid;

    if (pipe(ends) != 0) {
        return;
    }
    pid = fork();
    if (pid == 0) {
        null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(ends[1], 1);
        dup2(null, 2);
        close(ends[0]);
        execl(layout->program, layout->program, option, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    in = fdopen(ends[0], "r");
    while (in && fgets(line, sizeof(line), in)) {
        line[strcspn(line, "\r\n")] = '\0';
        take(p, layout, line);
    }
    if (in) {
        fclose(in);
    }
    if (pid > 0) {
        waitpid(pid, NULL, 0);
    }
}

/* ' -D NAME="value"'. */
static const char *defined(apr_pool_t *p, const char *line, const char *name)
{
    const char *at = strstr(line, name), *end;

    at = at ? at + strlen(name) : NULL;
    if (!at || at[0] != '=' || at[1] != '"') {
        return NULL;
    }
    at += 2;
    end = strchr(at, '"');
    return end ? apr_pstrmemdup(p, at, (size_t)(end - at)) : NULL;
}

static void take_setting(apr_pool_t *p, ctl_layout_t *layout, char *line)
{
    const char *root = defined(p, line, "HTTPD_ROOT");
    const char *file = defined(p, line, "SERVER_CONFIG_FILE");
    const char *version = strstr(line, "Apache/");

    layout->root = root ? root : layout->root;
    layout->file = file ? file : layout->file;
    if (version && !layout->version) {
        layout->version = apr_pstrmemdup(p, version + 7, strspn(version + 7, "0123456789."));
    }
}

static void take_module(apr_pool_t *p, ctl_layout_t *layout, char *line)
{
    char *name = line + strspn(line, " ");

    if (name != line && strstr(name, ".c")) {
        apr_hash_set(layout->modules, apr_pstrdup(p, name), APR_HASH_KEY_STRING, "");
    }
}

/* "export APACHE_RUN_DIR=/var/run/apache2$SUFFIX": the value as text, $NAME replaced. */
static const char *value_of(apr_pool_t *p, const ctl_layout_t *layout, const char *text)
{
    const char *out = "";
    size_t n;

    text += *text == '"' || *text == '\'';
    while (*text && !strchr("\"' \t;#", *text)) {
        if (*text == '$') {
            const char *name, *value;
            int brace = text[1] == '{';

            text += 1 + brace;
            n = strcspn(text, "}$/\"' \t;.-");
            name = apr_pstrmemdup(p, text, n);
            value = apr_hash_get(layout->env, name, APR_HASH_KEY_STRING);
            out = apr_pstrcat(p, out, value ? value : "", NULL);
            text += n + (brace && text[n] == '}');
        }
        else {
            n = strcspn(text, "$\"' \t;#");
            out = apr_pstrcat(p, out, apr_pstrmemdup(p, text, n), NULL);
            text += n;
        }
    }
    return out;
}

static void read_env(apr_pool_t *p, ctl_layout_t *layout, const char *file)
{
    FILE *in = fopen(file, "r");
    char line[LINE_MOST];

    while (in && fgets(line, sizeof(line), in)) {
        char *at = line + strspn(line, " \t"), *equals;

        line[strcspn(line, "\r\n")] = '\0';
        at += strncmp(at, "export ", 7) == 0 ? 7 : 0;
        equals = strchr(at, '=');
        if (equals && *at != '#' && strcspn(at, " \t") > (size_t)(equals - at)) {
            apr_hash_set(layout->env, apr_pstrmemdup(p, at, (size_t)(equals - at)),
                         APR_HASH_KEY_STRING, value_of(p, layout, equals + 1));
        }
    }
    if (in) {
        fclose(in);
    }
}

void ctl_layout_find(apr_pool_t *p, ctl_layout_t *layout)
{
    int i;

    memset(layout, 0, sizeof(*layout));
    layout->modules = apr_hash_make(p);
    layout->env = apr_hash_make(p);
    for (i = 0; programs[i] && access(programs[i], X_OK) != 0; i++) {
        continue;
    }
    layout->program = programs[i];
    if (!layout->program) {
        return;
    }
    run(p, layout, "-V", take_setting);
    run(p, layout, "-l", take_module);
    if (layout->root && layout->file && *layout->file != '/') {
        layout->file = apr_pstrcat(p, layout->root, "/", layout->file, NULL);
    }
    if (layout->root) {
        read_env(p, layout, apr_pstrcat(p, layout->root, "/envvars", NULL));
    }
}
