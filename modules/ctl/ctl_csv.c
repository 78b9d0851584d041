/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_csv.h"

#include <string.h>

void ctl_csv_cell(FILE *out, const char *text, int last)
{
    int is_quoted;

    text = text ? text : "";
    is_quoted = text[strcspn(text, "\",; \t\r\n")] != '\0';
    if (is_quoted) {
        fputc('"', out);
    }
    if (*text && strchr("=+-@\t\r", *text)) {
        fputc('\'', out);
    }
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == 0x7F) {
            fprintf(out, "\\x%02X", c);
        }
        else {
            fprintf(out, "%s%c", c == '"' ? "\"" : "", c);
        }
    }
    fprintf(out, "%s%s", is_quoted ? "\"" : "", last ? "\r\n" : ",");
}
