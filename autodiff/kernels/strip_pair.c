/* strip_pair.c - two instructions in one pass, rounded as the two are: what a tanh layer's pullback does to every cotangent. */
#include "../op.h"
#include "strip.h"
#include "vmath.h"

#define BITS 32
#include "strip_pair.inc"
#undef BITS
#define BITS 64
#include "strip_pair.inc"
#undef BITS

void (*ad_tanh_back_kernel(ad_type type))(const struct ad_strip_args *)
{
    return type == AD_F32 ? strip_tanh_back_32_vv : strip_tanh_back_64_vv;
}
