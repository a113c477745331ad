#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/models/learner.h>

static size_t bytes(const mdl_learner *l)
{
    return (size_t)l->count * ad_type_size(l->type);
}

static ad_status fill(mdl_learner *l, const mdl_learning *o)
{
    const ad_optimizer *method = ad_optimizer_find(o->optimizer ? o->optimizer : "adam");
    if (!method) return AD_INVALID;
    AD_TRY(ad_schedule_parse(&l->schedule, o->schedule ? o->schedule : "constant",
                             o->iterations > 0 ? o->iterations : 0));
    AD_TRY(ad_optim_new(&l->optim, method, l->params, &o->o));
    l->type      = ad_params_type(l->params);
    l->count     = ad_params_count(l->params);
    l->theta     = ad_alloc(bytes(l));
    l->theta_bar = ad_alloc(bytes(l));
    if (!l->theta || !l->theta_bar) return AD_NO_MEMORY;
    for (int i = 0; i <= method->moments; i++)
        if (!(l->good[i] = ad_alloc(bytes(l)))) return AD_NO_MEMORY;
    ad_params_init(l->params, o->seed, l->theta);
    return AD_OK;
}

ad_status mdl_learner_new(mdl_learner **out, ad_params *params, const mdl_learning *o)
{
    *out           = NULL;
    mdl_learner *l = ad_alloc(sizeof *l);
    if (!l) return AD_NO_MEMORY;
    l->params   = params;
    ad_status s = fill(l, o);
    if (s)
        mdl_learner_free(l);
    else
        *out = l;
    return s;
}

void mdl_learner_free(mdl_learner *l)
{
    if (!l) return;
    ad_optim_free(l->optim);
    ad_free(l->theta);
    ad_free(l->theta_bar);
    for (int i = 0; i <= AD_OPTIM_MOMENTS; i++) ad_free(l->good[i]);
    ad_free(l);
}

/* theta and moments, to or from the copies. */
static void copy(mdl_learner *l, int back)
{
    for (int i = 0; i <= l->optim->method->moments; i++) {
        void *now = i ? l->optim->moment[i - 1] : l->theta;
        memcpy(back ? now : l->good[i], back ? l->good[i] : now, bytes(l));
    }
}

ad_status mdl_learner_step(mdl_learner *l, double loss)
{
    double factor = ad_schedule_factor(&l->schedule, l->optim->steps);
    if (!isfinite(ad_norm(l->type, l->count,
                          l->theta_bar))) /* the copies are of the step before: they stay */
        return ad_optim_step(l->optim, factor, l->theta, l->theta_bar);
    copy(l, 0);
    l->good_schedule = l->schedule;
    AD_TRY(ad_optim_step(l->optim, factor, l->theta, l->theta_bar));
    l->rate     = factor * l->optim->o.rate;
    l->can_undo = 1;
    ad_schedule_observe(&l->schedule, loss);
    return AD_OK;
}

int mdl_learner_undo(mdl_learner *l)
{
    if (!l->can_undo) return 0;
    copy(l, 1);
    l->schedule = l->good_schedule;
    l->optim->steps--;
    l->can_undo = 0;
    return 1;
}
