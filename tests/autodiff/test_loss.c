#include <criterion/criterion.h>

#include <costate/autodiff/loss.h>
#include <costate/autodiff/plan.h>

#include "support.h"

enum { N = 24, ROWS = 6, COLS = 4 };

static void numbers(uint64_t *state, double *x)
{
    for (int i = 0; i < N; i++) x[i] = draw(state, -2, 2);
}

static ad_loss_args arguments(ad_loss loss, const double *y, const double *want, const double *w,
                              double *y_bar)
{
    return (ad_loss_args){ loss, 0.8, AD_F64, N, y, want, .w = w, .y_bar = y_bar };
}

Test(loss, closed_forms)
{
    const double y[3] = { 1, -2, 0.5 }, want[3] = { 1.5, -4, 0.5 };
    double       g[3];
    cr_assert_float_eq(ad_mse(AD_F64, 3, y, want, g), (0.25 + 4) / 3, 1e-15);
    cr_assert_float_eq(g[0], -1.0 / 3, 1e-16);
    cr_assert_float_eq(g[1], 4.0 / 3, 1e-15);
    cr_assert_float_eq(ad_mae(AD_F64, 3, y, want, g), 2.5 / 3, 1e-15);
    cr_assert(g[0] == -1.0 / 3 && g[1] == 1.0 / 3 && g[2] == 0);
    cr_assert_float_eq(ad_huber(AD_F64, 3, 1, y, want, g), (0.125 + 1.5) / 3, 1e-15);
    cr_assert_float_eq(g[0], -0.5 / 3, 1e-16);
    cr_assert_float_eq(g[1], 1.0 / 3, 1e-16);
    const float yf[2] = { 3, 4 }, wantf[2] = { 0, 0 };
    float       gf[2];
    cr_assert_eq(ad_mse(AD_F32, 2, yf, wantf, gf), 12.5);
    cr_assert(gf[0] == 3 && gf[1] == 4);
    cr_assert_eq(ad_mse(AD_F32, 2, yf, wantf, NULL), 12.5);
}

/* Central differences of step h: the truncation is h^2 f''' / 6 = 0 for these piecewise quadratics away from their
   corners, the rounding eps |L| / h with L < 10 and h = 2^-17: 3e-10. */
Test(loss, gradients_by_differences)
{
    uint64_t state = 21;
    double   y[N], want[N], w[N], g[N], h = 0x1p-17;
    for (int loss = AD_LOSS_MSE; loss <= AD_LOSS_HUBER; loss++)
        for (int weighted = 0; weighted < 2; weighted++) {
            numbers(&state, y);
            numbers(&state, want);
            for (int i = 0; i < N; i++) w[i] = i % 5 ? draw(&state, 0, 3) : 0;
            ad_loss_args a = arguments((ad_loss)loss, y, want, weighted ? w : NULL, g), b = a;
            ad_loss_value(&a);
            b.y_bar = NULL;
            for (int i = 0; i < N; i++) {
                double old  = y[i];
                y[i]        = old + h;
                double up   = ad_loss_value(&b);
                y[i]        = old - h;
                double down = ad_loss_value(&b);
                y[i]        = old;
                cr_assert_float_eq(g[i], (up - down) / (2 * h), 3e-10, "loss %d, number %d", loss,
                                   i);
            }
        }
}

Test(loss, missing_values_do_no_harm)
{
    uint64_t state = 22;
    double   y[N], want[N], w[N], g[N], part_y[N], part_want[N];
    int      n = 0;
    numbers(&state, y);
    numbers(&state, want);
    for (int i = 0; i < N; i++) {
        w[i] = i % 3 != 1;
        if (w[i] != 0) {
            part_y[n]      = y[i];
            part_want[n++] = want[i];
        } else {
            want[i] = i % 2 ? NAN : INFINITY;
            y[i]    = i % 4 ? NAN : y[i];
        }
    }
    for (int loss = AD_LOSS_MSE; loss <= AD_LOSS_HUBER; loss++) {
        double       part[N], whole;
        ad_loss_args a = arguments((ad_loss)loss, y, want, w, g),
                     b = arguments((ad_loss)loss, part_y, part_want, NULL, part);
        b.n            = n;
        whole          = ad_loss_value(&a);
        cr_assert_eq(whole, ad_loss_value(&b)); /* the same sum in the same order */
        for (int i = 0, j = 0; i < N; i++) cr_assert_eq(g[i], w[i] != 0 ? part[j++] : 0);
        memset(w, 0, sizeof w);
        cr_assert_eq(ad_loss_value(&a), 0);
        for (int i = 0; i < N; i++) cr_assert_eq(g[i], 0);
        for (int i = 0; i < N; i++) w[i] = i % 3 != 1;
    }
}

