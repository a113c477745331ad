/* test_eager.c - node by node evaluation: values known otherwise, and its own mistakes. */
#include <criterion/criterion.h>

#include <costate/autodiff/kernels/product.h>
#include <costate/autodiff/plan.h>

#include "support.h"

static ad_graph *g;

static void setup(void)
{
    cr_assert(!ad_graph_new(&g));
}
static void teardown(void)
{
    ad_graph_free(g);
}

static ad_status run1(ad_var x, const void *in, ad_var y, void *out, long n)
{
    return ad_eager(1, &x, 1, &y, &(ad_args){ .n = n, .in = &in, .out = &out, .seed = 9 });
}

static ad_shape rows(long c, long d)
{
    return ad_dims(2, (long[]){ c, d }, 1);
}

/* A batched [2n, 2] is two blocks of n rows: slicing and joining its leading axis moves whole blocks. */
Test(eager, blocks_of_a_batch, .init = setup, .fini = teardown)
{
    ad_var x = ad_input(g, "x", AD_F64, rows(2, 2));
    double in[12], out[18];
    for (int i = 0; i < 12; i++) in[i] = i; /* n = 3: block 0 is 0 .. 5 */
    cr_assert(!run1(x, in, ad_slice(x, 0, 1, 2), out, 3));
    for (int i = 0; i < 6; i++) cr_expect_eq(out[i], 6 + i);
    cr_assert(!run1(x, in, ad_concat(2, (ad_var[]){ ad_slice(x, 0, 1, 2), x }, 0), out, 3));
    for (int i = 0; i < 18; i++) cr_expect_eq(out[i], i < 6 ? 6 + i : i - 6);
    cr_assert(!run1(x, in, ad_pad(ad_slice(x, 0, 0, 1), 0, 1, 0), out, 3));
    for (int i = 0; i < 12; i++) cr_expect_eq(out[i], i < 6 ? 0 : i - 6);
}

Test(eager, permute_and_broadcast, .init = setup, .fini = teardown)
{
    ad_var x = ad_input(g, "x", AD_F64,
                        ad_dims(3, (long[]){ 2, 2, 3 }, 1)); /* element [b, i, j, k] at n = 2 */
    double in[24], out[48];
    for (int i = 0; i < 24; i++) in[i] = i;
    cr_assert(!run1(x, in, ad_transpose(x), out, 2));
    for (int b = 0; b < 4; b++)
        for (int j = 0; j < 2; j++)
            for (int k = 0; k < 3; k++) cr_expect_eq(out[b * 6 + k * 2 + j], in[b * 6 + j * 3 + k]);
    cr_assert(!run1(x, in, ad_broadcast(ad_slice(x, 1, 0, 1), ad_dims(3, (long[]){ 2, 4, 3 }, 1)),
                    out, 2));
    for (int b = 0; b < 4; b++)
        for (int j = 0; j < 4; j++)
            for (int k = 0; k < 3; k++) cr_expect_eq(out[b * 12 + j * 3 + k], in[b * 6 + k]);
    ad_var v = ad_input(g, "v", AD_F64, ad_vector(3));
    cr_assert(!run1(v, in, ad_broadcast(v, rows(2, 3)), out, 5));
    for (int i = 0; i < 30; i++) cr_expect_eq(out[i], i % 3);
}

/* Rows are added in order, in float64: 1e8 + 1 - 1e8 is 1 in float32 too. */
Test(eager, sums_of_float32_accumulate_in_float64, .init = setup, .fini = teardown)
{
    ad_var x     = ad_input(g, "x", AD_F32, rows(1, 3));
    float  in[9] = { 1e8f, 0, 0, 1, 0, 0, -1e8f, 0, 0 }, out[3];
    cr_assert(!run1(x, in, ad_sum(x, 1, 0), out, 3));
    cr_expect_eq(out[0], 1);
    float across[3] = { 1e8f, 1, -1e8f };
    cr_assert(!run1(x, across, ad_sum(x, 2, 0), out, 1));
    cr_expect_eq(out[0], 1);
}

/* A mean over the batch divides by the run's divisor (n if it is 0), times c. */
Test(eager, divisor, .init = setup, .fini = teardown)
{
    ad_var      x = ad_input(g, "x", AD_F64, rows(2, 1)), y = ad_mean(x, -1, 0);
    double      v[4] = { 1, 2, 3, 4 }, r;
    const void *in   = v;
    void       *out  = &r;
    cr_assert(!run1(x, v, y, &r, 2));
    cr_expect_float_eq(r, 2.5, 1e-15);
    cr_assert(!ad_eager(1, &x, 1, &y, &(ad_args){ .n = 2, .divisor = 10, .in = &in, .out = &out }));
    cr_expect_float_eq(r, 0.5, 1e-15);
}

