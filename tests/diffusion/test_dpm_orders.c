/* Observed orders of the DPM-Solver family on one Gaussian (case G16), whose probability-flow ODE has the solution

       x_t = alpha_t m + sqrt(v_t / v_T) (x_T - alpha_T m),     v = alpha^2 var + sigma^2,                              (1)

   so that nothing but the solver errs. The grid is time-quadratic: on the logSNR grid the term of lowest order is nearly a difference of
   values at the two ends, where it vanishes, and third-order methods look like fourth. */
#include <criterion/criterion.h>
#include <math.h>

#include <costate/diffusion/method.h>
#include <costate/diffusion/mixture.h>
#include <costate/diffusion/sample.h>

#include "support.h"

enum { DIM = 16, ROWS = 4 };

static void ok(ad_status s)
{
    cr_assert_eq(s, AD_OK, "%s", ad_message());
}

typedef struct gaussian {
    double        mean[DIM], variance[DIM], x[ROWS * DIM], want[ROWS * DIM];
    dpm_mixture  *mixture;
    dpm_schedule *vp;
} gaussian;

static void start(gaussian *g)
{
    double   one   = 1;
    uint64_t state = 5;
    for (int d = 0; d < DIM; d++) {
        g->mean[d]     = -0.5 + d / (DIM - 1.0);
        g->variance[d] = 1e-2 * pow(200, d / (DIM - 1.0));
    }
    ok(dpm_mixture_new(&g->mixture, 1, DIM, &one, g->mean, g->variance));
    ok(dpm_schedule_new(&g->vp, &(dpm_schedule_options){ .name = "vp-linear", .t_end = 1e-3 }));
    dpm_point a = dpm_schedule_at(g->vp, 1), b = dpm_schedule_at(g->vp, 1e-3);
    for (int i = 0; i < ROWS * DIM; i++) {
        int    d   = i % DIM;
        double v_a = a.alpha * a.alpha * g->variance[d] + a.sigma * a.sigma;
        double v_b = b.alpha * b.alpha * g->variance[d] + b.sigma * b.sigma;
        g->x[i]    = draw(&state, -2, 2);
        g->want[i] = b.alpha * g->mean[d] + sqrt(v_b / v_a) * (g->x[i] - a.alpha * g->mean[d]);
    }
}

static void stop(gaussian *g)
{
    dpm_mixture_free(g->mixture);
    dpm_schedule_free(g->vp);
}

static double error(const gaussian *g, const dpm_options *with, long steps)
{
    double       out[ROWS * DIM];
    dpm_model    model = dpm_mixture_model(g->mixture, AD_F64);
    dpm_options  o     = *with;
    dpm_sampler *s;
    o.schedule   = g->vp;
    o.grid.name  = "time-quadratic";
    o.grid.steps = steps;
    ok(dpm_sampler_new(&s, &model, &o, ROWS));
    ok(dpm_sample(s, &(dpm_run){ .n = ROWS, .x = g->x, .out = out }));
    dpm_sampler_free(s);
    double sum = 0;
    for (int i = 0; i < ROWS * DIM; i++) sum += (out[i] - g->want[i]) * (out[i] - g->want[i]);
    return sqrt(sum);
}

/* The slope over the last two doublings; steps is a multiple of 6, so that singlestep ones have whole steps. */
static double observed(const gaussian *g, const dpm_options *o, long steps)
{
    return log2(error(g, o, steps) / error(g, o, 4 * steps)) / 2;
}

static void expect_order(const gaussian *g, const dpm_options *o, double stated)
{
    double seen = observed(g, o, 192);
    cr_expect(fabs(seen - stated) <= 0.2, "%s order %d %s %s %s%s%s: %.2f, stated %g", o->sampler,
              o->order, o->prediction ? dpm_prediction_name(o->prediction) : "",
              o->solver_type ? o->solver_type : "", o->variant ? o->variant : "",
              o->no_corrector ? " no corrector" : "", o->published ? " published" : "", seen,
              stated);
}

Test(dpm_orders, multistep_and_whole_single_steps)
{
    static const struct {
        const char *name;
        double      stated, published;
    } row[] = { { "dpm-1", 1, 1 },    { "dpm-2m", 2, 2 },   { "dpm-3m", 3, 2 },
                { "dpm-2s", 2, 2 },   { "dpm-3s", 3, 3 },   { "dpmpp-1", 1, 1 },
                { "dpmpp-2m", 2, 2 }, { "dpmpp-3m", 3, 2 }, { "dpmpp-2s", 2, 2 },
                { "dpmpp-3s", 3, 3 } };
    gaussian g;
    start(&g);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const dpm_method *m = dpm_method_find(row[i].name);
        cr_expect_eq(m->true_order, row[i].stated);
        cr_expect_eq(m->published_order ? m->published_order : m->true_order, row[i].published);
        for (int taylor = 0; taylor < 2; taylor++) {
            dpm_options o = { .sampler     = row[i].name,
                              .solver_type = taylor ? "taylor" : "dpmsolver",
                              .singlestep  = strchr(row[i].name, 's') ? "fixed" : NULL };
            expect_order(&g, &o, row[i].stated);
            o.published = 1;
            expect_order(&g, &o, row[i].published);
        }
    }
    stop(&g);
}

/* Order p + 1 with the corrector, p without. The last step, which has none, is of order p here; of order 1, as lower-order-final has
   it, it leaves an h^2. */
Test(dpm_orders, unipc)
{
    static const char *const variant[] = { "bh1", "bh2", "vary" };
    gaussian                 g;
    start(&g);
    for (int p = 1; p <= 3; p++) {
        for (int k = 0; k < 6; k++) {
            dpm_options o = { .sampler           = "unipc",
                              .order             = p,
                              .prediction        = k < 3 ? DPM_EPSILON : DPM_X0,
                              .variant           = variant[k % 3],
                              .lower_order_final = -1 };
            expect_order(&g, &o, p + 1);
            o.published = 1;
            expect_order(&g, &o, k % 3 == 2 && p > 1 ? 1 : p + 1);
            o.no_corrector = 1;
            expect_order(&g, &o, p);
        }
    }
    stop(&g);
}

/* What the official defaults cost: a single step of order 1 at the end. */
Test(dpm_orders, a_last_step_of_order_one_leaves_h2)
{
    static const dpm_options with[] = { { .sampler = "dpm-3s" },
                                        { .sampler = "dpmpp-3s" },
                                        { .sampler = "unipc", .order = 3 },
                                        { .sampler = "unipc", .order = 2, .prediction = DPM_X0 } };
    gaussian                 g;
    start(&g);
    for (size_t i = 0; i < sizeof with / sizeof *with; i++) {
        double seen = observed(&g, &with[i], 768);
        cr_expect(fabs(seen - 2) <= 0.2, "%s: %.2f", with[i].sampler, seen);
    }
    stop(&g);
}
