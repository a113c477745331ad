/* The local regularizer's expression (regularizers/local.h): its gradient, with each of start state, k1 and step size a constant
   or not, against differences in which the constants are held. Rows of a batch that is stepped per sample know nothing of one
   another. test_local_solve.c has it around a solve. */
#include "field.h"

#include <costate/nde/trace.h>

#include "regularizers/local.h"

/* Two plans of one problem: the expression with its pullback; and the same step with k1 and size handed in, which tells k1 and
   size as well: (t, sign, most, y, k1, size) -> (r, k1, size). */
typedef struct local {
    nde_ode     ode;
    nde_options o;
    unsigned    options;
    int         stiffness;
    long        n, weights;
    nde_trace  *trace;
    ad_plan    *forward, *back, *open;
    ad_work    *work, *back_work, *open_work;
    char       *residual;
    double      t[BATCH], sign[BATCH], most[BATCH], y[STATE], k1[STATE], size[BATCH], w[BATCH];
    double      theta[MOST_WEIGHTS], theta_bar[MOST_WEIGHTS], y_bar[STATE], r[BATCH];
} local;

static int has(const local *p, int option)
{
    return (int)(p->options >> option & 1);
}

static long rows(const local *p)
{
    return p->o.batching == NDE_PER_SAMPLE ? p->n : 1;
}

static void inputs(const local *p, ad_graph *g, ad_var in[6])
{
    ad_shape time = p->o.batching == NDE_PER_SAMPLE ? ad_rows(1) : ad_scalar();
    for (int i = 0; i < 6; i++)
        in[i] = ad_input(g, "in", AD_F64, i == 3 || i == 4 ? ad_rows(DIM) : time);
}

static void compile_closed(local *p)
{
    ad_graph *g;
    ad_var    in[6], r;
    ok(ad_graph_new(&g));
    inputs(p, g, in);
    reg_local l = { .trace     = p->trace,
                    .method    = p->o.method,
                    .parts     = 1,
                    .stiffness = p->stiffness,
                    .options   = p->options,
                    .at        = { .g = g, .t = in[0], .y = in + 3 },
                    .sign      = in[1],
                    .most      = in[2] };
    ok(reg_local_express(&l, &r));
    ad_pullback     pb = { (const char[]){ 0, 0, 0, 1 }, NULL, 1 };
    ad_plan_options o  = { "local", p->n, p->o.batching == NDE_PER_SAMPLE ? AD_ROW_EXACT : 0 };
    ok(ad_plan_pair(&p->forward, &p->back, &(ad_pair_spec){ 4, 1, in, &r, 1, &pb }, &o));
    ok(ad_work_new(&p->work, p->forward));
    ok(ad_work_new(&p->back_work, p->back));
    p->residual = ad_alloc(ad_plan_residual_bytes(p->forward));
    ad_graph_free(g);
}

static void compile_open(local *p)
{
    ad_graph *g;
    ad_var    in[6], out[3];
    ok(ad_graph_new(&g));
    inputs(p, g, in);
    nde_trace_step s = { .g = g, .t = in[0], .y = in + 3 };
    ok(nde_trace_field(p->trace, &s, out + 1));
    s.k1 = out + 1;
    ok(nde_trace_initial_step(p->trace, &s, in[1], in[2], out + 2));
    s.k1 = in + 4, s.h = ad_mul(in[1], in[5]);
    ok(nde_trace_step_in(p->trace, &s));
    if (p->stiffness)
        out[0] = ad_scale(s.stiffness, 1 / p->o.method->stability);
    else
        out[0] = has(p, REG_LOCAL_UNSCALED) ? s.unscaled : s.error;
    if (!p->stiffness && !has(p, REG_LOCAL_NOSTEP)) out[0] = ad_mul(in[5], out[0]);
    ad_plan_options o = { "open", p->n, p->o.batching == NDE_PER_SAMPLE ? AD_ROW_EXACT : 0 };
    ok(ad_plan_new(&p->open, 6, in, 3, out, &o));
    ok(ad_work_new(&p->open_work, p->open));
    ad_graph_free(g);
}

