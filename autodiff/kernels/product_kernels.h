/* product_kernels.h - what the files of the product kernels share (internal to them). */
#ifndef COSTATE_AUTODIFF_PRODUCT_KERNELS_H
#define COSTATE_AUTODIFF_PRODUCT_KERNELS_H

#include <costate/autodiff/kernels/product.h>

#include "vector.h"

/* A column panel of a wide B has at most PANEL vectors. With TILE_ROWS rows it is a block of accumulators that fits into the
   registers, 32 with AVX-512 and 16 before, next to the operands. */
enum { PANEL = 4, TILE_ROWS = VECTOR_BYTES == 64 ? 4 : 2 };

/* back: ad_product_tanh_back()'s, which find t in the place of the bias */
ad_product_fn *ad_product_wide_32(int back, long k, long n);
ad_product_fn *ad_product_wide_64(int back, long k, long n);
ad_product_fn *ad_product_thin_32(long n);
ad_product_fn *ad_product_thin_64(long n);

/* Lanes of a vector, and an extent in whole vectors. */
static inline long ad_lanes(ad_type type)
{
    return VECTOR_BYTES / (type == AD_F32 ? 4 : 8);
}

static inline long ad_vectors(ad_type type, long extent)
{
    return (extent + ad_lanes(type) - 1) / ad_lanes(type);
}

#endif
