/* The modes of a pullback: they agree, need no more than they say, and tell mistakes. */
#include "pull_problem.h"

/* All modes that replay give the same bits but for sums in another order; reversible ones the same up to reconstruction. */
Test(pullback_modes, modes_agree)
{
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    for (int i = 0; i < dpm_method_count(); i++) {
        const dpm_method *m = dpm_method_row(i);
        if (!m->make || strcmp(m->name, "usf") == 0) continue;
        gradients first, g;
        double    out[N * DIM];
        for (int mode = DPM_ADJOINT_POINTS; mode <= DPM_ADJOINT_LAST; mode++) {
            dpm_options  o = { .sampler    = m->name,
                               .schedule   = p.vp,
                               .grid.steps = steps_of(m),
                               .adjoint    = (dpm_adjoint)mode,
                               .budget     = 1,
                               .last       = steps_of(m) };
            dpm_sampler *s;
            if (mode == DPM_ADJOINT_REVERSIBLE && !(m->flags & DPM_REVERSIBLE)) continue;
            if (mode == DPM_ADJOINT_CHECKPOINTS && m->flags & DPM_LIVE) continue;
            cr_assert_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_OK, "%s", ad_message());
            cr_assert_eq(sample(s, &p, out, NULL, 1), AD_OK, "%s", ad_message());
            cr_assert_eq(pull(s, &p, mode == DPM_ADJOINT_POINTS ? &first : &g), AD_OK, "%s",
                         ad_message());
            double d = mode == DPM_ADJOINT_POINTS ? 0 : apart(&first, &g, p.count);
            /* rounding of some hundred operations; edict and rex amplify it when they walk back */
            cr_expect_leq(d, mode == DPM_ADJOINT_REVERSIBLE ? 1e-10 : 1e-13, "%s, %s: %g apart",
                          m->name, dpm_adjoint_name(mode), d);
            dpm_sampler_free(s);
        }
    }
    close_problem(&p);
}

Test(pullback_modes, every_budget_of_checkpoints)
{
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    gradients first, g;
    double    out[N * DIM];
    for (long steps = 2; steps <= 13; steps++)
        for (long states = 0; states <= 6; states++) {
            /* states of DPM++ 2M: x and one value */
            dpm_options  o = { .sampler    = "dpmpp-2m",
                               .schedule   = p.vp,
                               .grid.steps = steps,
                               .adjoint    = states ? DPM_ADJOINT_CHECKPOINTS : DPM_ADJOINT_POINTS,
                               .budget     = (size_t)states * 2 * N * DIM * sizeof(double) };
            dpm_sampler *s;
            cr_assert_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_OK, "%s", ad_message());
            cr_assert_eq(sample(s, &p, out, NULL, 1), AD_OK, "%s", ad_message());
            cr_assert_eq(pull(s, &p, states ? &g : &first), AD_OK, "%s", ad_message());
            if (states)
                cr_expect_leq(apart(&first, &g, p.count), 1e-13, "%ld steps, %ld states", steps,
                              states);
            dpm_sampler_free(s);
        }
    close_problem(&p);
}

/* The last k steps alone: the gradient of the weights is that of sampling from the state before them. */
Test(pullback_modes, last_steps)
{
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    enum { LAST = 2 };
    dpm_options  o = { .sampler    = "ddim",
                       .schedule   = p.vp,
                       .grid.steps = STEPS,
                       .adjoint    = DPM_ADJOINT_LAST,
                       .last       = LAST };
    dpm_sampler *s;
    double       out[N * DIM], path[(STEPS + 1) * N * DIM], times[LAST + 1];
    gradients    g, tail;
    cr_assert_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_OK, "%s", ad_message());
    cr_assert_eq(sample(s, &p, out, path, 1), AD_OK, "%s", ad_message());
    cr_assert_eq(pull(s, &p, &g), AD_OK, "%s", ad_message());
    cr_expect_eq(dpm_sampler_stats(s)->nvjp, LAST);
    for (int i = 0; i < N * DIM; i++) cr_expect_eq(g.x[i], 0);
    for (int i = 0; i <= LAST; i++) times[i] = dpm_sampler_points(s)[STEPS - LAST + i].t;
    dpm_sampler_free(s);
    o = (dpm_options){ .sampler  = "ddim",
                       .schedule = p.vp,
                       .grid     = { .name = "list", .steps = LAST, .list = times } };
    memcpy(p.x, path + (STEPS - LAST) * N * DIM, sizeof p.x);
    cr_assert_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_OK, "%s", ad_message());
    cr_assert_eq(sample(s, &p, out, NULL, 1), AD_OK, "%s", ad_message());
    cr_assert_eq(pull(s, &p, &tail), AD_OK, "%s", ad_message());
    memset(tail.x, 0, sizeof tail.x);
    cr_expect_leq(apart(&tail, &g, p.count), 1e-13);
    dpm_sampler_free(s);
    close_problem(&p);
}

