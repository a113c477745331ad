/* A sampler given other times is the sampler made for them. */
#include "registry.h"

typedef struct other {
    dpm_options o;
    double      from[4], to[4]; /* steps + 1 of each */
} other;

static void run(dpm_sampler *s, const registry *r, double *out, double *x_bar)
{
    double    mask[REGISTRY_ALL];
    const int paint = dpm_sampler_options(s)->inpaint;
    for (int i = 0; i < REGISTRY_ALL; i++) mask[i] = i % 2;
    ok(dpm_sample(s, &(dpm_run){ .n      = REGISTRY_ROWS,
                                 .x      = r->x,
                                 .known  = paint ? r->x : NULL,
                                 .mask   = paint ? mask : NULL,
                                 .out    = out,
                                 .record = 1 }));
    ok(dpm_pullback(s, &(dpm_cotangents){ .out_bar = r->x, .x_bar = x_bar }));
}

static void check(const registry *r, const other *c)
{
    dpm_options  o = c->o;
    dpm_sampler *moved, *made;
    double       out[2][REGISTRY_ALL], x_bar[2][REGISTRY_ALL], times[4];
    o.schedule  = r->vp;
    o.grid.name = "list";
    o.grid.list = c->from;
    ok(dpm_sampler_new(&moved, &r->model, &o, REGISTRY_ROWS));
    run(moved, r, out[0], x_bar[0]);
    o.grid.list = c->to;
    ok(dpm_sampler_new(&made, &r->model, &o, REGISTRY_ROWS));
    for (long i = 0; i <= o.grid.steps; i++) times[i] = dpm_sampler_points(made)[i].t;
    ok(dpm_sampler_set_times(moved, times));
    run(moved, r, out[0], x_bar[0]);
    run(made, r, out[1], x_bar[1]);
    cr_expect_arr_eq(out[0], out[1], sizeof out[0], "%s", o.sampler);
    cr_expect_arr_eq(x_bar[0], x_bar[1], sizeof x_bar[0], "%s", o.sampler);
    dpm_sampler_free(moved);
    dpm_sampler_free(made);
}

/* From an end without noise, where Heun's last step is Euler's, to one with noise: more evaluations, slots and buffers, and larger
   states. And from data to noise. */
Test(times, set_anew)
{
    static const other row[] = {
        { { .sampler = "heun", .inpaint = 1, .grid.steps = 1 }, { 1, 0 }, { 1, 0.5 } },
        { { .sampler = "heun", .grid.steps = 3, .adjoint = DPM_ADJOINT_CHECKPOINTS },
          { 1, 0.6, 0.3, 0 },
          { 1, 0.7, 0.2, 0.1 } },
        { { .sampler = "dpmpp-3m", .grid.steps = 3, .adjoint = DPM_ADJOINT_CHECKPOINTS },
          { 1, 0.6, 0.3, 0 },
          { 1, 0.7, 0.2, 0.1 } },
        { { .sampler = "ddim", .invert = 1, .grid.steps = 3 },
          { 1, 0.6, 0.3, 0.1 },
          { 1, 0.7, 0.2, 0.1 } },
    };
    registry r;
    registry_start(&r);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) check(&r, &row[i]);
    registry_stop(&r);
}

/* An end that the sampler cannot take is refused, and what was set before stays. */
Test(times, an_end_that_cannot_be)
{
    registry r;
    registry_start(&r);
    double       out[2][REGISTRY_ALL], x_bar[REGISTRY_ALL], to_zero[] = { 1, 0.5, 0 };
    dpm_options  o = { .sampler = "rex", .schedule = r.vp, .grid.steps = 2 };
    dpm_sampler *s;
    ok(dpm_sampler_new(&s, &r.model, &o, REGISTRY_ROWS));
    run(s, &r, out[0], x_bar);
    cr_expect_eq(dpm_sampler_set_times(s, to_zero), AD_INVALID);
    cr_expect(mentions("sigma = 0"), "%s", ad_message());
    run(s, &r, out[1], x_bar);
    cr_expect_arr_eq(out[0], out[1], sizeof out[0]);
    dpm_sampler_free(s);
    registry_stop(&r);
}
