/* strip_cast.c - conversion between the two types, half a vector of floats and a vector of doubles at a time. */
#include <string.h>

#include "strip.h"
#include "vmath.h"

static void widen(void *d, const void *x, long n)
{
    double      *to   = d;
    const float *from = x;
    for (long i = 0; i < n; i += L64) {
        v32h half         = *(const v32h *)(from + i);
        *(v64u *)(to + i) = __builtin_convertvector(half, v64);
    }
}

static void narrow(void *d, const void *x, long n)
{
    float        *to   = d;
    const double *from = x;
    for (long i = 0; i < n; i += L64) {
        v64 whole         = *(const v64u *)(from + i);
        *(v32h *)(to + i) = __builtin_convertvector(whole, v32h);
    }
}

static void copy_32(void *d, const void *x, long n)
{
    memmove(d, x, (size_t)n * sizeof(float));
}

static void copy_64(void *d, const void *x, long n)
{
    memmove(d, x, (size_t)n * sizeof(double));
}

ad_cast_fn *ad_cast_kernel(ad_type from, ad_type to)
{
    if (from == to) return to == AD_F32 ? copy_32 : copy_64;
    return from == AD_F32 ? widen : narrow;
}
