/* The grid's times as variables.

   L depends on the times through coefficients and through the numbers of each evaluation (alpha, sigma, p, q, ...), all of which a
   program is compiled from in float64:
       dL/dt_i = sum_k (dL/dc_k) dc_k/dt_i + sum_e (dL/dnumber_e) dnumber_e/dt_i                                (1)
   dL/dc and dL/dnumber are exact (reverse.c); dc/dt is taken by compiling the program at shifted times, with the fourth-order central
   difference f' = (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / (12 h) + O(h^4): no sampler needs a derivative of its own. At the ends of the
   grid, beyond which a schedule may be nothing (t = 1 of a flow, where alpha = 0), the one-sided difference of that order goes inwards:
       f' = (-25 f(0) + 48 f(h) - 36 f(2h) + 16 f(3h) - 3 f(4h)) / (12 h) + O(h^4).                              (2)
   An end without noise, or without data, has lambda infinite, and another program beside it: its derivative is told as 0. */
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

enum { SHIFTS = 5 };
static const double central[2][SHIFTS] = { { -2, -1, 1, 2, 0 },
                                           { 1.0 / 12, -8.0 / 12, 8.0 / 12, -1.0 / 12, 0 } };
static const double inwards[2][SHIFTS] = { { 0, 1, 2, 3, 4 },
                                           { -25.0 / 12, 4, -3, 16.0 / 12, -0.25 } };

/* dL/dt of point i; `point` is room for all of them. */
static ad_status one_time(dpm_sampler *s, long i, const double *coef_bar, const double *number_bar,
                          dpm_point *point, double *time_bar)
{
    int end                     = i == 0 || i == s->steps;
    const double(*rule)[SHIFTS] = end ? inwards : central;
    const dpm_point *at         = &s->point[i];
    double           h          = shift_of(s, i), sum;
    *time_bar                   = 0;
    if (end && (at->alpha == 0 || at->sigma == 0)) return AD_OK;
    if (end && s->point[i ? i - 1 : 1].t < at->t) h = -h;
    for (int k = 0; k < SHIFTS; k++) {
        if (rule[1][k] == 0) continue;
        memcpy(point, s->point, (size_t)(s->steps + 1) * sizeof *point);
        point[i] = dpm_schedule_at(s->o.schedule, at->t + rule[0][k] * h);
        AD_TRY(weighted(s, point, coef_bar, number_bar, &sum));
        *time_bar += rule[1][k] * sum / h;
    }
    return AD_OK;
}

ad_status dpm_time_bar(dpm_sampler *s, const double *coef_bar, const double *number_bar,
                       double *time_bar)
{
    dpm_point *point = ad_alloc((size_t)(s->steps + 1) * sizeof *point);
    if (!point) return AD_NO_MEMORY;
    ad_status code = AD_OK;
    for (long i = 0; !code && i <= s->steps; i++)
        code = one_time(s, i, coef_bar, number_bar, point, &time_bar[i]);
    ad_free(point);
    return code;
}

/* What the options call a list goes from noise to data, times of an inverted run the other way. */
static ad_status points_of(const dpm_sampler *s, const double *times, dpm_point *point)
{
    dpm_grid_options g    = s->o.grid;
    double          *list = ad_alloc((size_t)(s->steps + 1) * sizeof *list);
    if (!list) return AD_NO_MEMORY;
    for (long i = 0; i <= s->steps; i++) list[i] = times[s->o.invert ? s->steps - i : i];
    g.name         = "list";
    g.list         = list;
    ad_status code = dpm_sampler_place(s, &g, point);
    ad_free(list);
    return code;
}

ad_status dpm_sampler_set_times(dpm_sampler *s, const double *times)
{
    dpm_point *point = ad_alloc((size_t)(s->steps + 1) * sizeof *point);
    if (!point) return AD_NO_MEMORY;
    dpm_program *p    = NULL;
    ad_status    code = points_of(s, times, point);
    if (!code && !(s->method->flags & DPM_LIVE))
        code = dpm_build_program(&p, s->method, &s->o, &s->model, s->steps, point, NULL);
    if (!code && p) code = dpm_sampler_room(s, p);
    if (code) {
        dpm_program_free(p);
        ad_free(point);
        return code;
    }
    ad_free(s->point);
    s->point    = point;
    s->recorded = 0;
    if (!p) return AD_OK;
    dpm_checkpoint_forget(s);
    dpm_program_free(s->program);
    s->program = p;
    return AD_OK;
}
