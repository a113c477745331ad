/* The network of Pal, Ma, Shah, Rackauckas 2021 at its size, f(t, y) = tanh(W2 [tanh(W1 [y; t] + b1); t] + b2), 784 - 100 - 784:
   loss on the end, a dense output, E h, E^2 and S together, five unequal steps of tsit5, in float64.

   Derivatives along random directions against differences (1e-7 of the value, which derivations checked by hand reach:
   2.5e-8 by theta, 2.2e-8 by y0, 3.7e-9 by a step), and 31 vjps for 31 evaluations. */
#include "field.h"

enum { PIXELS = 784, WIDTH = 100, SAMPLES = 3, NODES = 6, NUMBERS = SAMPLES * PIXELS };

static ad_var layer(const nde_point *at, ad_var x, const char *name, const char *time, long width)
{
    ad_var v = ad_param(at->g, at->theta, time, ad_vector(width), AD_INIT_NORMAL, 0.05);
    return ad_tanh(ad_add(
        ad_dense_with(x, at->theta, name, width, &(ad_dense_options){ .init = AD_INIT_GLOROT }),
        ad_mul(ad_cast(at->t, at->type), v)));
}

static ad_var field(const nde_point *at, void *ctx)
{
    (void)ctx;
    return layer(at, layer(at, at->y, "hidden", "hidden.time", WIDTH), "out", "out.time", PIXELS);
}

typedef struct experiment {
    nde_ode     ode;
    nde_options o;
    reg_solver *s;
    long        count;
    int         outputs; /* 3: with one inside a step; 2: without */
    double      grid[NODES], t[3], *y0, *y, *w, *theta, *theta_bar, *y0_bar;
} experiment;

static void start(experiment *e, const char *terms)
{
    const double grid[NODES] = { 0, 0.15, 0.4, 0.5, 0.8, 1 };
    uint64_t     seed        = 3;
    reg_term     term[REG_MOST];
    *e = (experiment){ .ode     = { .field = field, .dim = PIXELS },
                       .outputs = 3,
                       .t       = { 0, 0.62, 1 } };
    memcpy(e->grid, grid, sizeof grid);
    ok(ad_params_new(&e->ode.theta, AD_F64));
    e->o = (nde_options){
        .rtol = 1e-6, .atol = 1e-6, .nsteps_given = NODES, .steps_given = e->grid
    };
    reg_solver_spec spec = { .ode = &e->ode, .solve = &e->o, .term = term, .capacity = SAMPLES };
    ok(reg_parse(terms, REG_MOST, term, &spec.terms));
    ok(reg_solver_new(&e->s, &spec));
    e->count      = ad_params_count(e->ode.theta);
    double **at[] = { &e->y0, &e->y, &e->w, &e->y0_bar, &e->theta, &e->theta_bar };
    for (int i = 0; i < 6; i++) {
        *at[i] = ad_alloc((i < 4 ? 3 * NUMBERS : (size_t)e->count) * sizeof(double));
        cr_assert_not_null(*at[i]);
    }
    ad_params_init(e->ode.theta, 5, e->theta);
    for (int i = 0; i < NUMBERS; i++) e->y0[i] = draw(&seed, 0, 1);
    for (int i = 0; i < 3 * NUMBERS; i++) e->w[i] = draw(&seed, -1, 1) / NUMBERS;
}

static void stop(experiment *e)
{
    double *at[] = { e->y0, e->y, e->w, e->y0_bar, e->theta, e->theta_bar };
    for (int i = 0; i < 6; i++) ad_free(at[i]);
    reg_solver_free(e->s);
    ad_params_free(e->ode.theta);
}

static double loss(experiment *e)
{
    double         t[2] = { e->t[0], e->t[2] }, sum = 0;
    nde_solve_args a = { .n     = SAMPLES,
                         .times = e->outputs,
                         .t     = e->outputs == 3 ? e->t : t,
                         .y0    = e->y0,
                         .theta = e->theta,
                         .y     = e->y };
    ok(reg_solve(e->s, &a, (reg_progress){ 0, 0 }, 1));
    for (int i = 0; i < e->outputs * NUMBERS; i++) sum += e->w[i] * e->y[i];
    return sum + reg_value(e->s);
}

/* d L / d s of x + s direction at s = 0 */
static double along(experiment *e, long n, double *x, const double *direction)
{
    const double d = 1e-3, weight[] = { 1, -8, 8, -1 }, by[] = { -2, -1, 1, 2 };
    double       sum = 0, *kept = ad_alloc((size_t)n * sizeof *kept);
    memcpy(kept, x, (size_t)n * sizeof *x);
    for (int k = 0; k < 4; k++) {
        for (long i = 0; i < n; i++) x[i] = kept[i] + by[k] * d * direction[i];
        sum += weight[k] * loss(e);
    }
    memcpy(x, kept, (size_t)n * sizeof *x);
    ad_free(kept);
    return sum / (12 * d);
}

static void compare(experiment *e, const char *what, long n, double *x, const double *bar,
                    double size)
{
    uint64_t seed      = 8;
    double  *direction = ad_alloc((size_t)n * sizeof *direction);
    for (int k = 0; k < 2; k++) {
        double got = 0;
        for (long i = 0; i < n; i++)
            direction[i] = size * draw(&seed, -1, 1), got += direction[i] * bar[i];
        double want = along(e, n, x, direction);
        cr_expect_float_eq(got, want, 1e-7 * fabs(want), "%s: %.12g, differences say %.12g", what,
                           got, want);
    }
    ad_free(direction);
}

static void check(const char *terms)
{
    experiment e;
    start(&e, terms);
    loss(&e);
    ok(reg_pullback(
        e.s, &(adj_cotangents){ .y_bar = e.w, .y0_bar = e.y0_bar, .theta_bar = e.theta_bar }));
    compare(&e, "theta", e.count, e.theta, e.theta_bar, 0.1);
    compare(&e, "y0", NUMBERS, e.y0, e.y0_bar, 1);
    stop(&e);
}

Test(network, error_squares_and_stiffness)
{
    check("error:1e-3,error+squares+nostep:1e-6,stiffness+sum:1");
    check("error:1e-3,error+squares+nostep:1e-6,stiffness:1");
}

Test(network, taylor_and_kinetic)
{
    check("taynode3:0.1");
    check("kinetic:1,jacobian+jvp:1");
}

Test(network, as_many_vjps_as_evaluations)
{
    experiment e;
    start(&e, "error:1");
    e.outputs = 2;
    loss(&e);
    memmove(e.w + NUMBERS, e.w + 2 * NUMBERS, sizeof(double) * NUMBERS);
    ok(reg_pullback(e.s, &(adj_cotangents){ .y_bar = e.w, .theta_bar = e.theta_bar }));
    const nde_stats *s = adj_solver_stats(reg_adjoint(e.s));
    cr_expect_eq(s->nfe, 31, "%ld", s->nfe);
    cr_expect_eq(s->nvjp, 31, "%ld", s->nvjp);
    stop(&e);
}
