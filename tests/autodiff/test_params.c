#include <criterion/criterion.h>

#include <costate/autodiff/layers.h>
#include <costate/autodiff/op.h>
#include <costate/autodiff/params.h>
#include <costate/autodiff/plan.h>

#include "support.h"

static ad_params *made(ad_type type)
{
    ad_params *p;
    cr_assert_eq(ad_params_new(&p, type), AD_OK);
    return p;
}

Test(shape, text)
{
    char text[64];
    cr_assert_str_eq(ad_shape_text(ad_rows(50), text, sizeof text), "[n,50]");
    cr_assert_str_eq(ad_shape_text(ad_dims(2, (long[]){ 2, 3 }, 1), text, sizeof text), "[2n,3]");
    cr_assert_str_eq(ad_shape_text(ad_matrix(7, 2), text, sizeof text), "[7,2]");
    cr_assert_str_eq(ad_shape_text(ad_scalar(), text, sizeof text), "[1]");
    cr_assert_str_eq(ad_shape_text(ad_matrix(1234, 2), text, 4), "[12");
    cr_assert(ad_shape_equal(ad_rows(3), ad_dims(2, (long[]){ 1, 3 }, 1)));
    cr_assert(!ad_shape_equal(ad_rows(3), ad_matrix(1, 3)));
    cr_assert_eq(ad_elements(ad_dims(3, (long[]){ 2, 3, 4 }, 0)), 24);
}

Test(params, layout_has_no_gaps)
{
    ad_params *p = made(AD_F32);
    cr_assert_eq(ad_params_add(p, "a.weight", ad_matrix(3, 5), AD_INIT_GLOROT, 0), 0);
    cr_assert_eq(ad_params_add(p, "a.bias", ad_vector(3), AD_INIT_ZERO, 0), 1);
    cr_assert_eq(ad_params_add(p, "a.weight", ad_matrix(3, 5), AD_INIT_GLOROT, 0), 0);
    cr_assert_eq(ad_params_views(p), 2);
    cr_assert_eq(ad_params_count(p), 18);
    cr_assert_eq(ad_params_view(p, 1)->offset, 15);
    cr_assert_eq(ad_params_find(p, "a.bias"), 1);
    cr_assert_eq(ad_params_find(p, "a"), -1);
    cr_assert_null(ad_params_view(p, 2));
    ad_params_free(p);
}

Test(params, mistakes_are_sentences)
{
    ad_params *p = made(AD_F64);
    ad_params_add(p, "w", ad_matrix(64, 2), AD_INIT_ZERO, 0);
    cr_assert_eq(ad_params_add(p, "w", ad_matrix(50, 2), AD_INIT_ZERO, 0), -1);
    cr_assert(strstr(ad_message(), "w is [50,2] but was [64,2]"), "%s", ad_message());
    cr_assert_eq(ad_params_add(p, "v", ad_rows(2), AD_INIT_ZERO, 0), -1);
    cr_assert(strstr(ad_message(), "batched"));
    cr_assert_eq(ad_params_add(p, "v", ad_vector(0), AD_INIT_ZERO, 0), -1);
    cr_assert_eq(ad_params_add(p, "v", ad_matrix(1L << 40, 1L << 40), AD_INIT_ZERO, 0), -1);
    cr_assert_eq(ad_params_add(p, "", ad_vector(1), AD_INIT_ZERO, 0), -1);
    ad_params_freeze(p);
    cr_assert_eq(ad_params_add(p, "late", ad_vector(1), AD_INIT_ZERO, 0), -1);
    cr_assert(strstr(ad_message(), "late") && strstr(ad_message(), "frozen"));
    cr_assert_eq(ad_params_add(p, "w", ad_matrix(64, 2), AD_INIT_ZERO, 0), 0);
    cr_assert_eq(ad_params_count(p), 128);
    ad_params_free(p);
    cr_assert_eq(ad_params_new(&p, (ad_type)7), AD_INVALID);
}

/* Mean and variance of U(-b, b) are 0 and b^2 / 3; N numbers estimate them to sigma / sqrt(N) and, the fourth moment
   being b^4 / 5, to b^2 sqrt(4 / 45 / N). Five of those. */
