/* The product of equal rows is one row's, repeated: the same bits as of rows that happen to be equal, one product. */
#include <criterion/criterion.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/plan.h>

enum { N = 7, K = 5, Q = 3 };

typedef struct inputs {
    double row[K], rows[N * K], w[Q * K], bias[Q];
} inputs;

static inputs some(void)
{
    inputs in;
    for (int i = 0; i < K; i++) in.row[i] = 1.0 / (3 + i);
    for (int i = 0; i < N; i++) memcpy(in.rows + i * K, in.row, sizeof in.row);
    for (int i = 0; i < Q * K; i++) in.w[i] = 0.7 - 1.0 / (2 + i);
    for (int i = 0; i < Q; i++) in.bias[i] = 0.1 * (i + 1);
    return in;
}

typedef struct trace {
    ad_graph *g;
    ad_var    in[4]; /* row [1, K], rows [n, K], w [Q, K], bias [Q] */
} trace;

static trace start(void)
{
    trace t;
    cr_assert_eq(ad_graph_new(&t.g), AD_OK);
    t.in[0] = ad_input(t.g, "row", AD_F64, ad_matrix(1, K));
    t.in[1] = ad_input(t.g, "rows", AD_F64, ad_rows(K));
    t.in[2] = ad_input(t.g, "w", AD_F64, ad_matrix(Q, K));
    t.in[3] = ad_input(t.g, "bias", AD_F64, ad_vector(Q));
    return t;
}

static void evaluate(const trace *t, int nout, const ad_var out[], void *const to[])
{
    static inputs in;
    ad_plan      *plan;
    ad_work      *work;
    in                 = some();
    const void *from[] = { in.row, in.rows, in.w, in.bias };
    cr_assert_eq(ad_plan_new(&plan, 4, t->in, nout, out, &(ad_plan_options){ "rows", N, 0 }), AD_OK,
                 "%s", ad_message());
    cr_assert_eq(ad_work_new(&work, plan), AD_OK);
    cr_assert_eq(ad_execute(plan, work, &(ad_args){ .n = N, .in = from, .out = to }), AD_OK);
    ad_work_free(work);
    ad_plan_free(plan);
}

/* Is there a product of batched rows in what y is made of? */
static int multiplies_rows(const trace *t, ad_var y)
{
    char *text = ad_graph_text(t->g, 1, &y), *line = text;
    int   found = 0;
    for (char *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = 0;
        found |= strstr(line, "f64[n,") && strchr(line, '@');
    }
    ad_free(text);
    return found;
}

Test(equal_rows, have_one_product)
{
    trace  t = start();
    double once[N * Q], each[N * Q];
    for (int with_bias = 0; with_bias < 2; with_bias++) {
        ad_var bias      = with_bias ? t.in[3] : AD_NONE;
        ad_var stretched = ad_broadcast(t.in[0], ad_rows(K));
        ad_var y[]       = { ad_affine(stretched, t.in[2], 1, bias),
                             ad_affine(t.in[1], t.in[2], 1, bias) };
        cr_expect_not(multiplies_rows(&t, y[0]), "rows are multiplied one by one");
        cr_expect(multiplies_rows(&t, y[1]));
        evaluate(&t, 2, y, (void *[]){ once, each });
        cr_expect_arr_eq(once, each, sizeof once, "bias %d", with_bias);
    }
    ad_graph_free(t.g);
}

/* A constant's rows are equal, too; a broadcast along the columns of different rows has no equal rows. */
Test(equal_rows, are_told_from_others)
{
    trace  t = start();
    double once[N * Q], all[N * K], each[N * Q], w_sum[Q] = { 0 };
    ad_var full = ad_full(t.g, AD_F64, ad_rows(K), 2), column = ad_slice(t.in[1], 1, 2, 3);
    ad_var y[] = { ad_matmul(full, t.in[2], 0, 1),
                   ad_matmul(ad_broadcast(column, ad_rows(K)), t.in[2], 0, 1), full };
    cr_expect_not(multiplies_rows(&t, y[0]));
    cr_expect(multiplies_rows(&t, y[1]), "rows of a stretched column may differ");
    evaluate(&t, 3, y, (void *[]){ once, each, all });
    inputs in = some();
    for (int q = 0; q < Q; q++)
        for (int k = 0; k < K; k++) w_sum[q] += in.w[q * K + k];
    for (int i = 0; i < N * Q; i++) {
        cr_expect_float_eq(once[i], 2 * w_sum[i % Q], 1e-14);
        cr_expect_float_eq(each[i], in.row[2] * w_sum[i % Q], 1e-14);
    }
    ad_graph_free(t.g);
}

/* d(sum y^2) by row, w and bias: those of a row that is n rows are the sums over rows of those of n equal ones. */
Test(equal_rows, have_the_sum_of_the_rows_gradients)
{
    trace  t   = start();
    ad_var y[] = { ad_affine(ad_broadcast(t.in[0], ad_rows(K)), t.in[2], 1, t.in[3]),
                   ad_affine(t.in[1], t.in[2], 1, t.in[3]) };
    ad_var out[6], wanted[2][3] = { { t.in[0], t.in[2], t.in[3] }, { t.in[1], t.in[2], t.in[3] } };
    double row[K], w[2][Q * K], bias[2][Q], rows[N * K];
    for (int i = 0; i < 2; i++)
        cr_assert_eq(ad_gradient(ad_sum(ad_square(y[i]), -1, 0), 3, wanted[i], out + 3 * i), AD_OK);
    evaluate(&t, 6, out, (void *[]){ row, w[0], bias[0], rows, w[1], bias[1] });
    for (int k = 0; k < K; k++) cr_expect_float_eq(row[k], N * rows[k], 1e-12, "row %d", k);
    for (int i = 0; i < Q * K; i++) cr_expect_float_eq(w[0][i], w[1][i], 1e-12, "w %d", i);
    for (int i = 0; i < Q; i++) cr_expect_float_eq(bias[0][i], bias[1][i], 1e-12, "bias %d", i);
    ad_graph_free(t.g);
}

/* The tangent along a unit vector is such a row. */
Test(equal_rows, are_what_a_unit_tangent_gives)
{
    trace  t       = start();
    double unit[K] = { 0, 1 }, y_dot[N * Q];
    ad_var e       = ad_broadcast(ad_const_array(t.g, AD_F64, ad_matrix(1, K), unit), ad_rows(K));
    ad_var y       = ad_affine(t.in[1], t.in[2], 1, t.in[3]), tangent;
    cr_assert_eq(ad_jvp(1, &t.in[1], &e, 1, &y, &tangent), AD_OK);
    cr_expect_not(multiplies_rows(&t, tangent));
    evaluate(&t, 1, &tangent, (void *[]){ y_dot });
    inputs in = some();
    for (int i = 0; i < N * Q; i++) cr_expect_eq(y_dot[i], in.w[i % Q * K + 1]);
    ad_graph_free(t.g);
}
