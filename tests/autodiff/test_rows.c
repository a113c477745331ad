/* test_rows.c - softmax and its kin, running sums, rows by number: values worked out by hand, and what they do at the edges. */
#include <criterion/criterion.h>

#include <costate/autodiff/plan.h>
#include <costate/autodiff/transform.h>

#include "support.h"

/* One result of up to two inputs, node by node. */
static ad_status run(int nin, const ad_var in[], const double *const value[], ad_var y, long n,
                     double *result)
{
    cr_assert_eq(ad_graph_status(in[0].g), AD_OK, "%s", ad_message());
    return ad_eager(
        nin, in, 1, &y,
        &(ad_args){ .n = n, .in = (const void *const *)value, .out = (void *[]){ result } });
}

typedef ad_var along(ad_var x, int axis);

static ad_var logsumexp(ad_var x, int axis)
{
    return ad_logsumexp(x, axis, 0);
}

static void row_of_three(along *f, const double x[3], double y[3])
{
    ad_graph *g;
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    ad_var in = ad_input(g, "x", AD_F64, ad_vector(3));
    cr_assert_eq(run(1, &in, &x, f(in, 0), 1, y), AD_OK, "%s", ad_message());
    ad_graph_free(g);
}

/* With e = (0, 1, 2): log(1 + e + e^2), whatever is added to all three. */
Test(rows, softmax_is_shift_invariant_and_survives_extremes)
{
    const double sum = 1 + M_E + M_E * M_E;
    for (double far = -1e5; far <= 1e5; far += 1e5) {
        const double x[3] = { far, far + 1, far + 2 };
        double       y[3];
        row_of_three(ad_softmax, x, y);
        for (int i = 0; i < 3; i++) cr_assert_float_eq(y[i], exp(i) / sum, 4 * 0x1p-52);
        row_of_three(ad_log_softmax, x, y);
        for (int i = 0; i < 3; i++) cr_assert_float_eq(y[i], i - log(sum), 8 * 0x1p-52);
        row_of_three(logsumexp, x, y);
        cr_assert_float_eq(y[0], far + log(sum), 2 * 0x1p-52 * (4 + fabs(far)));
    }
}

Test(rows, softmax_of_infinities_and_nan)
{
    const double low[3] = { -INFINITY, 0, log(3) }, all[3] = { -INFINITY, -INFINITY, -INFINITY },
                 high[3] = { 1, INFINITY, 2 }, nan[3] = { 1, NAN, 2 };
    double y[3];
    row_of_three(ad_softmax, low, y);
    cr_assert_eq(y[0], 0);
    cr_assert_float_eq(y[1], 0.25, 1e-15);
    row_of_three(ad_log_softmax, low, y);
    cr_assert_eq(y[0], -INFINITY);
    cr_assert_float_eq(y[2], log(0.75), 1e-15);
    row_of_three(logsumexp, all, y);
    cr_assert_eq(y[0], -INFINITY);
    row_of_three(logsumexp, high, y);
    cr_assert_eq(y[0], INFINITY);
    along *const each[3] = { ad_softmax, ad_log_softmax, logsumexp };
    for (int k = 0; k < 3; k++) {
        row_of_three(each[k], nan, y);
        cr_assert(isnan(y[0]) && (k == 2 || (isnan(y[1]) && isnan(y[2]))));
    }
}

/* Terms that round away in float32: 2^24 + 1 + 1 is 2^24 + 2 in float64. */
Test(rows, running_sums_are_in_double)
{
    ad_graph   *g;
    const float x[4] = { 0x1p24f, 1, 1, -0x1p24f }, up[4] = { 0x1p24f, 0x1p24f, 0x1p24f + 2, 2 },
                down[4] = { 2, -0x1p24f + 2, -0x1p24f + 1, -0x1p24f };
    float y[2][4];
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    ad_var in    = ad_input(g, "x", AD_F32, ad_vector(4));
    ad_var to[2] = { ad_cumsum(in, 0, 0), ad_cumsum(in, -1, 1) };
    cr_assert_eq(
        ad_eager(
            1, &in, 2, to,
            &(ad_args){ .n = 1, .in = (const void *[]){ x }, .out = (void *[]){ y[0], y[1] } }),
        AD_OK);
    cr_assert_arr_eq(y[0], up, sizeof up);
    cr_assert_arr_eq(y[1], down, sizeof down);
    ad_graph_free(g);
}

