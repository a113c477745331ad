/* Where the singlestep samplers of the DPM-Solver family step, and the gradients of their times. */
#include "dpm_problem.h"

static long evaluated_at(const dpm_sampler *s, double *t, long most)
{
    char *text = dpm_sampler_text(s);
    long  n    = 0;
    cr_assert(text);
    for (const char *q = text; (q = strstr(q, ", t = ")); q++) {
        cr_assert_lt(n, most);
        t[n++] = strtod(q + 6, NULL);
    }
    ad_free(text);
    return n;
}

/* On the time grids a step of order p covers p steps of the grid and its stages lie on the grid's points in between: those at equal
   parts of the step in t, or sqrt t. So does a fixed one, on the grid of floor(steps / p) p. */
Test(dpm_single, single_steps_on_time_grids)
{
    static const char *const grid[] = { "time-uniform", "time-quadratic" };
    problem                  p;
    start(&p, 3);
    for (int k = 0; k < 16; k++) {
        int          order = 2 + k % 2, fixed = k / 2 % 2, steps = 7 + k / 8;
        dpm_options  o = { .sampler    = order == 2 ? "dpmpp-2s" : "dpm-3s",
                           .schedule   = p.vp,
                           .singlestep = fixed ? "fixed" : "fast",
                           .grid       = { .name = grid[k / 4 % 2], .steps = steps } };
        dpm_point    want[9];
        double       t[9];
        dpm_sampler *s;
        long         n = fixed ? steps / order * order : steps;
        ok(dpm_grid_make(p.vp, &(dpm_grid_options){ .name = o.grid.name, .steps = n }, want));
        ok(dpm_sampler_new(&s, &p.model, &o, ROWS));
        cr_expect_eq(evaluated_at(s, t, 9), n);
        for (long i = 0; i < n; i++) /* nine digits are printed */
            cr_expect_leq(fabs(t[i] / want[i].t - 1), 1e-8,
                          "%s %s %s: evaluation %ld at %.9g, not %.9g", o.sampler, o.singlestep,
                          o.grid.name, i, t[i], want[i].t);
        dpm_sampler_free(s);
    }
    stop(&p);
}

/* Given times are taken as they are. */
Test(dpm_single, single_steps_take_given_times)
{
    double       times[] = { 1, 0.8, 0.55, 0.3, 0.1, 0.02, 0.001 }, t[6];
    problem      p;
    dpm_options  list = { .sampler = "dpm-2s",
                          .grid    = { .name = "list", .steps = 6, .list = times } };
    dpm_options  set  = { .sampler = "dpm-2s", .grid.steps = 6 };
    dpm_sampler *s[2];
    start(&p, 3);
    list.schedule = set.schedule = p.vp;
    ok(dpm_sampler_new(&s[0], &p.model, &list, ROWS));
    ok(dpm_sampler_new(&s[1], &p.model, &set, ROWS));
    ok(dpm_sampler_set_times(s[1], times));
    for (int k = 0; k < 2; k++) {
        cr_expect_eq(evaluated_at(s[k], t, 6), 6);
        for (int i = 0; i < 6; i += 2) cr_expect_float_eq(t[i], times[i], 1e-8);
        dpm_sampler_free(s[k]);
    }
    stop(&p);
}

/* dL/dt of the grid's times, L = sum_i sin(i) out_i, by fourth-order differences of whole runs. The logSNR grid's times inside do not
   matter to fast steps, which are placed between its ends; of a list, all that steps begin or end with do. */
Test(dpm_single, gradients_of_times_through_single_steps)
{
    double list[] = { 1, 0.8, 0.55, 0.3, 0.1, 0.02, 0.001 }, bar[7], v[ALL], out[ALL], x_bar[ALL];
    dpm_options row[] = { { .sampler = "dpm-3s", .grid.steps = 6 },
                          { .sampler = "dpmpp-2s", .singlestep = "fixed", .grid.steps = 6 },
                          { .sampler = "dpmpp-2s", .grid = { "list", 6, .list = list } },
                          { .sampler = "unipc", .grid.steps = 6 } };
    problem     p;
    start(&p, 3);
    for (int i = 0; i < ALL; i++) v[i] = sin(i);
    for (size_t k = 0; k < sizeof row / sizeof *row; k++) {
        dpm_sampler *s;
        row[k].schedule = p.vp;
        ok(dpm_sampler_new(&s, &p.model, &row[k], ROWS));
        ok(dpm_sample(s, &(dpm_run){ .n = ROWS, .x = p.x, .out = out, .record = 1 }));
        ok(dpm_pullback(s, &(dpm_cotangents){ .out_bar = v, .x_bar = x_bar, .time_bar = bar }));
        double times[7], base[7];
        for (int i = 0; i < 7; i++) base[i] = dpm_sampler_points(s)[i].t;
        for (int i = 0; i < 7; i++) {
            static const double weight[] = { 1, -8, 8, -1 }, at[] = { -2, -1, 1, 2 };
            double              slope = 0, h = 1e-4 * base[i < 6 ? i + 1 : i];
            for (int q = 0; q < 4; q++) {
                double sum = 0;
                memcpy(times, base, sizeof times);
                times[i] += at[q] * h;
                ok(dpm_sampler_set_times(s, times));
                ok(dpm_sample(s, &(dpm_run){ .n = ROWS, .x = p.x, .out = out }));
                for (int j = 0; j < ALL; j++) sum += v[j] * out[j];
                slope += weight[q] * sum / (12 * h);
            }
            cr_expect_leq(fabs(bar[i] - slope), 1e-5 * (1 + fabs(slope)), "%s: time %d, %g, not %g",
                          row[k].sampler, i, bar[i], slope);
        }
        dpm_sampler_free(s);
    }
    stop(&p);
}
