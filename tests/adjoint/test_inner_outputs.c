/* Outputs inside several steps: the gradient is the same whether or not that of the times is wanted. */
#include <criterion/criterion.h>

#include <costate/adjoint/adjoint.h>
#include <costate/autodiff/layers.h>

#include "support.h"

#define ok(call) cr_assert_eq((call), AD_OK, "%s", ad_message())

enum { N = 3, DIM = 2, TIMES = 7, STATE = N * DIM, THETA = 64 };

static ad_var field(const nde_point *at, void *ctx)
{
    (void)ctx;
    ad_var f = ad_mlp(at->y, at->theta, "f", 2, (long[]){ 8, DIM }, ad_tanh);
    return ad_mul(f, ad_cast(ad_shift(ad_sin(ad_scale(at->t, 3)), 2), at->type));
}

typedef union numbers { /* of either type */
    double d[TIMES * STATE + THETA];
    float  f[TIMES * STATE + THETA];
} numbers;

typedef struct gradient {
    numbers y0, theta;
} gradient;

static void set(numbers *x, ad_type type, long i, double v)
{
    if (type == AD_F32)
        x->f[i] = (float)v;
    else
        x->d[i] = v;
}

/* The gradient of fixed weights on the outputs. */
static void pull(ad_type type, const nde_options *o, adj_mode mode, int with_times, gradient *g)
{
    adj_solver *s;
    numbers     y0, theta, y, y_bar;
    double      t[TIMES] = { 0, 0.21, 0.83, 1.3, 1.31, 2.2, 3 }, t_bar[TIMES];
    uint64_t    seed     = 8;
    nde_ode     ode      = { .field = field, .dim = DIM, .type = type };
    ok(ad_params_new(&ode.theta, type));
    ok(adj_solver_new(&s, &ode, o, &(adj_options){ .mode = mode }, N));
    memset(g, 0, sizeof *g);
    for (long i = 0; i < STATE; i++) set(&y0, type, i, draw(&seed, -1, 1));
    for (long i = 0; i < ad_params_count(ode.theta); i++) set(&theta, type, i, draw(&seed, -2, 2));
    for (long i = 0; i < TIMES * STATE; i++) set(&y_bar, type, i, draw(&seed, -1, 1));
    ok(adj_solve(s, &(nde_solve_args){
                        .n = N, .times = TIMES, .t = t, .y0 = &y0, .theta = &theta, .y = &y }));
    cr_assert_gt(adj_steps(s), 3);
    ok(adj_pullback(s, &(adj_cotangents){ .y_bar     = &y_bar,
                                          .y0_bar    = &g->y0,
                                          .theta_bar = &g->theta,
                                          .t_bar     = with_times ? t_bar : NULL }));
    adj_solver_free(s);
    ad_params_free(ode.theta);
}

/* Sums in another order: some ulps. */
static double difference(ad_type type, long n, const numbers *a, const numbers *b)
{
    double x[THETA], y[THETA];
    for (long i = 0; i < n; i++) {
        x[i] = type == AD_F32 ? a->f[i] : a->d[i];
        y[i] = type == AD_F32 ? b->f[i] : b->d[i];
    }
    return distance(n, x, y);
}

Test(inner_outputs, with_and_without_the_times)
{
    const nde_tableau *const method[] = { &nde_tsit5, &nde_dopri5, &nde_bosh3, &nde_dop853 };
    const ad_type            type[]   = { AD_F64, AD_F32 };
    for (int m = 0; m < 4; m++)
        for (int k = 0; k < 8; k++) {
            nde_options o = { .method   = method[m],
                              .rtol     = 1e-4,
                              .atol     = 1e-4,
                              .batching = k & 1 ? NDE_PER_SAMPLE : NDE_JOINT };
            gradient    with, without;
            adj_mode    mode = k & 2 ? ADJ_RECOMPUTE : ADJ_STORE_ALL;
            pull(type[k / 4], &o, mode, 1, &with);
            pull(type[k / 4], &o, mode, 0, &without);
            double apart = fmax(difference(type[k / 4], STATE, &with.y0, &without.y0),
                                difference(type[k / 4], THETA, &with.theta, &without.theta));
            cr_expect(apart < (k / 4 ? 1e-5 : 1e-13), "%s, %s, %s, float%d: %g apart",
                      method[m]->name, k & 1 ? "per sample" : "joint",
                      k & 2 ? "recompute" : "store all", k / 4 ? 32 : 64, apart);
        }
}
