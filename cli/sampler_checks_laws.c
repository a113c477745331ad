/* Laws: mode weights of denoising MCMC against the mixture's; the end law of interpolants. Differences are told in standard errors. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/diffusion/dmcmc.h>
#include <costate/diffusion/interpolant.h>

#include "json.h"
#include "sampler_checks.h"

enum { DIM = 2, MODES = CHECK_MODES };
static const double STANDARD_ERRORS = 4;

/* --- denoising MCMC ----------------------------------------------------------------------------------------------------------- */

typedef struct chain {
    long skip, per_chain, steps;
    int  order, last;
} chain;

static const chain chains[] = {
    { 1, 1, 18, 2, 1 }, { 10, 1, 18, 2, 1 },  { 10, 1, 18, 2, 0 },
    { 5, 64, 6, 1, 0 }, { 10, 64, 18, 2, 0 }, { 10, 64, 18, 2, 1 },
};
enum { CHAINS = sizeof chains / sizeof *chains };

static ad_status one_chain(checks *k, check_table *table, const chain *c)
{
    sampler_case     *a           = &k->a;
    double            part[MODES] = { 0 }, worst = 0, distance;
    dpm_dmcmc_stats   stats;
    dpm_dmcmc_options o = { .density   = dpm_mixture_density(a->mixture),
                            .levels    = 24,
                            .warm_up   = 200,
                            .skip      = c->skip,
                            .per_chain = c->per_chain,
                            .steps     = c->steps,
                            .order     = c->order,
                            .last      = c->last,
                            .seed      = 3 };
    AD_TRY(dpm_dmcmc(&o, a->n, a->out, &stats));
    AD_TRY(sampler_case_distance(a, &distance));
    for (long i = 0; i < a->n; i++)
        part[dpm_mixture_mode(a->mixture, a->out + DIM * i)] += 1 / (double)a->n;
    for (int m = 0; m < MODES; m++) {
        double w = a->mixture->weight[m], e = sqrt(w * (1 - w) / (double)a->n);
        worst = fmax(worst, fabs(part[m] - w) / e);
    }
    double nfe = (double)(stats.nfe_chain + stats.nfe_finish) / (double)a->n;
    check_row(table);
    check_cell(table, 0, "%ld of a chain, %s of %ld, %s %ld", c->per_chain,
               c->last ? "last" : "least noisy", c->skip, c->order == 2 ? "Heun" : "Euler",
               c->steps);
    check_cell(table, 1, "%.1f", nfe);
    check_cell(table, 2, "%.3f", stats.sigma_mean);
    check_modes(table, 3, part);
    check_cell(table, 4, "%.1f", worst);
    check_cell(table, 5, "%.3f", distance);
    json_t *j = check_json(k, "denoising_mcmc");
    json_object_set_new(j, "per_chain", json_integer(c->per_chain));
    json_object_set_new(j, "skip", json_integer(c->skip));
    json_object_set_new(j, "order", json_integer(c->order));
    json_object_set_new(j, "nfe", cli_json_number(nfe));
    check_put_modes(j, "modes", part);
    json_object_set_new(j, "sliced_w2", cli_json_number(distance));
    json_object_set_new(j, "last", json_boolean(c->last));
    if (c->per_chain == 1 && c->last)
        check_below(k, "DMCMC",
                    c->skip == 1 ? "mode weights after 201 states, standard errors"
                                 : "mode weights after 210 states, standard errors",
                    worst, STANDARD_ERRORS);
    return AD_OK;
}

ad_status check_chains(checks *k)
{
    static const char *const heads[] = { "denoising MCMC",
                                         "evaluations a sample",
                                         "sigma kept",
                                         "modes",
                                         "off, in standard errors",
                                         "sliced W2",
                                         NULL };
    static char              note[512];
    double                   floor;
    check_table             *table = check_table_new(k, "Denoising MCMC", note, heads);
    AD_TRY(sampler_case_floor(&k->a, &floor));
    snprintf(
        note, sizeof note,
        "%ld samples; the mixture's weights are .1 .2 .3 .4; errors as if samples were "
        "independent. "
        "sigma from 0.01 to 10 on 24 levels, exact p(sigma | x), 200 states to warm up. Taking the "
        "least noisy of several states favours modes in which sigma falls lower. Two sets of "
        "exact samples have a sliced W2 of %.3f.",
        k->a.n, floor);
    for (int i = 0; i < CHAINS; i++) AD_TRY(one_chain(k, table, &chains[i]));
    return k->status;
}

