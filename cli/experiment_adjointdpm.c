/* experiment_adjointdpm.c - AdjointDPM's three tasks (Pan et al. 2024, section 4) on a model of the 8x8 digits that is trained here:
   noise, a condition and weights are optimised through the sampler; by the exact gradient and by the paper's continuous adjoint,
   with equal evaluations of the model. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>
#include <costate/models/generate.h>

#include "adjoint_digits.h"
#include "json.h"
#include "reproduce_page.h"
#include "tiles.h"
#include "trained.h"

enum { CELL = 48 };

static const trained_setting score_settings[] = {
    { "epochs", "60" },
    { "hidden", "256" },
    { "data", "digits" },
    { "depth", "3" },
    { "prediction", "v" },
    { "conditional", "yes" },
    { "noise-schedule", "cosine" },
};
enum { SETTINGS = 7 };

/* --- outcomes --------------------------------------------------------------------------------------------------------------- */

/* The part of n samples that the classifier calls `label`. */
static ad_status called(const adjoint_work *w, long n, const double *x, long label, double *part)
{
    long    classes = mdl_judge_classes(w->judge), found = 0;
    double *logits = ad_arena_alloc(w->arena, (size_t)(n * classes) * sizeof *logits);
    if (!logits) return AD_NO_MEMORY;
    AD_TRY(mdl_judge_look(w->judge, n, x, logits, NULL));
    for (long i = 0; i < n; i++)
        found += mdl_judge_verdict(w->judge, logits + i * classes, NULL) == label;
    *part = 100 * (double)found / (double)n;
    return AD_OK;
}

/* |c - c_7| / |c_none - c_7|, and the class whose vector is nearest. */
static ad_status recovered(const adjoint_work *w, const void *c, double *distance, long *nearest)
{
    const mdl_denoiser *d    = w->model;
    void               *e    = ad_arena_alloc(w->arena, (size_t)d->embedding * 2 * sizeof(double));
    double              best = INFINITY, start = 0, end = 0;
    if (!e) return AD_NO_MEMORY;
    for (long k = 0; k < d->classes; k++) {
        double sum = 0;
        AD_TRY(mdl_denoiser_embed(d, k, e));
        for (long i = 0; i < d->embedding; i++)
            sum += pow(ad_get(d->model.type, c, i) - ad_get(d->model.type, e, i), 2);
        if (sum < best) best = sum, *nearest = k;
        if (k == WANTED) end = sum;
    }
    void *none = (char *)e + (size_t)d->embedding * sizeof(double);
    AD_TRY(mdl_denoiser_embed(d, WANTED, e));
    AD_TRY(mdl_denoiser_embed(d, -1, none));
    for (long i = 0; i < d->embedding; i++)
        start += pow(ad_get(d->model.type, none, i) - ad_get(d->model.type, e, i), 2);
    *distance = sqrt(end / start);
    return AD_OK;
}

/* What the task is really about, in words. */
static ad_status verdict(const adjoint_work *w, int task, const adjoint_outcome *o, char text[CELL])
{
    long   n = w->task[task].o.n, nearest = -1;
    double a, b;
    switch (task) {
    case FLIP:
        AD_TRY(called(w, n, o->before, FROM, &a));
        AD_TRY(called(w, n, o->after, FROM, &b));
        snprintf(text, CELL, "a 3: %.0f %%, now %.0f %%", a, b);
        break;
    case MATCH: snprintf(text, CELL, "RMS %.3f, now %.3f", sqrt(o->first), sqrt(o->last)); break;
    case CONDITION:
        AD_TRY(recovered(w, o->tuned, &a, &nearest));
        AD_TRY(called(w, n, o->after, WANTED, &b));
        snprintf(text, CELL, "nearest %ld, distance %.2f, a 7: %.0f %%", nearest, a, b);
        break;
    default:
        a = digits_ink(n, o->before);
        snprintf(text, CELL, "ink %.3f, now %.3f, asked %.3f", a, digits_ink(n, o->after),
                 digits_ink(w->task[task].target.m, w->task[task].target.x));
    }
    return AD_OK;
}

/* --- the page --------------------------------------------------------------------------------------------------------------- */

