/* rowsum.c - the sum over rows of B [rows, q] (see product.h): bias gradients.

   A row of a vector or more is added to an accumulator of q numbers in whole vectors, in the order of the rows: what
   ad_dotrows() does to the rows it holds in registers anyway, with the same bits.

   Thinner rows are taken as the flat array that they are. Columns repeat with the period q; with V = q / gcd(q, LANES)
   vectors as accumulator, flat vector number i adds into number i mod V, and a column's lanes are always the same: no
   lane is wasted. The accumulator holds V LANES / q partial sums of each column, added up when it is read. The last
   vector of a segment is cut by a mask. */
#include "product_kernels.h"

/* Vectors of the accumulator. */
static long period(ad_type type, long q)
{
    long a = q, b = ad_lanes(type);
    if (q >= b) return ad_vectors(type, q);
    while (b) {
        long r = a % b;
        a = b, b = r;
    }
    return q / a;
}

#define BITS 32
#include "rowsum.inc"
#undef BITS
#define BITS 64
#include "rowsum.inc"
#undef BITS

size_t ad_sumrows_bytes(ad_type type, long q)
{
    return (size_t)period(type, q) * VECTOR_BYTES;
}

void ad_sumrows(ad_type type, int segments, const ad_segment *s, long q, void *c)
{
    if (type == AD_F32)
        rowsum_32(segments, s, q, period(type, q), c);
    else
        rowsum_64(segments, s, q, period(type, q), c);
}

void ad_sumrows_store(ad_type type, long q, const void *c, void *dense)
{
    if (type == AD_F32)
        rowsum_store_32(q, period(type, q), c, dense);
    else
        rowsum_store_64(q, period(type, q), c, dense);
}

void ad_sumrows_flush(ad_type type, long q, void *c, void *dense)
{
    if (type == AD_F32)
        rowsum_add_32(q, period(type, q), c, dense);
    else
        rowsum_add_64(q, period(type, q), c, dense);
    memset(c, 0, ad_sumrows_bytes(type, q));
}
