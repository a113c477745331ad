/* The other classes, each translated into a sampler and its options. */
#include <math.h>

#include "config_internal.h"
#include "names.h"

ad_status dpm_config_unipc(const dpm_keys *k, dpm_config *c)
{
    int bh1 = dpm_name_same(k->solver_type, "bh1");
    if (!bh1 && !dpm_name_among(k->solver_type, "bh2 midpoint heun logrho"))
        return dpm_config_refuse(k, "solver_type", k->solver_type, "it is bh1 or bh2");
    if (k->disable_corrector.n)
        return dpm_config_refuse(k, "disable_corrector", "a list of steps",
                                 "the corrector is on in all steps, or in none (no-corrector)");
    if (k->solver_p)
        return dpm_config_refuse(k, "solver_p", "a scheduler", "UniPC's own predictor is the one");
    if (!isnan(k->shift_terminal))
        return dpm_config_refuse(k, "shift_terminal", "a number", "it is not here; write null");
    AD_TRY(dpm_config_schedule(k, c, 1));
    AD_TRY(dpm_config_use(k, c, "unipc"));
    c->options.order      = (int)k->solver_order;
    c->options.variant    = bh1 ? "bh1" : "bh2";
    c->options.prediction = k->predict_x0 ? DPM_X0 : DPM_EPSILON;
    c->lower_order        = k->lower_order_final ? 2 : -1;
    AD_TRY(dpm_config_clipping(k, c));
    return dpm_config_grid(k, c, 1);
}

ad_status dpm_config_deis(const dpm_keys *k, dpm_config *c)
{
    dpm_keys d = *k;
    if (!dpm_name_among(k->algorithm_type, "deis dpmsolver dpmsolver++"))
        return dpm_config_refuse(k, "algorithm_type", k->algorithm_type, "it is deis");
    if (!dpm_name_among(k->solver_type, "logrho midpoint heun bh1 bh2"))
        return dpm_config_refuse(k, "solver_type", k->solver_type, "it is logrho");
    d.final_sigmas_type = "sigma_min";
    AD_TRY(dpm_config_schedule(k, c, 0));
    AD_TRY(dpm_config_use(k, c, "deis-logrho"));
    c->options.order = (int)k->solver_order;
    c->lower_order   = k->lower_order_final ? 1 : -1;
    AD_TRY(dpm_config_clipping(k, c));
    return dpm_config_grid(&d, c, 1);
}

/* beta schedule, n points and one at sigma = 0 or, where `one` is 0, at step 0; ones that round their times */
static ad_status whole(const dpm_keys *k, dpm_config *c, const char *sampler, int one)
{
    dpm_keys d          = *k;
    d.final_sigmas_type = one ? "zero" : "sigma_min";
    AD_TRY(dpm_config_schedule(k, c, 0));
    AD_TRY(dpm_config_use(k, c, sampler));
    AD_TRY(dpm_config_clipping(k, c));
    return dpm_config_grid(&d, c, 0);
}

ad_status dpm_config_ddim(const dpm_keys *k, dpm_config *c)
{
    return whole(k, c, "ddim", k->set_alpha_to_one);
}

ad_status dpm_config_ddpm(const dpm_keys *k, dpm_config *c)
{
    AD_TRY(dpm_config_fixed_variance(k));
    if (!dpm_name_among(k->variance_type,
                        "fixed-small fixed-small-log fixed-large fixed-large-log"))
        return dpm_config_refuse(k, "variance_type", k->variance_type,
                                 "it is fixed_small or fixed_large");
    c->options.variant = dpm_name_among(k->variance_type, "fixed-large fixed-large-log") ? "large"
                                                                                         : "small";
    return whole(k, c, "ddpm", 1);
}

ad_status dpm_config_pndm(const dpm_keys *k, dpm_config *c)
{
    return whole(k, c, k->skip_prk_steps ? "plms" : "pndm", k->set_alpha_to_one);
}

