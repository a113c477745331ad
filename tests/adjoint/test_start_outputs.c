/* Outputs that repeat the first time: t_bar of each is y_bar'f, per sample as joint, whether the method carries f or not. */
#include <criterion/criterion.h>

#include <costate/adjoint/adjoint.h>

#include "../support.h"

enum { N = 3, DIM = 2, TIMES = 5 };

#define ok(call) cr_assert_eq((call), AD_OK, "%s", ad_message())

static ad_var field(const nde_point *at, void *ctx)
{
    (void)ctx;
    return ad_sin(ad_add(ad_scale(at->y, 1.3), ad_cos(at->t)));
}

static const double t[TIMES] = { 0.2, 0.2, 0.6, 1, 1 };

static void pull(const nde_tableau *m, nde_batching batching, long n, const double *y0,
                 const double *y_bar, double *t_bar)
{
    nde_ode        ode = { .field = field, .dim = DIM };
    nde_options    o   = { .method = m, .fixed_step = 0.1, .batching = batching };
    double         y[TIMES * N * DIM];
    adj_solver    *s;
    nde_solve_args a = { .n = n, .times = TIMES, .t = t, .y0 = y0, .y = y };
    ok(adj_solver_new(&s, &ode, &o, NULL, N));
    ok(adj_solve(s, &a));
    ok(adj_pullback(s, &(adj_cotangents){ .y_bar = y_bar, .t_bar = t_bar }));
    adj_solver_free(s);
}

Test(start_outputs, per_sample_as_joint)
{
    const nde_tableau *method[] = { nde_method("rk4"), nde_method("euler"), nde_method("tsit5") };
    double             y0[N * DIM], y_bar[TIMES * N * DIM], one[TIMES], all[TIMES];
    uint64_t           seed = 3;
    for (int i = 0; i < N * DIM; i++) y0[i] = draw(&seed, -1, 1);
    for (int i = 0; i < TIMES * N * DIM; i++) y_bar[i] = draw(&seed, -1, 1);
    for (int k = 0; k < 3; k++) {
        cr_assert_not_null(method[k]);
        pull(method[k], NDE_JOINT, N, y0, y_bar, one);
        pull(method[k], NDE_PER_SAMPLE, N, y0, y_bar, all);
        double want = 0; /* y_bar'f(t0, y0) of the second output */
        for (int i = 0; i < N * DIM; i++) want += y_bar[N * DIM + i] * sin(1.3 * y0[i] + cos(t[0]));
        cr_expect_float_eq(all[1], want, 1e-14, "%s: %.15g", method[k]->name, all[1]);
        for (int i = 0; i < TIMES; i++)
            cr_expect_float_eq(all[i], one[i], 1e-13, "%s, t[%d]: %.15g per sample, %.15g joint",
                               method[k]->name, i, all[i], one[i]);
    }
}
