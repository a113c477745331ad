/* test_product.c - the own kernels for products and for sums over rows, in both precisions (product_cases.inc).

   Buffers have exactly the size that product.h promises to stay within, so that the sanitizer sees every access beyond it,
   and hold NaN wherever a kernel may look but must not care. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include <costate/autodiff/kernels/product.h>
#include <costate/autodiff/memory.h>

/* A stream of numbers in [-1, 1] without pattern (a linear congruential generator). */
static double draw(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(int32_t)(*state >> 32) / 2147483648.0;
}

#define CAT_(a, b) a##b
#define CAT(a, b)  CAT_(a, b)
#define NAME(f)    CAT(f##_, BITS)
#define CASE(name) Test(product, CAT(name##_f, BITS))

#define BITS 32
#define real float
#define TYPE AD_F32
#define FMA  fmaf
#define UNIT 0x1p-24
#include "product_cases.inc"
#undef BITS
#undef real
#undef TYPE
#undef FMA
#undef UNIT

#define BITS 64
#define real double
#define TYPE AD_F64
#define FMA  fma
#define UNIT 0x1p-53
#include "product_cases.inc"
