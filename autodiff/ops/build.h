/* build.h - what the rows and builders of elementwise operations share (internal). */
#ifndef COSTATE_AUTODIFF_OPS_BUILD_H
#define COSTATE_AUTODIFF_OPS_BUILD_H

#include <costate/autodiff/op.h>

/* Is v a constant, every element equal? Then *value is it, rounded to v's type. */
int ad_constant(ad_var v, double *value);
/* Is v the constant `value`, and of a shape that does not widen x's? */
int ad_constant_is(ad_var v, double value, ad_var x);
/* The constant `value` in x's graph and type, shape [1]. */
ad_var ad_constant_for(ad_var x, double value);
/* Is v a node of that operation (with its inputs alive)? */
int ad_is(ad_var v, ad_opcode op);

/* Coefficient j as kernels have it: rounded to the node's type. */
double ad_coefficient(const ad_node *node, int j);

/* Elementwise nodes; of constants, a constant. */
ad_var ad_unary(ad_opcode op, ad_var x);
ad_var ad_unary_k(ad_opcode op, ad_var x, double k); /* with one coefficient */
ad_var ad_binary(ad_opcode op, ad_var a, ad_var b);
/* The same, the operand of smaller id first: a op b and b op a are one node. */
ad_var ad_commutative(ad_opcode op, ad_var a, ad_var b);

ad_var ad_expand_like(ad_var x, ad_var y); /* x broadcast to y's shape; dead stays dead */
/* x where c holds (c: a comparison), else 0: unlike c * x also when x is not finite */
ad_var ad_where_or_zero(ad_var c, ad_var x);
ad_var ad_zero_or_where(ad_var c, ad_var x); /* 0 where c holds, else x */
/* c0 a + c1 b shaped as y; a or b may be dead (zero). What a binary operation's jvp returns. */
ad_var ad_tangent_sum(ad_var y, double c0, ad_var a, double c1, ad_var b);

#endif
