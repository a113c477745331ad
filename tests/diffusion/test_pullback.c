/* Gradients through every sampler of the registry: to the start, weights, condition, guidance, coefficients, times, path. */
#include "pull_problem.h"

/* Decisions by values jump; their gradient is that of the program which ran, checked where no jump is near. */
Test(pullback, every_sampler_against_differences)
{
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    for (int i = 0; i < dpm_method_count(); i++) {
        const dpm_method *m = dpm_method_row(i);
        if (!m->make || strcmp(m->name, "usf") == 0 || m->flags & DPM_LIVE) continue;
        dpm_options  o = { .sampler = m->name, .schedule = p.vp, .grid.steps = steps_of(m) };
        dpm_sampler *s;
        double       out[N * DIM];
        gradients    g;
        cr_assert_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_OK, "%s", ad_message());
        cr_assert_eq(sample(s, &p, out, NULL, 1), AD_OK, "%s", ad_message());
        cr_assert_eq(pull(s, &p, &g), AD_OK, "%s", ad_message());
        check_differences(s, &p, &g, m->name);
        dpm_sampler_free(s);
    }
    close_problem(&p);
}

Test(pullback, coefficients_and_times)
{
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    static const char *const name[] = { "ddim", "dpmpp-2m", "dpm-3m", "unipc", "heun", "dpmpp-3s" };
    for (size_t k = 0; k < sizeof name / sizeof *name; k++) {
        dpm_options  o = { .sampler  = name[k],
                           .schedule = p.vp,
                           .grid     = { .name = "time-uniform", .steps = STEPS } };
        dpm_sampler *s;
        double       out[N * DIM], coef_bar[MOST], time_bar[STEPS + 1], times[STEPS + 1];
        cr_assert_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_OK, "%s", ad_message());
        long terms = dpm_sampler_coefficients(s);
        cr_assert(terms > 0 && terms < MOST);
        cr_assert_eq(sample(s, &p, out, NULL, 1), AD_OK, "%s", ad_message());
        cr_assert_eq(dpm_pullback(s, &(dpm_cotangents){ .out_bar  = p.out_bar,
                                                        .coef_bar = coef_bar,
                                                        .time_bar = time_bar }),
                     AD_OK, "%s", ad_message());
        for (long i = 0; i < terms; i++) {
            /* early coefficients are amplified by 1 / alpha, and so are higher derivatives */
            double d = slope(s, &p, &dpm_sampler_coefficient(s)[i], 2e-5);
            cr_expect(fabs(coef_bar[i] - d) <= 1e-7 * (fabs(d) + 1),
                      "%s: coefficient %ld: %.12g, differences %.12g", name[k], i, coef_bar[i], d);
        }
        for (int i = 0; i <= STEPS; i++) times[i] = dpm_sampler_points(s)[i].t;
        for (int i = 0; i <= STEPS; i++) {
            double t = times[i], h = 2e-4 * t, f[4], at[] = { -2, -1, 1, 2 };
            for (int j = 0; j < 4; j++) {
                times[i] = t + at[j] * h;
                cr_assert_eq(dpm_sampler_set_times(s, times), AD_OK, "%s", ad_message());
                f[j] = loss(s, &p);
            }
            times[i] = t;
            double d = (8 * (f[2] - f[1]) - (f[3] - f[0])) / (12 * h);
            cr_expect(fabs(time_bar[i] - d) <= 1e-7 * (fabs(d) + 1),
                      "%s: time %d: %.12g, differences %.12g", name[k], i, time_bar[i], d);
        }
        dpm_sampler_free(s);
    }
    close_problem(&p);
}

/* L = sum over all states of the path. */
Test(pullback, states_of_the_path)
{
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    for (int mode = DPM_ADJOINT_POINTS; mode <= DPM_ADJOINT_CHECKPOINTS; mode++) {
        dpm_options  o = { .sampler    = "dpmpp-2m",
                           .schedule   = p.vp,
                           .grid.steps = STEPS,
                           .adjoint    = (dpm_adjoint)mode,
                           .budget     = 2 * 2 * N * DIM * sizeof(double) };
        dpm_sampler *s;
        double       out[N * DIM], path[(STEPS + 1) * N * DIM], path_bar[(STEPS + 1) * N * DIM],
            x_bar[N * DIM];
        ad_random_normal(AD_F64, 8, 0, 0, (STEPS + 1) * N * DIM, path_bar);
        cr_assert_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_OK, "%s", ad_message());
        cr_assert_eq(sample(s, &p, out, path, 1), AD_OK, "%s", ad_message());
        cr_expect_arr_eq(path, p.x, sizeof p.x);
        cr_expect_arr_eq(path + STEPS * N * DIM, out, sizeof out);
        cr_assert_eq(dpm_pullback(s, &(dpm_cotangents){ .path_bar = path_bar, .x_bar = x_bar }),
                     AD_OK, "%s", ad_message());
        for (int i = 0; i < N * DIM; i++) {
            double x0 = p.x[i], h = 1e-3, f[4], at[] = { -2, -1, 1, 2 };
            for (int j = 0; j < 4; j++) {
                p.x[i] = x0 + at[j] * h;
                cr_assert_eq(sample(s, &p, out, path, 0), AD_OK);
                f[j] = 0;
                for (int k = 0; k < (STEPS + 1) * N * DIM; k++) f[j] += path_bar[k] * path[k];
            }
            p.x[i]   = x0;
            double d = (8 * (f[2] - f[1]) - (f[3] - f[0])) / (12 * h);
            cr_expect(close_to(x_bar[i], d, fabs(d) + 1), "x %d: %.12g, differences %.12g", i,
                      x_bar[i], d);
        }
        dpm_sampler_free(s);
    }
    close_problem(&p);
}

/* Clipping, thresholding, inpainting: where no number sits on an edge they differentiate like anything else. The scale of dynamic
   thresholding is taken as a constant, so that differences do not apply to it; clipping's are exact. */
Test(pullback, clipping_and_inpainting)
{
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    dpm_options o[] = {
        { .sampler = "ddim", .schedule = p.vp, .grid.steps = STEPS, .clip = 1, .clip_range = 0.7 },
        { .sampler    = "dpmpp-2m",
          .schedule   = p.vp,
          .grid.steps = STEPS,
          .clip       = 1,
          .clip_range = 0.7 },
        { .sampler = "dpmpp-2m", .schedule = p.vp, .grid.steps = STEPS, .inpaint = 1 },
        { .sampler = "euler-ancestral", .schedule = p.vp, .grid.steps = STEPS, .inpaint = 1 },
    };
    for (size_t k = 0; k < sizeof o / sizeof *o; k++) {
        dpm_sampler *s;
        double       out[N * DIM];
        gradients    g;
        cr_assert_eq(dpm_sampler_new(&s, &p.model, &o[k], N), AD_OK, "%s", ad_message());
        cr_assert_eq(sample(s, &p, out, NULL, 1), AD_OK, "%s", ad_message());
        for (int i = 0; o[k].inpaint && i < N * DIM; i++)
            if (p.mask[i] == 0) {
                const dpm_point *end = &dpm_sampler_points(s)[STEPS];
                cr_expect_lt(fabs(out[i] - end->alpha * p.known[i]), 5 * end->sigma);
            }
        cr_assert_eq(pull(s, &p, &g), AD_OK, "%s", ad_message());
        check_differences(s, &p, &g, o[k].sampler);
        dpm_sampler_free(s);
    }
    close_problem(&p);
}
