/* sample_options.c - what a sampler is told, from the command line. */
#include <math.h>
#include <string.h>

#include <costate/diffusion/method.h>

#include "sample.h"
#include "text.h"

double *sample_room(sample *s, long rows)
{
    return ad_arena_alloc(s->arena, (size_t)rows * (size_t)s->dim * sizeof(double));
}

ad_status sample_number(const cli_args *a, const char *key, double *x)
{
    if (!cli_given(a, key)) return AD_OK;
    double v = cli_number(a, key);
    if (v < 0) return ad_fail(AD_INVALID, "--%s is %s; it is not negative", key, cli_text(a, key));
    *x = v == 0 ? DPM_ZERO : v;
    return AD_OK;
}

/* Greater than zero where it is given. */
static ad_status positive(const cli_args *a, const char *key, double *x)
{
    if (!cli_given(a, key)) return AD_OK;
    *x = cli_number(a, key);
    return *x > 0 ? AD_OK
                  : ad_fail(AD_INVALID, "--%s: %s is not greater than 0", key, cli_text(a, key));
}

/* One of two words: 0 or 1 into *second. */
static ad_status choice(const cli_args *a, const char *key, const char *one, const char *two,
                        int *second)
{
    const char *word = cli_text(a, key);
    *second          = strcmp(word, two) == 0;
    if (*second || strcmp(word, one) == 0) return AD_OK;
    return ad_fail(AD_INVALID, "--%s: '%.60s' is neither %s nor %s", key, word, one, two);
}

/* A word that the samplers look at: one of two, or of two others that mean the same. */
static ad_status word_of(const cli_args *a, const char *key, const char *const known[4],
                         const char **word)
{
    if (!cli_given(a, key)) return AD_OK;
    for (int i = 0; i < 4; i++)
        if (known[i] && !strcmp(cli_text(a, key), known[i])) {
            *word = known[i & 1];
            return AD_OK;
        }
    return ad_fail(AD_INVALID, "--%s: '%.60s' is neither %s nor %s", key, cli_text(a, key),
                   known[0], known[1]);
}

/* What has no known error is as published. */
static ad_status published(const cli_args *a, dpm_options *o)
{
    const dpm_method *m = dpm_method_find(o->sampler ? o->sampler : "dpmpp-2m");
    if (!m) return AD_INVALID;
    AD_TRY(choice(a, "compat", "exact", "published", &o->published));
    if (!strstr(m->takes, "compat")) o->published = 0;
    return AD_OK;
}

static ad_status words(const cli_args *a, dpm_options *o)
{
    static const char *const type[4] = { "dpmsolver", "taylor", "midpoint", "heun" };
    static const char *const sing[4] = { "fast", "fixed" };
    AD_TRY(word_of(a, "solver-type", type, &o->solver_type));
    AD_TRY(word_of(a, "singlestep", sing, &o->singlestep));
    if (cli_given(a, "variant")) o->variant = cli_text(a, "variant"); /* the sampler knows which */
    if (cli_given(a, "sampler") && strcmp(cli_text(a, "sampler"), "found"))
        o->sampler = cli_text(a, "sampler");
    if (cli_given(a, "statistics")) o->statistics = cli_text(a, "statistics");
    AD_TRY(published(a, o));
    if (!cli_given(a, "prediction")) return AD_OK;
    AD_TRY(dpm_prediction_parse(cli_text(a, "prediction"), &o->prediction));
    if (o->prediction == DPM_EPSILON || o->prediction == DPM_X0) return AD_OK;
    return ad_fail(AD_INVALID,
                   "--prediction: samplers integrate noise or data, not %s (what a network "
                   "predicts is the model's)",
                   dpm_prediction_name(o->prediction));
}

