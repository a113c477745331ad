/* experiment_sampler_errors.c - how far from the exact endpoint is a sampler after 5, 10, 20 and 50 evaluations?

   Every deterministic sampler of the registry on three mixtures, with the most steps that the budget allows. Distances are told as
   median and 90th percentile, for a mean is made by the one start in a hundred that ends in another mode (the flips). A sampler
   that draws noise has no endpoint to miss: it is judged by its samples (sampler_noise.c). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>

#include "json.h"
#include "reproduce_page.h"
#include "sampler_cases.h"
#include "sampler_errors.h"

enum { POINTS = 2000, POINTS_QUICK = 200 };

static const char *const cases[SAMPLER_CASES]     = { "A", "R8", "M32" };
static const long        budgets[SAMPLER_BUDGETS] = { 5, 10, 20, 50 };

/* --- the numbers --------------------------------------------------------------------------------------------------------- */

static int wanted(const repro *r, const dpm_method *m)
{
    return sampler_row_wanted(r->args, m) && !(m->flags & DPM_LIVE) && m->make;
}

/* A budget below the first step, or a step that overflows, leaves NaN. */
static ad_status fill_cell(sampler_case *c, const dpm_method *m, long budget, sampler_cell *cell)
{
    dpm_options o     = { .sampler = m->name, .schedule = c->schedule, .grid.name = "logsnr" };
    long        steps = 0;
    *cell             = (sampler_cell){ .e = { NAN, NAN, NAN, NAN }, .distance = NAN };
    AD_TRY(dpm_steps_for(&o, budget, &steps));
    if (steps < 1) return AD_OK;
    o.grid.steps = cell->steps = steps;
    ad_status s                = sampler_case_run(c, &o, &cell->nfe);
    if (s == AD_NONFINITE_FIELD || s == AD_NONFINITE_STATE) return AD_OK;
    if (s) return s;
    if (m->flags & DPM_STOCHASTIC) return sampler_case_distance(c, &cell->distance);
    return sampler_case_judge(c, &cell->e);
}

static ad_status fill_table(repro *r, sampler_case *c, int n, sampler_line *l, int at)
{
    for (int i = 0; i < n; i++) {
        for (int b = 0; b < SAMPLER_BUDGETS; b++)
            AD_TRY(fill_cell(c, l[i].m, budgets[b], &l[i].cell[at][b]));
        cli_progress_state state = { .iteration     = at * n + i + 1,
                                     .iterations    = SAMPLER_CASES * n,
                                     .loss          = NAN,
                                     .gradient_norm = NAN,
                                     .nfe           = -1,
                                     .rejected      = -1 };
        cli_progress_update(&r->progress, &state);
    }
    return AD_OK;
}

static int lines_of(const repro *r, sampler_line *l)
{
    int n = 0;
    for (int i = 0; i < dpm_method_count() && n < SAMPLER_LINES; i++)
        if (wanted(r, dpm_method_row(i))) l[n++].m = dpm_method_row(i);
    return n;
}

/* --- the page ------------------------------------------------------------------------------------------------------------ */

static json_t *cell_json(const sampler_cell *c, long budget, int noise)
{
    json_t *j = json_object();
    json_object_set_new(j, "budget", json_integer(budget));
    json_object_set_new(j, "steps", json_integer(c->steps));
    json_object_set_new(j, "nfe", json_integer(c->nfe));
    if (noise) {
        json_object_set_new(j, "sliced_w2", cli_json_number(c->distance));
        return j;
    }
    json_object_set_new(j, "median", cli_json_number(c->e.median));
    json_object_set_new(j, "p90", cli_json_number(c->e.p90));
    json_object_set_new(j, "rms", cli_json_number(c->e.rms));
    json_object_set_new(j, "flips", cli_json_number(c->e.flips));
    return j;
}

static void add_json(repro_page *p, int n, const sampler_line *l)
{
    json_t *list = json_array();
    for (int i = 0; i < n; i++)
        for (int k = 0; k < SAMPLER_CASES; k++) {
            json_t *j = json_object(), *at = json_array();
            for (int b = 0; b < SAMPLER_BUDGETS; b++)
                json_array_append_new(at, cell_json(&l[i].cell[k][b], budgets[b],
                                                    (l[i].m->flags & DPM_STOCHASTIC) != 0));
            json_object_set_new(j, "sampler", json_string(l[i].m->name));
            json_object_set_new(j, "case", json_string(cases[k]));
            json_object_set_new(j, "at", at);
            json_array_append_new(list, j);
        }
    json_object_set_new(repro_page_json(p), "results", list);
}

static ad_status fill_page(repro *r, repro_page *p, int n, sampler_line *l)
{
    double floor[SAMPLER_CASES];
    cli_progress_begin(&r->progress, "errors", cli_flag(r->args, "quiet"));
    for (int k = 0; k < SAMPLER_CASES; k++) {
        sampler_case c;
        AD_TRY(sampler_case_new(&c, cases[k], r->quick ? POINTS_QUICK : POINTS));
        ad_status s = fill_table(r, &c, n, l, k);
        if (!s) s = sampler_case_floor(&c, &floor[k]);
        sampler_case_free(&c);
        if (s) return s;
    }
    cli_progress_end(&r->progress, &(cli_progress_state){ .iteration     = SAMPLER_CASES * n,
                                                          .iterations    = SAMPLER_CASES * n,
                                                          .loss          = NAN,
                                                          .gradient_norm = NAN,
                                                          .nfe           = -1,
                                                          .rejected      = -1 });
    add_json(p, n, l);
    for (int k = 0; k < SAMPLER_CASES; k++) sampler_errors_table(p, cases[k], k, budgets, n, l);
    sampler_errors_picture(p, cases, budgets, n, l);
    sampler_noise_table(p, cases, budgets, floor, n, l);
    return AD_OK;
}

static ad_status whole(repro *r, repro_page *p)
{
    AD_TRY(sampler_rows_check(r->args));
    sampler_line *l = ad_alloc(SAMPLER_LINES * sizeof *l);
    if (!l) return AD_NO_MEMORY;
    ad_status s = fill_page(r, p, lines_of(r, l), l);
    ad_free(l);
    return s;
}

static const char *const notes[] = {
    "Exact scores, float64, vp-linear from t = 1 to 1e-3, grid logsnr, the samplers' defaults; the "
    "distance of 2000 endpoints (quick: 200) from "
    "those of the probability-flow ODE (dop853 at 1e-13). A budget buys the most steps that fit; - "
    "where none does.",
    "A: four Gaussians of different weight and width in the plane. R8: eight narrow ones on a "
    "ring. M32: ten in 32 dimensions. Flips: "
    "endpoints in another mode than the exact one.",
    "Samplers that draw noise: sliced Wasserstein-2 distance (128 directions) of the samples from "
    "as many exact ones; two sets of exact ones "
    "are a floor apart.",
    NULL,
};

const repro_experiment repro_experiment_sampler_errors = {
    .name  = "sampler-errors",
    .about = "errors at 5, 10, 20 and 50 evaluations",
    .cite  = "the sources of every sampler: costate list samplers",
    .notes = notes,
    .whole = whole,
};
