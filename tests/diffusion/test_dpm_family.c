/* The stochastic and adaptive samplers of the DPM-Solver family, the ends at sigma = 0, and what is refused. */
#include "dpm_problem.h"

/* --- the reverse SDE --------------------------------------------------------------------------------------------- */

/* One Gaussian: every sampler is linear in its start, so that with equal noise the difference of two runs is what the mean does.
   At eta = 1 the reverse SDE has the law of the forward one, in which E[x_t | x_T] has the slope
       Cov(x_t, x_T) / Var(x_T) = (alpha_T / alpha_t) v_t / v_T,     v = alpha^2 var + sigma^2,                         (1)
   at eta = 0 it is the ODE with (v_t / v_T)^{1/2}; the drift is affine in eta, and the slope a product of powers of both. */
static double mean_error(const problem *p, const char *name, double eta, int published, long steps)
{
    double      a[ALL], b[ALL], worst = 0;
    dpm_point   T = dpm_schedule_at(p->vp, 1), t = dpm_schedule_at(p->vp, 1e-3);
    dpm_options o = { .sampler   = name,
                      .grid      = { .name = "time-quadratic", .steps = steps },
                      .eta       = eta,
                      .published = published };
    run(p, &o, p->x, a);
    run(p, &o, p->y, b);
    for (int i = 0; i < ALL; i++) {
        double v_T   = T.alpha * T.alpha * p->mixture->variance[i % DIM] + T.sigma * T.sigma;
        double v_t   = t.alpha * t.alpha * p->mixture->variance[i % DIM] + t.sigma * t.sigma;
        double slope = pow(v_t / v_T, (1 - eta) / 2) * pow(T.alpha / t.alpha * v_t / v_T, eta);
        worst        = fmax(worst, fabs((a[i] - b[i]) / (p->x[i] - p->y[i]) / slope - 1));
    }
    return worst;
}

Test(dpm_family, the_mean_of_the_reverse_sde)
{
    static const struct {
        const char *name;
        int         published;
        double      order;
    } row[] = { { "sde-dpm-1", 0, 1 },    { "sde-dpm-2m", 0, 2 },   { "sde-dpmpp-1", 0, 1 },
                { "sde-dpmpp-2m", 0, 2 }, { "sde-dpmpp-3m", 0, 3 }, { "sde-dpmpp-3m", 1, 2 } };
    problem p;
    start(&p, 1);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        double e[3];
        for (int k = 0; k < 3; k++)
            e[k] = mean_error(&p, row[i].name, 0.5, row[i].published, 256l << k);
        double seen = log2(e[0] / e[2]) / 2;
        cr_expect(fabs(seen - row[i].order) <= 0.2, "%s%s: order %.2f in the mean (%.2g)",
                  row[i].name, row[i].published ? " as published" : "", seen, e[2]);
    }
    stop(&p);
}

/* E[x0 | x_t] is a martingale of the reverse SDE: what predicts the data has the mean exactly, whatever its steps. Differences of
   runs are of size 1e-2 |x|, rounding is that of a few hundred steps. */
Test(dpm_family, the_mean_is_exact_where_the_data_is_predicted)
{
    static const char *const name[] = { "sde-dpmpp-1", "sde-dpmpp-2m", "sde-dpmpp-3m",
                                        "dpmpp-sde" };
    problem                  p;
    start(&p, 1);
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        double e = mean_error(&p, name[i], 1, 0, 20);
        cr_expect_leq(e, 1e-10, "%s: %.2g", name[i], e);
    }
    stop(&p);
}

/* The variance of what comes out, from many starts: within five standard errors, v sqrt(2 / n), and what 256 steps leave. */
Test(dpm_family, the_variance_of_the_reverse_sde)
{
    enum { MANY = 4096 };
    static const char *const name[] = { "sde-dpm-1",         "sde-dpm-2m",   "sde-dpmpp-1",
                                        "sde-dpmpp-2m",      "sde-dpmpp-3m", "dpmpp-sde",
                                        "dpmpp-2s-ancestral" };
    double                  *x = malloc(2 * MANY * DIM * sizeof *x), *out = x + MANY * DIM;
    problem                  p;
    start(&p, 1);
    ad_random_normal(AD_F64, 9, 0, 0, MANY * DIM, x);
    dpm_point t = dpm_schedule_at(p.vp, 1e-3);
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        dpm_options  o = { .sampler = name[i], .schedule = p.vp, .grid.steps = 256 };
        dpm_sampler *s;
        ok(dpm_sampler_new(&s, &p.model, &o, MANY));
        ok(dpm_sample(s, &(dpm_run){ .n = MANY, .x = x, .out = out, .seed = 11 }));
        dpm_sampler_free(s);
        for (int d = 0; d < DIM; d++) {
            double sum = 0, v = t.alpha * t.alpha * p.mixture->variance[d] + t.sigma * t.sigma;
            for (int k = 0; k < MANY; k++)
                sum += pow(out[k * DIM + d] - t.alpha * p.mixture->mean[d], 2);
            double got = sum / MANY / v;
            cr_expect(fabs(got - 1) <= 5 * sqrt(2.0 / MANY) + 0.05,
                      "%s: variance %.3f of what it is", name[i], got);
        }
    }
    free(x);
    stop(&p);
}

