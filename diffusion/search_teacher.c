/* The teacher: start points, where they should end, and by how much a candidate misses. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>

#include "method.h"
#include "search_internal.h"

enum { START = 0x5ea, SAMPLES = 256, STEPS = 200 };

struct dpm_teacher {
    dpm_teacher_options o;
    long                n, dim, steps;
    double             *start, *end, *out, *bar, *distance; /* [n, dim], ..., [n] */
    char                about[64];
    /* the sampler that is kept, and what it was made for */
    dpm_sampler *sampler;
    dpm_found   *found;
    dpm_adjoint  adjoint;
};

void dpm_teacher_free(dpm_teacher *t)
{
    if (!t) return;
    dpm_sampler_free(t->sampler);
    dpm_found_free(t->found);
    ad_free(t->start);
    ad_free(t->end);
    ad_free(t->out);
    ad_free(t->bar);
    ad_free(t->distance);
    ad_free(t);
}

const char *dpm_teacher_about(const dpm_teacher *t)
{
    return t->about;
}

/* --- made --------------------------------------------------------------------------------------------------------- */

static double *room(const dpm_teacher *t, long columns)
{
    return ad_alloc((size_t)(t->n * columns) * sizeof(double));
}

static ad_status run(const dpm_teacher *t, dpm_sampler *s, int record)
{
    dpm_run r = { .n        = t->n,
                  .x        = t->start,
                  .args     = t->o.args,
                  .theta    = t->o.theta,
                  .guidance = t->o.guidance,
                  .out      = t->out,
                  .record   = record };
    return dpm_sample(s, &r);
}

/* A uniform grid in lambda has no weak end, and third order is at home there. */
static ad_status sampled_ends(dpm_teacher *t)
{
    dpm_sampler *s;
    dpm_options  o = { .sampler  = "dpmpp-3m",
                       .schedule = t->o.schedule,
                       .grid     = { .name    = "logsnr",
                                     .steps   = t->steps,
                                     .t_begin = t->o.t_begin,
                                     .t_end   = t->o.t_end } };
    AD_TRY(dpm_sampler_new(&s, t->o.model, &o, t->n));
    ad_status status = run(t, s, 0);
    if (!status) memcpy(t->end, t->out, (size_t)(t->n * t->dim) * sizeof *t->end);
    dpm_sampler_free(s);
    snprintf(t->about, sizeof t->about, "dpmpp-3m at %ld steps", t->steps);
    return status;
}

static ad_status ends(dpm_teacher *t, const dpm_axis *a)
{
    const dpm_teacher_options *o     = &t->o;
    double                     sigma = dpm_schedule_at(o->schedule, a->t_begin).sigma;
    if (o->start) {
        memcpy(t->start, o->start, (size_t)(t->n * t->dim) * sizeof *t->start);
    } else {
        ad_random_normal(AD_F64, o->seed, START, (uint64_t)(o->first * t->dim), t->n * t->dim,
                         t->start);
        for (long i = 0; i < t->n * t->dim; i++) t->start[i] *= sigma;
    }
    if (!o->mixture) return sampled_ends(t);
    snprintf(t->about, sizeof t->about, "the exact flow");
    return dpm_mixture_flow(o->mixture, o->schedule, a->t_begin, a->t_end, t->n, t->start, t->end);
}

static ad_status fill(dpm_teacher *t)
{
    dpm_axis         a;
    dpm_grid_options grid = { .steps = 2, .t_begin = t->o.t_begin, .t_end = t->o.t_end };
    AD_TRY(dpm_axis_make(&a, t->o.schedule, &grid));
    t->start    = room(t, t->dim);
    t->end      = room(t, t->dim);
    t->out      = room(t, t->dim);
    t->bar      = room(t, t->dim);
    t->distance = room(t, 1);
    if (!t->start || !t->end || !t->out || !t->bar || !t->distance) return AD_NO_MEMORY;
    return ends(t, &a);
}

ad_status dpm_teacher_new(dpm_teacher **out, const dpm_teacher_options *o)
{
    *out = NULL;
    if (o->model->type && o->model->type != AD_F64)
        return ad_fail(AD_UNSUPPORTED, "a search is in float64, and the model is in float32: load "
                                       "it in float64");
    if (o->n < 0 || o->first < 0 || o->steps < 0)
        return ad_fail(AD_INVALID,
                       "a teacher of %ld start points from %ld on at %ld steps: none "
                       "is negative",
                       o->n, o->first, o->steps);
    dpm_teacher *t = ad_alloc(sizeof *t);
    if (!t) return AD_NO_MEMORY;
    t->o        = *o;
    t->n        = o->n ? o->n : SAMPLES;
    t->steps    = o->steps ? o->steps : STEPS;
    t->dim      = o->model->dim;
    ad_status s = fill(t);
    if (s)
        dpm_teacher_free(t);
    else
        *out = t;
    return s;
}

/* --- a candidate's sampler ---------------------------------------------------------------------------------------- */

