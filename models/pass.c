#include <math.h>
#include <string.h>

#include "pass.h"

static ad_status forward(const mdl_pass *p, void *ctx, mdl_step *step)
{
    AD_TRY(p->forward(ctx, step));
    if (isfinite(step->loss + step->penalty)) return AD_OK;
    return ad_fail(AD_NONFINITE_STATE,
                   "the loss is not finite: %g of the data, %g of the regularizers", step->loss,
                   step->penalty);
}

static ad_status backward(const mdl_pass *p, void *ctx, mdl_step *step)
{
    mdl_learner *l = p->learner;
    if (p->measure > 0 && l->optim->steps % p->measure == 0) AD_TRY(reg_measure(p->solver));
    memset(l->theta_bar, 0, (size_t)l->count * ad_type_size(l->type));
    AD_TRY(p->backward(ctx));
    step->norm = ad_norm(l->type, l->count, l->theta_bar);
    return AD_OK;
}

ad_status mdl_pass_gradient(const mdl_pass *p, void *ctx, mdl_step *step)
{
    double began  = mdl_seconds();
    step->loss    = NAN;
    step->penalty = NAN;
    if (step->n < 1 || step->n > p->most)
        return ad_fail(AD_INVALID, "a batch of %ld samples; the %s was made for 1 to %ld", step->n,
                       p->what, p->most);
    ad_status s           = forward(p, ctx, step);
    double    middle      = mdl_seconds();
    step->seconds_forward = middle - began;
    if (!s) s = backward(p, ctx, step);
    step->seconds_backward = mdl_seconds() - middle;
    return s;
}

ad_status mdl_pass_step(const mdl_pass *p, void *ctx, mdl_step *step)
{
    AD_TRY(mdl_pass_gradient(p, ctx, step));
    AD_TRY(mdl_learner_step(p->learner, step->loss));
    step->rate = p->learner->rate;
    return AD_OK;
}
