/* The grid's times as variables.

   L depends on the times through coefficients and through the numbers of each evaluation (alpha, sigma, p, q, ...), all of which a
   program is compiled from in float64:
       dL/dt_i = sum_k (dL/dc_k) dc_k/dt_i + sum_e (dL/dnumber_e) dnumber_e/dt_i                                (1)
   dL/dc and dL/dnumber are exact (reverse.c); dc/dt is taken by compiling the program at shifted times, with the fourth-order central
   difference f' = (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / (12 h) + O(h^4): no sampler needs a derivative of its own. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "sampler.h"

/* (1) for the tables of a program at shifted times: sum of bar times table. */
static ad_status weighted(dpm_sampler *s, const dpm_point *point, const double *coef_bar,
                          const double *number_bar, double *sum)
{
    dpm_program *p;
    AD_TRY(dpm_build_program(&p, s->method, &s->o, &s->model, s->steps, point, NULL));
    ad_status code = AD_OK;
    *sum           = 0;
    if (p->terms != s->program->terms || p->places != s->program->places)
        code = ad_fail(
            AD_UNSUPPORTED,
            "sampler %s: its instructions change with the times, there is no gradient of the grid",
            s->method->name);
    for (int i = 0; !code && i < p->terms; i++) *sum += coef_bar[i] * p->coef[i];
    for (int i = 0; !code && i < p->places; i++) {
        double number[DPM_NUMBERS];
        dpm_place_numbers(&p->place[i], number);
        for (int k = 0; k < DPM_NUMBERS; k++) {
            double b = number_bar[(size_t)i * DPM_NUMBERS + (size_t)k];
            if (b != 0) *sum += b * number[k];
        }
    }
    dpm_program_free(p);
    return code;
}

/* A shift that stays between the neighbours and inside the schedule. */
static double shift_of(const dpm_sampler *s, long i)
{
    double t = s->point[i].t, gap = INFINITY;
    if (i > 0) gap = fabs(t - s->point[i - 1].t);
    if (i < s->steps && fabs(s->point[i + 1].t - t) < gap) gap = fabs(s->point[i + 1].t - t);
    if (fabs(t) > 0 && fabs(t) < gap) gap = fabs(t);
    return 2e-3 * gap;
}

ad_status dpm_time_bar(dpm_sampler *s, const double *coef_bar, const double *number_bar,
                       double *time_bar)
{
    static const double weight[] = { 1.0 / 12, -8.0 / 12, 8.0 / 12, -1.0 / 12 },
                        at[]     = { -2, -1, 1, 2 };
    size_t     bytes             = (size_t)(s->steps + 1) * sizeof(dpm_point);
    dpm_point *point             = ad_alloc(bytes);
    if (!point) return AD_NO_MEMORY;
    ad_status code = AD_OK;
    for (long i = 0; !code && i <= s->steps; i++) {
        double h    = shift_of(s, i), sum;
        time_bar[i] = 0;
        for (int k = 0; !code && k < 4; k++) {
            memcpy(point, s->point, bytes);
            point[i] = dpm_schedule_at(s->o.schedule, s->point[i].t + at[k] * h);
            code     = weighted(s, point, coef_bar, number_bar, &sum);
            if (!code) time_bar[i] += weight[k] * sum / h;
        }
    }
    ad_free(point);
    return code;
}

ad_status dpm_sampler_set_times(dpm_sampler *s, const double *times)
{
    dpm_point *point = ad_alloc((size_t)(s->steps + 1) * sizeof *point);
    if (!point) return AD_NO_MEMORY;
    dpm_grid_options g = s->o.grid;
    g.name             = "list";
    g.list             = times;
    ad_status    code  = dpm_grid_make(s->o.schedule, &g, point);
    dpm_program *p     = NULL;
    if (!code && !(s->method->flags & DPM_LIVE))
        code = dpm_build_program(&p, s->method, &s->o, &s->model, s->steps, point, NULL);
    if (code) {
        ad_free(point);
        return code;
    }
    ad_free(s->point);
    s->point    = point;
    s->recorded = 0;
    if (!p) return AD_OK;
    dpm_program_free(s->program);
    s->program = p;
    return AD_OK;
}
