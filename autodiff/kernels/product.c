/* product.c - which kernel for which shape, and the layouts of the second operand (see product.h). */
#include "product_kernels.h"

/* Columns of a thin product at most: one row must fit into a vector of sums. */
static long thin_limit(ad_type type)
{
    long lanes = ad_lanes(type);
    return lanes < 8 ? lanes : 8;
}

/* Operations of a row, counted in vectors: a thin one needs n dot products and about two shuffles and an addition for
   each reduction, a wide one k multiply-adds of each of its vectors and a store. */
ad_pack_kind ad_pack_choose(ad_type type, long k, long n)
{
    if (n > thin_limit(type)) return AD_PACK_WIDE;
    long thin = n * (ad_vectors(type, k) + 2), wide = (k + 1) * ad_vectors(type, n);
    return thin < wide ? AD_PACK_THIN : AD_PACK_WIDE;
}

size_t ad_pack_bytes(ad_type type, ad_pack_kind kind, long k, long n)
{
    long vectors = kind == AD_PACK_THIN ? n * ad_vectors(type, k) : k * ad_vectors(type, n);
    return (size_t)vectors * VECTOR_BYTES;
}

ad_product_fn *ad_product(ad_type type, ad_pack_kind kind, long k, long n)
{
    if (kind == AD_PACK_THIN) {
        return type == AD_F32 ? ad_product_thin_32(n) : ad_product_thin_64(n);
    }
    return type == AD_F32 ? ad_product_wide_32(0, k, n) : ad_product_wide_64(0, k, n);
}

ad_product_fn *ad_product_tanh_back(ad_type type, ad_pack_kind kind, long k, long n)
{
    if (kind == AD_PACK_THIN) return NULL;
    return type == AD_F32 ? ad_product_wide_32(1, k, n) : ad_product_wide_64(1, k, n);
}

#define BITS 32
#include "product.inc"
#undef BITS
#define BITS 64
#include "product.inc"
#undef BITS

void ad_pack(ad_type type, ad_pack_kind kind, const void *b, int transposed, long k, long n,
             void *packed)
{
    if (type == AD_F32)
        pack_32(kind, b, transposed, k, n, packed);
    else
        pack_64(kind, b, transposed, k, n, packed);
}

/* Measured with one thread over [1, 2] x [2, 50] to [1024, 1024] x [1024, 2048], OpenBLAS 0.3.21 with the kernels of the same
   instruction set: with AVX-512 an own kernel was 0.96 to 18 times as fast, with AVX2 0.87 (512 cubed) to 10
   times. Without hardware for fused multiply-adds each is a call and OpenBLAS 2.6 to 70 times as fast. */
int ad_product_prefers_blas(ad_type type, long m, long k, long n)
{
    (void)type, (void)m, (void)k, (void)n;
#if defined(__FMA__) || defined(__AVX512F__) || defined(__ARM_FEATURE_FMA)
    return 0;
#else
    return 1;
#endif
}
