/* What a search has found: made, copied, checked, put into options. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "found.h"
#include "method.h"

const char *dpm_relaxation_name(dpm_relaxation r)
{
    static const char *const name[] = { "taylor", "dpmsolver", "bh1", "bh2" };
    return r <= DPM_BH2 ? name[r] : "?";
}

const char *dpm_corrector_name(dpm_corrector c)
{
    static const char *const name[] = { "none", "pseudo", "implicit" };
    return c <= DPM_CORRECTOR_IMPLICIT ? name[c] : "?";
}

ad_status dpm_found_new(dpm_found **out, const char *sampler, long steps, int with_decisions)
{
    *out = NULL;
    if (steps < 1) return ad_fail(AD_INVALID, "a schedule of %ld steps: one is the least", steps);
    dpm_found *f = ad_alloc(sizeof *f);
    if (!f) return AD_NO_MEMORY;
    f->steps   = steps;
    f->sampler = ad_strdup(sampler);
    f->times   = ad_alloc((size_t)(steps + 1) * sizeof *f->times);
    if (with_decisions) f->decision = ad_alloc((size_t)steps * sizeof *f->decision);
    if (!f->sampler || !f->times || (with_decisions && !f->decision)) {
        dpm_found_free(f);
        return AD_NO_MEMORY;
    }
    *out = f;
    return AD_OK;
}

static ad_status copy_text(char **to, const char *from)
{
    *to = from ? ad_strdup(from) : NULL;
    return from && !*to ? AD_NO_MEMORY : AD_OK;
}

static ad_status copy_rest(dpm_found *f, const dpm_found *from)
{
    f->nfe               = from->nfe;
    f->order             = from->order;
    f->prediction        = from->prediction;
    f->lower_order_final = from->lower_order_final;
    f->no_corrector      = from->no_corrector;
    memcpy(f->times, from->times, (size_t)(f->steps + 1) * sizeof *f->times);
    if (from->decision) memcpy(f->decision, from->decision, (size_t)f->steps * sizeof *f->decision);
    AD_TRY(copy_text(&f->schedule, from->schedule));
    AD_TRY(copy_text(&f->note, from->note));
    AD_TRY(copy_text(&f->solver_type, from->solver_type));
    AD_TRY(copy_text(&f->singlestep, from->singlestep));
    AD_TRY(copy_text(&f->variant, from->variant));
    if (!from->coefficient) return AD_OK;
    f->coefficient = ad_alloc((size_t)from->coefficients * sizeof *f->coefficient);
    if (!f->coefficient) return AD_NO_MEMORY;
    f->coefficients = from->coefficients;
    memcpy(f->coefficient, from->coefficient, (size_t)f->coefficients * sizeof *f->coefficient);
    return AD_OK;
}

ad_status dpm_found_copy(dpm_found **out, const dpm_found *from)
{
    AD_TRY(dpm_found_new(out, from->sampler, from->steps, from->decision != NULL));
    ad_status s = copy_rest(*out, from);
    if (s) {
        dpm_found_free(*out);
        *out = NULL;
    }
    return s;
}

void dpm_found_free(dpm_found *f)
{
    if (!f) return;
    ad_free(f->sampler);
    ad_free(f->schedule);
    ad_free(f->note);
    ad_free(f->times);
    ad_free(f->decision);
    ad_free(f->solver_type);
    ad_free(f->singlestep);
    ad_free(f->variant);
    ad_free(f->coefficient);
    ad_free(f);
}

/* --- does it make sense? ---------------------------------------------------------------------------------------- */

static ad_status check_times(const dpm_found *f)
{
    for (long i = 0; i <= f->steps; i++)
        if (!isfinite(f->times[i]))
            return ad_fail(AD_INVALID, "time %ld of the schedule is not a finite number", i);
    double way = f->times[f->steps] - f->times[0];
    for (long i = 0; i < f->steps; i++)
        if (!((f->times[i + 1] - f->times[i]) * way > 0))
            return ad_fail(AD_INVALID,
                           "times %ld and %ld of the schedule, %.6g and %.6g, do not go "
                           "on from noise to data",
                           i, i + 1, f->times[i], f->times[i + 1]);
    return AD_OK;
}

