/* Times and coefficients by the gradient through the sampler.

   What moves is x = (z, e): a grid's z (search_gaps.c), and e of the coefficients
       c = c0(times) + unit e                                                                                   (1)
   where c0 are the sampler's own, so that dL/dtime through c0 and network, which dpm_pullback() tells, is right for both. From several
   grids a short way each, on from the best by the times alone (Tong et al. 2025, LD3), then with the coefficients (Frankel et al. 2025,
   S4S, alternates). The objective's scale follows the median, from a third of it: closer samples count as solved for a while, and
   those that end in another mode hardly count. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "search_internal.h"

enum { BUDGET = 500, ROUND = 80, GRIDS = 4, STARTS = 8 };

typedef struct start {
    dpm_found *f;
    double     value;
    int        group;
} start;

typedef struct ascent {
    const dpm_search_options *o;
    dpm_teacher              *teacher;
    dpm_axis                  axis;
    dpm_search_progress       now;
    int                       starts;
    start                     from[STARTS];
    start                     top;    /* of all that was left */
    ad_status                 failed; /* of the last candidate that could not be sampled */
    /* the attempt that is on its way */
    dpm_sampler *sampler;
    dpm_found   *found; /* its times are those looked at */
    start        best;
    double       scale;
    long         steps, learned; /* coefficients that move: 0 in the first stage */
    double      *block, *x, *unit, *gap, *inner, *time_bar, *coef_bar;
} ascent;

/* --- the function ------------------------------------------------------------------------------------------------- */

static ad_status place(ascent *a, const double *x)
{
    if (!a->o->fixed_times) dpm_gaps_times(&a->axis, x, a->gap, a->inner, a->found->times);
    AD_TRY(dpm_sampler_set_times(a->sampler, a->found->times));
    double *c = dpm_sampler_coefficient(a->sampler);
    for (long k = 0; k < a->learned; k++) c[k] += a->unit[k] * x[a->steps + k];
    return AD_OK;
}

static void keep(ascent *a, double value)
{
    dpm_found *f  = a->best.f;
    a->best.value = value;
    memcpy(f->times, a->found->times, (size_t)(a->steps + 1) * sizeof *f->times);
    if (a->learned)
        memcpy(f->coefficient, dpm_sampler_coefficient(a->sampler),
               (size_t)a->learned * sizeof *f->coefficient);
}

static ad_status note(ascent *a, double value)
{
    a->now.evaluations++;
    a->now.best = fmin(a->now.best, value);
    return a->o->watch && a->o->watch(&a->now, a->o->watch_ctx) ? AD_CANCELLED : AD_OK;
}

static ad_status pull(ascent *a, double *g)
{
    memset(g, 0, (size_t)a->steps * sizeof *g);
    AD_TRY(dpm_teacher_pullback(a->teacher, a->sampler, a->o->fixed_times ? NULL : a->time_bar,
                                a->learned ? a->coef_bar : NULL));
    if (!a->o->fixed_times) dpm_gaps_pull(&a->axis, a->gap, a->inner, a->time_bar, g);
    for (long k = 0; k < a->learned; k++) g[a->steps + k] = a->unit[k] * a->coef_bar[k];
    return AD_OK;
}

static ad_status function(const double *x, double *value, double *g, void *ctx)
{
    ascent   *a = ctx;
    ad_status s = place(a, x);
    if (!s) s = dpm_teacher_run(a->teacher, a->sampler, a->scale, 1, value);
    if (s == AD_NO_MEMORY) return s;
    if (s) { /* times that fell together, or a model that left the numbers: out of bounds */
        *value    = INFINITY;
        a->failed = s;
        return note(a, INFINITY);
    }
    double plain = dpm_teacher_value(a->teacher);
    if (plain < a->best.value) keep(a, plain);
    AD_TRY(note(a, plain));
    return pull(a, g);
}

/* --- an attempt --------------------------------------------------------------------------------------------------- */

