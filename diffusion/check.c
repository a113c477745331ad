/* What can be asked of a sampler: its model, its options, where it starts and ends. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "sampler.h"

static int takes(const dpm_method *m, const char *option)
{
    size_t n = strlen(option);
    for (const char *p = m->takes; (p = strstr(p, option)); p += n)
        if ((p == m->takes || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0')) return 1;
    return 0;
}

/* What is set must be something that the sampler takes. */
static ad_status check_taken(const dpm_method *m, const dpm_options *o)
{
    const struct {
        const char *name;
        int         set;
    } row[] = {
        { "solver-type", o->solver_type != NULL },
        { "singlestep", o->singlestep != NULL },
        { "variant", o->variant != NULL },
        { "lower-order-final", o->lower_order_final != 0 },
        { "no-corrector", o->no_corrector },
        { "eta", o->eta != 0 },
        { "churn", o->churn != 0 || o->churn_min != 0 || o->churn_max != 0 || o->churn_noise != 0 },
        { "gamma", o->gamma != 0 },
        { "mixing", o->mixing != 0 },
        { "zeta", o->zeta != 0 },
        { "tableau", o->tableau != NULL },
        { "rtol", o->rtol != 0 },
        { "atol", o->atol != 0 },
        { "statistics", o->statistics != NULL },
        { "skip-most", o->skip_most != 0 },
        { "noise-level", o->noise_level != 0 },
        { "invert", o->invert },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (row[i].set && !takes(m, row[i].name))
            return ad_fail(AD_INVALID, "sampler %s does not take --%s%s%s", m->name, row[i].name,
                           *m->takes ? "; it takes " : "", m->takes);
    return AD_OK;
}

static ad_status check_form(const dpm_method *m, const dpm_options *o)
{
    if (o->prediction && o->prediction != DPM_EPSILON && o->prediction != DPM_X0) {
        const char *name = dpm_prediction_name(o->prediction);
        return ad_fail(AD_INVALID,
                       "a sampler integrates epsilon or x0, not %s: --prediction noise or data",
                       name ? name : "what no network predicts");
    }
    if (o->prediction && o->prediction != m->form && !(m->flags & DPM_FORM))
        return ad_fail(AD_INVALID,
                       "sampler %s integrates %s alone; it does not take --prediction %s", m->name,
                       dpm_prediction_name(m->form), dpm_prediction_name(o->prediction));
    return AD_OK;
}

static ad_status check_order(const dpm_method *m, const dpm_options *o)
{
    int own = m->order ? m->order : 1;
    if (o->order && o->order != own &&
        (!(m->flags & DPM_ORDERS) || o->order < 1 || o->order > m->order_most))
        return m->flags & DPM_ORDERS ? ad_fail(AD_INVALID, "sampler %s has orders 1 to %d, not %d",
                                               m->name, m->order_most, o->order)
                                     : ad_fail(AD_INVALID, "sampler %s has order %d alone, not %d",
                                               m->name, own, o->order);
    return AD_OK;
}

/* Numbers that no sampler can do anything with. */
static ad_status check_numbers(const dpm_method *m, const dpm_options *o)
{
    const struct {
        const char *name;
        double      value;
    } row[] = {
        { "eta", o->eta },
        { "churn", o->churn },
        { "churn-min", o->churn_min },
        { "churn-noise", o->churn_noise },
        { "rtol", o->rtol },
        { "atol", o->atol },
        { "noise-level", o->noise_level },
        { "clip", o->clip_range },
        { "threshold", o->threshold },
        { "threshold-most", o->threshold_most },
        { "continuous-rtol", o->continuous_rtol },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (!(row[i].value >= 0 && isfinite(row[i].value)) && row[i].value != DPM_ZERO)
            return ad_fail(AD_INVALID, "sampler %s: --%s is %g; it is a number from 0 on", m->name,
                           row[i].name, row[i].value);
    if (o->threshold > 1)
        return ad_fail(AD_INVALID,
                       "sampler %s: --threshold is %g; it is the part of the numbers that stays as "
                       "it is, 0.995 say",
                       m->name, o->threshold);
    if (o->lower_order_final < -1 || o->lower_order_final > 2)
        return ad_fail(AD_INVALID, "sampler %s: lower_order_final is %d; it is -1, 0, 1 or 2",
                       m->name, o->lower_order_final);
    return AD_OK;
}

ad_status dpm_check_options(const dpm_method *m, const dpm_options *o)
{
    AD_TRY(check_taken(m, o));
    AD_TRY(check_form(m, o));
    AD_TRY(check_order(m, o));
    return check_numbers(m, o);
}

ad_status dpm_check_model(const dpm_model *m, long capacity)
{
    const char *name = m->name ? m->name : "model";
    if (capacity < 1 || m->dim < 1)
        return ad_fail(AD_INVALID, "%s: %ld samples of %ld numbers; at least one of each", name,
                       capacity, m->dim);
    if (capacity > LONG_MAX / 64 / m->dim)
        return ad_fail(AD_INVALID, "%s: %ld samples of %ld numbers are more than can be counted",
                       name, capacity, m->dim);
    if (!m->network) return ad_fail(AD_INVALID, "%s: it has no network", name);
    if (m->type != AD_F32 && m->type != AD_F64)
        return ad_fail(AD_INVALID, "%s: type %d; it is AD_F32 or AD_F64", name, (int)m->type);
    if (!dpm_prediction_name(m->prediction))
        return ad_fail(AD_INVALID, "%s: prediction %d is none of `costate list predictions`", name,
                       (int)m->prediction);
    if (!(m->sigma_data >= 0 && isfinite(m->sigma_data)))
        return ad_fail(AD_INVALID, "%s: sigma_data is %g; it is the deviation of the data", name,
                       m->sigma_data);
    return AD_OK;
}

ad_status dpm_check_adjoint(const dpm_method *m, const dpm_options *o)
{
    if (o->adjoint == DPM_ADJOINT_REVERSIBLE && !(m->flags & DPM_REVERSIBLE))
        return ad_fail(AD_INVALID,
                       "sampler %s cannot be walked back: the adjoint 'reversible' is for bdia, "
                       "o-belm, edict and rex; "
                       "'points' gives the same gradient",
                       m->name);
    if ((unsigned)o->adjoint > DPM_ADJOINT_CONTINUOUS)
        return ad_fail(AD_INVALID, "sampler %s: there is no adjoint mode %d", m->name,
                       (int)o->adjoint);
    if (o->adjoint == DPM_ADJOINT_REVERSIBLE && o->inpaint)
        return ad_fail(AD_INVALID,
                       "sampler %s: inpainting puts what is known over the state, which cannot be "
                       "recovered then; the adjoint 'points' gives the same gradient",
                       m->name);
    if (o->adjoint == DPM_ADJOINT_CHECKPOINTS && m->flags & DPM_LIVE)
        return ad_fail(AD_INVALID,
                       "sampler %s decides by values: the adjoint 'checkpoints' cannot run its "
                       "steps again; take 'points'",
                       m->name);
    if (o->adjoint == DPM_ADJOINT_LAST && (o->last < 1 || o->last > o->grid.steps))
        return ad_fail(AD_INVALID,
                       "the adjoint 'last' needs a number of steps from 1 to %ld, not %ld",
                       o->grid.steps, o->last);
    if (o->adjoint == DPM_ADJOINT_CONTINUOUS &&
        (m->flags & DPM_STOCHASTIC || o->invert || o->inpaint || o->clip || o->threshold > 0))
        return ad_fail(AD_INVALID,
                       "the continuous adjoint is that of the probability-flow ODE: no noise, "
                       "inversion, inpainting or "
                       "clipping (sampler %s)",
                       m->name);
    return AD_OK;
}

/* Where the grid starts and ends, and whether the method can do so. */
ad_status dpm_check_ends(const dpm_method *m, const dpm_options *o, const dpm_point *point,
                         long steps)
{
    const dpm_point *noise = &point[o->invert ? steps : 0], *data = &point[o->invert ? 0 : steps];
    if (data->sigma == 0 && (!(m->flags & DPM_TO_ZERO) || o->invert))
        return ad_fail(AD_INVALID,
                       "sampler %s cannot %s at sigma = 0, where log(alpha / sigma) is infinite; "
                       "end the grid before "
                       "it (--t-end, --final min), or take ddim, euler or heun",
                       m->name, o->invert ? "start" : "end");
    if (noise->alpha == 0 && (!(m->flags & DPM_FROM_ZERO) || o->invert))
        return ad_fail(AD_INVALID,
                       "sampler %s cannot %s at alpha = 0, where sigma / alpha is infinite; begin "
                       "the grid after it "
                       "(--t-begin %g), or take a schedule that keeps some signal",
                       m->name, o->invert ? "end" : "start", point[o->invert ? steps - 1 : 1].t);
    return AD_OK;
}