static ad_status table(adjoint_work *w, repro_page *p)
{
    enum { COLUMNS = 8 };
    static const char *const heads[COLUMNS] = { "tuned",       "gradient", "steps", "evaluations",
                                                "loss before", "after",    "part",  "outcome" };
    char(*text)[COLUMNS][CELL] = ad_arena_alloc(w->arena, TASKS * ADJOINT_WAYS * sizeof *text);
    const char **cell = ad_arena_alloc(w->arena, TASKS * ADJOINT_WAYS * COLUMNS * sizeof *cell);
    json_t      *rows = json_array();
    if (!text || !cell || !rows) return AD_NO_MEMORY;
    for (int i = 0; i < TASKS * ADJOINT_WAYS; i++) {
        int                    task = i / ADJOINT_WAYS, way = i % ADJOINT_WAYS;
        const adjoint_outcome *o = &w->out[task][way];
        snprintf(text[i][0], CELL, "%s", way ? "" : w->task[task].title);
        snprintf(text[i][1], CELL, "%s", adjoint_ways[way].title);
        snprintf(text[i][2], CELL, "%ld", o->steps);
        snprintf(text[i][3], CELL, "%ld", o->evaluations);
        snprintf(text[i][4], CELL, "%.4g", o->first);
        snprintf(text[i][5], CELL, "%.4g", o->last);
        snprintf(text[i][6], CELL, "%.3f", o->last / o->first);
        AD_TRY(verdict(w, task, o, text[i][7]));
        for (int k = 0; k < COLUMNS; k++) cell[i * COLUMNS + k] = text[i][k];
        json_array_append_new(
            rows, json_pack("{s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:s}", "task", w->task[task].name,
                            "gradient", adjoint_ways[way].name, "steps", (json_int_t)o->steps,
                            "evaluations", (json_int_t)o->evaluations, "loss_before",
                            cli_json_number(o->first), "loss_after", cli_json_number(o->last),
                            "seconds", cli_json_number(o->seconds), "outcome", text[i][7]));
    }
    json_object_set_new(repro_page_json(p), "rows", rows);
    repro_page_table(p, &(cli_table){ "Losses by the exact gradient of the sampler and by the "
                                      "continuous adjoint, after equal evaluations of the "
                                      "model (a vector-Jacobian product counts as one).",
                                      COLUMNS, TASKS * ADJOINT_WAYS, heads, cell, 0 });
    return AD_OK;
}

static void curves(const adjoint_work *w, repro_page *p)
{
    cli_curve curve[TASKS][ADJOINT_WAYS];
    cli_panel panel[TASKS];
    for (int i = 0; i < TASKS; i++) {
        for (int k = 0; k < ADJOINT_WAYS; k++)
            curve[i][k] = (cli_curve){ .title = adjoint_ways[k].title,
                                       .style = k ? CLI_DASHES : CLI_LINE,
                                       .color = k,
                                       .n     = w->out[i][k].steps + 1,
                                       .x     = w->out[i][k].evaluation,
                                       .y     = w->out[i][k].loss };
        panel[i] = (cli_panel){ .title   = w->task[i].title,
                                .x_label = "thousand evaluations",
                                .y_label = "loss",
                                .curves  = ADJOINT_WAYS,
                                .curve   = curve[i],
                                .log_y   = 1 };
    }
    repro_page_figure(
        p, "losses", "The loss against evaluations of the model",
        &(cli_figure){
            .panels = TASKS, .columns = 2, .panel = panel, .width = 960, .height = 680 });
}

static ad_status picture(const adjoint_work *w, repro_page *p, int task, const char *when,
                         const double *x, long n)
{
    char      name[64], path[REPRO_PATH];
    cli_tiles t = { .n        = n < 32 ? n : 32,
                    .columns  = 16,
                    .h        = EDGE,
                    .w        = EDGE,
                    .channels = 1,
                    .hi       = 1,
                    .x        = x,
                    .edge     = 860 };
    snprintf(name, sizeof name, "%s-%s.png", w->task[task].name, when);
    AD_TRY(repro_path(w->r, NULL, name, path));
    AD_TRY(cli_tiles_write(&t, path));
    repro_page_picture(p, name, when, path);
    return AD_OK;
}

