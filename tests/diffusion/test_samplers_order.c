/* Observed orders of all deterministic samplers, as stated and as published: log2 of the ratio of the errors at 192 and 384 steps of the
   logSNR grid. The stated order has to show within 0.2 on a mixture. On one Gaussian, whose flow is

       x_t = alpha_t m + sqrt(v_t / v_T) (x_T - alpha_T m),     v = alpha^2 var + sigma^2,                        (1)

   it has to show at least: errors cancel there for some (flow.c says why the midpoint rule looks like order 3). */
#include "registry.h"

enum { STEPS = 192, LATE = 3072, DIM = 16, ROWS = 4, ALL = DIM * ROWS };

static int is(const dpm_method *m, const char *name)
{
    return strcmp(m->name, name) == 0;
}

/* Whole steps of single-step methods: "fast" ends in one of order 1, which leaves h^2. Rex with a coupling that is forgotten within
   the steps there are (1 / (1 - zeta), 1000 by default). */
static dpm_options options_of(const dpm_method *m, int published, const dpm_schedule *s, long steps)
{
    return (dpm_options){ .sampler    = m->name,
                          .schedule   = s,
                          .grid.steps = steps,
                          .singlestep = registry_takes(m, "singlestep") ? "fixed" : NULL,
                          .zeta       = registry_takes(m, "zeta") ? 0.5 : 0,
                          .published  = published };
}

typedef struct problem {
    dpm_mixture  *mixture;
    dpm_schedule *vp;
    long          rows;
    double        x[ALL], want[ALL];
} problem;

static double error(const problem *p, const dpm_method *m, int published, long steps)
{
    double       out[ALL], sum = 0;
    dpm_model    model = dpm_mixture_model(p->mixture, AD_F64);
    dpm_options  o     = options_of(m, published, p->vp, steps);
    dpm_sampler *s;
    ok(dpm_sampler_new(&s, &model, &o, p->rows));
    ok(dpm_sample(s, &(dpm_run){ .n = p->rows, .x = p->x, .out = out }));
    dpm_sampler_free(s);
    for (long i = 0; i < p->rows * model.dim; i++)
        sum += (out[i] - p->want[i]) * (out[i] - p->want[i]);
    return sqrt(sum);
}

/* The published tables of deis-tab are off by a ten-thousandth of what the trapezoidal rule is (deis.c, eq. 2), which is of order 2 but
   shows only when the error of order 4 has fallen below it. */
static double observed(const problem *p, const dpm_method *m, int published)
{
    long steps = published && is(m, "deis-tab") ? LATE : STEPS;
    return log2(error(p, m, published, steps) / error(p, m, published, 2 * steps));
}

static void start(problem *p, dpm_mixture *m)
{
    p->mixture = m;
    p->rows    = ALL / m->dim;
    ok(dpm_schedule_new(&p->vp, &(dpm_schedule_options){ .name = "vp-linear" }));
    ad_random_normal(AD_F64, 11, 0, 0, ALL, p->x);
}

static void stop(problem *p)
{
    dpm_mixture_free(p->mixture);
    dpm_schedule_free(p->vp);
}

typedef void judge(const dpm_method *m, int published, double stated, double seen);

static int all(const problem *p, judge *f)
{
    const dpm_method *m;
    int               judged = 0;
    for (int i = 0; (m = registry_next(&i));) {
        if (m->true_order == 0) continue;
        f(m, 0, m->true_order, observed(p, m, 0));
        if (m->published_order) f(m, 1, m->published_order, observed(p, m, 1));
        judged++;
    }
    return judged;
}

static void within(const dpm_method *m, int published, double stated, double seen)
{
    cr_expect(fabs(seen - stated) <= 0.2, "%s%s: order %.2f, stated %g", m->name,
              published ? " as published" : "", seen, stated);
}

static void at_least(const dpm_method *m, int published, double stated, double seen)
{
    cr_expect(seen >= stated - 0.2, "%s%s: order %.2f, stated %g", m->name,
              published ? " as published" : "", seen, stated);
}

Test(samplers_order, on_a_mixture)
{
    problem p;
    start(&p, registry_mixture());
    ok(dpm_mixture_flow(p.mixture, p.vp, 1, 1e-3, p.rows, p.x, p.want));
    cr_expect_geq(all(&p, within), 30);
    stop(&p);
}

Test(samplers_order, on_a_gaussian)
{
    problem      p;
    dpm_mixture *g;
    double       mean[DIM], variance[DIM], one = 1;
    for (int d = 0; d < DIM; d++) {
        mean[d]     = -0.5 + d / (DIM - 1.0);
        variance[d] = 1e-2 * pow(200, d / (DIM - 1.0));
    }
    ok(dpm_mixture_new(&g, 1, DIM, &one, mean, variance));
    start(&p, g);
    dpm_point a = dpm_schedule_at(p.vp, 1), b = dpm_schedule_at(p.vp, 1e-3);
    for (int i = 0; i < ALL; i++) {
        int    d  = i % DIM;
        double va = a.alpha * a.alpha * variance[d] + a.sigma * a.sigma;
        double vb = b.alpha * b.alpha * variance[d] + b.sigma * b.sigma;
        p.want[i] = b.alpha * mean[d] + sqrt(vb / va) * (p.x[i] - a.alpha * mean[d]);
    }
    cr_expect_geq(all(&p, at_least), 30);
    stop(&p);
}

/* Values, not orders, that several names must share. */
Test(samplers_order, what_is_the_same_by_other_names)
{
    static const struct {
        const char *a, *b;
    } same[] = { { "ddim", "euler" },  { "ddim", "flow-euler" }, { "ddim", "dpm-1" },
                 { "lms", "ipndm-v" }, { "lms", "deis-rhoab" },  { "heun", "rho-rk" } };
    registry r;
    registry_start(&r);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        double      a[REGISTRY_ALL], b[REGISTRY_ALL];
        dpm_options o = { .sampler = same[i].a, .schedule = r.vp, .grid.steps = 12 };
        ok(registry_run(&r, &o, a));
        o.sampler = same[i].b;
        ok(registry_run(&r, &o, b));
        cr_expect_leq(distance(REGISTRY_ALL, a, b), 1e-13, "%s and %s", same[i].a, same[i].b);
    }
    registry_stop(&r);
}
