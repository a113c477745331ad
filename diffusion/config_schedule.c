/* From dpm_keys: the noise schedule and the network's prediction. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "config_internal.h"
#include "names.h"

ad_status dpm_config_refuse(const dpm_keys *k, const char *key, const char *value, const char *why)
{
    return ad_fail(AD_UNSUPPORTED, "%s with %s = %s: %s", k->class_name, key, value, why);
}

static ad_status prediction(const dpm_keys *k, dpm_config *c)
{
    static const struct {
        const char    *name;
        dpm_prediction p;
    } known[] = {
        { "epsilon", DPM_EPSILON },
        { "sample", DPM_X0 },
        { "v_prediction", DPM_V },
        { "flow_prediction", DPM_FLOW },
    };
    for (int i = 0; i < 4; i++)
        if (dpm_name_same(k->prediction_type, known[i].name)) {
            c->prediction = known[i].p;
            return AD_OK;
        }
    return dpm_config_refuse(k, "prediction_type", k->prediction_type,
                             "it is epsilon, sample, v_prediction or flow_prediction");
}

/* beta_j of schedules that diffusers has and we have not, as a list */
static double sigmoid_beta(const dpm_keys *k, long j)
{
    double u = -6 + 12 * (double)j / (double)(k->num_train_timesteps - 1);
    return k->beta_start + (k->beta_end - k->beta_start) / (1 + exp(-u));
}

static double exp_beta(const dpm_keys *k, long j)
{
    (void)j;
    return -expm1(-12 / (double)k->num_train_timesteps);
}

static ad_status listed(const dpm_keys *k, dpm_config *c, double (*beta)(const dpm_keys *, long))
{
    long    n    = k->num_train_timesteps;
    double *list = ad_arena_alloc(c->arena, (size_t)n * sizeof *list);
    if (!list) return AD_NO_MEMORY;
    for (long j = 0; j < n; j++) list[j] = beta(k, j);
    c->schedule.betas = list;
    return AD_OK;
}

static ad_status betas(const dpm_keys *k, dpm_config *c)
{
    dpm_schedule_options *o    = &c->schedule;
    const char           *name = k->beta_schedule;
    *o = (dpm_schedule_options){ .name = "ddpm", .train_steps = k->num_train_timesteps };
    if (o->train_steps < 2 || o->train_steps > 1000000)
        return ad_fail(AD_INVALID, "num_train_timesteps = %ld; it goes from 2 to 1000000",
                       o->train_steps);
    if (k->trained_betas.n && k->trained_betas.n != o->train_steps)
        return ad_fail(AD_INVALID, "there are %ld trained_betas for num_train_timesteps = %ld",
                       k->trained_betas.n, o->train_steps);
    if (k->trained_betas.n)
        o->betas = k->trained_betas.value;
    else if (dpm_name_same(name, "squaredcos_cap_v2"))
        o->name = "cosine-discrete";
    else if (dpm_name_same(name, "sigmoid"))
        return listed(k, c, sigmoid_beta);
    else if (dpm_name_same(name, "exp"))
        return listed(k, c, exp_beta);
    else {
        o->beta_min = k->beta_start;
        o->beta_max = k->beta_end;
        if (dpm_name_same(name, "scaled_linear"))
            o->name = "scaled-linear";
        else if (!dpm_name_same(name, "linear"))
            return dpm_config_refuse(
                k, "beta_schedule", name,
                "it is linear, scaled_linear, squaredcos_cap_v2, sigmoid or exp");
    }
    return AD_OK;
}

/* The betas that end at alpha_bar = 2^-24, which diffusers puts for 0 where a class divides by alpha; 0 stays where the step before
   is already below that, as with the linear ones. */
static ad_status end_below(dpm_config *c)
{
    dpm_schedule *s;
    AD_TRY(dpm_schedule_new(&s, &c->schedule));
    long          n         = s->o.train_steps;
    const double *log_alpha = s->table;
    double        last = -12 * log(2), before = 0, *list = NULL;
    int           falls = last < log_alpha[n - 2];
    if (falls) list = ad_arena_alloc(c->arena, (size_t)n * sizeof *list);
    for (long j = 0; list && j < n; j++) {
        double l = j < n - 1 ? log_alpha[j] : last;
        list[j]  = -expm1(2 * (l - before));
        before   = l;
    }
    dpm_schedule_free(s);
    if (falls)
        c->schedule = (dpm_schedule_options){ .name = "ddpm", .train_steps = n, .betas = list };
    return falls && !list ? AD_NO_MEMORY : AD_OK;
}

static ad_status flow(const dpm_keys *k, dpm_config *c)
{
    double n    = (double)k->num_train_timesteps;
    c->schedule = (dpm_schedule_options){ .name = "flow", .t_begin = 1 - 1 / n };
    if (k->use_dynamic_shifting)
        return dpm_config_refuse(k, "use_dynamic_shifting", "true",
                                 "the shift e^mu depends on the size of the image, which is not "
                                 "known here; write false and flow_shift = e^mu");
    return AD_OK;
}

ad_status dpm_config_schedule(const dpm_keys *k, dpm_config *c, int below)
{
    AD_TRY(prediction(k, c));
    if (k->use_flow_sigmas) return flow(k, c);
    AD_TRY(betas(k, c));
    c->schedule.zero_terminal_snr = k->rescale_betas_zero_snr;
    return k->rescale_betas_zero_snr && below ? end_below(c) : AD_OK;
}