/* The gradient of a maximum goes in equal parts to all that are equal to it. */
Test(eager, ties_share, .init = setup, .fini = teardown)
{
    ad_var x = ad_input(g, "x", AD_F64, ad_vector(4)), y = ad_amax(x, -1, 0), x_bar;
    double in[4] = { 3, 1, 3, 2 }, out[4];
    cr_assert(!ad_gradient(y, 1, &x, &x_bar));
    cr_assert(!run1(x, in, x_bar, out, 1));
    cr_expect(out[0] == 0.5 && out[1] == 0 && out[2] == 0.5 && out[3] == 0);
    in[1] = NAN;
    cr_assert(!run1(x, in, y, out, 1));
    cr_expect(isnan(out[0]));
}

/* Sample i draws the same whatever the batch; two draws of one stream are two nodes with the same numbers. */
Test(eager, draws_do_not_depend_on_the_batch, .init = setup, .fini = teardown)
{
    ad_var x        = ad_input(g, "x", AD_F64, rows(2, 3)),
           y        = ad_add(x, ad_normal(g, AD_F64, rows(2, 3), 4));
    double zero[42] = { 0 }, all[42], few[12];
    cr_assert(!run1(x, zero, y, all, 7));
    cr_assert(!run1(x, zero, y, few, 2));
    for (int b = 0; b < 2; b++) cr_expect(!memcmp(few + 6 * b, all + 21 * b, 6 * sizeof few[0]));
    cr_expect(all[0] != all[21] && all[0] != all[3]);
    ad_var u = ad_uniform(g, AD_F64, ad_vector(2), 1), w = ad_uniform(g, AD_F64, ad_vector(2), 1);
    cr_expect_neq(u.id, w.id);
}

Test(eager, an_empty_batch, .init = setup, .fini = teardown)
{
    ad_var x = ad_input(g, "x", AD_F32, rows(1, 3)),
           w = ad_const_array(g, AD_F32, ad_matrix(3, 2), (double[]){ 1, 2, 3, 4, 5, 6 });
    ad_var y = ad_matmul(ad_tanh(x), w, 0, 0), s = ad_sum(y, 1, 0), x_bar;
    float  out[2] = { 7, 7 };
    cr_assert(!run1(x, NULL, y, NULL, 0));
    cr_assert(!run1(x, NULL, s, out, 0));
    cr_expect(out[0] == 0 && out[1] == 0);
    ad_var one = ad_full(g, AD_F32, ad_vector(2), 1);
    cr_assert(!ad_vjp(1, &s, &one, 1, &x, &x_bar));
    cr_assert(!run1(x, NULL, x_bar, NULL, 0));
}

static ad_status refuse(long n, const void *const in[], void *out, void *ctx)
{
    (void)in, (void)out, (void)ctx;
    return ad_fail(AD_CANCELLED, "refused %ld rows", n);
}

Test(eager, mistakes, .init = setup, .fini = teardown)
{
    ad_var x = ad_input(g, "x", AD_F64, rows(1, 2)), z = ad_input(g, "z", AD_F64, rows(1, 2));
    double in[8] = { 0 }, out[8];
    cr_expect_eq(run1(x, in, ad_add(x, z), out, 2), AD_INVALID);
    cr_expect(strstr(ad_message(), "input 'z'"));
    cr_expect_eq(run1(x, in, x, out, -1), AD_INVALID);
    cr_expect_eq(run1(x, NULL, x, out, 1), AD_INVALID);
    cr_expect(strstr(ad_message(), "'x' was given no values"));
    cr_expect_eq(run1(ad_sin(x), in, x, out, 2), AD_INVALID);
    ad_var y = ad_call(&(ad_callback){ .name = "no", .value = refuse }, 1, &x, AD_F64, rows(1, 2));
    cr_expect_eq(run1(x, in, y, out, 4), AD_CANCELLED); /* a callback's status stops the run */
    cr_expect_str_eq(ad_message(), "refused 4 rows");
    ad_params *p;
    cr_assert(!ad_params_new(&p, AD_F64));
    cr_expect_eq(run1(x, in, ad_mul(x, ad_param(g, p, "w", ad_vector(2), AD_INIT_ZERO, 0)), out, 2),
                 AD_INVALID);
    cr_expect(strstr(ad_message(), "parameter 'w'"));
    ad_params_free(p);
    ad_graph_fail(g, AD_BAD_SHAPE, "the first mistake");
    cr_expect_eq(run1(x, in, x, out, 2), AD_BAD_SHAPE);
    cr_expect_str_eq(ad_message(), "the first mistake");
}

/* An input may be a result; a result that is not wanted is left out. */
Test(eager, inputs_as_results, .init = setup, .fini = teardown)
{
    ad_var      x = ad_input(g, "x", AD_F64, rows(1, 2)), y = ad_square(x);
    double      in[4] = { 1, 2, 3, 4 }, out[4];
    const void *from  = in;
    cr_assert(!ad_eager(1, &x, 2, (ad_var[]){ y, x },
                        &(ad_args){ .n = 2, .in = &from, .out = (void *[]){ NULL, out } }));
    cr_expect(!memcmp(in, out, sizeof in));
}

