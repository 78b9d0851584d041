/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_json.h"

#include <string.h>

#include "base/text.h"

/* What may stand in a string as it is, and is no byte of UTF-8's own. */
static int is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

/* Bytes beyond ASCII, as far as they go; what follows them. */
static const char *put_beyond(FILE *out, const char *text)
{
    size_t len = 0, good;

    while ((unsigned char)text[len] >= 0x80) {
        len++;
    }
    if (r307_text_is_utf8(text, len, &good)) {
        good = len;
    }
    fwrite(text, 1, good, out);
    if (good == len) {
        return text + len;
    }
    fputs("\\ufffd", out);
    return text + good + 1;
}

void ctl_json_part(FILE *out, const char *text)
{
    while (*text) {
        size_t n = 0;

        while (is_plain((unsigned char)text[n])) {
            n++;
        }
        fwrite(text, 1, n, out);
        text += n;
        if (*text == '"' || *text == '\\') {
            fprintf(out, "\\%c", *text++);
        }
        else if ((unsigned char)*text >= 0x80) {
            text = put_beyond(out, text);
        }
        else if (*text) {
            fprintf(out, "\\u%04x", (unsigned)*text++);
        }
    }
}

void ctl_json_string(FILE *out, const char *text)
{
    if (!text) {
        fputs("null", out);
        return;
    }
    fputc('"', out);
    ctl_json_part(out, text);
    fputc('"', out);
}
