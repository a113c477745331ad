/* trigonometric.c - circular functions and their inverses. */
#include <math.h>
#include <sleef.h>

#include "../kernels/vtrig.h"
#include "build.h"

V_INLINE v32 sin32(v32 x)
{
    return V32_SLEEF(sin, u35)(x);
}
V_INLINE v64 sin64(v64 x)
{
    return V64_SLEEF(sin, u10)(x);
}
V_INLINE v32 cos32(v32 x)
{
    return V32_SLEEF(cos, u35)(x);
}
V_INLINE v64 cos64(v64 x)
{
    return V64_SLEEF(cos, u10)(x);
}
V_INLINE v32 tan32(v32 x)
{
    return V32_SLEEF(tan, u35)(x);
}
V_INLINE v64 tan64(v64 x)
{
    return V64_SLEEF(tan, u10)(x);
}

#define NAME          sin
#define F32(x)        v32_by_range(sin32, x)
#define F64(x)        v64_by_range(sin64, x)
#define REFERENCE(x)  sin(x)
#define PART(g, x, y) ad_mul(g, ad_cos(x))
#include "unary.inc"

#define NAME          cos
#define F32(x)        v32_by_range(cos32, x)
#define F64(x)        v64_by_range(cos64, x)
#define REFERENCE(x)  cos(x)
#define PART(g, x, y) ad_mul(g, ad_sin(x))
#define FACTOR(y)     -1
#include "unary.inc"

#define NAME          tan
#define F32(x)        v32_by_range(tan32, x)
#define F64(x)        v64_by_range(tan64, x)
#define REFERENCE(x)  tan(x)
#define PART(g, x, y) ad_mul(g, ad_shift(ad_square(y), 1))
#define LO            -1.2
#define HI            1.2
#include "unary.inc"

#define NAME          asin
#define F32(x)        V32_SLEEF(asin, u35)(x)
#define F64(x)        V64_SLEEF(asin, u10)(x)
#define REFERENCE(x)  asin(x)
#define PART(g, x, y) ad_mul(g, ad_rsqrt(ad_omsq(x)))
#define LO            -0.9
#define HI            0.9
#include "unary.inc"

#define NAME          acos
#define F32(x)        V32_SLEEF(acos, u35)(x)
#define F64(x)        V64_SLEEF(acos, u10)(x)
#define REFERENCE(x)  acos(x)
#define PART(g, x, y) ad_mul(g, ad_rsqrt(ad_omsq(x)))
#define FACTOR(y)     -1
#define LO            -0.9
#define HI            0.9
#include "unary.inc"

#define NAME          atan
#define F32(x)        V32_SLEEF(atan, u35)(x)
#define F64(x)        V64_SLEEF(atan, u10)(x)
#define REFERENCE(x)  atan(x)
#define PART(g, x, y) ad_div(g, ad_shift(ad_square(x), 1))
#include "unary.inc"

/* The angle of (b, a); its differential is (b da - a db) / (a^2 + b^2). */
static ad_var radius2(ad_var a, ad_var b)
{
    return ad_add(ad_square(a), ad_square(b));
}

#define NAME              atan2
#define F32(a, b)         V32_SLEEF(atan2, u35)(a, b)
#define F64(a, b)         V64_SLEEF(atan2, u10)(a, b)
#define REFERENCE(a, b)   atan2(a, b)
#define PART0(g, a, b, y) ad_mul(g, ad_div(b, radius2(a, b)))
#define PART1(g, a, b, y) ad_mul(g, ad_div(a, radius2(a, b)))
#define FACTOR1           -1
#define LO                0.3
#define HI                2
#include "binary.inc"