static int same_text(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

/* Do they differ in times and coefficients alone? */
static int same_program(const dpm_found *a, const dpm_found *b)
{
    if (strcmp(a->sampler, b->sampler) || a->steps != b->steps || !a->decision != !b->decision)
        return 0;
    for (long i = 0; a->decision && i < a->steps; i++) {
        const dpm_decision *p = &a->decision[i], *q = &b->decision[i];
        if (p->order != q->order || p->form != q->form || p->relaxation != q->relaxation ||
            p->corrector != q->corrector)
            return 0;
    }
    return a->order == b->order && a->prediction == b->prediction &&
           a->lower_order_final == b->lower_order_final && a->no_corrector == b->no_corrector &&
           same_text(a->solver_type, b->solver_type) && same_text(a->singlestep, b->singlestep) &&
           same_text(a->variant, b->variant);
}

static ad_status make_sampler(dpm_teacher *t, const dpm_options *candidate)
{
    dpm_sampler_free(t->sampler);
    dpm_found_free(t->found);
    t->sampler    = NULL;
    t->found      = NULL;
    dpm_options o = *candidate;
    if (o.found) {
        AD_TRY(dpm_found_copy(&t->found, o.found));
        dpm_found_options(t->found, &o);
    }
    AD_TRY(dpm_sampler_new(&t->sampler, t->o.model, &o, t->n));
    return dpm_found_apply(t->found, t->sampler);
}

ad_status dpm_teacher_sampler(dpm_teacher *t, const dpm_options *candidate, dpm_sampler **s)
{
    const dpm_found *f = candidate->found;
    if (!t->sampler || !f || !t->found || !same_program(f, t->found) ||
        t->adjoint != candidate->adjoint) {
        AD_TRY(make_sampler(t, candidate));
        t->adjoint = candidate->adjoint;
    } else {
        AD_TRY(dpm_sampler_set_times(t->sampler, f->times));
        AD_TRY(dpm_found_apply(f, t->sampler));
    }
    *s = t->sampler;
    return AD_OK;
}

/* --- how far off -------------------------------------------------------------------------------------------------- */

static void distances(dpm_teacher *t)
{
    for (long i = 0; i < t->n; i++) {
        double sum = 0;
        for (long k = 0; k < t->dim; k++) {
            double d = t->out[i * t->dim + k] - t->end[i * t->dim + k];
            sum += d * d;
        }
        t->distance[i] = sqrt(sum);
    }
}

/* With d the distance of a sample: the mean of log(d^2 + scale^2) / 2, or of d^2; and d value / d out. */
static double value_of(dpm_teacher *t, double scale, int gradient)
{
    double sum = 0, part = 1 / (double)t->n;
    for (long i = 0; i < t->n; i++) {
        double square = t->distance[i] * t->distance[i] + scale * scale;
        double weight = t->o.square ? 2 * part : part / (square > 0 ? square : 1);
        sum += t->o.square ? t->distance[i] * t->distance[i] : 0.5 * log(fmax(square, 1e-300));
        for (long k = i * t->dim; gradient && k < (i + 1) * t->dim; k++)
            t->bar[k] = weight * (t->out[k] - t->end[k]);
    }
    return sum * part;
}

ad_status dpm_teacher_run(dpm_teacher *t, dpm_sampler *s, double scale, int gradient, double *value)
{
    AD_TRY(run(t, s, gradient));
    distances(t);
    *value = value_of(t, scale, gradient);
    return AD_OK;
}

ad_status dpm_teacher_pullback(dpm_teacher *t, dpm_sampler *s, double *time_bar, double *coef_bar)
{
    return dpm_pullback(
        s, &(dpm_cotangents){ .out_bar = t->bar, .time_bar = time_bar, .coef_bar = coef_bar });
}

double dpm_teacher_value(dpm_teacher *t)
{
    double value = value_of(t, 0, 0);
    return t->o.square ? value : exp(value);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Between the order statistics. */
static double quantile(long n, const double *sorted, double q)
{
    double at  = q * (double)(n - 1);
    long   low = (long)at, high = low + 1 < n ? low + 1 : low;
    return sorted[low] + (at - (double)low) * (sorted[high] - sorted[low]);
}

double dpm_teacher_median(dpm_teacher *t)
{
    memcpy(t->bar, t->distance, (size_t)t->n * sizeof *t->bar); /* n <= n dim: there is room */
    qsort(t->bar, (size_t)t->n, sizeof *t->bar, ascending);
    return quantile(t->n, t->bar, 0.5);
}

ad_status dpm_teacher_errors(dpm_teacher *t, const dpm_options *candidate, dpm_errors *e,
                             double *distance)
{
    dpm_sampler *s;
    double       sum = 0, value;
    AD_TRY(dpm_teacher_sampler(t, candidate, &s));
    AD_TRY(dpm_teacher_run(t, s, 0, 0, &value));
    for (long i = 0; i < t->n; i++) sum += t->distance[i] * t->distance[i];
    e->median = dpm_teacher_median(t);
    e->p90    = quantile(t->n, t->bar, 0.9);
    e->rms    = sqrt(sum / (double)t->n);
    e->value  = dpm_teacher_value(t);
    e->nfe    = dpm_sampler_stats(s)->nfe;
    if (distance) memcpy(distance, t->distance, (size_t)t->n * sizeof *distance);
    return AD_OK;
}

double dpm_teacher_objective(const dpm_options *candidate, void *teacher, ad_status *status)
{
    dpm_teacher *t = teacher;
    dpm_sampler *s;
    double       value;
    *status = dpm_teacher_sampler(t, candidate, &s);
    if (!*status) *status = dpm_teacher_run(t, s, 0, 0, &value);
    return *status ? INFINITY : dpm_teacher_value(t);
}