static ad_status check_decision(const dpm_found *f, long i)
{
    const dpm_decision *d = &f->decision[i];
    if (d->order < 1 || d->order > DPM_ORDER_MOST)
        return ad_fail(AD_INVALID, "step %ld: order %d; orders are 1 to %d", i, d->order,
                       DPM_ORDER_MOST);
    if (d->order > i + 1)
        return ad_fail(AD_INVALID, "step %ld has order %d, and %ld evaluation%s before it", i,
                       d->order, i + 1, i ? "s" : "");
    if (d->form != DPM_EPSILON && d->form != DPM_X0)
        return ad_fail(AD_INVALID, "step %ld: the form is epsilon or x0, not %s", i,
                       dpm_prediction_name(d->form));
    if ((unsigned)d->relaxation > DPM_BH2 || (unsigned)d->corrector > DPM_CORRECTOR_IMPLICIT)
        return ad_fail(AD_INVALID, "step %ld: a relaxation or corrector that there is not", i);
    if (i == f->steps - 1 && d->corrector)
        return ad_fail(AD_INVALID,
                       "step %ld is the last, nothing is evaluated behind it, and it "
                       "cannot have a corrector",
                       i);
    return AD_OK;
}

static ad_status check_lambdas(const dpm_found *f, const dpm_schedule *s)
{
    if (f->schedule && strcmp(f->schedule, s->kind->name))
        return ad_fail(AD_INVALID,
                       "the found schedule counts the times of %.60s, and the noise is that of %s; "
                       "give --schedule %.60s, or search again",
                       f->schedule, s->kind->name, f->schedule);
    double before = dpm_schedule_at(s, f->times[0]).lambda;
    for (long i = 1; i <= f->steps; i++) {
        double lambda = dpm_schedule_at(s, f->times[i]).lambda;
        if (!(lambda > before))
            return ad_fail(AD_INVALID,
                           "there is not less noise at time %ld of the schedule, %.6g, "
                           "than at the one before, %.6g",
                           i, f->times[i], f->times[i - 1]);
        before = lambda;
    }
    return AD_OK;
}

ad_status dpm_found_check(const dpm_found *f, const dpm_schedule *schedule)
{
    AD_TRY(check_times(f));
    for (long i = 0; f->decision && i < f->steps; i++) AD_TRY(check_decision(f, i));
    for (long i = 0; i < f->coefficients; i++)
        if (!isfinite(f->coefficient[i]))
            return ad_fail(AD_INVALID, "coefficient %ld is not a finite number", i);
    return schedule ? check_lambdas(f, schedule) : AD_OK;
}

/* --- used ------------------------------------------------------------------------------------------------------- */

void dpm_found_options(const dpm_found *f, dpm_options *o)
{
    o->found             = f;
    o->sampler           = f->sampler;
    o->grid.steps        = f->steps;
    o->order             = f->order;
    o->prediction        = f->prediction;
    o->solver_type       = f->solver_type;
    o->singlestep        = f->singlestep;
    o->variant           = f->variant;
    o->lower_order_final = f->lower_order_final;
    o->no_corrector      = f->no_corrector;
}

ad_status dpm_found_apply(const dpm_found *f, dpm_sampler *s)
{
    if (!f) return AD_OK;
    AD_TRY(dpm_found_check(f, dpm_sampler_options(s)->schedule));
    if (!f->coefficient) return AD_OK;
    long n = dpm_sampler_coefficients(s);
    if (n != f->coefficients)
        return ad_fail(AD_INVALID,
                       "the found schedule has %ld coefficients, %s with these options has %ld",
                       f->coefficients, f->sampler, n);
    memcpy(dpm_sampler_coefficient(s), f->coefficient, (size_t)n * sizeof(double));
    return AD_OK;
}
