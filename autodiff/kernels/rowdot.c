/* rowdot.c - C[p, q] += A' B summed over rows (see product.h): weight gradients.

   The accumulator is [p][q in whole vectors], or with the roles swapped [q][p in whole vectors] where that is smaller (a
   thin q). It is cut into tiles of some rows and up to PANEL vectors; a tile stays in registers over all rows of all segments,
   c_ij <- fma(a_ri, b_rj, c_ij) in the order of the rows. The last vector of a row of B reads on into the next row: lanes
   that nobody looks at. */
#include "product_kernels.h"

/* Chunks of 64 rows were the best of 16, 32, 64, 128 over widths of 50 to 500 together. */
enum { CHUNK = 64, FIRST_CACHE = 32768 };

/* 1 where vectors run along p. */
static int swapped(ad_type type, long p, long q)
{
    return q * ad_vectors(type, p) < p * ad_vectors(type, q);
}

/* Do rows so many bytes apart fall into few sets of the first cache (64 of a line each)? Then their columns are copied: rows of 256
   and 512 float32 took 1.2 times as long without. */
static int few_sets(long bytes)
{
    return bytes % 1024 == 0;
}

#define BITS 32
#include "rowdot.inc"
#undef BITS
#define BITS 64
#include "rowdot.inc"
#undef BITS

size_t ad_dotrows_bytes(ad_type type, long p, long q)
{
    long vectors = swapped(type, p, q) ? q * ad_vectors(type, p) : p * ad_vectors(type, q);
    return (size_t)vectors * VECTOR_BYTES;
}

int ad_dotrows_sums(ad_type type, long p, long q)
{
    int swap = swapped(type, p, q);
    return (swap ? p : q) < ad_lanes(type) ? -1 : !swap;
}

void ad_dotrows(ad_type type, int segments, const ad_segment *s, long p, long q, void *c, void *sum)
{
    int swap = swapped(type, p, q);
    if (type == AD_F32)
        rowdot_32(segments, s, swap ? q : p, swap ? p : q, swap, c, sum);
    else
        rowdot_64(segments, s, swap ? q : p, swap ? p : q, swap, c, sum);
}

void ad_dotrows_store(ad_type type, long p, long q, const void *c, void *dense)
{
    int swap = swapped(type, p, q);
    if (type == AD_F32)
        rowdot_store_32(p, q, swap, c, dense);
    else
        rowdot_store_64(p, q, swap, c, dense);
}

void ad_dotrows_flush(ad_type type, long p, long q, void *c, void *dense)
{
    ad_dotrows_flush_rows(type, p, q, c, dense, q);
}

void ad_dotrows_flush_rows(ad_type type, long p, long q, void *c, void *to, long width)
{
    int swap = swapped(type, p, q);
    if (type == AD_F32)
        rowdot_add_32(p, q, swap, c, to, width);
    else
        rowdot_add_64(p, q, swap, c, to, width);
    memset(c, 0, ad_dotrows_bytes(type, p, q));
}