/* The continuous adjoint nears the exact gradient of a fine sampler as its own order says: rk4 on 80 and 160 steps. */
Test(pullback_modes, continuous_adjoint_converges)
{
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    double error[2];
    for (int k = 0; k < 2; k++) {
        gradients exact, g;
        double    out[N * DIM];
        for (int mode = 0; mode < 2; mode++) {
            dpm_options  o = { .sampler    = "rho-rk",
                               .tableau    = &nde_rk4,
                               .schedule   = p.vp,
                               .grid.steps = 40 << k,
                               .adjoint    = mode ? DPM_ADJOINT_CONTINUOUS : DPM_ADJOINT_POINTS,
                               .continuous = &nde_rk4 };
            dpm_sampler *s;
            cr_assert_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_OK, "%s", ad_message());
            cr_assert_eq(sample(s, &p, out, NULL, 1), AD_OK, "%s", ad_message());
            cr_assert_eq(pull(s, &p, mode ? &g : &exact), AD_OK, "%s", ad_message());
            dpm_sampler_free(s);
        }
        error[k] = apart(&exact, &g, p.count);
    }
    cr_expect_lt(error[1], 1e-4);
    cr_expect_lt(error[1], error[0] / 10, "%g then %g: fourth order would be 16 times less",
                 error[0], error[1]);
    close_problem(&p);
}

Test(pullback_modes, mistakes)
{
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    dpm_options  o = { .sampler = "ddim", .schedule = p.vp, .grid.steps = 3 };
    dpm_sampler *s;
    double       out[N * DIM];
    gradients    g;
    cr_assert_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_OK);
    cr_expect_eq(pull(s, &p, &g), AD_INVALID);
    cr_assert_eq(sample(s, &p, out, NULL, 0), AD_OK);
    cr_expect_eq(pull(s, &p, &g), AD_INVALID);
    cr_expect(isnan(g.x[0]) && isnan(g.theta[0]) && isnan(g.c[0]) && isnan(g.w),
              "a failed pullback returns NaN");
    cr_expect_eq(dpm_sample(s, &(dpm_run){ .n     = N,
                                           .x     = p.x,
                                           .args  = (const void *[]){ p.c },
                                           .theta = p.theta,
                                           .out   = out,
                                           .known = p.known,
                                           .mask  = p.mask }),
                 AD_INVALID);
    cr_expect(strstr(ad_message(), "inpainting"), "%s", ad_message());
    dpm_sampler_free(s);
    o.adjoint = DPM_ADJOINT_REVERSIBLE;
    cr_expect_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_INVALID);
    cr_expect(strstr(ad_message(), "bdia"));
    o = (dpm_options){
        .sampler = "ddim", .schedule = p.vp, .grid.steps = 3, .adjoint = DPM_ADJOINT_LAST, .last = 4
    };
    cr_expect_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_INVALID);
    o = (dpm_options){
        .sampler = "euler-ancestral", .schedule = p.vp, .grid.steps = 3, .invert = 1
    };
    cr_expect_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_INVALID);
    cr_expect(strstr(ad_message(), "--invert"), "%s", ad_message());
    o = (dpm_options){ .sampler = "ddim", .schedule = p.vp, .grid.steps = 3, .order = 2 };
    cr_expect_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_INVALID);
    cr_expect(strstr(ad_message(), "order 1 alone"), "%s", ad_message());
    close_problem(&p);
}

/* Every allocation of making, running and pulling back fails once: told, nothing leaked. */
Test(pullback_modes, allocations)
{
    static const dpm_adjoint mode[] = { DPM_ADJOINT_POINTS, DPM_ADJOINT_TAPE,
                                        DPM_ADJOINT_CHECKPOINTS, DPM_ADJOINT_CONTINUOUS };
    counting                 c      = { 0 };
    counting_start(&c);
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    for (int k = 0; k < 4; k++) {
        size_t live = c.live;
        for (long nth = 1;; nth += nth < 40 ? 1 : 7) {
            dpm_options o = {
                .sampler = "dpmpp-2m", .schedule = p.vp, .grid.steps = 3, .adjoint = mode[k]
            };
            dpm_sampler *s;
            double       out[N * DIM];
            gradients    g;
            c.fail_at        = c.count + nth;
            long      before = c.count;
            ad_status code   = dpm_sampler_new(&s, &p.model, &o, N);
            if (!code) code = sample(s, &p, out, NULL, 1);
            if (!code) code = pull(s, &p, &g);
            long made = c.count - before;
            c.fail_at = 0;
            dpm_sampler_free(s);
            cr_expect_eq(c.live, live, "mode %d, allocation %ld: leaked %zd", k, nth,
                         (ssize_t)(c.live - live));
            if (made < nth) {
                cr_expect_eq(code, AD_OK, "%s", ad_message());
                break;
            }
            cr_expect_eq(code, AD_NO_MEMORY, "mode %d, allocation %ld: %s: %s", k, nth,
                         ad_status_name(code), ad_message());
        }
    }
    close_problem(&p);
    cr_expect_eq(c.live, 0);
    counting_stop();
}

/* Once it has run, a sampler runs and is pulled back without an allocation. */
Test(pullback_modes, nothing_is_allocated)
{
    static const dpm_adjoint mode[] = { DPM_ADJOINT_POINTS, DPM_ADJOINT_TAPE,
                                        DPM_ADJOINT_CHECKPOINTS };
    counting                 c      = { 0 };
    counting_start(&c);
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    for (int k = 0; k < 3; k++) {
        dpm_options o = {
            .sampler = "dpmpp-2m", .schedule = p.vp, .grid.steps = 9, .adjoint = mode[k]
        };
        dpm_sampler *s;
        double       out[N * DIM];
        gradients    g;
        cr_assert_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_OK);
        for (int i = 0; i < 3; i++) {
            long before = c.count;
            cr_assert_eq(sample(s, &p, out, NULL, 1), AD_OK);
            cr_assert_eq(pull(s, &p, &g), AD_OK);
            if (i) cr_expect_eq(c.count, before, "mode %d: %ld allocations", k, c.count - before);
        }
        dpm_sampler_free(s);
    }
    close_problem(&p);
    counting_stop();
}