/* --- interpolants ------------------------------------------------------------------------------------------------------------- */

/* The largest difference of means, variances and mode weights from the mixture's, in standard errors; that of a variance is
   at most 2 v / sqrt(n) here, where the kurtosis is below 5. */
static double off(const dpm_mixture *m, long n, const double *x)
{
    double worst = 0, part[MODES] = { 0 };
    for (long i = 0; i < n; i++) part[dpm_mixture_mode(m, x + DIM * i)] += 1 / (double)n;
    for (int k = 0; k < MODES; k++)
        worst = fmax(worst, fabs(part[k] - m->weight[k]) /
                                sqrt(m->weight[k] * (1 - m->weight[k]) / (double)n));
    for (int d = 0; d < DIM; d++) {
        double mean = 0, square = 0, got = 0, got2 = 0;
        for (int k = 0; k < MODES; k++) {
            double mu = m->mean[DIM * k + d];
            mean += m->weight[k] * mu;
            square += m->weight[k] * (mu * mu + m->variance[DIM * k + d]);
        }
        for (long i = 0; i < n; i++) {
            got += x[DIM * i + d] / (double)n;
            got2 += x[DIM * i + d] * x[DIM * i + d] / (double)n;
        }
        double v = square - mean * mean;
        worst    = fmax(worst, fabs(got - mean) / sqrt(v / (double)n));
        worst    = fmax(worst, fabs(got2 - got * got - v) / (2 * v / sqrt((double)n)));
    }
    return worst;
}

static ad_status between(checks *k, check_table *t, const dpm_mixture *from, int kind, double level,
                         long steps)
{
    sampler_case           *a = &k->a;
    dpm_interpolant         p = { from, a->mixture, (dpm_interpolant_kind)kind };
    dpm_interpolant_options o = { .field       = dpm_interpolant_exact,
                                  .ctx         = &p,
                                  .dim         = DIM,
                                  .steps       = steps,
                                  .noise_level = level,
                                  .seed        = 8 };
    dpm_mixture_draw(from, 7, 0, a->n, a->out);
    AD_TRY(dpm_interpolant_run(&o, a->n, a->out));
    double worst = off(a->mixture, a->n, a->out), distance;
    AD_TRY(sampler_case_distance(a, &distance));
    check_row(t);
    check_cell(t, 0, "%s", kind == DPM_LINEAR ? "linear" : "trigonometric");
    check_cell(t, 1, "%g", level);
    check_cell(t, 2, "%ld", steps);
    check_cell(t, 3, "%.1f", worst);
    check_cell(t, 4, "%.3f", distance);
    json_t *j = check_json(k, "interpolants");
    json_object_set_new(j, "kind", json_string(kind == DPM_LINEAR ? "linear" : "trigonometric"));
    json_object_set_new(j, "noise_level", cli_json_number(level));
    json_object_set_new(j, "steps", json_integer(steps));
    json_object_set_new(j, "off", cli_json_number(worst));
    json_object_set_new(j, "sliced_w2", cli_json_number(distance));
    check_below(k, kind == DPM_LINEAR ? "interpolant, linear" : "interpolant, trigonometric",
                level == 0 ? "end law of the ODE, standard errors"
                           : "end law of the SDE, standard errors",
                worst, STANDARD_ERRORS);
    return AD_OK;
}

ad_status check_interpolants(checks *k)
{
    static const char *const heads[] = { "interpolant", "eps", "steps", "off, in standard errors",
                                         "sliced W2",   NULL };
    static const double      level[] = { 0, 0.5, 2 };
    static const long        steps[] = { 50, 100, 200 };
    check_table             *t       = check_table_new(k, "Stochastic interpolants",
                                                       "From two broad Gaussians to the mixture, exact drift and "
                                                                         "score. Off: the largest difference "
                                                                         "of a mean, a variance or a mode's weight at t = 1.",
                                                       heads);
    dpm_mixture             *from    = NULL;
    AD_TRY(dpm_mixture_new(&from, 2, DIM, (const double[]){ .5, .5 },
                           (const double[]){ .8, .2, -.9, 0 }, (const double[]){ .3, .5, .4, .6 }));
    ad_status s = AD_OK;
    for (int kind = 0; kind < 2; kind++)
        for (int e = 0; e < 3 && !s; e++) s = between(k, t, from, kind, level[e], steps[e]);
    dpm_mixture_free(from);
    return s ? s : k->status;
}
