/* hyperbolic.c - hyperbolic functions. */
#include <math.h>
#include <sleef.h>

#include "../kernels/vexp.h"
#include "build.h"

#define NAME          tanh
#define F(x)          v_tanh(x)
#define REFERENCE(x)  tanh(x)
#define PART(g, x, y) ad_mul(g, ad_omsq(y))
#define WIDE          4
#include "unary.inc"

#define NAME          sinh
#define F32(x)        V32_SLEEF(sinh, u35)(x)
#define F64(x)        V64_SLEEF(sinh, u10)(x)
#define REFERENCE(x)  sinh(x)
#define PART(g, x, y) ad_mul(g, ad_cosh(x))
#include "unary.inc"

#define NAME          cosh
#define F32(x)        V32_SLEEF(cosh, u35)(x)
#define F64(x)        V64_SLEEF(cosh, u10)(x)
#define REFERENCE(x)  cosh(x)
#define PART(g, x, y) ad_mul(g, ad_sinh(x))
#include "unary.inc"