/* as k-diffusion: real times, sigma = 0 behind them */
static ad_status k_diffusion(const dpm_keys *k, dpm_config *c, const char *sampler)
{
    dpm_keys d = *k;
    if (!d.final_sigmas_type) d.final_sigmas_type = "zero";
    if (k->timestep_type && !dpm_name_same(k->timestep_type, "discrete"))
        return dpm_config_refuse(k, "timestep_type", k->timestep_type,
                                 "networks that are told log(sigma) / 4 are not understood");
    if (k->interpolation_type && !dpm_name_among(k->interpolation_type, "linear log-linear"))
        return dpm_config_refuse(k, "interpolation_type", k->interpolation_type,
                                 "it is linear or log_linear");
    AD_TRY(dpm_config_schedule(k, c, 1));
    AD_TRY(dpm_config_use(k, c, sampler));
    AD_TRY(dpm_config_clipping(k, c));
    AD_TRY(dpm_config_grid(&d, c, 0));
    if (dpm_name_same(c->options.grid.name, "linspace")) c->options.grid.name = "time-uniform";
    return AD_OK;
}

#define K_DIFFUSION(name, sampler)                                \
    ad_status dpm_config_##name(const dpm_keys *k, dpm_config *c) \
    {                                                             \
        return k_diffusion(k, c, sampler);                        \
    }
K_DIFFUSION(lms, "lms")
K_DIFFUSION(euler, "euler")
K_DIFFUSION(ancestral, "euler-ancestral")
K_DIFFUSION(heun, "heun")
K_DIFFUSION(kdpm2, "dpm-2")
K_DIFFUSION(kdpm2_ancestral, "dpm-2-ancestral")
K_DIFFUSION(stochastic, "dpmpp-sde")

/* Levels from 1 to the shifted 1 / N in equal steps, shifted once more, and then 0. */
static ad_status flow_match(const dpm_keys *k, dpm_config *c, const char *sampler)
{
    double s = k->shift, last = 1 / (double)k->num_train_timesteps;
    if (k->use_dynamic_shifting)
        return dpm_config_refuse(k, "use_dynamic_shifting", "true",
                                 "the shift e^mu depends on the size of the image, which is not "
                                 "known here; write false and shift = e^mu");
    if (k->use_karras_sigmas || k->use_exponential_sigmas || k->use_beta_sigmas)
        return dpm_config_refuse(k, "use_*_sigmas", "true",
                                 "curves in the level of a flow are not here; take --grid");
    if (k->invert_sigmas)
        return dpm_config_refuse(k, "invert_sigmas", "true", "flows go from noise to data here");
    if (k->stochastic_sampling)
        return dpm_config_refuse(k, "stochastic_sampling", "true", "it is not here");
    if (!isnan(k->shift_terminal))
        return dpm_config_refuse(k, "shift_terminal", "a number", "it is not here; write null");
    if (!(s > 0) || k->num_train_timesteps < 2)
        return ad_fail(AD_INVALID, "%s: shift = %g, num_train_timesteps = %ld", k->class_name, s,
                       k->num_train_timesteps);
    c->prediction   = DPM_FLOW;
    c->schedule     = (dpm_schedule_options){ .name = "flow", .t_begin = 1 };
    c->options.grid = (dpm_grid_options){ .name       = "time-uniform",
                                          .t_begin    = 1,
                                          .t_end      = s * last / (1 + (s - 1) * last),
                                          .shift      = s,
                                          .final_zero = DPM_FINAL_APPENDED };
    return dpm_config_use(k, c, sampler);
}

ad_status dpm_config_flow_euler(const dpm_keys *k, dpm_config *c)
{
    return flow_match(k, c, "flow-euler");
}

ad_status dpm_config_flow_heun(const dpm_keys *k, dpm_config *c)
{
    return flow_match(k, c, "flow-heun");
}