static ad_status numbers(const cli_args *a, dpm_options *o)
{
    if (cli_given(a, "order")) {
        if (cli_integer(a, "order") < 1 || cli_integer(a, "order") > 16)
            return ad_fail(AD_INVALID, "--order is %s; 1, 2, 3, ...", cli_text(a, "order"));
        o->order = (int)cli_integer(a, "order");
    }
    AD_TRY(sample_number(a, "eta", &o->eta));
    AD_TRY(sample_number(a, "churn", &o->churn));
    AD_TRY(sample_number(a, "churn-min", &o->churn_min));
    AD_TRY(sample_number(a, "churn-max", &o->churn_max));
    AD_TRY(sample_number(a, "churn-noise", &o->churn_noise));
    AD_TRY(positive(a, "gamma", &o->gamma));
    AD_TRY(positive(a, "mixing", &o->mixing));
    AD_TRY(positive(a, "zeta", &o->zeta));
    AD_TRY(sample_number(a, "rtol", &o->rtol));
    AD_TRY(sample_number(a, "atol", &o->atol));
    AD_TRY(positive(a, "threshold", &o->threshold));
    AD_TRY(positive(a, "threshold-most", &o->threshold_most));
    if (cli_given(a, "threshold-most") && !cli_given(a, "threshold"))
        return ad_fail(AD_INVALID,
                       "--threshold-most is about --threshold RATIO, which is not given");
    if (o->threshold > 1)
        return ad_fail(AD_INVALID, "--threshold is %g; it is a part of the numbers, at most 1",
                       o->threshold);
    AD_TRY(sample_number(a, "noise-level", &o->noise_level));
    if (o->noise_level == DPM_ZERO) o->noise_level = 0;
    AD_TRY(positive(a, "clip", &o->clip_range));
    if (cli_given(a, "clip")) o->clip = 1;
    return AD_OK;
}

static ad_status flags(const cli_args *a, dpm_options *o)
{
    if (cli_given(a, "lower-order-final"))
        o->lower_order_final = cli_flag(a, "lower-order-final") ? 1 : -1;
    if (cli_given(a, "corrector")) o->no_corrector = !cli_flag(a, "corrector");
    if (!cli_given(a, "skip-most")) return AD_OK;
    o->skip_most = (int)cli_integer(a, "skip-most");
    if (cli_integer(a, "skip-most") >= 1 && cli_integer(a, "skip-most") <= 1000) return AD_OK;
    return ad_fail(AD_INVALID, "--skip-most is %s; 1 to 1000", cli_text(a, "skip-most"));
}

static ad_status method(const cli_args *a, const char *key, const nde_tableau **m)
{
    if (!cli_given(a, key)) return AD_OK;
    *m = nde_method(cli_text(a, key));
    return *m ? AD_OK : ad_fail_at(AD_INVALID, "--%s: ", key);
}

/* An option of the adjoint that was asked for, or nobody's. */
static ad_status belongs(const cli_args *a, const char *key, dpm_adjoint is, dpm_adjoint to)
{
    if (!cli_given(a, key) || is == to) return AD_OK;
    return ad_fail(AD_INVALID, "--%s is for --adjoint %s, and this is %s", key,
                   dpm_adjoint_name((int)to), dpm_adjoint_name((int)is));
}

static ad_status adjoint(const cli_args *a, dpm_options *o)
{
    double bytes = 0, rtol = 0;
    AD_TRY(dpm_adjoint_parse(cli_text(a, "adjoint"), &o->adjoint));
    AD_TRY(belongs(a, "budget", o->adjoint, DPM_ADJOINT_CHECKPOINTS));
    AD_TRY(belongs(a, "last", o->adjoint, DPM_ADJOINT_LAST));
    AD_TRY(belongs(a, "adjoint-method", o->adjoint, DPM_ADJOINT_CONTINUOUS));
    AD_TRY(belongs(a, "adjoint-rtol", o->adjoint, DPM_ADJOINT_CONTINUOUS));
    AD_TRY(positive(a, "budget", &bytes));
    AD_TRY(positive(a, "adjoint-rtol", &rtol));
    o->budget          = (size_t)fmin(bytes, 1e15);
    o->continuous_rtol = rtol;
    o->last            = cli_integer(a, "last");
    if (o->adjoint == DPM_ADJOINT_LAST && !cli_given(a, "last"))
        return ad_fail(AD_INVALID, "--adjoint last: through how many steps? --last N");
    if (cli_given(a, "last") && o->last < 1)
        return ad_fail(AD_INVALID, "--last is %ld; at least one step", o->last);
    if (rtol > 0) o->continuous = &nde_tsit5; /* rk4 has no estimate */
    return method(a, "adjoint-method", &o->continuous);
}

ad_status sample_options(sample *s)
{
    AD_TRY(words(s->args, &s->o));
    AD_TRY(numbers(s->args, &s->o));
    AD_TRY(flags(s->args, &s->o));
    AD_TRY(method(s->args, "tableau", &s->o.tableau));
    return adjoint(s->args, &s->o);
}
