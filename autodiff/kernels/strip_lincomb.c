/* strip_lincomb.c - linear combinations of strips. */
#include "strip.h"
#include "vmath.h"

#define BITS 32
#include "strip_lincomb.inc"
#undef BITS
#define BITS 64
#include "strip_lincomb.inc"
#undef BITS

ad_lincomb_fn *ad_lincomb_kernel(ad_type type)
{
    return type == AD_F32 ? v32_lincomb : v64_lincomb;
}