static void start(local *p)
{
    uint64_t seed = 21;
    p->ode        = (nde_ode){ .field = network, .dim = DIM };
    p->o.rtol = p->o.atol = 1; /* long steps: e.k keeps its digits */
    p->o.controller       = nde_controller_named("ordinarydiffeq");
    p->n                  = BATCH;
    ok(ad_params_new(&p->ode.theta, AD_F64));
    ok(nde_trace_new(&p->trace, &p->ode, &p->o));
    compile_closed(p);
    compile_open(p);
    p->weights = ad_params_count(p->ode.theta);
    for (int i = 0; i < p->weights; i++) p->theta[i] = draw(&seed, -3, 3);
    for (int i = 0; i < STATE; i++) p->y[i] = draw(&seed, -1, 1);
    for (int i = 0; i < BATCH; i++) {
        p->t[i] = draw(&seed, 0, 1), p->sign[i] = 1, p->most[i] = 2;
        p->w[i] = draw(&seed, 0.5, 1.5);
    }
}

static void stop(local *p)
{
    ad_work_free(p->work), ad_work_free(p->back_work), ad_work_free(p->open_work);
    ad_plan_free(p->forward), ad_plan_free(p->back), ad_plan_free(p->open);
    ad_free(p->residual);
    nde_trace_free(p->trace);
    ad_params_free(p->ode.theta);
}

static void open_at(local *p, const double *k1, const double *size, double *r, double *k1_out,
                    double *size_out)
{
    const void *in[]  = { p->t, p->sign, p->most, p->y, k1, size };
    void       *out[] = { r, k1_out, size_out };
    ok(ad_execute(p->open, p->open_work,
                  &(ad_args){ .n = p->n, .in = in, .out = out, .theta = p->theta }));
}

/* w . r with p->k1 and p->size where they are constants, as the point has them where not. */
static double open_value(local *p)
{
    double k1[STATE], size[BATCH], r[BATCH], sum = 0;
    open_at(p, p->k1, p->size, r, k1, size);
    open_at(p, has(p, REG_LOCAL_K1) ? k1 : p->k1, has(p, REG_LOCAL_STEP) ? size : p->size, r, NULL,
            NULL);
    for (long i = 0; i < rows(p); i++) sum += p->w[i] * r[i];
    return sum;
}

static void closed(local *p, double y_bar[], double theta_bar[])
{
    const void *in[5] = { p->t, p->sign, p->most, p->y, p->w };
    void       *r[1] = { p->r }, *bar[5] = { [3] = y_bar };
    ad_args     a = { .n = p->n, .in = in, .out = r, .theta = p->theta, .residual = p->residual };
    ok(ad_execute(p->forward, p->work, &a));
    memset(theta_bar, 0, sizeof(double) * MOST_WEIGHTS);
    a.out = bar, a.theta_bar = theta_bar;
    ok(ad_execute(p->back, p->back_work, &a));
}

/* --- against differences -------------------------------------------------------------------------------------------------- */

/* Five points: O(d^4) of truncation, eps / d of rounding. With k1 held, e.k moves much faster than without, and no d serves both:
   the one at which two estimates in a row agree best. */
static double difference(local *p, double *x)
{
    const double weight[] = { 1, -8, 8, -1 }, by[] = { -2, -1, 1, 2 };
    double       at = *x, before = NAN, best = NAN, apart = INFINITY;
    for (double d = 1e-3; d > 1e-6; d /= 4) {
        double sum = 0;
        for (int k = 0; k < 4; k++) {
            *x = at + by[k] * d;
            sum += weight[k] * open_value(p);
        }
        sum /= 12 * d;
        if (fabs(sum - before) < apart) apart = fabs(sum - before), best = sum;
        before = sum;
    }
    *x = at;
    return best;
}

static void compare(local *p, const char *what, long n, double *x, const double *bar)
{
    double want[MOST_WEIGHTS], largest = 0;
    for (long i = 0; i < n; i++) {
        want[i] = difference(p, x + i);
        largest = fmax(largest, fabs(want[i]));
    }
    cr_assert_gt(largest, 0);
    for (long i = 0; i < n; i++)
        cr_expect_float_eq(bar[i], want[i], 1e-7 * largest,
                           "%s, options %#x, %s[%ld]: %.12g, differences say %.12g (of %.3g)",
                           p->o.method->name, p->options, what, i, bar[i], want[i], largest);
}

