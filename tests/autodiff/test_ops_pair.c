/* test_ops_pair.c - every operation of the table split in two: forward keeps residuals, the pullback reads them. */
#include <criterion/criterion.h>

#include "op_cases.h"

enum { CAPACITY = 37, RESULTS = CASE_INPUTS + 2 }; /* y, x_bar.., theta_bar */

static long elements(ad_var v, long n)
{
    return ad_run_elements(ad_shape_of(v), n);
}

/* The oracle: y, x_bar and theta_bar by the graph's own vjp, node by node. */
static void by_nodes(const traced *t, int params, ad_var w, long n, double *const value[],
                     double *const want[])
{
    ad_var x[CASE_INPUTS + 1], out[RESULTS], u = case_seed(t);
    for (int i = 0; i < t->nx; i++) x[i] = t->x[i];
    x[t->nx] = w;
    out[0]   = t->y;
    cr_assert(!ad_vjp(1, &t->y, &u, t->nx + params, x, out + 1), "%s", ad_message());
    cr_assert(!case_run(t, NULL, n, value, 1 + t->nx + params, out, want), "%s", ad_message());
}

/* The pair on the same numbers: x and u come from value[], results go to have[]. */
static ad_status by_pair(const traced *t, ad_plan *const plan[2], long n, double *const value[],
                         double *const have[])
{
    ad_type     type = ad_params_type(t->p);
    const void *in[CASE_INPUTS + 1];
    void       *y = ad_alloc((size_t)elements(t->y, n) * sizeof(double)), *x_bar[CASE_INPUTS];
    void       *residual = ad_alloc(ad_plan_residual_bytes(plan[0]));
    void *theta = case_pack(type, THETA, case_theta), *theta_bar = ad_alloc(THETA * sizeof(double));
    ad_work *work[2] = { NULL, NULL };
    for (int i = 0; i < t->nx; i++) {
        in[i]    = case_pack(type, elements(t->x[i], n), value[i]);
        x_bar[i] = ad_alloc((size_t)elements(t->x[i], n) * sizeof(double));
    }
    in[t->nx]   = case_pack(type, elements(t->y, n), value[t->nin - 1]);
    ad_args   a = { .n        = n,
                    .divisor  = n + 1,
                    .in       = in,
                    .out      = &y,
                    .theta    = theta,
                    .residual = residual,
                    .seed     = 42 };
    ad_status s = ad_work_new(&work[0], plan[0]);
    if (!s) s = ad_work_new(&work[1], plan[1]);
    if (!s) s = ad_execute(plan[0], work[0], &a);
    a.out       = x_bar;
    a.theta_bar = theta_bar;
    if (!s) s = ad_execute(plan[1], work[1], &a);
    for (long j = 0; j < elements(t->y, n); j++) have[0][j] = case_get(y, type, j);
    for (int i = 0; i < t->nx; i++)
        for (long j = 0; j < elements(t->x[i], n); j++)
            have[1 + i][j] = case_get(x_bar[i], type, j);
    for (int j = 0; j < THETA; j++) have[1 + t->nx][j] = case_get(theta_bar, type, j);
    for (int i = 0; i < t->nx; i++) {
        ad_free((void *)in[i]);
        ad_free(x_bar[i]);
    }
    ad_free((void *)in[t->nx]);
    ad_free(y);
    ad_free(residual);
    ad_free(theta);
    ad_free(theta_bar);
    for (int i = 0; i < 2; i++) ad_work_free(work[i]);
    return s;
}

static void compare(const char *name, const traced *t, ad_plan *const plan[2], long n,
                    double *const value[])
{
    double *have[RESULTS], *want[RESULTS];
    ad_var  w      = AD_NONE;
    int     params = ad_params_used(1, &t->y, 1, &w);
    double  unit   = ad_params_type(t->p) == AD_F32 ? 0x1p-24 : 0x1p-53;
    for (int i = 0; i < RESULTS; i++) {
        have[i] = calloc(4096, sizeof *have[i]);
        want[i] = calloc(4096, sizeof *want[i]);
    }
    by_nodes(t, params, w, n, value, want);
    cr_assert(!by_pair(t, plan, n, value, have), "%s, n = %ld: %s", name, n, ad_message());
    for (int i = 0; i < 1 + t->nx + params; i++) {
        double most = 0; /* the tolerance of test_ops_plan.c */
        for (long j = 0; j < 4096; j++) most = fmax(most, fabs(want[i][j]));
        for (long j = 0; j < 4096; j++)
            cr_assert(fabs(have[i][j] - want[i][j]) <= 64 * unit * (4 + most),
                      "%s, n = %ld, result %d, element %ld: %.17g, node by node %.17g", name, n, i,
                      j, have[i][j], want[i][j]);
    }
    for (int i = 0; i < RESULTS; i++) {
        free(have[i]);
        free(want[i]);
    }
}

static void pair_equals_eager(ad_type type, unsigned flags)
{
    static const long batch[] = { 1, 2, 7, CAPACITY };
    for (int i = 0; i < OP_CASES; i++) {
        const op_case *c = &op_cases[i];
        char           name[96];
        traced         t;
        ad_plan       *plan[2];
        ad_pullback    all = { .want_params = 1 };
        if (c->flags & ROUNDS) continue;
        case_name(c, name);
        cr_assert(!case_trace(c, type, &t), "%s: %s", name, ad_message());
        ad_pair_spec spec = {
            .nin = t.nx, .nout = 1, .in = t.x, .out = &t.y, .pullbacks = 1, .pullback = &all
        };
        ad_plan_options o = { .capacity = CAPACITY, .flags = flags };
        cr_assert(!ad_plan_pair(&plan[0], &plan[1], &spec, &o), "%s: %s", name, ad_message());
        for (int k = 0; k < 4; k++) {
            double *value[2 * CASE_INPUTS + 1];
            case_draw(c, &t, batch[k], (uint64_t)k, value);
            compare(name, &t, plan, batch[k], value);
            for (int j = 0; j < t.nin; j++) free(value[j]);
        }
        ad_plan_free(plan[0]);
        ad_plan_free(plan[1]);
        case_free(&t);
    }
}

Test(ops_pair, equals_eager_float32)
{
    pair_equals_eager(AD_F32, 0);
}
Test(ops_pair, equals_eager_float64)
{
    pair_equals_eager(AD_F64, 0);
}
Test(ops_pair, equals_eager_padded)
{
    pair_equals_eager(AD_F64, AD_PADDED);
}
