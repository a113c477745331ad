/* ternary.c - the operations of three arguments: fma and where. */
#include <math.h>

#include "../kernels/vmath.h"
#include "build.h"

#define ROWS(name, bits)                                                                           \
    {                                                                                              \
        strip_##name##_##bits##_vvv, strip_##name##_##bits##_svv, strip_##name##_##bits##_vsv,     \
            strip_##name##_##bits##_ssv, strip_##name##_##bits##_vvs, strip_##name##_##bits##_svs, \
            strip_##name##_##bits##_vss                                                            \
    }

/* --- a b + c, rounded once ---------------------------------------------------------------------------------------- */
#define NAME         fma
#define F32(a, b, c) v32_fma(a, b, c)
#define F64(a, b, c) v64_fma(a, b, c)
#define BITS         32
#include "../kernels/strip_ternary.inc"
#undef BITS
#define BITS 64
#include "../kernels/strip_ternary.inc"
#undef BITS
#undef NAME
#undef F32
#undef F64

static double fma_scalar(const double x[], const ad_node *node)
{
    (void)node;
    return fma(x[0], x[1], x[2]);
}

static void fma_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    if (ad_tape_wants(tape, 0)) ad_tape_add(tape, 0, 1, ad_mul(y_bar, ad_in(y, 1)));
    if (ad_tape_wants(tape, 1)) ad_tape_add(tape, 1, 1, ad_mul(y_bar, ad_in(y, 0)));
    if (ad_tape_wants(tape, 2)) ad_tape_add(tape, 2, 1, y_bar);
}

static ad_var fma_jvp(ad_var y, const ad_var x_dot[])
{
    ad_var dot = ad_expand_like(x_dot[2], y);
    if (x_dot[1].id >= 0)
        dot = dot.id < 0 ? ad_mul(ad_in(y, 0), x_dot[1]) : ad_fma(ad_in(y, 0), x_dot[1], dot);
    if (x_dot[0].id >= 0)
        dot = dot.id < 0 ? ad_mul(x_dot[0], ad_in(y, 1)) : ad_fma(x_dot[0], ad_in(y, 1), dot);
    return ad_expand_like(dot, y);
}

const ad_op ad_op_fma = {
    .name   = "fma",
    .arity  = 3,
    .flags  = AD_ELEMENTWISE | AD_CHEAP,
    .text   = "%0 * %1 + %2",
    .vjp    = fma_vjp,
    .jvp    = fma_jvp,
    .scalar = fma_scalar,
    .strip  = { ROWS(fma, 32), ROWS(fma, 64) },
};

ad_var ad_fma(ad_var a, ad_var b, ad_var c)
{
    if (ad_constant_is(a, 1, b)) return ad_add(b, c);
    if (ad_constant_is(b, 1, a)) return ad_add(a, c);
    if (a.id >= 0 && b.id >= 0 && b.id < a.id) return ad_fma(b, a, c);
    return ad_elementwise(AD_OP_fma, 3, (ad_var[]){ a, b, c }, 0, NULL, 0, NULL);
}

/* --- a where c is not 0, else b ----------------------------------------------------------------------------------- */
#define NAME         where
#define F32(c, a, b) v32_select(v32_ne(c, v32_all(0)), a, b)
#define F64(c, a, b) v64_select(v64_ne(c, v64_all(0)), a, b)
#define BITS         32
#include "../kernels/strip_ternary.inc"
#undef BITS
#define BITS 64
#include "../kernels/strip_ternary.inc"
#undef BITS
#undef NAME
#undef F32
#undef F64

static double where_scalar(const double x[], const ad_node *node)
{
    (void)node;
    return x[0] != 0 ? x[1] : x[2];
}

/* What was not selected receives a zero, never 0 times something. */
static void where_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    ad_var c = ad_in(y, 0);
    if (ad_tape_wants(tape, 1)) ad_tape_add(tape, 1, 1, ad_where_or_zero(c, y_bar));
    if (ad_tape_wants(tape, 2)) ad_tape_add(tape, 2, 1, ad_zero_or_where(c, y_bar));
}

static ad_var where_jvp(ad_var y, const ad_var x_dot[])
{
    ad_var c = ad_in(y, 0), a = x_dot[1], b = x_dot[2];
    if (a.id < 0 && b.id < 0) return AD_NONE;
    if (a.id < 0) return ad_expand_like(ad_zero_or_where(c, b), y);
    if (b.id < 0) return ad_expand_like(ad_where_or_zero(c, a), y);
    return ad_expand_like(ad_where(c, a, b), y);
}

const ad_op ad_op_where = {
    .name   = "where",
    .arity  = 3,
    .flags  = AD_ELEMENTWISE | AD_CHEAP,
    .vjp    = where_vjp,
    .jvp    = where_jvp,
    .scalar = where_scalar,
    .strip  = { ROWS(where, 32), ROWS(where, 64) },
};

ad_var ad_where(ad_var c, ad_var a, ad_var b)
{
    double value;
    if (a.id >= 0 && b.id >= 0 && ad_constant(c, &value) && ad_constant_is(c, value, a) &&
        ad_shape_equal(ad_shape_of(a), ad_shape_of(b)))
        return value != 0 ? a : b;
    return ad_elementwise(AD_OP_where, 3, (ad_var[]){ c, a, b }, 0, NULL, 0, NULL);
}
