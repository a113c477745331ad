#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "png.h"
#include "tiles.h"

enum { EDGE = 560 };

int cli_image_shape(int rank, const long shape[], long *h, long *w)
{
    if (rank < 2 || rank > 3) return 0;
    long channels = rank == 3 ? shape[0] : 1;
    *h            = shape[rank - 2];
    *w            = shape[rank - 1];
    return *h > 1 && *w > 1 && (channels == 1 || channels == 3) ? (int)channels : 0;
}

void cli_image_range(long n, const double *x, double *lo, double *hi)
{
    *lo = INFINITY, *hi = -INFINITY;
    for (long i = 0; i < n; i++) {
        *lo = fmin(*lo, x[i]);
        *hi = fmax(*hi, x[i]);
    }
    if (*lo > -1 && *hi < 2 && *hi > 0.5) *lo = 0, *hi = 1;
    if (!(*hi > *lo)) *hi = *lo + 1;
}

static void tile(const cli_tiles *t, long i, unsigned char *at, long stride)
{
    const double *x = t->x + i * t->channels * t->h * t->w;
    for (long r = 0; r < t->h; r++)
        for (long c = 0; c < t->w; c++)
            for (int k = 0; k < t->channels; k++) {
                double v = (x[(k * t->h + r) * t->w + c] - t->lo) / (t->hi - t->lo);

                at[r * stride + c * t->channels + k] = (unsigned char)lround(255 *
                                                                             fmin(1, fmax(0, v)));
            }
}

ad_status cli_tiles_write(const cli_tiles *t, const char *path)
{
    long columns = t->columns ? t->columns : (long)ceil(sqrt((double)t->n));
    long rows    = (t->n + columns - 1) / columns;
    long width = columns * (t->w + 1) - 1, height = rows * (t->h + 1) - 1,
         stride          = width * t->channels;
    long           scale = (t->edge ? t->edge : EDGE) / (width > height ? width : height);
    unsigned char *pixel = ad_alloc((size_t)(stride * height));
    if (!pixel) return AD_NO_MEMORY;
    memset(pixel, 128, (size_t)(stride * height));
    for (long i = 0; i < t->n; i++)
        tile(t, i,
             pixel + i / columns * (t->h + 1) * stride + i % columns * (t->w + 1) * t->channels,
             stride);
    ad_status s = cli_png_write(path, width, height, t->channels, scale < 1 ? 1 : (int)scale,
                                pixel);
    ad_free(pixel);
    return s;
}