static void check_uniform(long n, const double *x, double b)
{
    double sum = 0, square = 0, most = 0;
    for (long i = 0; i < n; i++) {
        sum += x[i];
        square += x[i] * x[i];
        if (fabs(x[i]) > most) most = fabs(x[i]);
    }
    cr_assert_leq(most, b);
    cr_assert_gt(most, 0.99 * b);
    cr_assert_lt(fabs(sum / n), 5 * b / sqrt(3.0 * n));
    cr_assert_lt(fabs(square / n - b * b / 3), 5 * b * b * sqrt(4.0 / 45 / n));
}

Test(params, initial_values_have_the_stated_spread)
{
    ad_params *p = made(AD_F64);
    enum { A = 40, B = 60, N = A * B };
    static double x[5 * N];
    ad_params_add(p, "glorot", ad_matrix(A, B), AD_INIT_GLOROT, 0);
    ad_params_add(p, "kaiming", ad_matrix(A, B), AD_INIT_KAIMING, 0);
    ad_params_add(p, "fan", ad_vector(N), AD_INIT_KAIMING, 16);
    ad_params_add(p, "normal", ad_matrix(A, B), AD_INIT_NORMAL, 0.1);
    ad_params_add(p, "value", ad_vector(N / 2), AD_INIT_VALUE, -2.5);
    ad_params_add(p, "zero", ad_vector(N / 2), AD_INIT_ZERO, 9);
    ad_params_init(p, 1, x);
    check_uniform(N, x, sqrt(6.0 / (A + B)));
    check_uniform(N, x + N, 1 / sqrt((double)B));
    check_uniform(N, x + 2 * N, 0.25);
    double square = 0; /* variance of x^2 of a normal: 2 sigma^4 */
    for (long i = 0; i < N; i++) square += x[3 * N + i] * x[3 * N + i];
    cr_assert_lt(fabs(square / N - 0.01), 5 * 0.01 * sqrt(2.0 / N));
    for (long i = 0; i < N / 2; i++) cr_assert(x[4 * N + i] == -2.5 && x[4 * N + N / 2 + i] == 0);
    ad_params_free(p);
}

Test(params, initial_values_are_a_function_of_seed_view_and_element)
{
    ad_params *p = made(AD_F64), *q = made(AD_F64);
    double     x[110], y[210], z[110];
    ad_params_add(p, "a", ad_vector(10), AD_INIT_GLOROT, 0);
    ad_params_add(p, "b", ad_matrix(10, 10), AD_INIT_NORMAL, 1);
    ad_params_add(q, "a", ad_vector(110), AD_INIT_GLOROT, 0); /* a longer first view */
    ad_params_add(q, "b", ad_matrix(10, 10), AD_INIT_NORMAL, 1);
    ad_params_init(p, 7, x);
    ad_params_init(q, 7, y);
    cr_assert_arr_eq(x + 10, y + 110, 100 * sizeof(double));
    ad_params_init(p, 8, z);
    int same = 0;
    for (int i = 0; i < 110; i++) same += x[i] == z[i];
    cr_assert_eq(same, 0);
    ad_params_free(p);
    ad_params_free(q);
}

Test(params, a_node_knows_name_type_and_offset)
{
    ad_params *p = made(AD_F32);
    ad_graph  *g;
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    ad_param(g, p, "a", ad_vector(3), AD_INIT_ZERO, 0);
    ad_var         b = ad_param(g, p, "b", ad_matrix(2, 2), AD_INIT_ZERO, 0);
    const ad_node *n = ad_node_of(g, b.id);
    cr_assert_eq(n->op, AD_OP_param);
    cr_assert_eq(n->type, AD_F32);
    cr_assert_eq(n->attr[0], 3);
    cr_assert_str_eq(n->name, "b");
    cr_assert_eq(ad_param(g, p, "b", ad_matrix(2, 2), AD_INIT_ZERO, 0).id, b.id);
    cr_assert_lt(ad_param(g, p, "b", ad_matrix(2, 3), AD_INIT_ZERO, 0).id, 0);
    cr_assert_eq(ad_graph_status(g), AD_BAD_SHAPE);
    cr_assert(strstr(ad_message(), "b is [2,3] but was [2,2]"), "%s", ad_message());
    ad_graph_free(g);
    ad_params_free(p);
}

