/* ops.h - the operations an expression is built from.

   Binary and ternary operations broadcast as NumPy does (trailing axes aligned, extent 1 stretches; the batched
   leading axis aligns only with a batched one, with a leading extent of 1, or with nothing). Types must agree: cast.
   Comparisons give 0 or 1 in the type of their operands and have no derivative. Axes count from 0, negative from the end. */
#ifndef COSTATE_AUTODIFF_OPS_H
#define COSTATE_AUTODIFF_OPS_H

#include <costate/autodiff/graph.h>

COSTATE_BEGIN_DECLS

/* one argument, elementwise */
ad_var ad_neg(ad_var x);
ad_var ad_abs(ad_var x);
ad_var ad_sign(ad_var x);
ad_var ad_floor(ad_var x);
ad_var ad_exp(ad_var x);
ad_var ad_expm1(ad_var x);
ad_var ad_log(ad_var x);
ad_var ad_log1p(ad_var x);
ad_var ad_sqrt(ad_var x);
ad_var ad_rsqrt(ad_var x);
ad_var ad_square(ad_var x);
ad_var ad_omsq(ad_var x); /* 1 - x^2, rounded once: the derivative of tanh in terms of its value */
ad_var ad_reciprocal(ad_var x);
ad_var ad_sin(ad_var x);
ad_var ad_cos(ad_var x);
ad_var ad_tan(ad_var x);
ad_var ad_asin(ad_var x);
ad_var ad_acos(ad_var x);
ad_var ad_atan(ad_var x);
ad_var ad_sinh(ad_var x);
ad_var ad_cosh(ad_var x);
ad_var ad_tanh(ad_var x);
ad_var ad_sigmoid(ad_var x);
ad_var ad_relu(ad_var x);
ad_var ad_elu(ad_var x);
ad_var ad_silu(ad_var x);
ad_var ad_gelu(ad_var x); /* x Phi(x), the exact one */
ad_var ad_erf(ad_var x);
ad_var ad_softplus(ad_var x);
ad_var ad_powi(ad_var x, int k);
ad_var ad_scale(ad_var x, double c); /* c x     */
ad_var ad_shift(ad_var x, double c); /* x + c   */
ad_var ad_stop_gradient(ad_var x);
ad_var ad_cast(ad_var x, ad_type type);

/* two and three arguments, elementwise, broadcasting */
ad_var ad_add(ad_var a, ad_var b);
ad_var ad_sub(ad_var a, ad_var b);
ad_var ad_mul(ad_var a, ad_var b);
ad_var ad_div(ad_var a, ad_var b);
ad_var ad_min(ad_var a, ad_var b); /* NaN if either is */
ad_var ad_max(ad_var a, ad_var b);
ad_var ad_pow(ad_var a, ad_var b);
ad_var ad_atan2(ad_var a, ad_var b);
ad_var ad_mod(ad_var a, ad_var b); /* C fmod: the sign of a */
ad_var ad_lt(ad_var a, ad_var b);
ad_var ad_le(ad_var a, ad_var b);
ad_var ad_gt(ad_var a, ad_var b);
ad_var ad_ge(ad_var a, ad_var b);
ad_var ad_eq(ad_var a, ad_var b);
ad_var ad_where(ad_var c, ad_var a, ad_var b); /* a where c is not 0, else b */
ad_var ad_fma(ad_var a, ad_var b, ad_var c);   /* a b + c, rounded once      */

/* sum_j c[j] x[j], accumulated in order j = 0, 1, ... by fused multiply-adds; all x of one shape and type. The
   Runge-Kutta sums, and what every sum of cotangents becomes. Terms with c[j] == 0 are left out. */
ad_var ad_lincomb(int n, const double c[], const ad_var x[]);

/* products. [.., m, k] x [.., k, n] (after the transposes of the last two axes); leading axes equal, or one operand
   of rank 2 shared by all. bias: shared [n], or AD_NONE. A batched rank-2 left operand is [cn, k] rows. */
