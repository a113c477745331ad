/* Feynman-Kac correctors: mode weights against quadrature, in standard errors. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>
#include <costate/diffusion/fkc.h>

#include "json.h"
#include "sampler_checks.h"

enum { DIM = 2, MODES = CHECK_MODES, RUNS = 16, SIDE = 300 };
static const double STANDARD_ERRORS = 4;

typedef struct target {
    const char *title;
    int         terms;
    double      exponent[2], noise;
    int         weighted;
} target;

static const target targets[] = {
    { "q^2, noise g", 1, { 2 }, 1, 1 },
    { "q^2, noise sqrt(2) g", 1, { 2 }, 2, 1 },
    { "q^2, no weights", 1, { 2 }, 1, 0 },
    { "q1 q2", 2, { 1, 1 }, 2, 1 },
    { "q1 q2, no weights", 2, { 1, 1 }, 2, 0 },
    { "q2^2 / q1 (guidance 2)", 2, { -1, 2 }, 1, 1 },
    { "q2^2 / q1, no weights", 2, { -1, 2 }, 1, 0 },
};
enum { TARGETS = sizeof targets / sizeof *targets };

/* By the midpoint rule on [-3, 3]^2, at the law of the last point. */
static void quadrature(const checks *k, const dpm_fkc_options *o, double part[MODES])
{
    const double    h   = 6. / SIDE;
    double          sum = 0;
    const dpm_point at  = dpm_schedule_at(k->a.schedule, k->a.schedule->o.t_end);
    memset(part, 0, MODES * sizeof *part);
    for (int i = 0; i < SIDE * SIDE; i++) {
        double x[DIM] = { -3 + (i / SIDE + 0.5) * h, -3 + (i % SIDE + 0.5) * h }, l = 0;
        for (int q = 0; q < o->terms; q++)
            l += o->exponent[q] * o->density[q].log(&at, x, NULL, o->density[q].ctx);
        part[dpm_mixture_mode(k->a.mixture, x)] += exp(l);
        sum += exp(l);
    }
    for (int m = 0; m < MODES; m++) part[m] /= sum;
}

/* Mean and standard error over runs. */
static ad_status weigh(const checks *k, const target *t, dpm_fkc_options o, long n,
                       double mean[MODES], double error[MODES])
{
    double   *x = ad_alloc((size_t)n * DIM * sizeof *x), *w = ad_alloc((size_t)n * sizeof *w);
    double    square[MODES] = { 0 };
    ad_status s             = x && w ? AD_OK : AD_NO_MEMORY;
    memset(mean, 0, MODES * sizeof *mean);
    for (int run = 0; run < RUNS && !s; run++) {
        double part[MODES] = { 0 };
        o.seed             = (uint64_t)run + 1;
        s                  = dpm_fkc(&o, n, x, w, NULL);
        for (long i = 0; i < n && !s; i++)
            part[dpm_mixture_mode(k->a.mixture, x + DIM * i)] += t->weighted ? w[i] : 1 / (double)n;
        for (int m = 0; m < MODES; m++)
            mean[m] += part[m] / RUNS, square[m] += part[m] * part[m] / RUNS;
    }
    for (int m = 0; m < MODES; m++) error[m] = sqrt((square[m] - mean[m] * mean[m]) / (RUNS - 1));
    ad_free(x);
    ad_free(w);
    return s;
}

static ad_status correct(checks *k, check_table *table, const target *t, const dpm_mixture *other)
{
    double          want[MODES], mean[MODES], error[MODES], worst = 0;
    const long      n = k->quick ? 400 : 2000;
    dpm_fkc_options o = { .schedule  = k->a.schedule,
                          .grid      = { .name = "logsnr", .steps = k->quick ? 60 : 150 },
                          .terms     = t->terms,
                          .density   = { dpm_mixture_density(k->a.mixture),
                                         dpm_mixture_density(other) },
                          .exponent  = { t->exponent[0], t->exponent[1] },
                          .noise     = t->noise,
                          .effective = t->weighted ? 0 : DPM_ZERO };
    quadrature(k, &o, want);
    AD_TRY(weigh(k, t, o, n, mean, error));
    for (int m = 0; m < MODES; m++) worst = fmax(worst, fabs(mean[m] - want[m]) / error[m]);
    check_row(table);
    check_cell(table, 0, "%s", t->title);
    check_modes(table, 1, want);
    check_modes(table, 2, mean);
    check_modes(table, 3, error);
    check_cell(table, 4, "%.1f", worst);
    json_t *j = check_json(k, "feynman_kac");
    json_object_set_new(j, "target", json_string(t->title));
    check_put_modes(j, "quadrature", want);
    check_put_modes(j, "mean", mean);
    check_put_modes(j, "standard_error", error);
    if (t->weighted) check_below(k, "FKC", t->title, worst, STANDARD_ERRORS);
    return AD_OK;
}

ad_status check_particles(checks *k)
{
    static const char *const heads[] = {
        "target",          "modes by quadrature",          "by particles",
        "standard errors", "largest difference, in these", NULL
    };
    check_table *table = check_table_new(
        k, "Feynman-Kac correctors",
        "Weights of the four modes; q, q1: the mixture with weights .1 .2 .3 .4, q2: the same "
        "modes "
        "with .4 .3 .2 .1. 16 runs of 2000 particles, 150 steps (quick: 400, 60), systematic "
        "resampling below half of them. Without weights it is the sampler with summed scores.",
        heads);
    const dpm_mixture *m     = k->a.mixture;
    dpm_mixture       *other = NULL;
    AD_TRY(dpm_mixture_new(&other, MODES, DIM, (const double[]){ .4, .3, .2, .1 }, m->mean,
                           m->variance));
    ad_status s = AD_OK;
    for (int i = 0; i < TARGETS && !s; i++) s = correct(k, table, &targets[i], other);
    dpm_mixture_free(other);
    return s ? s : k->status;
}