static ad_status pictures(const adjoint_work *w, repro_page *p)
{
    for (int i = 0; i < TASKS; i++) {
        const adjoint_task *t = &w->task[i];
        repro_page_section(p, t->title);
        repro_page_text(p, "Asked: %s.%s", t->asked,
                        i == FLIP ? " No number of the noise moves more than half of its deviation."
                                  : "");
        AD_TRY(picture(w, p, i, "before", w->out[i][0].before, t->o.n));
        AD_TRY(picture(w, p, i, "exact", w->out[i][0].after, t->o.n));
        AD_TRY(picture(w, p, i, "continuous-euler", w->out[i][1].after, t->o.n));
        if (t->target.x) AD_TRY(picture(w, p, i, "target", t->target.x, t->target.m));
    }
    return AD_OK;
}

static ad_status run(adjoint_work *w)
{
    cli_progress_begin(&w->r->progress, "adjointdpm", cli_flag(w->r->args, "quiet"));
    long done = 0, all = TASKS * ADJOINT_WAYS;
    for (int i = 0; i < TASKS; i++)
        for (int k = 0; k < ADJOINT_WAYS; k++) {
            AD_TRY(adjoint_run(w->model, &w->task[i], &adjoint_ways[k], w->arena, &w->out[i][k]));
            cli_progress_state s = { .iteration     = ++done,
                                     .iterations    = all,
                                     .loss          = w->out[i][k].last,
                                     .gradient_norm = NAN,
                                     .nfe           = -1,
                                     .rejected      = -1,
                                     .noun          = "tuning" };
            if (done < all)
                cli_progress_update(&w->r->progress, &s);
            else
                cli_progress_end(&w->r->progress, &s);
        }
    return AD_OK;
}

static ad_status open(adjoint_work *w)
{
    char            path[REPRO_PATH];
    trained_setting set[SETTINGS];
    memcpy(set, score_settings, sizeof set);
    if (w->r->quick) set[0].text = "3", set[1].text = "64";
    AD_TRY(trained_score(w->r, "score", SETTINGS, set, path));
    AD_TRY(mdl_denoiser_load(&w->model, path, 0));
    ds_samples *train;
    AD_TRY(ds_samples_make(&train, "digits", NULL));
    ad_status s = mdl_judge_new(
        &w->judge, train,
        &(mdl_judge_options){ .noise = 0.05, .iterations = w->r->quick ? 200 : 0 });
    ds_samples_free(train);
    if (!s) s = ds_samples_make(&w->digits, "digits", &(ds_samples_options){ .part = DS_TEST });
    return s ? s : digits_tasks(w);
}

static ad_status whole(repro *r, repro_page *p)
{
    adjoint_work w = { .r = r, .arena = ad_arena_new() };
    ad_status    s = w.arena ? open(&w) : AD_NO_MEMORY;
    if (!s) s = run(&w);
    if (!s) s = table(&w, p);
    if (!s) curves(&w, p);
    if (!s) s = pictures(&w, p);
    for (int i = 0; i < TASKS; i++) mdl_target_free(&w.task[i].target);
    mdl_judge_free(w.judge);
    ds_samples_free(w.digits);
    mdl_denoiser_free(w.model);
    ad_arena_free(w.arena);
    return s;
}

static const char *const notes[] = {
    "The model is trained first, as a run of its own in the folder `score` (costate train score, "
    "60 epochs of the 8x8 digits).",
    "The sampler is DDIM with 20 steps even in logSNR: Euler in rho, the paper's own. The "
    "continuous adjoint solves the adjoint ODE on the same "
    "points, by Euler as the paper's code does and by the classical Runge-Kutta method.",
    "The weights' samples of a step are drawn from new noise; losses before and after are of the "
    "noise of the first step.",
    NULL
};

const repro_experiment repro_experiment_adjointdpm = {
    .name  = "adjointdpm",
    .about = "noise, a condition and weights tuned through a sampler, by the exact gradient and by "
             "the continuous adjoint",
    .cite  = "Pan, Liew, Tan, Feng, Yan 2024, AdjointDPM",
    .notes = notes,
    .whole = whole,
};