static ad_status make_room(ascent *a)
{
    dpm_options o = dpm_search_candidate(a->o->base, a->best.f);
    o.adjoint     = DPM_ADJOINT_TAPE;
    AD_TRY(dpm_teacher_sampler(a->teacher, &o, &a->sampler));
    long n = a->steps + 1, m = dpm_sampler_coefficients(a->sampler);
    a->block = ad_alloc((size_t)(4 * n + 3 * m) * sizeof *a->block);
    if (!a->block) return AD_NO_MEMORY;
    a->gap      = a->block;
    a->inner    = a->gap + n;
    a->time_bar = a->inner + n;
    a->x        = a->time_bar + n;
    a->unit     = a->x + n + m;
    a->coef_bar = a->unit + m;
    return AD_OK;
}

/* From what is best: x, and the times that stay where they are fixed. */
static void settle(ascent *a)
{
    dpm_gaps_of(&a->axis, a->best.f->times, a->inner, a->x);
    memcpy(a->found->times, a->best.f->times, (size_t)(a->steps + 1) * sizeof *a->found->times);
}

static ad_status enter(ascent *a, const start *s)
{
    a->learned    = 0;
    a->best.value = s->value;
    AD_TRY(dpm_found_copy(&a->best.f, s->f));
    AD_TRY(dpm_found_copy(&a->found, s->f));
    AD_TRY(make_room(a));
    settle(a);
    return AD_OK;
}

/* What it has come to stays if it is the best of all. */
static void leave(ascent *a)
{
    if (a->best.f && (!a->top.f || a->best.value < a->top.value)) {
        start s = a->top;
        a->top  = a->best;
        a->best = s;
    }
    dpm_found_free(a->best.f);
    dpm_found_free(a->found);
    ad_free(a->block);
    a->best.f = a->found = NULL;
    a->block             = NULL;
}

/* Rounds, each with the scale that the median has come to; when three bring less than a hundredth, that is all. */
static ad_status descend(ascent *a, const char *stage, long last)
{
    int idle     = 0;
    a->now.stage = stage;
    while (idle < 3 && a->now.evaluations < last) {
        double before = a->best.value, value;
        long   left   = last - a->now.evaluations;
        AD_TRY(place(a, a->x));
        AD_TRY(dpm_teacher_run(a->teacher, a->sampler, 0, 0, &value));
        a->scale = dpm_teacher_median(a->teacher) / 3;
        AD_TRY(dpm_descend(a->steps + a->learned, a->x, &value, left < ROUND ? left : ROUND,
                           function, a));
        idle = a->best.value < 0.99 * before ? 0 : idle + 1;
    }
    return AD_OK;
}

/* The unit of a coefficient is a hundredth of it, or of the largest's tenth where it is small. */
static ad_status free_coefficients(ascent *a)
{
    dpm_found *f    = a->best.f;
    long       n    = dpm_sampler_coefficients(a->sampler);
    double     most = 0;
    settle(a);
    AD_TRY(place(a, a->x));
    const double *own = dpm_sampler_coefficient(a->sampler);
    for (long k = 0; k < n; k++) most = fmax(most, fabs(own[k]));
    for (long k = 0; k < n; k++) {
        a->unit[k]         = 0.01 * fmax(fabs(own[k]), 0.1 * most);
        a->x[a->steps + k] = f->coefficient ? (f->coefficient[k] - own[k]) / a->unit[k] : 0;
    }
    if (!f->coefficient) {
        f->coefficient = ad_alloc((size_t)n * sizeof *f->coefficient);
        if (!f->coefficient) return AD_NO_MEMORY;
        AD_TRY(dpm_sampler_set_times(a->sampler, f->times));
        memcpy(f->coefficient, dpm_sampler_coefficient(a->sampler), (size_t)n * sizeof *own);
    }
    f->coefficients = a->learned = n;
    return AD_OK;
}

/* --- the course --------------------------------------------------------------------------------------------------- */

static int times_first(const ascent *a, const dpm_found *f)
{
    return !a->o->fixed_times && !f->coefficient;
}

