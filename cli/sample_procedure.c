/* sample_procedure.c - samplers that are no sequence of steps of one model: denoising MCMC (dmcmc.h), Feynman-Kac correctors (fkc.h). They
   ask for densities, which a mixture has and a trained network has not. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/random.h>
#include <costate/diffusion/dmcmc.h>
#include <costate/diffusion/fkc.h>
#include <costate/diffusion/method.h>

#include "sample.h"

enum { STREAM = 0x70696b };

static const dpm_method *method_of(const sample *s)
{
    return dpm_method_find(s->o.sampler ? s->o.sampler : "dpmpp-2m");
}

int sample_is_procedure(const sample *s)
{
    const dpm_method *m = method_of(s);
    return m && !m->make;
}

ad_status sample_procedure_check(sample *s)
{
    static const char *const others[] = { "start",   "from",  "known",      "mean", "invert",
                                          "network", "batch", "cotangent",  "path", "nfe",
                                          "found",   "order", "prediction", "eta" };
    const dpm_method        *m        = method_of(s);
    if (!s->model->mixture)
        return ad_fail(AD_INVALID,
                       "--sampler %s needs densities, which %s does not have: mixtures alone",
                       m->name, s->model->path);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (cli_given(s->args, others[i]))
            return ad_fail(AD_INVALID, "--sampler %s does not take --%s", m->name, others[i]);
    if (cli_given(s->args, "power") && strcmp(m->name, "fkc"))
        return ad_fail(AD_INVALID, "--power is for --sampler fkc, whose samples are of p^power");
    s->power = cli_given(s->args, "power") ? cli_number(s->args, "power") : 1;
    if (!(s->power > 0)) return ad_fail(AD_INVALID, "--power is %g; it is above 0", s->power);
    s->steps = s->o.grid.steps;
    if (strcmp(m->name, "fkc")) {
        if (!cli_given(s->args, "steps")) s->steps = 18; /* of the finish, dmcmc.h */
        return AD_OK;
    }
    if (s->steps < 10)
        return ad_fail(AD_INVALID,
                       "--sampler fkc steps as Euler and Maruyama do: %ld steps blow up, take 10 "
                       "at least; 100 are usual",
                       s->steps);
    dpm_point *point = ad_arena_alloc(s->arena, (size_t)(s->steps + 1) * sizeof *point);
    if (!point) return AD_NO_MEMORY;
    s->point = point;
    return dpm_grid_make(s->o.schedule, &s->o.grid, point);
}

/* Ten samples a chain, by the schedule's range of sigma where it has one. */
static ad_status mcmc(sample *s)
{
    dpm_dmcmc_stats   stats;
    const double      min = s->o.schedule->o.sigma_min, max = s->o.schedule->o.sigma_max;
    dpm_dmcmc_options o = { .density   = dpm_mixture_density(s->model->mixture),
                            .steps     = s->steps,
                            .per_chain = 10,
                            .last      = 1, /* the choice of the least noisy is biased */
                            .seed      = (uint64_t)cli_integer(s->args, "seed") };
    if (min > 0) o.sigma_min = min;
    if (max > 0) o.sigma_max = max;
    AD_TRY(dpm_dmcmc(&o, s->n, s->out, &stats));
    s->nfe = (stats.nfe_chain + stats.nfe_finish) / s->n;
    return AD_OK;
}

/* n rows of equal weight: row i is the particle where the sum of weights passes (i + u) / n. */
static void pick(const sample *s, const double *particle, const double *weight)
{
    double u, sum = weight[0];
    long   k = 0;
    ad_random_uniform(AD_F64, (uint64_t)cli_integer(s->args, "seed"), STREAM, 0, 1, &u);
    for (long i = 0; i < s->n; i++) {
        while (k < s->n - 1 && sum < ((double)i + u) / (double)s->n) sum += weight[++k];
        memcpy(s->out + i * s->dim, particle + k * s->dim, (size_t)s->dim * sizeof *particle);
    }
}

static ad_status particles(sample *s)
{
    dpm_fkc_stats   stats;
    dpm_fkc_options o = { .schedule = s->o.schedule,
                          .grid     = s->o.grid,
                          .terms    = 1,
                          .density  = { dpm_mixture_density(s->model->mixture) },
                          .exponent = { s->power },
                          .seed     = (uint64_t)cli_integer(s->args, "seed") };
    double         *x = sample_room(s, s->n),
           *weight    = ad_arena_alloc(s->arena, (size_t)s->n * sizeof *weight);
    if (!x || !weight) return AD_NO_MEMORY;
    AD_TRY(dpm_fkc(&o, s->n, x, weight, &stats));
    s->nfe = stats.nfe / s->n;
    pick(s, x, weight);
    return AD_OK;
}

ad_status sample_procedure(sample *s)
{
    s->out = sample_room(s, s->n);
    if (!s->out) return AD_NO_MEMORY;
    cli_progress_begin(&s->progress, "sampling", 1);
    AD_TRY(strcmp(method_of(s)->name, "fkc") ? mcmc(s) : particles(s));
    s->seconds = cli_progress_seconds(&s->progress);
    return AD_OK;
}