/* Products against loops over their definition, bit for bit: fused multiply-adds in ascending order from the bias. */
Test(eager, products, .init = setup, .fini = teardown)
{
    enum { M = 3, K = 5, Q = 4 };
    double   a[M * K], b[K * Q], bias[Q], y[M * Q], at[K * M], bt[Q * K];
    uint64_t seed = 1;
    for (int i = 0; i < M; i++)
        for (int l = 0; l < K; l++) at[l * M + i] = a[i * K + l] = draw(&seed, -1, 1);
    for (int l = 0; l < K; l++)
        for (int j = 0; j < Q; j++) bt[j * K + l] = b[l * Q + j] = draw(&seed, -1, 1);
    for (int j = 0; j < Q; j++) bias[j] = draw(&seed, -1, 1);
    for (int t = 0; t < 4; t++) {
        ad_var A = ad_const_array(g, AD_F64, t & 1 ? ad_matrix(K, M) : ad_matrix(M, K),
                                  t & 1 ? at : a);
        ad_var B = ad_const_array(g, AD_F64, t & 2 ? ad_matrix(Q, K) : ad_matrix(K, Q),
                                  t & 2 ? bt : b);
        ad_var Y = ad_matmul(A, B, t & 1, t >> 1);
        if (!(t & 1)) Y = ad_affine(A, B, t >> 1, ad_const_array(g, AD_F64, ad_vector(Q), bias));
        void *out = y;
        cr_assert(!ad_eager(0, NULL, 1, &Y, &(ad_args){ .out = &out }), "%s", ad_message());
        for (int i = 0; i < M; i++)
            for (int j = 0; j < Q; j++) {
                double s = t & 1 ? 0 : bias[j];
                for (int l = 0; l < K; l++) s = fma(a[i * K + l], b[l * Q + j], s);
                cr_expect_eq(y[i * Q + j], s, "transposes %d: %d, %d", t, i, j);
            }
    }
}

/* One pair of operands is two blocks of n rows, the other one: all rows in order, one chain of fused multiply-adds. */
Test(eager, contractions, .init = setup, .fini = teardown)
{
    enum { N = 3, P = 2, Q = 3 };
    ad_var   a[2], b[2], y[2];
    double   v[4][2 * N * Q], dot[P * Q], sum[Q];
    uint64_t seed = 2;
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 2 * N * Q; j++) v[i][j] = draw(&seed, -1, 1);
    for (int i = 0; i < 2; i++) {
        a[i] = ad_input(g, "a", AD_F64, rows(2 - i, P));
        b[i] = ad_input(g, "b", AD_F64, rows(2 - i, Q));
    }
    y[0]                = ad_rowdot(2, a, b);
    y[1]                = ad_rowsum(2, b);
    ad_var      in[4]   = { a[0], b[0], a[1], b[1] };
    const void *from[4] = { v[0], v[1], v[2], v[3] };
    cr_assert(
        !ad_eager(4, in, 2, y, &(ad_args){ .n = N, .in = from, .out = (void *[]){ dot, sum } }));
    for (int j = 0; j < Q; j++) {
        double total = 0;
        for (int k = 0; k < 2; k++)
            for (int r = 0; r < (2 - k) * N; r++) total += v[2 * k + 1][r * Q + j];
        cr_expect_eq(sum[j], total);
        for (int i = 0; i < P; i++) {
            double s = 0;
            for (int k = 0; k < 2; k++)
                for (int r = 0; r < (2 - k) * N; r++)
                    s = fma(v[2 * k][r * P + i], v[2 * k + 1][r * Q + j], s);
            cr_expect_eq(dot[i * Q + j], s);
        }
    }
}

/* The wide kernel of the plans rounds the same: one chain an element, whatever the blocking. */
Test(eager, products_as_the_kernel, .init = setup, .fini = teardown)
{
    enum { M = 7, K = 33, Q = 21 };
    float *x = ad_alloc(M * K * sizeof *x), *w = ad_alloc(K * Q * sizeof *w),
          *y = ad_alloc(M * Q * sizeof *y);
    float    eager[M * Q];
    double   values[K * Q];
    uint64_t seed = 3;
    for (int i = 0; i < M * K; i++) x[i] = (float)draw(&seed, -1, 1);
    for (int i = 0; i < K * Q; i++) values[i] = w[i] = (float)draw(&seed, -1, 1);
    ad_var a = ad_input(g, "a", AD_F32, rows(1, K)),
           b = ad_const_array(g, AD_F32, ad_matrix(K, Q), values);
    cr_assert(!run1(a, x, ad_matmul(a, b, 0, 0), eager, M));
    void *packed = ad_alloc(ad_pack_bytes(AD_F32, AD_PACK_WIDE, K, Q));
    ad_pack(AD_F32, AD_PACK_WIDE, w, 0, K, Q, packed);
    ad_product(AD_F32, AD_PACK_WIDE, K, Q)(M, K, Q, x, packed, NULL, y);
    cr_expect(!memcmp(y, eager, sizeof eager));
    ad_free(packed);
    ad_free(x);
    ad_free(w);
    ad_free(y);
}