Test(rows, gathered_by_hand)
{
    ad_graph    *g;
    const double table[6] = { 10, 11, 20, 21, 30, 31 }, index[4] = { 2, 0, 2, 1 };
    double       y[8];
    const double rows[8] = { 30, 31, 10, 11, 30, 31, 20, 21 }, picked[3] = { 11, 20, 31 };
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    ad_var in[2] = { ad_input(g, "table", AD_F64, ad_matrix(3, 2)),
                     ad_input(g, "index", AD_F64, (ad_shape){ 1, 1, { 1 } }) };
    cr_assert_eq(run(2, in, (const double *[]){ table, index }, ad_gather_rows(in[0], in[1]), 4, y),
                 AD_OK, "%s", ad_message());
    cr_assert_arr_eq(y, rows, sizeof rows);
    ad_var of = ad_const_array(g, AD_F64, ad_vector(3), (double[]){ 1, 0, 1 });
    cr_assert_eq(run(2, in, (const double *[]){ table, index }, ad_pick(in[0], of), 4, y), AD_OK);
    cr_assert_arr_eq(y, picked, sizeof picked);
    ad_graph_free(g);
}

/* A table of many blocks of sums (gather.c): each row's cotangent is the sum over the numbers equal to it, exact for these. */
Test(rows, a_large_table)
{
    enum { K = 50, D = 300, N = 200 };
    ad_graph *g;
    double   *table = calloc(K * D, sizeof *table), *have = calloc(K * D, sizeof *have),
           *u = calloc(N * D, sizeof *u), index[N];
    for (long i = 0; i < N; i++) index[i] = (double)((i * i + 3 * i) % K);
    for (long i = 0; i < N * D; i++) u[i] = (double)(i % 101);
    for (long i = 0; i < N; i++)
        for (long j = 0; j < D; j++) table[(long)index[i] * D + j] += u[i * D + j];
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    ad_var in[3] = { ad_input(g, "index", AD_F64, (ad_shape){ 1, 1, { 1 } }),
                     ad_input(g, "u", AD_F64, ad_rows(D)),
                     ad_input(g, "table", AD_F64, ad_matrix(K, D)) };
    ad_var y     = ad_gather_rows(in[2], in[0]), x_bar;
    cr_assert_eq(ad_vjp(1, &y, &in[1], 1, &in[2], &x_bar), AD_OK, "%s", ad_message());
    cr_assert_eq(run(2, in, (const double *[]){ index, u }, x_bar, N, have), AD_OK);
    cr_assert_arr_eq(have, table, K * D * sizeof *have);
    ad_graph_free(g);
    free(table);
    free(have);
    free(u);
}

Test(rows, an_index_that_names_no_row_stops_the_run)
{
    const double wrong[] = { 3, -1, 0.5, NAN, INFINITY, -INFINITY, 1e300 };
    ad_graph    *g;
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    ad_var in[3] = { ad_input(g, "x", AD_F64, ad_matrix(3, 2)),
                     ad_input(g, "index", AD_F64, ad_vector(2)),
                     ad_input(g, "u", AD_F64, ad_matrix(2, 2)) };
    ad_var y     = ad_gather_rows(in[0], in[1]), x_bar;
    cr_assert_eq(ad_vjp(1, &y, &in[2], 1, in, &x_bar), AD_OK, "%s", ad_message());
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        for (int back = 0; back < 2; back++) {
            const double x[6] = { 0 }, index[2] = { 2, wrong[i] };
            double       to[6];
            ad_status    s = ad_eager(3, in, 1, back ? &x_bar : &y,
                                      &(ad_args){ .n   = 1,
                                                  .in  = (const void *[]){ x, index, x },
                                                  .out = (void *[]){ to } });
            cr_expect_eq(s, AD_INVALID, "%g was taken", wrong[i]);
            cr_expect(strstr(ad_message(), "element 1 of the index is"), "%s", ad_message());
            cr_expect(strstr(ad_message(), "0 to 2"), "%s", ad_message());
        }
    ad_graph_free(g);
}