ad_var ad_matmul(ad_var a, ad_var b, int transpose_a, int transpose_b);
ad_var ad_affine(ad_var x, ad_var w, int transpose_w, ad_var bias);
/* sum_i a[i]' b[i]: contraction over rows, shared result [p, q] of batched [c n, p], [c n, q]. Weight gradients. */
ad_var ad_rowdot(int n, const ad_var a[], const ad_var b[]);
ad_var ad_rowsum(int n, const ad_var a[]); /* sum_i sum over rows: shared [d] of batched [c n, d] */

/* shape. A batched leading axis stays in front: moving it is an error. dim[] counts it as its c. */
ad_var ad_reshape(ad_var x, int rank, const long dim[]);
ad_var ad_permute(ad_var x, const int axes[]);
ad_var ad_transpose(ad_var x); /* the last two axes */
ad_var ad_broadcast(ad_var x, ad_shape to);
ad_var ad_slice(ad_var x, int axis, long from, long to);
ad_var ad_concat(int n, const ad_var x[], int axis);
ad_var ad_pad(ad_var x, int axis, long before, long after); /* with zeros */

/* reductions over the axes set in mask (bit i: axis i; -1: all); keep: reduced axes stay as extent 1. Over the
   batched leading axis the result is shared, rows added in order. float32 sums accumulate in float64. */
ad_var ad_sum(ad_var x, int mask, int keep);
ad_var ad_mean(ad_var x, int mask,
               int keep); /* over a batched axis: divided by the run's divisor (ad_args) times c */
ad_var ad_amax(ad_var x, int mask,
               int keep); /* the gradient goes to the first maximum's ties in equal parts */

/* over one axis, free of overflow; NaN passes on. softmax: exp(x) / sum exp(x). */
ad_var ad_logsumexp(ad_var x, int axis, int keep);
ad_var ad_softmax(ad_var x, int axis);
ad_var ad_log_softmax(ad_var x, int axis);
/* y_i = x_0 + .. + x_i along an axis; reverse: x_i + .. + x_last. On the leading axis of a batched [c n, ...] i counts its
   c blocks of n rows (c > 1). Summed in float64. */
ad_var ad_cumsum(ad_var x, int axis, int reverse);

/* Rows by number. An index holds whole numbers 0 .. k-1 in the type of x (k <= 2^24 in float32); any other number, NaN
   too, stops a run with AD_INVALID. It has no derivative; x's cotangent is summed over equal numbers, in float64.
   gather_rows: shared x [k, ..] and index s: [s, ..], batched if the index is. Batched x [c n, k, ..]: each sample's rows
   among its own, index [c n, s], or a shared [s] for all: [c n, s, ..].
   pick: x [.., k] and an index [..] of the same leading axes: one number of each last axis, [..]. */
ad_var ad_gather_rows(ad_var x, ad_var index);
ad_var ad_pick(ad_var x, ad_var index);

/* random draws: keyed by (seed of the run, stream, element), constant for a run; two draws are never merged */
ad_var ad_uniform(ad_graph *g, ad_type type, ad_shape shape, uint64_t stream);
ad_var ad_normal(ad_graph *g, ad_type type, ad_shape shape, uint64_t stream);
ad_var ad_rademacher(ad_graph *g, ad_type type, ad_shape shape, uint64_t stream);

/* An operation from C callbacks. value: n rows (batched) or 1; in[i], out: dense arrays of the declared types.
   vjp: x_bar[i] (NULL: not wanted) are to be *set*, shaped as in[i]. jvp: x_dot[i] may be NULL (zero). Derivatives left
   NULL are a mistake told when they are asked for. ctx must outlive the graph and every plan. */
typedef struct ad_callback {
    const char *name;
    ad_status (*value)(long n, const void *const in[], void *out, void *ctx);
    ad_status (*vjp)(long n, const void *const in[], const void *out, const void *out_bar,
                     void *const x_bar[], void *ctx);
    ad_status (*jvp)(long n, const void *const in[], const void *out, const void *const x_dot[],
                     void *out_dot, void *ctx);
    void *ctx;
    int   mixes_rows; /* 1: a row of the result depends on other rows (a joint solve) */
} ad_callback;
ad_var ad_call(const ad_callback *f, int n, const ad_var x[], ad_type type, ad_shape out);

COSTATE_END_DECLS
#endif
