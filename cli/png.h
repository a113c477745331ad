/* png.h - pictures of bytes as PNG (W3C, Portable Network Graphics, third edition): 8 bits a channel, gray or RGB, by zlib. */
#ifndef COSTATE_CLI_PNG_H
#define COSTATE_CLI_PNG_H

#include <costate/autodiff/status.h>

/* channels 1 or 3, rows from above; each pixel a square of `scale`. A file that stands there is replaced whole. */
ad_status cli_png_write(const char *path, long width, long height, int channels, int scale,
                        const unsigned char *pixel);

#endif
