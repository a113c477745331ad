#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "buffer.h"

/* Room for n more bytes and the zero. */
static int grow(cli_buffer *b, size_t n)
{
    if (b->status) return 0;
    if (b->size + n + 1 <= b->room) return 1;
    size_t room = 2 * b->room > b->size + n + 1 ? 2 * b->room : b->size + n + 256;
    char  *text = ad_realloc(b->text, b->size, room);
    if (!text) {
        b->status = AD_NO_MEMORY;
        return 0;
    }
    b->text = text;
    b->room = room;
    return 1;
}

void cli_buffer_add(cli_buffer *b, const char *text, size_t n)
{
    if (!grow(b, n)) return;
    memcpy(b->text + b->size, text, n);
    b->size += n;
    b->text[b->size] = 0;
}

void cli_buffer_text(cli_buffer *b, const char *text)
{
    cli_buffer_add(b, text, strlen(text));
}

void cli_buffer_format(cli_buffer *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0 || !grow(b, (size_t)n)) return;
    va_start(args, format);
    vsnprintf(b->text + b->size, (size_t)n + 1, format, args);
    va_end(args);
    b->size += (size_t)n;
}

void cli_buffer_html(cli_buffer *b, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&': cli_buffer_text(b, "&amp;"); break;
        case '<': cli_buffer_text(b, "&lt;"); break;
        case '>': cli_buffer_text(b, "&gt;"); break;
        case '"': cli_buffer_text(b, "&quot;"); break;
        default: cli_buffer_add(b, text, 1);
        }
    }
}

/* RFC 4648, section 4: three bytes become four letters, the last group filled with '='. */
void cli_buffer_base64(cli_buffer *b, const void *data, size_t n)
{
    static const char letter[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p     = data;
    for (size_t i = 0; i < n; i += 3) {
        unsigned v = (unsigned)p[i] << 16 | (i + 1 < n ? p[i + 1] : 0u) << 8 |
                     (i + 2 < n ? p[i + 2] : 0u);
        char g[] = { letter[v >> 18], letter[v >> 12 & 63], letter[v >> 6 & 63], letter[v & 63] };
        if (i + 1 >= n) g[2] = '=';
        if (i + 2 >= n) g[3] = '=';
        cli_buffer_add(b, g, 4);
    }
}

void cli_buffer_free(cli_buffer *b)
{
    ad_free(b->text);
    b->text = NULL;
    b->size = b->room = 0;
}
