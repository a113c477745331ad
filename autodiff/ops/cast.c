/* cast.c - conversion between float32 and float64. Its kernels stand in kernels/strip_cast.c. */
#include "build.h"

static double cast_scalar(const double x[], const ad_node *node)
{
    return node->type == AD_F32 ? (double)(float)x[0] : x[0];
}

static void cast_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    ad_tape_add(tape, 0, 1, ad_cast(y_bar, ad_type_of(ad_in(y, 0))));
}

static ad_var cast_jvp(ad_var y, const ad_var x_dot[])
{
    return x_dot[0].id < 0 ? AD_NONE : ad_cast(x_dot[0], ad_type_of(y));
}

const ad_op ad_op_cast = {
    .name   = "cast",
    .arity  = 1,
    .flags  = AD_ELEMENTWISE | AD_CHEAP,
    .vjp    = cast_vjp,
    .jvp    = cast_jvp,
    .scalar = cast_scalar,
};

ad_var ad_cast(ad_var x, ad_type type)
{
    double value;
    if (x.id < 0 || ad_type_of(x) == type) return x;
    if (ad_constant(x, &value)) return ad_full(x.g, type, ad_shape_of(x), value);
    return ad_node_add(x.g, &(ad_node){ .op    = AD_OP_cast,
                                        .type  = type,
                                        .shape = ad_shape_of(x),
                                        .nin   = 1,
                                        .in    = (int[]){ x.id } });
}
