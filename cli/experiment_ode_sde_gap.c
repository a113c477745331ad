/* experiment_ode_sde_gap.c - "Closing the ODE-SDE gap" (Deveney et al. 2025) in two dimensions: networks trained with and without the
   residual of the Fokker-Planck equation in the loss, and how far the law of the ODE's samples is from that of the SDE's. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>
#include <costate/models/generate.h>
#include <costate/models/score_residual.h>

#include "json.h"
#include "ode_sde_gap.h"
#include "trained.h"

enum { DATA = 20000, SAMPLES = 40000, STEPS = 75, PLACES = 4000 };

static const char *const weights[GAP_WEIGHTS] = { "0", "0.01", "0.1", "1", "10" };

/* A small network that has not learned all there is: its score is no gradient of the log density of anything. */
static const trained_setting score_settings[] = {
    { "data", NULL },   { "seed", NULL },       { "fokker-planck", NULL }, { "iterations", "3000" },
    { "hidden", "64" }, { "depth", "2" },       { "normalise", "none" },   { "holdout", "0.1" },
    { "batch", "256" }, { "levels", "lambda" }, { "label", "none" },
};
enum { SETTINGS = 11, SET_DATA = 0, SET_SEED, SET_WEIGHT, SET_ITERATIONS };

/* --- the data ------------------------------------------------------------------------------------------------------------------ */

static ad_status save_data(const gap_work *w)
{
    double *x = ad_arena_alloc(w->arena, DATA * 2 * sizeof *x);
    FILE   *f = x ? fopen(w->data, "w") : NULL;
    if (!x) return AD_NO_MEMORY;
    if (!f) return ad_fail(AD_IO, "%s cannot be written", w->data);
    dpm_mixture_draw(w->c.mixture, 1, 0, DATA, x);
    fprintf(f, "x,y\n");
    for (long i = 0; i < DATA; i++) fprintf(f, "%.9g,%.9g\n", x[2 * i], x[2 * i + 1]);
    if (ferror(f) | fclose(f)) return ad_fail(AD_IO, "%s: writing failed", w->data);
    return AD_OK;
}

static json_t *rows_of(const double *x, long n)
{
    json_t *list = json_array();
    for (long i = 0; i < n; i++)
        json_array_append_new(list, json_pack("[f, f]", x[2 * i], x[2 * i + 1]));
    return list;
}

static ad_status save_mixture(const gap_work *w)
{
    const dpm_mixture *m      = w->c.mixture;
    json_t            *weight = json_array();
    for (long i = 0; i < m->components; i++) json_array_append_new(weight, json_real(m->weight[i]));
    json_t *j = json_pack("{s:o, s:o, s:o}", "weights", weight, "means",
                          rows_of(m->mean, m->components), "variances",
                          rows_of(m->variance, m->components));
    if (!j) return ad_fail(AD_NO_MEMORY, "out of memory");
    ad_status s = cli_json_save(j, w->mixture);
    json_decref(j);
    return s;
}

/* At the end of the way, as samples are: alpha x0 + sigma e. */
static void exact_samples(const gap_work *w, uint64_t seed, double *x, double *e)
{
    dpm_point end = dpm_schedule_at(w->c.schedule, w->c.schedule->o.t_end);
    long      n   = w->ends.n;
    dpm_mixture_draw(w->c.mixture, seed, 0, n, x);
    ad_random_normal(AD_F64, seed, 1, 0, 2 * n, e);
    for (long i = 0; i < 2 * n; i++) x[i] = end.alpha * x[i] + end.sigma * e[i];
}

/* The root of the mean square distance of two sets of exact samples. */
static ad_status floor_of(gap_work *w)
{
    double *e = ad_arena_alloc(w->arena, (size_t)w->ends.n * 2 * sizeof *e), sum = 0, distance;
    if (!e) return AD_NO_MEMORY;
    for (uint64_t i = 0; i < GAP_PAIRS; i++) {
        exact_samples(w, 100 + 2 * i, w->ode, e);
        exact_samples(w, 101 + 2 * i, w->sde, e);
        AD_TRY(sampler_case_between(&w->ends, w->ode, w->sde, &distance));
        sum += distance * distance / GAP_PAIRS;
    }
    w->floor = sqrt(sum);
    return AD_OK;
}