static ad_status look_around(ascent *a, long budget)
{
    for (int k = 0; k < a->starts; k++) {
        ad_status s = enter(a, &a->from[k]);
        if (!s && times_first(a, a->best.f) && a->starts > 1)
            s = descend(a, "times", a->now.evaluations + budget / a->starts);
        leave(a);
        if (s) return s;
    }
    return AD_OK;
}

static ad_status course(ascent *a)
{
    long first = a->o->fixed_coefficients ? a->now.budget : a->now.budget / 2;
    AD_TRY(look_around(a, first / 2));
    start top = a->top;
    AD_TRY(enter(a, &top));
    if (times_first(a, a->best.f)) AD_TRY(descend(a, "times", first));
    if (a->o->fixed_coefficients) return AD_OK;
    AD_TRY(free_coefficients(a));
    return descend(a, "coefficients", a->now.budget);
}

/* --- where it starts ---------------------------------------------------------------------------------------------- */

/* Takes f. A second one of a group stays if it is better than the first; group < 0: it stays in any case. */
static void line_up(ascent *a, dpm_found *f, double value, int group)
{
    for (int i = 0; i < a->starts; i++) {
        start *other = &a->from[i];
        if (group < 0 || other->group != group) continue;
        int better = value < other->value;
        dpm_found_free(better ? other->f : f);
        if (better) *other = (start){ f, value, group };
        return;
    }
    if (a->starts < STARTS)
        a->from[a->starts++] = (start){ f, value, group };
    else
        dpm_found_free(f);
}

/* Takes f. */
static ad_status consider(ascent *a, dpm_found *f, int group)
{
    ad_status   s;
    dpm_options o     = dpm_search_candidate(a->o->base, f);
    double      value = dpm_teacher_objective(&o, a->teacher, &s);
    if (s || !isfinite(value)) {
        dpm_found_free(f);
        a->failed = s;
        return s == AD_NO_MEMORY ? s : note(a, INFINITY);
    }
    line_up(a, f, value, group);
    return note(a, value);
}

/* Every standard grid, or, of `usf`, of each known sampler its best one. */
static ad_status begin(ascent *a)
{
    const dpm_found *from = a->o->from;
    dpm_found       *f;
    if (from && from->steps != a->steps)
        return ad_fail(AD_INVALID, "a search for %ld steps cannot go on from %ld", a->steps,
                       from->steps);
    for (int i = 0; i < dpm_standards(a->o->base); i++) {
        ad_status s = dpm_standard(a->o->base, i, &f);
        if (s == AD_NO_MEMORY) return s;
        if (!s) AD_TRY(consider(a, f, f->decision ? i / GRIDS : i));
    }
    a->now.first = a->now.best;
    if (from) {
        AD_TRY(dpm_found_copy(&f, from));
        AD_TRY(consider(a, f, -1));
    }
    if (a->starts) return AD_OK;
    return a->failed ? a->failed : ad_fail(AD_NONFINITE_STATE, "no standard grid can be sampled");
}

ad_status dpm_search_gradient(const dpm_search_options *o, dpm_teacher *teacher, dpm_found **best,
                              dpm_search_stats *stats)
{
    ascent    a = { .o       = o,
                    .teacher = teacher,
                    .steps   = o->base->grid.steps,
                    .now     = { .stage  = "times",
                                 .budget = o->budget ? o->budget : BUDGET,
                                 .first  = INFINITY,
                                 .best   = INFINITY } };
    ad_status s = dpm_axis_make(&a.axis, o->base->schedule, &o->base->grid);
    if (!s) s = begin(&a);
    if (!s) s = course(&a);
    leave(&a);
    for (int i = 0; i < a.starts; i++) { /* it may have been stopped before any attempt */
        start s = a.from[i];
        if (!a.top.f || s.value < a.top.value) a.from[i] = a.top, a.top = s;
        dpm_found_free(a.from[i].f);
    }
    if (stats) *stats = (dpm_search_stats){ a.now.evaluations, a.now.first, a.now.best };
    *best = a.top.f;
    return s;
}
