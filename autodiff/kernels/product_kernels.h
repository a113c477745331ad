/* product_kernels.h - what the files of the product kernels share (internal to them). */
#ifndef COSTATE_AUTODIFF_PRODUCT_KERNELS_H
#define COSTATE_AUTODIFF_PRODUCT_KERNELS_H

#include <costate/autodiff/kernels/product.h>

#include "vector.h"

/* A column panel of a wide B: at most this many vectors, with 4 rows the 16 accumulators that hide the latency of
   two fused multiply-adds a cycle. */
enum { PANEL = 4 };

ad_product_fn *ad_product_wide_32(long k, long n);
ad_product_fn *ad_product_wide_64(long k, long n);
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
