/* Samplers that are another one: the MR sampler is DPM-Solver of x - mu, RF-Solver the explicit midpoint rule. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/ops.h>
#include <costate/autodiff/random.h>

#include "json.h"
#include "sampler_checks.h"

enum { ROWS = 64, DIM = 2, NUMBERS = ROWS * DIM };

/* --- mean-reverting --------------------------------------------------------------------------------------------------------- */

typedef struct twin {
    const char    *ours, *other, *type;
    int            order;
    dpm_prediction form;
} twin;

static const twin twins[] = {
    { "mr-sampler", "dpm-1", NULL, 1, DPM_EPSILON },
    { "mr-sampler", "dpm-2m", "taylor", 2, DPM_EPSILON },
    { "mr-sampler", "dpm-3m", "taylor", 3, DPM_EPSILON },
    { "mr-sampler", "dpmpp-1", NULL, 1, DPM_X0 },
    { "mr-sampler", "dpmpp-2m", "taylor", 2, DPM_X0 },
    { "mr-sampler", "dpmpp-3m", "taylor", 3, DPM_X0 },
    { "mr-sampler-sde", "sde-dpm-1", NULL, 1, DPM_EPSILON },
    { "mr-sampler-sde", "sde-dpm-2m", "dpmsolver", 2, DPM_EPSILON },
    { "mr-sampler-sde", "sde-dpmpp-1", NULL, 1, DPM_X0 },
    { "mr-sampler-sde", "sde-dpmpp-2m", "dpmsolver", 2, DPM_X0 },
};

/* The noise in x, where the mixture is the law of x0 - mu: the network is told x and mu. */
static ad_var noise_about_mean(const dpm_at *at, void *mixture)
{
    dpm_at shifted = *at;
    shifted.x      = ad_sub(at->x, at->args[0]);
    return dpm_mixture_network(&shifted, mixture);
}

static ad_status run(const dpm_model *m, const dpm_options *o, const dpm_run *r)
{
    dpm_sampler *s = NULL;
    AD_TRY(dpm_sampler_new(&s, m, o, r->n));
    ad_status code = dpm_sample(s, r);
    dpm_sampler_free(s);
    return code;
}

static double most(const double *a, const double *b)
{
    double d = 0;
    for (int i = 0; i < NUMBERS; i++) d = fmax(d, fabs(a[i] - b[i]));
    return d;
}

static ad_status compare(checks *k, const dpm_schedule *s, const twin *t, double *difference)
{
    double        x[NUMBERS], mu[NUMBERS], shifted[NUMBERS], out[NUMBERS], want[NUMBERS];
    const void   *args[] = { mu };
    const nde_arg arg    = { .name = "mu", .shape = ad_rows(DIM) };
    ad_random_normal(AD_F64, 3, 1, 0, NUMBERS, mu);
    ad_random_normal(AD_F64, 3, 0, 0, NUMBERS, shifted);
    for (int i = 0; i < NUMBERS; i++) {
        shifted[i] *= s->o.sigma_inf;
        x[i] = mu[i] + shifted[i];
    }
    dpm_model plain = dpm_mixture_model(k->a.mixture, AD_F64), ours = plain;
    ours.network = noise_about_mean, ours.nargs = 1, ours.args = &arg;
    dpm_options o = { .sampler     = t->ours,
                      .schedule    = s,
                      .grid        = { .name = "logsnr", .steps = 20 },
                      .order       = t->order,
                      .prediction  = t->form,
                      .solver_type = t->type };
    AD_TRY(run(&ours, &o,
               &(dpm_run){ .n = ROWS, .x = x, .args = args, .mean = mu, .out = out, .seed = 5 }));
    o.sampler = t->other, o.order = 0, o.prediction = DPM_NATIVE;
    AD_TRY(run(&plain, &o, &(dpm_run){ .n = ROWS, .x = shifted, .out = want, .seed = 5 }));
    for (int i = 0; i < NUMBERS; i++) want[i] += mu[i];
    *difference = most(out, want);
    return AD_OK;
}

