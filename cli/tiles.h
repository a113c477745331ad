/* tiles.h - samples that are images, side by side in one PNG. */
#ifndef COSTATE_CLI_TILES_H
#define COSTATE_CLI_TILES_H

#include <costate/autodiff/status.h>

/* Rows, columns and channels of a sample of that shape ([h, w], [1, h, w] or [3, h, w]); 0: it is no image. */
int cli_image_shape(int rank, const long shape[], long *h, long *w);

/* What is black and what is white: 0 and 1 where all n numbers say so, else the least and the greatest. */
void cli_image_range(long n, const double *x, double *lo, double *hi);

typedef struct cli_tiles {
    long          n, columns, h, w; /* columns 0: a square            */
    int           channels;
    double        lo, hi; /* black, white */
    const double *x;      /* [n, channels, h, w] */
    long          edge;   /* the picture's longer side in pixels, about; 0: 560 */
} cli_tiles;

/* In the order of reading, a line of gray between them. */
ad_status cli_tiles_write(const cli_tiles *t, const char *path);

#endif