static ad_status open(gap_work *w)
{
    long n     = w->r->quick ? 2000 : SAMPLES;
    w->weights = w->r->quick ? 2 : GAP_WEIGHTS;
    w->seeds   = w->r->quick ? 1 : GAP_SEEDS;
    w->steps   = w->r->quick ? 40 : STEPS;
    memcpy(w->weight, weights, sizeof weights);
    if (w->r->quick) w->weight[1] = "0.1";
    for (int i = 0; i < GAP_SEEDS; i++) w->seed[i] = (const char *const[]){ "1", "2", "3" }[i];
    AD_TRY(sampler_case_new(&w->c, "M3", 1));
    w->ends = w->c, w->ends.n = n;
    w->ode = ad_arena_alloc(w->arena, (size_t)n * 2 * sizeof(double));
    w->sde = ad_arena_alloc(w->arena, (size_t)n * 2 * sizeof(double));
    w->x0  = ad_arena_alloc(w->arena, PLACES * 2 * sizeof(double));
    if (!w->ode || !w->sde || !w->x0) return AD_NO_MEMORY;
    dpm_mixture_draw(w->c.mixture, 2, 0, PLACES, w->x0);
    AD_TRY(repro_path(w->r, NULL, "data.csv", w->data));
    AD_TRY(repro_path(w->r, NULL, "mixture.json", w->mixture));
    AD_TRY(save_data(w));
    AD_TRY(save_mixture(w));
    return floor_of(w);
}

/* --- laws ---------------------------------------------------------------------------------------------------------------------- */

/* Of the ODE and of the SDE, each with a start of its own. */
static ad_status look(gap_work *w, const char *path, gap_laws *l)
{
    mdl_denoiser *d;
    AD_TRY(mdl_denoiser_load(&d, path, AD_F64));
    mdl_generation ode = {
        .o    = { .sampler = "heun", .schedule = w->c.schedule, .grid.steps = w->steps },
        .n    = w->ends.n,
        .seed = 11
    };
    mdl_generation sde = ode;
    sde.o.sampler = "sde-dpmpp-2m", sde.o.grid.steps = 2 * w->steps, sde.seed = 12;
    ad_status s = mdl_score_residual_rms(&d->model, w->c.schedule, d->theta, PLACES, w->x0, 3,
                                         &l->residual);
    if (!s) s = mdl_generate(d, &ode, w->ode, NULL);
    if (!s) s = mdl_generate(d, &sde, w->sde, NULL);
    if (!s) s = sampler_case_between(&w->ends, w->ode, w->sde, &l->gap);
    w->ends.out = w->sde;
    if (!s) s = sampler_case_distance(&w->ends, &l->sde);
    w->ends.out = w->ode;
    if (!s) s = sampler_case_distance(&w->ends, &l->ode);
    mdl_denoiser_free(d);
    return s;
}

static ad_status row(gap_work *w, int weight, int seed)
{
    char            name[64], path[REPRO_PATH];
    trained_setting set[SETTINGS];
    memcpy(set, score_settings, sizeof set);
    set[SET_DATA].text   = w->data;
    set[SET_WEIGHT].text = w->weight[weight];
    set[SET_SEED].text   = w->seed[seed];
    if (w->r->quick) set[SET_ITERATIONS].text = "200";
    snprintf(name, sizeof name, "score-%s-seed-%s", w->weight[weight], w->seed[seed]);
    AD_TRY(trained_score(w->r, name, SETTINGS, set, path));
    return look(w, path, &w->at[weight][seed]);
}

static ad_status all(gap_work *w)
{
    AD_TRY(look(w, w->mixture, &w->exact));
    for (int i = 0; i < w->weights; i++)
        for (int k = 0; k < w->seeds; k++) AD_TRY(row(w, i, k));
    return AD_OK;
}

static ad_status whole(repro *r, repro_page *p)
{
    gap_work *w = ad_alloc(sizeof *w);
    ad_status s = w ? AD_OK : AD_NO_MEMORY;
    if (s) return s;
    w->r = r, w->arena = ad_arena_new();
    s = w->arena ? open(w) : AD_NO_MEMORY;
    if (!s) s = all(w);
    if (!s) gap_page(p, w);
    sampler_case_free(&w->c);
    ad_arena_free(w->arena);
    ad_free(w);
    return s;
}

static const char *const notes[] = {
    "Data: 20000 samples of a mixture of three Gaussians that overlap, in data.csv; the control is "
    "its exact score. VP-linear schedule, from t = 1 to 0.001; no network has learned all there "
    "is.",
    "The residual is the root of the mean of |sigma r|^2 / 2 per unit of log SNR, on the way of "
    "other samples to noise, at levels even in log SNR; training adds W times its square to the "
    "loss, with the exact divergence.",
    "The paper regularises the log density, of which the score is the gradient; here it is the "
    "gradient of that equation (Lai et al. 2023), of a network for the noise.",
    "ODE: Heun; SDE: SDE-DPM-Solver++(2M), twice as many steps, even in log SNR, from noise of "
    "their own, the same for all networks. The distances are sliced W2, by 128 directions.",
    NULL
};

const repro_experiment repro_experiment_ode_sde_gap = {
    .name  = "ode-sde-gap",
    .about = "the Fokker-Planck residual in the loss, and how far the ODE's samples are from the "
             "SDE's",
    .cite  = "Deveney, Stanczuk, Kreusser, Budd, Schoenlieb 2025, Closing the ODE-SDE gap",
    .notes = notes,
    .whole = whole,
};