static ad_status mean_reverting(checks *k, const dpm_schedule *s)
{
    static const char *const heads[] = { "MR sampler", "order", "shifted", "largest difference",
                                         NULL };
    check_table             *table   = check_table_new(k, "MR sampler and the shifted DPM-Solver",
                                                       "x0 - mu is the mixture, mu is drawn for each of 64 "
                                                                     "points; 20 steps, grid logsnr, sigma_inf "
                                                                     "0.2. The SDE forms draw the same noise.",
                                                       heads);
    double                   worst   = 0;
    for (size_t i = 0; i < sizeof twins / sizeof *twins; i++) {
        double d;
        AD_TRY(compare(k, s, &twins[i], &d));
        check_row(table);
        check_cell(table, 0, "%s, %s", twins[i].ours, twins[i].form == DPM_X0 ? "x0" : "epsilon");
        check_cell(table, 1, "%d", twins[i].order);
        check_cell(table, 2, "%s", twins[i].other);
        check_cell(table, 3, "%.1e", d);
        worst     = fmax(worst, d);
        json_t *j = check_json(k, "mean_reverting");
        json_object_set_new(j, "sampler", json_string(twins[i].ours));
        json_object_set_new(j, "shifted", json_string(twins[i].other));
        json_object_set_new(j, "difference", cli_json_number(d));
    }
    check_below(k, "MR sampler", "equal to the shifted DPM-Solver, largest difference", worst,
                1e-13);
    return k->status;
}

/* --- RF-Solver ---------------------------------------------------------------------------------------------------------------- */

/* v = e - x0 of the flow schedule, from the score. */
static void velocity(const dpm_mixture *m, double t, const double *x, double *v)
{
    double    score[DIM];
    dpm_point at = dpm_point_of(t, 1 - t, t);
    dpm_mixture_log_density(m, &at, x, score);
    for (int i = 0; i < DIM; i++) v[i] = -t * score[i] - (x[i] + t * t * score[i]) / (1 - t);
}

/* Both as they are written: midpoint, x + h v(t + h/2, x + h/2 v), and the paper's x + h v + h^2 / 2 (v_mid - v) / (h / 2). */
static void rectified(const dpm_mixture *m, const dpm_point *p, long steps, int official, double *x)
{
    for (long i = 0; i < steps; i++) {
        double h = p[i + 1].t - p[i].t, v[DIM], u[DIM], mid[DIM];
        velocity(m, p[i].t, x, v);
        for (int k = 0; k < DIM; k++) u[k] = x[k] + 0.5 * h * v[k];
        velocity(m, p[i].t + 0.5 * h, u, mid);
        for (int k = 0; k < DIM; k++)
            x[k] += official ? h * v[k] + 0.5 * h * h * (mid[k] - v[k]) / (0.5 * h) : h * mid[k];
    }
}

static ad_status rectified_flow(checks *k, const dpm_schedule *flow)
{
    double      x[NUMBERS], out[NUMBERS], other[2][NUMBERS];
    dpm_point   point[21];
    dpm_options o = { .sampler  = "rf-solver",
                      .schedule = flow,
                      .grid     = { .name = "time-uniform", .steps = 20 } };
    dpm_model   m = dpm_mixture_model(k->a.mixture, AD_F64);
    ad_random_normal(AD_F64, 4, 0, 0, NUMBERS, x);
    AD_TRY(dpm_grid_make(flow, &o.grid, point));
    AD_TRY(run(&m, &o, &(dpm_run){ .n = ROWS, .x = x, .out = out }));
    for (int w = 0; w < 2; w++) {
        memcpy(other[w], x, sizeof x);
        for (int i = 0; i < ROWS; i++)
            rectified(k->a.mixture, point, 20, w, other[w] + (size_t)DIM * (size_t)i);
    }
    check_below(k, "RF-Solver", "equal to the explicit midpoint rule, largest difference",
                most(out, other[0]), 1e-12);
    check_below(k, "RF-Solver", "equal to the update as the paper writes it", most(out, other[1]),
                1e-12);
    return AD_OK;
}

ad_status check_equalities(checks *k)
{
    dpm_schedule *mean = NULL, *flow = NULL;
    ad_status     s = dpm_schedule_new(&mean, &(dpm_schedule_options){ .name = "mean-reverting" });
    if (!s) s = dpm_schedule_new(&flow, &(dpm_schedule_options){ .name = "flow" });
    if (!s) s = mean_reverting(k, mean);
    if (!s) s = rectified_flow(k, flow);
    dpm_schedule_free(mean);
    dpm_schedule_free(flow);
    return s;
}
