/* settings_check.c - which settings make sense. */
#include <stdio.h>
#include <string.h>

#include <costate/adjoint/adjoint.h>
#include <costate/autodiff/layers.h>
#include <costate/autodiff/optim.h>
#include <costate/diffusion/prediction.h>
#include <costate/diffusion/schedule.h>
#include <costate/models/settings.h>
#include <costate/nde/controller.h>
#include <costate/regularizers/regularizer.h>

static ad_status range(const char *key, double x, double lo, double hi)
{
    if (x >= lo && x <= hi) return AD_OK;
    return ad_fail(AD_INVALID, "%s is %g, it must lie in [%g, %g]", key, x, lo, hi);
}

static ad_status one_of(const char *key, const char *text, const char *a, const char *b)
{
    if (!strcmp(text, a) || !strcmp(text, b)) return AD_OK;
    return ad_fail(AD_INVALID, "%s is '%.40s', it must be %s or %s", key, text, a, b);
}

static ad_status adjoint_named(const char *name)
{
    char all[128] = "";
    for (int i = 0; i < adj_mode_count(); i++) {
        if (!strcmp(adj_mode_name(i), name)) return AD_OK;
        size_t n = strlen(all);
        snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", adj_mode_name(i));
    }
    return ad_fail(AD_INVALID, "no adjoint is called '%.40s'; there are %s", name, all);
}

static ad_status check_names(const mdl_samples_config *c)
{
    ad_schedule schedule;
    AD_TRY(one_of("precision", c->precision, "float32", "float64"));
    AD_TRY(ad_schedule_parse(&schedule, c->schedule, 1));
    return ad_optimizer_find(c->optimizer) ? AD_OK : AD_INVALID;
}

static ad_status check_solves(const mdl_samples_config *c)
{
    reg_term term[16];
    int      terms;
    AD_TRY(range("measure", (double)c->measure, 0, 1e9));
    AD_TRY(range("rtol", c->rtol, 1e-14, 1));
    AD_TRY(range("atol", c->atol, 1e-14, 1));
    AD_TRY(range("max-steps", (double)c->max_steps, 1, 1e9));
    AD_TRY(range("t1", c->t1, 1e-6, 1e6));
    AD_TRY(one_of("batching", c->batching, "joint", "per-sample"));
    AD_TRY(adjoint_named(c->adjoint));
    AD_TRY(reg_parse(c->regularizer, 8, term, &terms));
    return nde_method(c->method) && nde_controller_named(c->controller) ? AD_OK : AD_INVALID;
}

static ad_status check_samples(const mdl_samples_config *c)
{
    const double many = 1e9;
    AD_TRY(range("rows", (double)c->rows, 0, many));
    AD_TRY(range("holdout", c->holdout, 0, 0.9));
    AD_TRY(range("test-rows", (double)c->test_rows, 0, many));
    AD_TRY(range("seed", (double)c->seed, 0, 0x1p53));
    AD_TRY(range("epochs", (double)c->epochs, 1, many));
    AD_TRY(range("iterations", (double)c->iterations, 0, many));
    AD_TRY(range("batch", (double)c->batch, 1, 1e6));
    AD_TRY(range("lr", c->lr, 0, 100));
    AD_TRY(range("momentum", c->momentum, 0, 1 - 1e-9));
    AD_TRY(range("weight-decay", c->weight_decay, 0, 100));
    AD_TRY(range("clip", c->clip, 0, many));
    AD_TRY(range("every", (double)c->every, 0, many));
    AD_TRY(range("checkpoint-every", c->checkpoint, 0, many));
    AD_TRY(check_names(c));
    return c->method ? check_solves(c) : AD_OK;
}

static ad_status activation(const char *name)
{
    return !strcmp(name, "none") || ad_activation_find(name) ? AD_OK : AD_INVALID;
}

ad_status mdl_check_classifier(const void *config)
{
    const mdl_classifier_config *c = config;
    AD_TRY(check_samples(&c->samples));
    AD_TRY(range("state", (double)c->state, 0, 1e6));
    AD_TRY(range("hidden", (double)c->hidden, 1, 1e6));
    AD_TRY(activation(c->activation));
    AD_TRY(activation(c->first));
    AD_TRY(activation(c->last));
    return activation(c->head);
}

ad_status mdl_check_cnf(const void *config)
{
    const mdl_cnf_config *c = config;
    AD_TRY(check_samples(&c->samples));
    AD_TRY(range("hidden", (double)c->hidden, 1, 1e6));
    AD_TRY(range("depth", (double)c->depth, 1, 100));
    AD_TRY(one_of("field", c->field, "squash", "plain"));
    if (strcmp(c->trace, "exact")) AD_TRY(one_of("trace", c->trace, "rademacher", "gaussian"));
    return ad_activation_find(c->activation) ? AD_OK : AD_INVALID;
}

static ad_status normalisation(const char *name)
{
    if (!strcmp(name, "auto") || !strcmp(name, "none")) return AD_OK;
    return one_of("normalise", name, "deviation", "range");
}

static ad_status check_noise(const mdl_score_config *c)
{
    const double many = 1e9;
    AD_TRY(range("beta-min", c->beta_min, 0, many));
    AD_TRY(range("beta-max", c->beta_max, 0, many));
    AD_TRY(range("sigma-min", c->sigma_min, 0, many));
    AD_TRY(range("sigma-max", c->sigma_max, 0, many));
    AD_TRY(range("shift", c->shift, 0, many));
    AD_TRY(range("t-end", c->t_end, 0, many));
    AD_TRY(range("level-mean", c->level_mean, -20, 20));
    AD_TRY(range("level-deviation", c->level_deviation, 1e-6, 20));
    AD_TRY(range("ema", c->average, 0, 1 - 1e-9));
    AD_TRY(range("fokker-planck", c->fokker_planck, 0, many));
    return dpm_schedule_find(c->noise) ? AD_OK : AD_INVALID;
}

ad_status mdl_check_score(const void *config)
{
    const mdl_score_config *c = config;
    dpm_prediction          prediction;
    AD_TRY(check_samples(&c->samples));
    AD_TRY(range("hidden", (double)c->hidden, 1, 1e6));
    AD_TRY(range("depth", (double)c->depth, 1, 1000));
    AD_TRY(range("embedding", (double)c->embedding, 1, 1e6));
    AD_TRY(range("label-dropout", c->dropout, 0, 1));
    AD_TRY(normalisation(c->normalise));
    AD_TRY(dpm_prediction_parse(c->prediction, &prediction));
    AD_TRY(check_noise(c));
    return ad_activation_find(c->activation) ? AD_OK : AD_INVALID;
}
