/* build.c - builders of elementwise operations: constants are folded, operands ordered. */
#include "build.h"

int ad_is(ad_var v, ad_opcode op)
{
    return v.g && v.id >= 0 && ad_node_of(v.g, v.id)->op == op;
}

static double rounded(ad_type type, double value)
{
    return type == AD_F32 ? (double)(float)value : value;
}

double ad_coefficient(const ad_node *node, int j)
{
    return rounded(node->type, node->k[j]);
}

int ad_constant(ad_var v, double *value)
{
    if (!ad_is(v, AD_OP_full)) return 0;
    *value = rounded(ad_type_of(v), ad_node_of(v.g, v.id)->k[0]);
    return 1;
}

/* Would broadcasting v against x give x's shape? Decided for equal shapes and for one element only. */
static int fits_in(ad_var v, ad_var x)
{
    ad_shape s = ad_shape_of(v), t = ad_shape_of(x);
    return ad_shape_equal(s, t) || (!s.batched && ad_elements(s) == 1 && s.rank <= t.rank);
}

int ad_constant_is(ad_var v, double value, ad_var x)
{
    double c;
    return x.g && x.id >= 0 && ad_constant(v, &c) && c == value && ad_type_of(v) == ad_type_of(x) &&
           fits_in(v, x);
}

ad_var ad_constant_for(ad_var x, double value)
{
    return x.id < 0 ? x : ad_const(x.g, ad_type_of(x), value);
}

ad_var ad_unary_k(ad_opcode op, ad_var x, double k)
{
    double value;
    if (!ad_constant(x, &value)) return ad_elementwise(op, 1, &x, 1, &k, 0, NULL);
    ad_type type = ad_type_of(x);
    ad_node node = { .op = op, .type = type, .nk = 1, .k = &k };
    return ad_full(x.g, type, ad_shape_of(x), rounded(type, ad_op_row(op)->scalar(&value, &node)));
}

ad_var ad_unary(ad_opcode op, ad_var x)
{
    double value;
    if (!ad_constant(x, &value)) return ad_elementwise(op, 1, &x, 0, NULL, 0, NULL);
    return ad_full(x.g, ad_type_of(x), ad_shape_of(x),
                   rounded(ad_type_of(x), ad_op_row(op)->scalar(&value, NULL)));
}

ad_var ad_binary(ad_opcode op, ad_var a, ad_var b)
{
    double value[2];
    if (!ad_constant(a, &value[0]) || !ad_constant(b, &value[1]) ||
        ad_type_of(a) != ad_type_of(b) || !(fits_in(a, b) || fits_in(b, a)))
        return ad_elementwise(op, 2, (ad_var[]){ a, b }, 0, NULL, 0, NULL);
    return ad_full(a.g, ad_type_of(a), ad_shape_of(fits_in(a, b) ? b : a),
                   rounded(ad_type_of(a), ad_op_row(op)->scalar(value, NULL)));
}

ad_var ad_commutative(ad_opcode op, ad_var a, ad_var b)
{
    int swap = a.id >= 0 && b.id >= 0 && b.id < a.id;
    return swap ? ad_binary(op, b, a) : ad_binary(op, a, b);
}

ad_var ad_expand_like(ad_var x, ad_var y)
{
    if (x.id < 0 || y.id < 0 || ad_shape_equal(ad_shape_of(x), ad_shape_of(y))) return x;
    return ad_broadcast(x, ad_shape_of(y));
}

ad_var ad_where_or_zero(ad_var c, ad_var x)
{
    return ad_where(c, x, ad_constant_for(x, 0));
}

ad_var ad_zero_or_where(ad_var c, ad_var x)
{
    return ad_where(c, ad_constant_for(x, 0), x);
}

ad_var ad_tangent_sum(ad_var y, double c0, ad_var a, double c1, ad_var b)
{
    a = ad_expand_like(a, y);
    b = ad_expand_like(b, y);
    if (a.id < 0) return b.id < 0 ? AD_NONE : ad_scale(b, c1);
    if (b.id < 0) return ad_scale(a, c0);
    return ad_lincomb(2, (double[]){ c0, c1 }, (ad_var[]){ a, b });
}