Test(dpm_family, without_noise_it_is_the_ode)
{
    static const struct {
        const char *sde, *ode;
        int         stages;
    } row[] = { { "sde-dpm-1", "dpm-1", 1 },
                { "sde-dpm-2m", "dpm-2m", 1 },
                { "sde-dpmpp-1", "dpmpp-1", 1 },
                { "sde-dpmpp-2m", "dpmpp-2m", 1 },
                { "sde-dpmpp-3m", "dpmpp-3m", 1 },
                { "dpmpp-sde", "dpmpp-2s", 2 },
                { "dpmpp-2s-ancestral", "dpmpp-2s", 2 } };
    problem p;
    start(&p, 3);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        double      a[ALL], b[ALL];
        int         third = !strcmp(row[i].sde, "sde-dpmpp-3m");
        dpm_options o     = { .sampler = row[i].sde, .grid.steps = 12, .eta = DPM_ZERO };
        dpm_options q     = { .sampler     = row[i].ode,
                              .grid.steps  = 12 * row[i].stages,
                              .solver_type = third ? "taylor" : NULL };
        if (row[i].stages == 2) q.singlestep = "fixed";
        run(&p, &o, p.x, a);
        run(&p, &q, p.x, b);
        cr_expect_leq(distance(ALL, a, b), 1e-13, "%s and %s", row[i].sde, row[i].ode);
    }
    stop(&p);
}

/* --- adaptive steps ---------------------------------------------------------------------------------------------- */

Test(dpm_family, adaptive_steps_follow_the_tolerance)
{
    static const char *const name[] = { "dpm-adaptive-12", "dpm-adaptive-23", "dpmpp-adaptive-12",
                                        "dpmpp-adaptive-23" };
    problem                  p;
    double                   want[ALL], out[ALL];
    start(&p, 3);
    ok(dpm_mixture_flow(p.mixture, p.vp, 1, 1e-3, ROWS, p.x, want));
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        long   nfe[2];
        double e[2];
        for (int k = 0; k < 2; k++) {
            double      tol = k ? 5e-5 : 5e-2;
            dpm_options o   = {
                  .sampler = name[i], .grid.steps = 5, .rtol = tol, .atol = tol * 0.156
            };
            nfe[k] = run(&p, &o, p.x, out);
            e[k]   = distance(ALL, out, want);
            /* some tens of steps, each with an error below tol (atol + rtol |x|) */
            cr_expect_leq(e[k], 10 * tol, "%s: %.2g with rtol %g", name[i], e[k], tol);
        }
        cr_expect_lt(nfe[0], 150);
        cr_expect(nfe[1] > 2 * nfe[0] && e[1] < e[0] / 10, "%s: %ld and %ld evaluations", name[i],
                  nfe[0], nfe[1]);
    }
    stop(&p);
}

/* --- sigma = 0 --------------------------------------------------------------------------------------------------- */

/* The last point of the grid is the data: the step there is of order 1, x_t = alpha x0, and everything stays finite. */
Test(dpm_family, ends_at_the_data)
{
    problem           p;
    double            out[ALL], want[ALL];
    const dpm_method *m;
    int               ends = 0;
    start(&p, 3);
    ok(dpm_mixture_flow(p.mixture, p.vp, 1, 1e-3, ROWS, p.x, want));
    for (int i = 0; i < dpm_method_count(); i++) {
        m = dpm_method_row(i);
        if (!strstr(m->name, "dpm") && strcmp(m->name, "unipc")) continue;
        dpm_options o = { .sampler  = m->name,
                          .schedule = p.vp,
                          .grid     = { .steps = 40, .final_zero = 1 } };
        if (m->flags & DPM_TO_ZERO) {
            run(&p, &o, p.x, out);
            for (int k = 0; k < ALL; k++) cr_expect(isfinite(out[k]), "%s", m->name);
            /* from sigma = 0.01 to 0 it is a way of 0.01 at most; 40 steps err by less than 0.03 */
            if (!(m->flags & DPM_STOCHASTIC) && m->true_order > 1)
                cr_expect_leq(distance(ALL, out, want), 0.04, "%s", m->name);
            ends++;
        } else if (strcmp(m->name, "dpm-v3")) {
            dpm_sampler *s;
            cr_expect_eq(dpm_sampler_new(&s, &p.model, &o, ROWS), AD_INVALID, "%s", m->name);
            cr_expect(strstr(ad_message(), "sigma = 0"), "%s", ad_message());
        }
    }
    cr_expect_geq(ends, 16);
    stop(&p);
}