Test(layers, an_mlp_has_pytorch_names_and_shapes)
{
    ad_params *p = made(AD_F32);
    ad_graph  *g;
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    ad_var x = ad_input(g, "x", AD_F32, ad_rows(2));
    ad_var y = ad_mlp(x, p, "net", 2, (long[]){ 50, 3 }, ad_activation_find("silu"));
    cr_assert_eq(ad_graph_status(g), AD_OK, "%s", ad_message());
    cr_assert(ad_shape_equal(ad_shape_of(y), ad_rows(3)));
    cr_assert(ad_shape_equal(ad_params_view(p, ad_params_find(p, "net.0.weight"))->shape,
                             ad_matrix(50, 2)));
    cr_assert(
        ad_shape_equal(ad_params_view(p, ad_params_find(p, "net.1.bias"))->shape, ad_vector(3)));
    cr_assert_eq(ad_params_count(p), 50 * 2 + 50 + 3 * 50 + 3);
    ad_var again = ad_mlp(x, p, "net", 2, (long[]){ 50, 3 }, ad_silu);
    cr_assert_eq(again.id, y.id);
    cr_assert_lt(ad_dense(ad_cast(x, AD_F64), p, "other", 3).id, 0);
    cr_assert(strstr((ad_graph_status(g), ad_message()), "layer other: the input is float64"), "%s",
              ad_message());
    ad_graph_free(g);
    ad_params_free(p);
}

/* y = x W' + b with small whole numbers: exact. */
Test(layers, a_dense_layer_is_affine)
{
    ad_params *p = made(AD_F64);
    ad_graph  *g;
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    ad_var       x = ad_input(g, "x", AD_F64, ad_rows(2)), y = ad_dense(x, p, "a", 3);
    const double rows[4] = { 1, 2, 3, 4 }, theta[9] = { 1, 0, 0, 1, 5, -1, 10, 20, 30 };
    double       have[6];
    const void  *in[1]  = { rows };
    void *const  out[1] = { have };
    cr_assert_eq(ad_eager(1, &x, 1, &y, &(ad_args){ .n = 2, .in = in, .out = out, .theta = theta }),
                 AD_OK, "%s", ad_message());
    const double want[6] = { 11, 22, 33, 13, 24, 41 };
    cr_assert_arr_eq(have, want, sizeof want);
    ad_graph_free(g);
    ad_params_free(p);
}

Test(layers, options_of_a_dense_layer)
{
    ad_params *p = made(AD_F64);
    ad_graph  *g;
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    ad_var x = ad_input(g, "x", AD_F64, ad_rows(4));
    ad_dense_with(x, p, "z", 5, &(ad_dense_options){ AD_INIT_VALUE, 0.5, 1 });
    ad_dense_with(x, p, "n", 5, &(ad_dense_options){ AD_INIT_NORMAL, 0.1 });
    cr_assert_eq(ad_params_find(p, "z.bias"), -1);
    cr_assert_eq(ad_params_view(p, ad_params_find(p, "n.bias"))->init, AD_INIT_ZERO);
    double v[45];
    cr_assert_eq(ad_params_count(p), 45);
    ad_params_init(p, 3, v);
    for (int i = 0; i < 20; i++) cr_assert_eq(v[i], 0.5);
    for (int i = 40; i < 45; i++) cr_assert_eq(v[i], 0);
    ad_graph_free(g);
    ad_params_free(p);
}

Test(layers, activations_by_name)
{
    int n = 0;
    for (; ad_activation_name(n); n++)
        cr_assert_not_null(ad_activation_find(ad_activation_name(n)));
    cr_assert_eq(n, 9);
    cr_assert_eq(ad_activation_find("tanh"), ad_tanh);
    cr_assert_null(ad_activation_find("tanhh"));
    cr_assert(strstr(ad_message(), "tanhh") && strstr(ad_message(), "softplus"));
}

static ad_status build(void *arg)
{
    (void)arg;
    ad_params *p;
    AD_TRY(ad_params_new(&p, AD_F32));
    ad_status s = AD_OK;
    for (int i = 0; i < 40 && s == AD_OK; i++) {
        char name[16];
        snprintf(name, sizeof name, "w%d", i);
        if (ad_params_add(p, name, ad_vector(2), AD_INIT_ZERO, 0) < 0) s = AD_NO_MEMORY;
    }
    ad_params_free(p);
    return s;
}

Test(params, every_allocation_may_fail)
{
    long runs;
    cr_assert(every_allocation_fails_cleanly(build, NULL, &runs));
    cr_assert_geq(runs, 4);
}
