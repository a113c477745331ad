/* powi.c - whole powers by repeated squaring, the exponent an attribute. */
#include <math.h>

#include "../kernels/vmath.h"
#include "build.h"

#define BITS 32
#include "powi.inc"
#undef BITS
#define BITS 64
#include "powi.inc"
#undef BITS

static double powi_scalar(const double x[], const ad_node *node)
{
    return pow(x[0], (double)node->attr[0]);
}

/* k g x^(k-1) */
static ad_var powi_part(ad_var g, ad_var y)
{
    long k = ad_node_of(y.g, y.id)->attr[0];
    return ad_mul(g, ad_powi(ad_in(y, 0), (int)(k - 1)));
}

static void powi_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    ad_tape_add(tape, 0, (double)ad_node_of(y.g, y.id)->attr[0], powi_part(y_bar, y));
}

static ad_var powi_jvp(ad_var y, const ad_var x_dot[])
{
    if (x_dot[0].id < 0) return AD_NONE;
    double k = (double)ad_node_of(y.g, y.id)->attr[0];
    return ad_expand_like(ad_scale(powi_part(x_dot[0], y), k), y);
}

const ad_op ad_op_powi = {
    .name   = "powi",
    .arity  = 1,
    .flags  = AD_ELEMENTWISE | AD_CHEAP,
    .vjp    = powi_vjp,
    .jvp    = powi_jvp,
    .scalar = powi_scalar,
    .strip  = { { strip_powi_32_ }, { strip_powi_64_ } },
};

ad_var ad_powi(ad_var x, int k)
{
    double value;
    long   attr = k;
    if (x.id < 0 || k == 1) return x;
    if (k == 0) return ad_full(x.g, ad_type_of(x), ad_shape_of(x), 1);
    if (k == 2) return ad_square(x);
    if (k == -1) return ad_reciprocal(x);
    if (ad_constant(x, &value)) return ad_full(x.g, ad_type_of(x), ad_shape_of(x), pow(value, k));
    return ad_elementwise(AD_OP_powi, 1, &x, 0, NULL, 1, &attr);
}