/* --- mistakes ---------------------------------------------------------------------------------------------------- */

Test(dpm_family, mistakes_have_their_sentence)
{
    static const struct {
        dpm_options o;
        const char *says;
    } row[] = {
        { { .sampler = "dpm-2m", .grid.steps = 1 }, "dpm-2m needs at least 2 steps, not 1" },
        { { .sampler = "dpmpp-3m", .grid.steps = 2 }, "dpmpp-3m needs at least 3 steps, not 2" },
        { { .sampler = "unipc", .grid.steps = 2, .order = 3 },
          "unipc of order 3 needs 3 steps or more, and has 2" },
        { { .sampler = "unipc", .grid.steps = 9, .order = 4 }, "orders 1 to 3, not 4" },
        { { .sampler = "unipc", .grid.steps = 9, .variant = "bh3" },
          "no variant 'bh3'; it is 'bh1', 'bh2' or 'vary'" },
        { { .sampler = "dpmpp-2m", .grid.steps = 9, .solver_type = "rk" },
          "no solver type 'rk'; it is 'dpmsolver' or 'taylor'" },
        { { .sampler = "dpm-3s", .grid.steps = 9, .singlestep = "slow" },
          "no rule 'slow' of steps; it is 'fast' or 'fixed'" },
        { { .sampler = "dpm-3s", .grid.steps = 2, .singlestep = "fixed" },
          "needs 3 evaluations for one of them, and has 2" },
        { { .sampler = "dpm-1", .grid.steps = 5, .eta = 1 }, "does not take --eta" },
    };
    problem p;
    start(&p, 3);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        dpm_options  o = row[i].o;
        dpm_sampler *s;
        o.schedule = p.vp;
        cr_expect_eq(dpm_sampler_new(&s, &p.model, &o, ROWS), AD_INVALID, "%s", row[i].says);
        cr_expect_null(s);
        cr_expect(strstr(ad_message(), row[i].says), "%s", ad_message());
    }
    stop(&p);
}

Test(dpm_family, adaptive_steps_that_cannot)
{
    problem      p;
    double       out[ALL], bad[ALL];
    dpm_sampler *s;
    start(&p, 3);
    dpm_options o = {
        .sampler = "dpm-adaptive-23", .schedule = p.vp, .grid.steps = 5, .inpaint = 1
    };
    memset(bad, 0, sizeof bad);
    ok(dpm_sampler_new(&s, &p.model, &o, ROWS));
    cr_expect_eq(
        dpm_sample(s, &(dpm_run){ .n = ROWS, .x = p.x, .out = out, .known = bad, .mask = bad }),
        AD_UNSUPPORTED);
    cr_expect(strstr(ad_message(), "inpainting"), "%s", ad_message());
    dpm_sampler_free(s);
    stop(&p);
}

Test(dpm_family, other_names)
{
    static const struct {
        const char *alias, *name;
    } row[] = { { "DPMSolverMultistepScheduler", "dpmpp-2m" },
                { "DPMSolverSinglestepScheduler", "dpmpp-2s" },
                { "UniPCMultistepScheduler", "unipc" },
                { "DPMSolverSDEScheduler", "dpmpp-sde" },
                { "dpmpp_2m", "dpmpp-2m" },
                { "sample_dpmpp_2m", "dpmpp-2m" },
                { "dpmpp_2m_sde", "sde-dpmpp-2m" },
                { "sample_dpmpp_3m_sde", "sde-dpmpp-3m" },
                { "dpmpp_sde", "dpmpp-sde" },
                { "dpmpp_2s_ancestral", "dpmpp-2s-ancestral" },
                { "dpm_fast", "dpm-3s" },
                { "sample_dpm_adaptive", "dpm-adaptive-23" } };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const dpm_method *m = dpm_method_find(row[i].alias);
        cr_expect(m && !strcmp(m->name, row[i].name), "%s is %s", row[i].alias, m ? m->name : "?");
    }
}
