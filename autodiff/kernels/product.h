/* product.h - own kernels for small and thin products (internal). For both types: suffix 32, 64.

   Every element of a product is one chain of fused multiply-adds over the inner index in ascending order, started from the
   bias (or zero), whatever the shape of the rest, the number of rows or the blocking: sample i is bit-equal alone, in two, in the batch.
   (Thin products, by dot products, have another fixed order; also independent of the rows.)
   Arrays are dense, row-major; up to AD_PAD bytes behind each may be read, and behind Y overwritten: a row's last vector
   spills into what follows. So a thread that writes some rows of a Y must not have a neighbour writing the next ones.
   bias, packed operands and flushed results are read and written exactly. k, n, p, q >= 1; m and rows may be 0. */
#ifndef COSTATE_AUTODIFF_PRODUCT_H
#define COSTATE_AUTODIFF_PRODUCT_H

#include <costate/autodiff/types.h>

/* How the second operand B [k, n] is laid out for the kernels. */
typedef enum ad_pack_kind {
    AD_PACK_WIDE, /* [k][n rounded up to whole vectors], zeros behind n, in column panels */
    AD_PACK_THIN, /* [n][k rounded up to whole vectors], zeros behind k                   */
} ad_pack_kind;

ad_pack_kind ad_pack_choose(ad_type type, long k, long n); /* thin when n is small */
size_t       ad_pack_bytes(ad_type type, ad_pack_kind kind, long k, long n);
/* B is [k, n], or [n, k] when transposed. */
void ad_pack(ad_type type, ad_pack_kind kind, const void *b, int transposed, long k, long n,
             void *packed);

/* Y[m, n] = X[m, k] B + bias (NULL: 0). Y is not X. */
typedef void ad_product_fn(long m, long k, long n, const void *x, const void *packed,
                           const void *bias, void *y);
/* NULL for a thin product of too many columns; never for the kind that ad_pack_choose() picks. */
ad_product_fn *ad_product(ad_type type, ad_pack_kind kind, long k, long n);

/* Y = (X B) (1 - T^2) element by element, T [m, n] in the place of the bias: a tanh layer's pullback, with the bits of
   ad_product() and the strip kernels of omsq and mul. Y is not T. NULL for thin products. */
ad_product_fn *ad_product_tanh_back(ad_type type, ad_pack_kind kind, long k, long n);

/* 1 where OpenBLAS (one thread) is clearly faster, for batches whose rounding need not be independent of the rows. */
int ad_product_prefers_blas(ad_type type, long m, long k, long n);

/* Sums over rows: C += sum_s A_s' B_s, A_s [rows_s, p], B_s [rows_s, q]. The accumulator C is kept in the kernel's own layout
   between calls (ad_dotrows_bytes(), zero at the start) so that many steps add into it; ad_dotrows_flush() adds it to a
   dense [p, q] array (not padded: written exactly) and zeroes it. Rows are added in order (a few partial sums where C is small).
   The same for sums alone: rowsum [q] of B_s. */
typedef struct ad_segment {
    const void *a, *b;
    long        rows;
} ad_segment;
size_t ad_dotrows_bytes(ad_type type, long p, long q);
/* sum: where the sums over rows of one of the factors go as well, as ad_sumrows() would have added them; or NULL. */
void ad_dotrows(ad_type type, int segments, const ad_segment *s, long p, long q, void *c,
                void *sum);
int  ad_dotrows_sums(ad_type type, long p, long q); /* of which one: 0 a, 1 b; -1: of neither */
void ad_dotrows_flush(ad_type type, long p, long q, void *c, void *dense);
/* The same into rows that lie `width` numbers apart: columns of a wider matrix. */
void   ad_dotrows_flush_rows(ad_type type, long p, long q, void *c, void *to, long width);
void   ad_dotrows_store(ad_type type, long p, long q, const void *c,
                        void *dense); /* sets instead of adding, keeps c */
size_t ad_sumrows_bytes(ad_type type, long q);
void   ad_sumrows(ad_type type, int segments, const ad_segment *s /* a unused */, long q, void *c);
void   ad_sumrows_flush(ad_type type, long q, void *c, void *dense);
void   ad_sumrows_store(ad_type type, long q, const void *c, void *dense);

#endif
