/* SPDX-License-Identifier: Apache-2.0 */
#include "status/status_text.h"

#include <string.h>
#include <apr_strings.h>

#define PIECE 16384

void r307_out_make(r307_out_t *out, apr_pool_t *p,
                   void (*send)(void *baton, const char *bytes, size_t len), void *baton)
{
    out->p = p;
    r307_buf_make(&out->buf, p, 2 * PIECE);
    out->send = send;
    out->baton = baton;
}

void r307_out_end(r307_out_t *out)
{
    if (out->buf.len) {
        out->send(out->baton, out->buf.s, out->buf.len);
        out->buf.len = 0;
    }
}

void r307_out_pass(r307_out_t *out)
{
    if (out->buf.len >= PIECE) {
        r307_out_end(out);
    }
}

void r307_out_list(r307_out_t *out, const char *const *texts)
{
    for (; *texts; texts++) {
        r307_buf_puts(&out->buf, *texts);
    }
}

void r307_out_number(r307_out_t *out, apr_uint64_t number)
{
    char digits[24];

    apr_snprintf(digits, sizeof(digits), "%" APR_UINT64_T_FMT, number);
    r307_buf_puts(&out->buf, digits);
}

void r307_out_html(r307_out_t *out, const char *text)
{
    text = text ? r307_text_show(out->p, text, strlen(text)) : "";
    for (; *text; text++) {
        switch (*text) {
        case '&': r307_buf_puts(&out->buf, "&amp;"); break;
        case '<': r307_buf_puts(&out->buf, "&lt;"); break;
        case '>': r307_buf_puts(&out->buf, "&gt;"); break;
        case '"': r307_buf_puts(&out->buf, "&quot;"); break;
        case '\'': r307_buf_puts(&out->buf, "&#39;"); break;
        default: r307_buf_putc(&out->buf, *text);
        }
    }
}

/* Text that is UTF-8 all through. */
static const char *clean(apr_pool_t *p, const char *text)
{
    size_t len = strlen(text), bad_at;
    r307_buf_t buf;

    if (r307_text_is_utf8(text, len, &bad_at)) {
        return text;
    }
    r307_buf_make(&buf, p, len + 16);
    while (len && !r307_text_is_utf8(text, len, &bad_at)) {
        r307_buf_add(&buf, text, bad_at);
        r307_buf_puts(&buf, "\xEF\xBF\xBD");
        text += bad_at + 1;
        len -= bad_at + 1;
    }
    r307_buf_add(&buf, text, len);
    return buf.s;
}

/* Besides what JSON asks for, what ends a script or an element, wherever somebody puts
 * it. */
static int is_bare(char c)
{
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != '>'
        && c != '&' && c != 0x7F;
}

void r307_out_json(r307_out_t *out, const char *text)
{
    static const char digits[] = "0123456789abcdef";

    if (!text) {
        r307_buf_puts(&out->buf, "null");
        return;
    }
    r307_buf_putc(&out->buf, '"');
    for (text = clean(out->p, text); *text; text++) {
        if (is_bare(*text)) {
            r307_buf_putc(&out->buf, *text);
        }
        else {
            r307_buf_puts(&out->buf, "\\u00");
            r307_buf_putc(&out->buf, digits[((unsigned char)*text) >> 4]);
            r307_buf_putc(&out->buf, digits[*text & 15]);
        }
    }
    r307_buf_putc(&out->buf, '"');
}

void r307_out_label(r307_out_t *out, const char *text)
{
    r307_buf_putc(&out->buf, '"');
    for (text = clean(out->p, text); *text; text++) {
        if (*text == '\\' || *text == '"') {
            r307_buf_putc(&out->buf, '\\');
        }
        if (*text == '\n') {
            r307_buf_puts(&out->buf, "\\n");
        }
        else {
            r307_buf_putc(&out->buf, *text);
        }
    }
    r307_buf_putc(&out->buf, '"');
}

void r307_out_query(r307_out_t *out, const char *text)
{
    r307_buf_t buf;

    r307_buf_make(&buf, out->p, strlen(text) + 16);
    r307_text_encode(&buf, text, strlen(text), R307_LAND_VALUE, R307_FORM_DATA);
    r307_out_html(out, buf.len ? buf.s : "");
}

const char *r307_status_time(apr_pool_t *p, apr_time_t when)
{
    apr_time_exp_t at;

    apr_time_exp_gmt(&at, when);
    return apr_psprintf(p, "%04d-%02d-%02dT%02d:%02d:%02dZ", at.tm_year + 1900,
                        at.tm_mon + 1, at.tm_mday, at.tm_hour, at.tm_min, at.tm_sec);
}

const char *r307_status_number(apr_pool_t *p, apr_uint64_t number)
{
    const char *digits = apr_psprintf(p, "%" APR_UINT64_T_FMT, number);
    size_t len = strlen(digits), i;
    r307_buf_t buf;

    r307_buf_make(&buf, p, 2 * len + 8);
    for (i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0) {
            r307_buf_puts(&buf, "\xC2\xA0");
        }
        r307_buf_putc(&buf, digits[i]);
    }
    return buf.s;
}

/* --- cells of a table --- */

void r307_out_when(r307_out_t *out, apr_time_t when)
{
    if (when) {
        const char *text = r307_status_time(out->p, when);

        r307_out_puts(out, "<time datetime=\"", text, "\">", apr_pstrmemdup(out->p, text,
                10),
                      " ", apr_pstrmemdup(out->p, text + 11, 5), "</time>", NULL);
    }
}

void r307_out_cell(r307_out_t *out, const char *of, const char *text)
{
    r307_out_puts(out, "<td data-of=\"", of, "\">", NULL);
    r307_out_html(out, text);
    r307_out_puts(out, "</td>", NULL);
}

void r307_out_code_cell(r307_out_t *out, const char *of, const char *text)
{
    r307_out_puts(out, "<td class=\"c\" data-of=\"", of, "\">", NULL);
    r307_out_html(out, text);
    r307_out_puts(out, "</td>", NULL);
}

void r307_out_number_cell(r307_out_t *out, const char *of, apr_uint64_t number)
{
    r307_out_puts(out, "<td class=\"n\" data-of=\"", of, "\">",
                  r307_status_number(out->p, number), "</td>", NULL);
}
