/* lincomb.c - sum_j c[j] x[j]. */
#include <math.h>

#include "build.h"

static double lincomb_scalar(const double x[], const ad_node *node)
{
    double y = ad_coefficient(node, 0) * x[0];
    for (int j = 1; j < node->nin; j++) y = fma(ad_coefficient(node, j), x[j], y);
    return y;
}

static void lincomb_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    for (int j = 0; j < ad_node_of(y.g, y.id)->nin; j++)
        if (ad_tape_wants(tape, j)) ad_tape_add(tape, j, ad_node_of(y.g, y.id)->k[j], y_bar);
}

enum { MOST = 32 }; /* terms of a node: kernels and plans hold that many operands on the stack */

static ad_var sum_node(ad_graph *g, int m, const double k[], const int in[])
{
    ad_var a = { g, in[0] }, b = { g, in[m > 1] };
    if (m == 1) return ad_scale(a, k[0]);
    if (m == 2 && k[0] == 1 && k[1] == 1) return ad_add(a, b);
    if (m == 2 && k[0] == 1 && k[1] == -1) return ad_sub(a, b);
    if (m == 2 && k[0] == -1 && k[1] == 1) return ad_sub(b, a);
    return ad_node_add(g, &(ad_node){ .op    = AD_OP_lincomb,
                                      .type  = ad_type_of(a),
                                      .shape = ad_shape_of(a),
                                      .nin   = m,
                                      .in    = in,
                                      .nk    = m,
                                      .k     = k });
}

/* A sum of the terms that are alive and not zero; dead if none is. A long one continues in another node whose first
   term is 1 times the sum so far: the same chain, the same bits. */
static ad_var gather(ad_graph *g, int n, const double c[], const ad_var x[])
{
    double k[MOST];
    int    in[MOST], m = 0;
    for (int j = 0; j < n; j++) {
        if (x[j].id < 0 || c[j] == 0 || ad_is_zero(x[j])) continue;
        if (m == MOST) {
            ad_var so_far = sum_node(g, m, k, in);
            if (so_far.id < 0) return so_far;
            k[0]  = 1;
            in[0] = so_far.id;
            m     = 1;
        }
        k[m]    = c[j];
        in[m++] = x[j].id;
    }
    return m ? sum_node(g, m, k, in) : AD_NONE;
}

static ad_var lincomb_jvp(ad_var y, const ad_var x_dot[])
{
    const ad_node *node = ad_node_of(y.g, y.id);
    return gather(y.g, node->nin, node->k, x_dot);
}

const ad_op ad_op_lincomb = {
    .name   = "lincomb",
    .arity  = -1,
    .flags  = AD_ELEMENTWISE | AD_CHEAP,
    .vjp    = lincomb_vjp,
    .jvp    = lincomb_jvp,
    .scalar = lincomb_scalar,
};

/* Do all terms agree in graph, type and shape? Tells the first that does not. */
static int agree(int n, const ad_var x[])
{
    ad_graph *g = x[0].g;
    char      text[2][96];
    for (int j = 0; j < n; j++) {
        if (x[j].id < 0) return 0;
        if (x[j].g != g)
            return ad_graph_fail(g, AD_INVALID, "lincomb: term %d is of another graph", j), 0;
        if (ad_type_of(x[j]) != ad_type_of(x[0]))
            return ad_graph_fail(g, AD_BAD_SHAPE,
                                 "lincomb: term %d is float%d, term 0 float%d; cast one of them", j,
                                 (int)ad_type_size(ad_type_of(x[j])) * 8,
                                 (int)ad_type_size(ad_type_of(x[0])) * 8),
                   0;
        if (!ad_shape_equal(ad_shape_of(x[j]), ad_shape_of(x[0])))
            return ad_graph_fail(g, AD_BAD_SHAPE,
                                 "lincomb: term %d has shape %s, term 0 %s; broadcast it first", j,
                                 ad_shape_text(ad_shape_of(x[j]), text[0], sizeof text[0]),
                                 ad_shape_text(ad_shape_of(x[0]), text[1], sizeof text[1])),
                   0;
    }
    return 1;
}

ad_var ad_lincomb(int n, const double c[], const ad_var x[])
{
    if (n < 1 || !agree(n, x)) return AD_NONE;
    ad_var y = gather(x[0].g, n, c, x);
    if (y.id >= 0 || ad_graph_status(x[0].g) != AD_OK) return y;
    return ad_full(x[0].g, ad_type_of(x[0]), ad_shape_of(x[0]), 0);
}
