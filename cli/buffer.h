/* buffer.h - a text that grows. Running out of memory sticks: status tells at the end. */
#ifndef COSTATE_CLI_BUFFER_H
#define COSTATE_CLI_BUFFER_H

#include <costate/autodiff/status.h>

typedef struct cli_buffer {
    char     *text; /* ends with a zero byte; ad_free() or cli_buffer_free() it */
    size_t    size, room;
    ad_status status;
} cli_buffer;

void cli_buffer_add(cli_buffer *b, const char *text, size_t n);
void cli_buffer_text(cli_buffer *b, const char *text);
void cli_buffer_format(cli_buffer *b, const char *format, ...) COSTATE_PRINTF(2, 3);
void cli_buffer_html(cli_buffer *b, const char *text); /* escaped */
void cli_buffer_base64(cli_buffer *b, const void *data, size_t n);
void cli_buffer_free(cli_buffer *b);

#endif
