/* Samplers that draw noise: the same seed gives the same bits, a row's noise is its own, and the samples have the law they should. */
#include "registry.h"

/* Every form that draws: those that always do, and those that do when they are told to. */
typedef struct form {
    dpm_options o;
    char        name[64];
} form;

enum { FORMS = 64 };

static int add(form *f, int n, const dpm_method *m, const char *with, dpm_options o)
{
    cr_assert_lt(n, FORMS);
    o.sampler = m->name;
    f[n].o    = o;
    snprintf(f[n].name, sizeof f[n].name, "%s%s%s", m->name, *with ? ", " : "", with);
    return n + 1;
}

static int forms(form *f)
{
    const dpm_method *m;
    int               n = 0;
    for (int i = 0; (m = registry_next(&i));) {
        if (m->flags & DPM_LIVE) continue;
        if (m->flags & DPM_STOCHASTIC && !registry_takes(m, "noise-level"))
            n = add(f, n, m, "", (dpm_options){ 0 });
        if (!(m->flags & DPM_STOCHASTIC) && registry_takes(m, "eta"))
            n = add(f, n, m, "eta 1", (dpm_options){ .eta = 1 });
        if (registry_takes(m, "churn"))
            n = add(f, n, m, "churn 20", (dpm_options){ .churn = 20, .churn_min = 0.02 });
        if (registry_takes(m, "noise-level"))
            n = add(f, n, m, "noise 1", (dpm_options){ .noise_level = 1 });
        if (!strcmp(m->name, "ddpm"))
            n = add(f, n, m, "large", (dpm_options){ .variant = "large" });
    }
    cr_assert_geq(n, 8);
    return n;
}

static void run_rows(const registry *r, const form *f, uint64_t seed, long first, long n,
                     double *out)
{
    dpm_options  o = f->o;
    dpm_sampler *s;
    o.schedule   = r->vp;
    o.grid.steps = 10;
    ok(dpm_sampler_new(&s, &r->model, &o, REGISTRY_ROWS));
    ok(dpm_sample(
        s,
        &(dpm_run){
            .n = n, .x = r->x + first * REGISTRY_DIM, .out = out, .seed = seed, .first = first }));
    dpm_sampler_free(s);
}

Test(samplers_noise, a_seed_repeats_and_rows_do_not_depend_on_the_batch)
{
    registry r;
    form     f[FORMS];
    registry_start(&r);
    int n = forms(f);
    for (int i = 0; i < n; i++) {
        double a[REGISTRY_ALL], b[REGISTRY_ALL], part[REGISTRY_ALL];
        run_rows(&r, &f[i], 7, 0, REGISTRY_ROWS, a);
        run_rows(&r, &f[i], 7, 0, REGISTRY_ROWS, b);
        cr_expect_arr_eq(a, b, sizeof a, "%s: the same seed", f[i].name);
        run_rows(&r, &f[i], 8, 0, REGISTRY_ROWS, b);
        for (int k = 0; k < REGISTRY_ALL; k++)
            cr_expect_neq(a[k], b[k], "%s: another seed", f[i].name);
        run_rows(&r, &f[i], 7, 3, 4, part);
        cr_expect_arr_eq(part, a + 3 * REGISTRY_DIM, 4 * REGISTRY_DIM * sizeof *a,
                         "%s: rows 3 to 6 alone", f[i].name);
    }
    registry_stop(&r);
}

/* --- the law ------------------------------------------------------------------------------------------------------------- */

enum { SAMPLES = 4000, STEPS = 250 };

/* Of one Gaussian N(m, v) the samples at t_end are N(alpha m, alpha^2 v + sigma^2). A sampler of strong order 1/2 is off by O(h); with h =
   11.7 / STEPS in lambda that is allowed to be as much as the statistics, five standard errors of 4000: sqrt(V / n) and sqrt(2 / n) V. */
typedef struct law {
    double mean[REGISTRY_DIM], variance[REGISTRY_DIM];
} law;

static law of_samples(const double *x)
{
    law l = { 0 };
    for (long i = 0; i < SAMPLES; i++)
        for (int k = 0; k < REGISTRY_DIM; k++) l.mean[k] += x[i * REGISTRY_DIM + k] / SAMPLES;
    for (long i = 0; i < SAMPLES; i++)
        for (int k = 0; k < REGISTRY_DIM; k++) {
            double d = x[i * REGISTRY_DIM + k] - l.mean[k];
            l.variance[k] += d * d / (SAMPLES - 1);
        }
    return l;
}

static law sampled(const dpm_mixture *g, const dpm_schedule *vp, const dpm_options *with)
{
    static double x[SAMPLES * REGISTRY_DIM], out[SAMPLES * REGISTRY_DIM];
    dpm_point     start = dpm_schedule_at(vp, 1);
    dpm_model     model = dpm_mixture_model(g, AD_F64);
    dpm_options   o     = *with;
    dpm_sampler  *s;
    ad_random_normal(AD_F64, 5, 0, 0, SAMPLES * REGISTRY_DIM, x);
    for (long i = 0; i < SAMPLES * REGISTRY_DIM; i++) {
        long   k = i % REGISTRY_DIM;
        double v = start.alpha * start.alpha * g->variance[k] + start.sigma * start.sigma;
        x[i]     = start.alpha * g->mean[k] + sqrt(v) * x[i];
    }
    o.schedule   = vp;
    o.grid.steps = STEPS;
    ok(dpm_sampler_new(&s, &model, &o, SAMPLES));
    ok(dpm_sample(s, &(dpm_run){ .n = SAMPLES, .x = x, .out = out, .seed = 9 }));
    dpm_sampler_free(s);
    return of_samples(out);
}

Test(samplers_noise, samples_have_the_mean_and_variance_of_the_data)
{
    registry     r;
    form         f[FORMS];
    dpm_mixture *g;
    double       one = 1;
    registry_start(&r);
    ok(dpm_mixture_new(&g, 1, REGISTRY_DIM, &one, (double[]){ 1.5, -0.5 },
                       (double[]){ 0.25, 1.5 }));
    dpm_point end = dpm_schedule_at(r.vp, r.vp->o.t_end);
    int       n   = forms(f);
    for (int i = 0; i < n; i++) {
        law l = sampled(g, r.vp, &f[i].o);
        for (int k = 0; k < REGISTRY_DIM; k++) {
            double m     = end.alpha * g->mean[k];
            double v     = end.alpha * end.alpha * g->variance[k] + end.sigma * end.sigma;
            double off_m = (l.mean[k] - m) / sqrt(v / SAMPLES),
                   off_v = (l.variance[k] - v) / (sqrt(2.0 / SAMPLES) * v);
            cr_expect(fabs(off_m) < 5, "%s: mean %g for %g, %.1f standard errors", f[i].name,
                      l.mean[k], m, off_m);
            cr_expect(fabs(off_v) < 5, "%s: variance %g for %g, %.1f standard errors", f[i].name,
                      l.variance[k], v, off_v);
        }
    }
    dpm_mixture_free(g);
    registry_stop(&r);
}
