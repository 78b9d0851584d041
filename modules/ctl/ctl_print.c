/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_print.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_USUAL 80          /* of a terminal that does not tell */
#define WIDTH_LEAST 40
#define HANG 4                  /* of a line that goes on */

/* Of the terminal; 0: it is none. */
static size_t width(FILE *out)
{
    struct winsize size;

    if (!isatty(fileno(out))) {
        return 0;
    }
    return ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_LEAST
        ? size.ws_col : WIDTH_USUAL;
}

/* One line, broken at blanks; what follows it. */
static const char *print_line(FILE *out, const char *text, size_t wide)
{
    size_t room = wide, len = strcspn(text, "\n");

    while (len > room) {
        const char *end = text + room;

        while (end > text && *end != ' ') {
            end--;
        }
        if (end == text || strspn(text, " ") >= (size_t)(end - text)) {
            end = text + strspn(text, " ");
            end += strcspn(end, " \n");
        }
        fprintf(out, "%.*s\n", (int)(end - text), text);
        text = end + strspn(end, " ");
        len = strcspn(text, "\n");
        if (!len) {
            break;
        }
        fprintf(out, "%*s", HANG, "");
        room = wide - HANG;
    }
    if (len) {
        fprintf(out, "%.*s\n", (int)len, text);
    }
    return text + len + (text[len] == '\n');
}

void ctl_print(FILE *out, const char *text)
{
    size_t wide = width(out);

    if (!wide) {
        fputs(text, out);
        return;
    }
    while (*text) {
        if (*text == '\n') {
            fputc(*text++, out);
        }
        else {
            text = print_line(out, text, wide);
        }
    }
}