Test(loss, numbers_that_are_none_are_passed_on)
{
    const double y[2] = { NAN, 1 }, want[2] = { 0, 0 };
    for (int loss = AD_LOSS_MSE; loss <= AD_LOSS_HUBER; loss++) {
        double       g[2];
        ad_loss_args a = { (ad_loss)loss, 1, AD_F64, 2, y, want, .y_bar = g };
        cr_assert(isnan(ad_loss_value(&a)));
        cr_assert(isnan(g[0]) && !isnan(g[1]));
    }
}

/* A shard of the data divides by the number of the whole: the shards' losses and gradients add up. */
Test(loss, shards_add_up)
{
    uint64_t state = 23;
    double   y[N], want[N], g[N], half[N];
    numbers(&state, y);
    numbers(&state, want);
    ad_loss_args all = arguments(AD_LOSS_HUBER, y, want, NULL, g),
                 a   = arguments(AD_LOSS_HUBER, y, want, NULL, half),
                 b   = arguments(AD_LOSS_HUBER, y + 10, want + 10, NULL, half + 10);
    a.n = 10, b.n = N - 10, a.divisor = b.divisor = N;
    cr_assert_float_eq(ad_loss_value(&all), ad_loss_value(&a) + ad_loss_value(&b), N * 0x1p-52);
    cr_assert_arr_eq(g, half, sizeof g);
}

/* The expressions: value as the array versions, gradient by vjp as their y_bar. Sums of N terms in another order and
   another factoring: N roundings of numbers below 10. */
static void expression(ad_loss loss, ad_var (*make)(ad_var, ad_var, double))
{
    uint64_t state = 24;
    double   y[N], want[N], g[N], value[1], y_bar[N];
    numbers(&state, y);
    numbers(&state, want);
    ad_graph *graph;
    cr_assert_eq(ad_graph_new(&graph), AD_OK);
    ad_var in[2]  = { ad_input(graph, "y", AD_F64, ad_rows(COLS)),
                      ad_input(graph, "want", AD_F64, ad_rows(COLS)) };
    ad_var out[2] = { make(in[0], in[1], 0.8) };
    cr_assert_eq(ad_gradient(out[0], 1, in, &out[1]), AD_OK, "%s", ad_message());
    const void *const from[2] = { y, want };
    void *const       to[2]   = { value, y_bar };
    cr_assert_eq(ad_eager(2, in, 2, out, &(ad_args){ .n = ROWS, .in = from, .out = to }), AD_OK,
                 "%s", ad_message());
    ad_loss_args a = arguments(loss, y, want, NULL, g);
    cr_assert_float_eq(value[0], ad_loss_value(&a), N * 10 * 0x1p-53);
    for (int i = 0; i < N; i++)
        cr_assert_float_eq(y_bar[i], g[i], N * 10 * 0x1p-53, "number %d", i);
    ad_graph_free(graph);
}

static ad_var mse(ad_var y, ad_var want, double delta)
{
    (void)delta;
    return ad_loss_mse(y, want);
}

static ad_var mae(ad_var y, ad_var want, double delta)
{
    (void)delta;
    return ad_loss_mae(y, want);
}

Test(loss, expressions_agree_with_arrays)
{
    expression(AD_LOSS_MSE, mse);
    expression(AD_LOSS_MAE, mae);
    expression(AD_LOSS_HUBER, ad_loss_huber);
}

/* Second derivative of (3): 1 inside, at its very centre too, and 0 outside. */
Test(loss, curvature_of_huber)
{
    ad_graph *g;
    double    y[3] = { 0, 0.5, 3 }, want[3] = { 0 }, ones[3] = { 1, 1, 1 }, have[3];
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    ad_var in[3] = { ad_input(g, "y", AD_F64, ad_vector(3)),
                     ad_input(g, "want", AD_F64, ad_vector(3)),
                     ad_input(g, "v", AD_F64, ad_vector(3)) };
    ad_var hv;
    cr_assert_eq(ad_hvp(ad_loss_huber(in[0], in[1], 1), 1, in, &in[2], &hv), AD_OK, "%s",
                 ad_message());
    const void *const from[3] = { y, want, ones };
    void *const       to[1]   = { have };
    cr_assert_eq(ad_eager(3, in, 1, &hv, &(ad_args){ .n = 1, .in = from, .out = to }), AD_OK, "%s",
                 ad_message());
    cr_assert_float_eq(have[0], 1.0 / 3, 1e-16);
    cr_assert_float_eq(have[1], 1.0 / 3, 1e-16);
    cr_assert_eq(have[2], 0);
    ad_graph_free(g);
}

Test(loss, names)
{
    ad_loss loss;
    cr_assert(!ad_loss_find("huber", &loss) && loss == AD_LOSS_HUBER);
    cr_assert_eq(ad_loss_find("mes", &loss), AD_INVALID);
    cr_assert(strstr(ad_message(), "mse"));
    ad_graph *g;
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    ad_var y = ad_input(g, "y", AD_F64, ad_vector(3));
    cr_assert_lt(ad_loss_huber(y, y, 0).id, 0);
    cr_assert_eq(ad_graph_status(g), AD_INVALID);
    ad_graph_free(g);
}
