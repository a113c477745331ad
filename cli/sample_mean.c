/* sample_mean.c - a mixture whose noise is around a mean mu of each sample: the schedule mean-reverting (Luo et al. 2023),
       x = alpha x0 + (1 - alpha) mu + sigma e,                                                              (1)
   so that the mixture, the law of x0, is asked at x - (1 - alpha) mu. */
#include <string.h>

#include <costate/autodiff/ops.h>
#include <costate/diffusion/method.h>

#include "sample.h"

/* A network that is shown cin x (prediction.h, edm) is shown cin (1 - alpha) mu less. */
static ad_var about_mean(const dpm_at *at, void *ctx)
{
    const dpm_model *told = ctx;
    dpm_at           here = *at;
    ad_var           c    = ad_shift(ad_neg(at->alpha), 1);
    if (told->prediction == DPM_EDM)
        c = ad_div(c, ad_sqrt(ad_add(ad_square(at->sigma), ad_scale(ad_square(at->alpha), 0.25))));
    here.x = ad_sub(at->x, ad_mul(ad_cast(c, at->type), at->args[0]));
    return told->network(&here, told->ctx);
}

void sample_about_mean(sample *s)
{
    dpm_model *m = &s->model->model;
    if (!s->mean) return;
    s->mean_arg = (nde_arg){ .name = "mean", .shape = ad_rows(s->dim) };
    s->told     = *m;
    m->network  = about_mean;
    m->ctx      = &s->told;
    m->nargs    = 1;
    m->args     = &s->mean_arg;
}

/* A trained network is not told mu, and no other sampler knows (1). */
ad_status sample_mean_check(const sample *s)
{
    const char       *schedule = s->o.schedule->kind->name;
    const dpm_method *m        = dpm_method_find(s->o.sampler ? s->o.sampler : "dpmpp-2m");
    if (!cli_given(s->args, "mean")) return AD_OK;
    if (!m) return AD_INVALID;
    if (!s->model->mixture)
        return ad_fail(AD_INVALID, "--mean is for mixtures; %s learned noise around 0",
                       s->model->path);
    if (strcmp(schedule, "mean-reverting"))
        return ad_fail(AD_INVALID, "--mean is for --schedule mean-reverting, and this is %s",
                       schedule);
    if (strncmp(m->name, "mr-sampler", strlen("mr-sampler")))
        return ad_fail(AD_INVALID,
                       "--mean is for --sampler mr-sampler and mr-sampler-sde, which know it, and "
                       "this is %s",
                       m->name);
    if (cli_given(s->args, "known")) return ad_fail(AD_INVALID, "--mean does not go with --known");
    if (s->o.adjoint == DPM_ADJOINT_CONTINUOUS)
        return ad_fail(AD_INVALID, "the continuous adjoint knows no mean: --adjoint points");
    return AD_OK;
}
