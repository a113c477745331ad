/* From dpm_keys: where the sampler steps, and what is cut. */
#include <math.h>
#include <string.h>

#include "config_internal.h"
#include "names.h"

static ad_status final_zero(const dpm_keys *k, int *zero)
{
    const char *type = k->final_sigmas_type;
    *zero            = dpm_name_same(type, "zero");
    if (*zero || dpm_name_same(type, "sigma_min")) return AD_OK;
    return dpm_config_refuse(k, "final_sigmas_type", type, "it is zero or sigma_min");
}

/* The grid of the flag that is set; NULL: none is. */
static ad_status curve(const dpm_keys *k, const char **grid)
{
    int set = k->use_karras_sigmas + k->use_exponential_sigmas + k->use_beta_sigmas +
              k->use_lu_lambdas + k->use_flow_sigmas;
    *grid = k->use_karras_sigmas                             ? "karras"
            : k->use_exponential_sigmas || k->use_lu_lambdas ? "logsnr"
            : k->use_beta_sigmas                             ? "beta"
            : k->use_flow_sigmas                             ? "time-uniform"
                                                             : NULL;
    if (set <= 1) return AD_OK;
    return ad_fail(AD_INVALID,
                   "%s: of use_karras_sigmas, use_exponential_sigmas, use_beta_sigmas, "
                   "use_lu_lambdas and use_flow_sigmas only one can be true",
                   k->class_name);
}

/* n points of the grid, and sigma = 0; or, where the last is there already, those n alone. */
static void append(dpm_config *c, int zero, int ends_at_last)
{
    dpm_grid_options *g = &c->options.grid;
    g->final_zero       = zero ? DPM_FINAL_APPENDED : ends_at_last ? DPM_FINAL_GRID : DPM_FINAL_END;
    c->repeats_last     = !zero && ends_at_last;
}

/* sigmas = (1 - 1 / N) (1 - i / n), shifted, i < n, and then 0 */
static void flow(const dpm_keys *k, dpm_config *c, int zero)
{
    c->options.grid.shift = k->flow_shift;
    c->options.grid.t_end = zero ? DPM_ZERO : 0;
    c->repeats_last       = zero ? 0 : 2;
}

static ad_status spaced(const dpm_keys *k, dpm_config *c, int replaces, int zero)
{
    dpm_grid_options *g       = &c->options.grid;
    const char       *name    = k->timestep_spacing ? k->timestep_spacing : "linspace";
    int               uniform = dpm_name_same(name, "linspace");
    int               leading = dpm_name_same(name, "leading");
    if (!uniform && !leading && !dpm_name_same(name, "trailing"))
        return dpm_config_refuse(k, "timestep_spacing", name,
                                 "it is linspace, leading or trailing");
    g->name   = uniform ? "linspace" : leading ? "leading" : "trailing";
    g->offset = leading ? k->steps_offset : 0;
    if (replaces && (uniform || leading))
        g->final_zero = zero ? DPM_FINAL_REPLACED : DPM_FINAL_GRID;
    else
        append(c, zero, uniform || (leading && !g->offset));
    return AD_OK;
}

/* lambda_min_clipped: the last step whose lambda is not below it. sigma_min, sigma_max: ends of the curve. */
static ad_status ends(const dpm_keys *k, dpm_config *c, int curved)
{
    dpm_grid_options *g = &c->options.grid;
    dpm_schedule     *s;
    if (isnan(k->lambda_min_clipped) && (!curved || (isnan(k->sigma_min) && isnan(k->sigma_max))))
        return AD_OK;
    AD_TRY(dpm_schedule_new(&s, &c->schedule));
    if (!curved && !isnan(k->lambda_min_clipped)) {
        double t = s->o.t_begin;
        while (t > 1 && dpm_schedule_at(s, t).lambda < k->lambda_min_clipped) t--;
        g->t_begin = t;
    }
    if (curved && !isnan(k->sigma_max)) g->t_begin = dpm_schedule_time(s, -log(k->sigma_max));
    if (curved && !isnan(k->sigma_min)) {
        double t = dpm_schedule_time(s, -log(k->sigma_min));
        g->t_end = t == 0 ? DPM_ZERO : t;
    }
    dpm_schedule_free(s);
    return AD_OK;
}

ad_status dpm_config_grid(const dpm_keys *k, dpm_config *c, int replaces)
{
    const char *name;
    int         zero;
    AD_TRY(final_zero(k, &zero));
    AD_TRY(curve(k, &name));
    AD_TRY(ends(k, c, name != NULL));
    if (!name) return spaced(k, c, replaces, zero);
    c->options.grid.name = name;
    if (k->use_flow_sigmas)
        flow(k, c, zero);
    else
        append(c, zero, 1);
    return AD_OK;
}

ad_status dpm_config_clipping(const dpm_keys *k, dpm_config *c)
{
    dpm_options *o = &c->options;
    if (k->thresholding) {
        if (!(k->dynamic_thresholding_ratio > 0 && k->dynamic_thresholding_ratio <= 1))
            return ad_fail(AD_INVALID, "dynamic_thresholding_ratio = %g; it lies between 0 and 1",
                           k->dynamic_thresholding_ratio);
        o->threshold      = k->dynamic_thresholding_ratio;
        o->threshold_most = k->sample_max_value;
    } else if (k->clip_sample) {
        o->clip       = 1;
        o->clip_range = k->clip_sample_range;
    }
    return AD_OK;
}

ad_status dpm_config_steps(dpm_config *c, long n)
{
    dpm_options *o = &c->options;
    if (n - (c->repeats_last != 0) < 1)
        return ad_fail(AD_INVALID, "%s with %ld step%s: it has 1 or more%s", c->class_name, n,
                       n == 1 ? "" : "s",
                       c->repeats_last ? ", of which the last changes nothing; take 2" : "");
    o->grid.steps = n - (c->repeats_last != 0);
    if (c->repeats_last == 2) {
        double last   = c->schedule.t_begin / (double)n;
        o->grid.t_end = last;
    }
    if (o->singlestep)
        o->singlestep = c->lower_order < 0 && n % o->order == 0 ? "fixed" : "fast";
    else if (c->lower_order == 2)
        o->lower_order_final = 2;
    else if (c->lower_order)
        o->lower_order_final = c->lower_order < 0 || n >= 15 || c->repeats_last ? -1 : 2;
    return AD_OK;
}
