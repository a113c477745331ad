/* exp.c - exponentials and logarithms. */
#include <math.h>
#include <sleef.h>

#include "../kernels/vexp.h"
#include "build.h"

#define NAME          exp
#define F(x)          v_exp(x)
#define REFERENCE(x)  exp(x)
#define PART(g, x, y) ad_mul(g, y)
#define WIDE          4
#include "unary.inc"

#define NAME          expm1
#define F(x)          v_expm1(x)
#define REFERENCE(x)  expm1(x)
#define PART(g, x, y) ad_mul(g, ad_shift(y, 1))
#define WIDE          4
#include "unary.inc"

#define NAME          log
#define F32(x)        V32_SLEEF(log, u35)(x)
#define F64(x)        V64_SLEEF(log, u10)(x)
#define REFERENCE(x)  log(x)
#define PART(g, x, y) ad_div(g, x)
#define LO            0.1
#define HI            4
#include "unary.inc"

#define NAME          log1p
#define F32(x)        V32_SLEEF(log1p, u10)(x)
#define F64(x)        V64_SLEEF(log1p, u10)(x)
#define REFERENCE(x)  log1p(x)
#define PART(g, x, y) ad_div(g, ad_shift(x, 1))
#define LO            -0.5
#define HI            3
#include "unary.inc"