static void check(const nde_tableau *m, nde_batching b, int stiffness, unsigned options, double way)
{
    local  p = { .o = { .method = m, .batching = b }, .stiffness = stiffness, .options = options };
    double r[BATCH], y_bar[STATE], theta_bar[MOST_WEIGHTS];
    double none[STATE] = { 0 };
    start(&p);
    for (int i = 0; i < BATCH; i++) p.sign[i] = way;
    open_at(&p, none, none, r, p.k1, p.size);
    open_at(&p, p.k1, p.size, r, NULL, NULL);
    closed(&p, y_bar, theta_bar);
    cr_expect(distance(rows(&p), p.r, r) < 1e-14, "%s: r", m->name);
    for (long i = 0; i < rows(&p); i++) cr_expect_gt(p.r[i], 0);
    compare(&p, "theta", p.weights, p.theta, theta_bar);
    if (has(&p, REG_LOCAL_STATE))
        compare(&p, "y", STATE, p.y, y_bar);
    else
        for (int i = 0; i < STATE; i++) cr_expect_eq(y_bar[i], 0);
    stop(&p);
}

/* Every choice of what is differentiable. */
static void check_choices(const nde_tableau *m, int stiffness, unsigned form)
{
    for (unsigned c = 0; c < 8; c++)
        for (int k = 0; k < 2; k++)
            check(m, k ? NDE_PER_SAMPLE : NDE_JOINT, stiffness, form | c << REG_LOCAL_STATE,
                  c & 1 ? 1 : -1);
}

Test(local, error)
{
    check_choices(&nde_tsit5, 0, 0);
    check_choices(&nde_dopri5, 0, 0);
    check_choices(&nde_dop853, 0, 0);
    check_choices(&nde_bosh3, 0, 0);
}

Test(local, error_in_other_forms)
{
    check_choices(&nde_tsit5, 0, 1u << REG_LOCAL_UNSCALED);
    check_choices(&nde_tsit5, 0, 1u << REG_LOCAL_NOSTEP);
    check_choices(&nde_tsit5, 0, 1u << REG_LOCAL_NOSTEP | 1u << REG_LOCAL_UNSCALED);
}

Test(local, stiffness)
{
    check_choices(&nde_tsit5, 1, 0);
    check_choices(&nde_dopri5, 1, 0);
}

/* --- rows ----------------------------------------------------------------------------------------------------------------- */

/* Sample i has the same bits alone and in the batch. */
Test(local, rows_are_independent)
{
    local  p = { .o       = { .method = &nde_tsit5, .batching = NDE_PER_SAMPLE },
                 .options = 7u << REG_LOCAL_STATE };
    double r[BATCH], y_bar[STATE], one_bar[STATE], theta_bar[MOST_WEIGHTS];
    start(&p);
    closed(&p, y_bar, theta_bar);
    memcpy(r, p.r, sizeof r);
    local all = p;
    for (int i = 0; i < BATCH; i++) {
        p.n    = 1;
        p.t[0] = all.t[i], p.sign[0] = all.sign[i], p.most[0] = all.most[i], p.w[0] = all.w[i];
        memcpy(p.y, all.y + i * DIM, DIM * sizeof(double));
        closed(&p, one_bar, theta_bar);
        cr_expect_eq(p.r[0], r[i]);
        cr_expect_arr_eq(one_bar, y_bar + i * DIM, DIM * sizeof(double));
    }
    stop(&p);
}

/* No error, no stiffness: 0, and derivative 0, not NaN. */
Test(local, nothing_happens_where_nothing_moves)
{
    for (int stiffness = 0; stiffness < 2; stiffness++) {
        local  p = { .o         = { .method = &nde_tsit5 },
                     .options   = 7u << REG_LOCAL_STATE,
                     .stiffness = stiffness };
        double y_bar[STATE], theta_bar[MOST_WEIGHTS];
        start(&p);
        memset(p.theta, 0, sizeof p.theta);
        closed(&p, y_bar, theta_bar);
        cr_expect_eq(p.r[0], 0);
        for (int i = 0; i < p.weights; i++) cr_expect_eq(theta_bar[i], 0);
        for (int i = 0; i < STATE; i++) cr_expect_eq(y_bar[i], 0);
        stop(&p);
    }
}