/* In chunks of rows, as a large batch runs, all of these give what node by node gives; a wrong label is told by its place in
   the whole batch. Rows of K terms: K roundings of numbers up to 10. */
Test(rows, in_chunks)
{
    enum { K = 100, N = 500 };
    ad_graph *g;
    ad_plan  *plan;
    ad_work  *work;
    double   *x = ad_alloc(N * K * 8), *label = ad_alloc(N * 8), *have = ad_alloc(N * K * 8),
           *want   = ad_alloc(N * K * 8), sum[2][32];
    uint64_t state = 8;
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    ad_var in[2]  = { ad_input(g, "x", AD_F64, ad_rows(K)),
                      ad_input(g, "label", AD_F64, (ad_shape){ 1, 1, { 1 } }) };
    ad_var p      = ad_log_softmax(ad_scale(ad_cumsum(in[0], 1, 0), 0.1), 1);
    ad_var out[2] = { ad_mean(ad_pick(p, in[1]), -1, 0) };
    cr_assert_eq(ad_gradient(out[0], 1, in, &out[1]), AD_OK, "%s", ad_message());
    for (long i = 0; i < N * K; i++) x[i] = draw(&state, -1, 1);
    for (long i = 0; i < N; i++) label[i] = (double)(i * 7 % K);
    ad_args a = { .n = N, .divisor = N, .in = (const void *[]){ x, label } }, b = a;
    a.out = (void *[]){ sum[0], want }, b.out = (void *[]){ sum[1], have };
    cr_assert_eq(
        ad_plan_new(&plan, 2, in, 2, out, &(ad_plan_options){ .capacity = N, .flags = AD_PADDED }),
        AD_OK, "%s", ad_message());
    char *text = ad_plan_text(plan);
    cr_assert(strstr(text, "in chunks of"), "%s", text);
    ad_free(text);
    cr_assert(!ad_work_new(&work, plan) && !ad_eager(2, in, 2, out, &a) &&
              !ad_execute(plan, work, &b));
    cr_assert_float_eq(sum[0][0], sum[1][0], N * 10 * 0x1p-52);
    for (long i = 0; i < N * K; i++) cr_assert_float_eq(have[i], want[i], K * 10 * 0x1p-52);
    label[300] = K;
    cr_assert_eq(ad_execute(plan, work, &b), AD_INVALID);
    cr_assert(strstr(ad_message(), "element 300 of the index is 100"), "%s", ad_message());
    ad_work_free(work);
    ad_plan_free(plan);
    ad_graph_free(g);
    ad_free(x), ad_free(label), ad_free(have), ad_free(want);
}

/* A pick and its pullback stay within a sample: a plan for samples by themselves takes them; an embedding's gradient it does not. */
Test(rows, by_sample)
{
    ad_graph *g;
    ad_plan  *plan;
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    ad_var in[3]  = { ad_input(g, "x", AD_F64, ad_rows(3)), ad_input(g, "i", AD_F64, ad_rows(1)),
                      ad_input(g, "table", AD_F64, ad_matrix(3, 2)) };
    ad_var index  = ad_reshape(in[1], 1, (long[]){ 1 });
    ad_var picked = ad_pick(in[0], index), row = ad_gather_rows(in[2], index), bar[2];
    ad_var u = ad_full(g, AD_F64, ad_shape_of(picked), 1), sum;
    cr_assert_eq(ad_vjp(1, &picked, &u, 1, in, &bar[0]), AD_OK);
    cr_assert_eq(ad_vjp(1, &row, &row, 1, &in[2], &bar[1]), AD_OK);
    sum                         = ad_add(in[0], ad_sum(bar[1], -1, 0));
    const ad_plan_options exact = { .capacity = 4, .flags = AD_ROW_EXACT };
    cr_assert_eq(ad_plan_new(&plan, 3, in, 1, &bar[0], &exact), AD_OK, "%s", ad_message());
    ad_plan_free(plan);
    cr_assert_eq(ad_plan_new(&plan, 3, in, 1, &row, &exact), AD_OK, "%s", ad_message());
    ad_plan_free(plan);
    cr_assert_neq(ad_plan_new(&plan, 3, in, 1, &sum, &exact), AD_OK);
    ad_graph_free(g);
}
