/* The classes of DPM-Solver, translated into a sampler and its options. */
#include <stdio.h>
#include <string.h>

#include "config_internal.h"
#include "names.h"

/* midpoint and heun; those of other classes are midpoint, as diffusers reads them */
static ad_status solver_type(const dpm_keys *k, dpm_config *c)
{
    int heun = dpm_name_same(k->solver_type, "heun");
    if (!heun && !dpm_name_among(k->solver_type, "midpoint logrho bh1 bh2"))
        return dpm_config_refuse(k, "solver_type", k->solver_type, "it is midpoint or heun");
    c->options.solver_type = heun ? "taylor" : "dpmsolver";
    c->lower_order         = k->lower_order_final ? 1 : -1;
    return AD_OK;
}

/* form: m or s, behind orders over 1 */
static ad_status dpm_solver(const dpm_keys *k, dpm_config *c, char form)
{
    const char *type  = k->algorithm_type;
    int         noise = dpm_name_among(type, "dpmsolver sde-dpmsolver");
    int         sde   = dpm_name_among(type, "sde-dpmsolver sde-dpmsolver++");
    char        name[32];
    if (!noise && !dpm_name_among(type, "dpmsolver++ sde-dpmsolver++ deis"))
        return dpm_config_refuse(k, "algorithm_type", type,
                                 "it is dpmsolver, dpmsolver++, sde-dpmsolver or sde-dpmsolver++");
    if (noise && dpm_name_same(k->final_sigmas_type, "zero"))
        return dpm_config_refuse(k, "algorithm_type", type,
                                 "it cannot end at sigma = 0; final_sigmas_type must be sigma_min");
    if (k->solver_order < 1 || k->solver_order > 3)
        return ad_fail(AD_INVALID, "%s: solver_order = %ld; it is 1, 2 or 3", k->class_name,
                       k->solver_order);
    snprintf(name, sizeof name, "%s%s-%ld%c", sde ? "sde-" : "", noise ? "dpm" : "dpmpp",
             k->solver_order, form);
    if (k->solver_order == 1) name[strlen(name) - 1] = '\0';
    AD_TRY(dpm_config_use(k, c, name));
    AD_TRY(solver_type(k, c));
    c->options.order = (int)k->solver_order;
    if (k->solver_order == 1) {
        c->options.solver_type = NULL;
        c->lower_order         = 0;
    }
    return dpm_config_clipping(k, c);
}

/* sigma_min at the end, so that Euler there is a choice */
static ad_status euler_at_final(const dpm_keys *k, dpm_config *c)
{
    if (!k->euler_at_final || k->solver_order == 1 || dpm_name_same(k->final_sigmas_type, "zero"))
        return AD_OK;
    if (k->solver_order == 3)
        return dpm_config_refuse(k, "euler_at_final", "true",
                                 "with solver_order 3 this is not here; write false");
    c->lower_order = 2;
    return AD_OK;
}

ad_status dpm_config_fixed_variance(const dpm_keys *k)
{
    if (!k->variance_type || !dpm_name_among(k->variance_type, "learned learned-range"))
        return AD_OK;
    return dpm_config_refuse(k, "variance_type", k->variance_type,
                             "networks that predict the variance too are not understood");
}

ad_status dpm_config_multistep(const dpm_keys *k, dpm_config *c)
{
    AD_TRY(dpm_config_fixed_variance(k));
    AD_TRY(dpm_config_schedule(k, c, 1));
    AD_TRY(dpm_solver(k, c, 'm'));
    AD_TRY(euler_at_final(k, c));
    return dpm_config_grid(k, c, 1);
}

ad_status dpm_config_singlestep(const dpm_keys *k, dpm_config *c)
{
    AD_TRY(dpm_config_fixed_variance(k));
    AD_TRY(dpm_config_schedule(k, c, 0));
    AD_TRY(dpm_solver(k, c, 's'));
    c->options.singlestep = k->solver_order > 1 ? "fast" : NULL;
    if (k->solver_order == 1 || dpm_name_same(k->final_sigmas_type, "zero")) c->lower_order = 0;
    return dpm_config_grid(k, c, 1);
}

static ad_status edm(const dpm_keys *k, dpm_config *c)
{
    int zero = dpm_name_same(k->final_sigmas_type, "zero");
    if (!dpm_name_same(k->prediction_type, "epsilon"))
        return dpm_config_refuse(k, "prediction_type", k->prediction_type,
                                 "of EDM's preconditionings only epsilon's is here");
    if (!dpm_name_among(k->sigma_schedule, "karras exponential"))
        return dpm_config_refuse(k, "sigma_schedule", k->sigma_schedule,
                                 "it is karras or exponential");
    if (!zero && !dpm_name_same(k->final_sigmas_type, "sigma_min"))
        return dpm_config_refuse(k, "final_sigmas_type", k->final_sigmas_type,
                                 "it is zero or sigma_min");
    c->prediction              = DPM_EDM;
    c->sigma_data              = k->sigma_data;
    c->schedule                = (dpm_schedule_options){ .name      = "edm",
                                                         .sigma_min = k->sigma_min,
                                                         .sigma_max = k->sigma_max };
    c->options.grid.name       = dpm_name_same(k->sigma_schedule, "karras") ? "karras" : "logsnr";
    c->options.grid.rho        = k->rho;
    c->options.grid.final_zero = zero ? DPM_FINAL_APPENDED : DPM_FINAL_GRID;
    c->repeats_last            = !zero;
    return AD_OK;
}

ad_status dpm_config_edm_euler(const dpm_keys *k, dpm_config *c)
{
    AD_TRY(edm(k, c));
    return dpm_config_use(k, c, "euler");
}

ad_status dpm_config_edm_multistep(const dpm_keys *k, dpm_config *c)
{
    AD_TRY(edm(k, c));
    return dpm_solver(k, c, 'm'); /* euler_at_final: the last point is at 0, or changes nothing */
}
