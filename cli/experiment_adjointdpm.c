/* experiment_adjointdpm.c - AdjointDPM's three tasks (Pan et al. 2024, section 4) on a model of the 8x8 digits that is trained here:
   noise, a condition and weights are optimised through the sampler; by the exact gradient and by the paper's continuous adjoint,
   with equal evaluations of the model. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>
#include <costate/models/generate.h>

#include "adjoint_tasks.h"
#include "json.h"
#include "reproduce_page.h"
#include "tiles.h"
#include "trained.h"

enum {
    FLIP,
    MATCH,
    CONDITION,
    WEIGHTS,
    TASKS,
    FROM   = 3,
    INTO   = 5,
    WANTED = 7,
    EDGE   = 8,
    DIM    = 64,
    CELL   = 48
};

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

typedef struct work {
    repro          *r;
    ad_arena       *arena;
    mdl_denoiser   *model;
    mdl_judge      *judge;
    ds_samples     *digits;
    adjoint_task    task[TASKS];
    adjoint_outcome out[TASKS][ADJOINT_WAYS];
} work;

/* --- targets ---------------------------------------------------------------------------------------------------------------- */

/* The first n digits of a class (< 0: of any) in units of [0, 1]. */
static ad_status digits_of(const work *w, int label, long n, double **x)
{
    *x = ad_arena_alloc(w->arena, (size_t)(n * DIM) * sizeof **x);
    if (!*x) return AD_NO_MEMORY;
    for (long i = 0, k = 0; i < w->digits->n && k < n; i++)
        if (label < 0 || w->digits->label[i] == label)
            AD_TRY(ds_samples_rows(w->digits, 1, &i, AD_F64, *x + DIM * k++, NULL));
    return AD_OK;
}

/* A thicker pen: every pixel takes half of its brightest neighbour's ink. */
static void thicken(long n, double *x)
{
    for (long i = 0; i < n; i++) {
        double y[DIM];
        for (int p = 0; p < DIM; p++) {
            int    r = p / EDGE, c = p % EDGE;
            double most = 0;
            if (r) most = fmax(most, x[i * DIM + p - EDGE]);
            if (r < EDGE - 1) most = fmax(most, x[i * DIM + p + EDGE]);
            if (c) most = fmax(most, x[i * DIM + p - 1]);
            if (c < EDGE - 1) most = fmax(most, x[i * DIM + p + 1]);
            y[p] = fmax(x[i * DIM + p], 0.5 * most + 0.5 * x[i * DIM + p]);
        }
        memcpy(x + i * DIM, y, sizeof y);
    }
}

static double ink(long n, const double *x)
{
    double sum = 0;
    for (long i = 0; i < n * DIM; i++) sum += x[i];
    return sum / (double)(n * DIM);
}

/* What the model itself draws of a class from the noise that tuning starts from. */
static ad_status drawn(work *w, const mdl_tune_options *like, int label, double **x)
{
    mdl_tune_options o = *like;
    mdl_tune        *t;
    mdl_target       none = { .dim = DIM, .m = 1, .x = NULL };
    *x                    = ad_arena_alloc(w->arena, (size_t)(like->n * DIM) * sizeof **x);
    if (!*x) return AD_NO_MEMORY;
    o.of    = MDL_TUNE_NOISE;
    o.label = 1 + label;
    AD_TRY(mdl_tune_new(&t, w->model, &o, mdl_loss_match, &none));
    ad_status s = mdl_tune_samples(t, *x, NULL);
    mdl_tune_free(t);
    return s;
}

static ad_status tasks(work *w)
{
    int           quick = w->r->quick;
    dpm_options   o     = { .sampler  = "ddim",
                            .schedule = w->model->schedule,
                            .grid     = { .name = "logsnr", .steps = 20 } };
    adjoint_task *t     = w->task;
    double       *x;
    t[FLIP]      = (adjoint_task){ .name       = "flip",
                                   .title      = "noise, away from a class",
                                   .asked      = "a classifier sees another digit than 3",
                                   .o          = { .of           = MDL_TUNE_NOISE,
                                                   .sampler      = o,
                                                   .n            = 32,
                                                   .label        = 1 + FROM,
                                                   .radius       = 0.3,
                                                   .seed         = 1,
                                                   .learn.o.rate = 0.03 },
                                   .loss       = mdl_loss_away,
                                   .target     = { .dim = DIM, .judge = w->judge, .label = FROM },
                                   .iterations = 40 };
    t[MATCH]     = (adjoint_task){ .name       = "match",
                                   .title      = "noise, to given digits",
                                   .asked      = "32 fives of the test part",
                                   .o          = { .of           = MDL_TUNE_NOISE,
                                                   .sampler      = o,
                                                   .n            = 32,
                                                   .label        = 1 + INTO,
                                                   .seed         = 2,
                                                   .learn.o.rate = 0.05 },
                                   .loss       = mdl_loss_match,
                                   .iterations = 60 };
    t[CONDITION] = (adjoint_task){
        .name  = "condition",
        .title = "condition, from samples",
        .asked = "the vector of class 7, from none",
        .o = { .of = MDL_TUNE_CONDITION, .sampler = o, .n = 32, .seed = 3, .learn.o.rate = 0.05 },
        .loss       = mdl_loss_match,
        .iterations = 80
    };
    t[WEIGHTS] = (adjoint_task){
        .name  = "weights",
        .title = "weights, to a style",
        .asked = "second moments of digits of a thicker pen",
        .o    = { .of = MDL_TUNE_WEIGHTS, .sampler = o, .n = 128, .seed = 4, .learn.o.rate = 3e-4 },
        .loss = mdl_loss_style,
        .iterations = 80
    };
    for (int i = 0; i < TASKS && quick; i++) t[i].iterations = 4, t[i].o.n = 8;
    AD_TRY(digits_of(w, INTO, t[MATCH].o.n, &x));
    AD_TRY(mdl_target_new(&t[MATCH].target, t[MATCH].o.n, DIM, x));
    AD_TRY(drawn(w, &t[CONDITION].o, WANTED, &x));
    AD_TRY(mdl_target_new(&t[CONDITION].target, t[CONDITION].o.n, DIM, x));
    AD_TRY(digits_of(w, -1, 1000, &x));
    thicken(1000, x);
    return mdl_target_new(&t[WEIGHTS].target, 1000, DIM, x);
}

/* --- outcomes --------------------------------------------------------------------------------------------------------------- */

/* The part of n samples that the classifier calls `label`. */
static ad_status called(const work *w, long n, const double *x, long label, double *part)
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

static double get(ad_type t, const void *x, long i)
{
    return t == AD_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

/* |c - c_7| / |c_none - c_7|, and the class whose vector is nearest. */
static ad_status recovered(const work *w, const void *c, double *distance, long *nearest)
{
    const mdl_denoiser *d    = w->model;
    void               *e    = ad_arena_alloc(w->arena, (size_t)d->embedding * 2 * sizeof(double));
    double              best = INFINITY, start = 0, end = 0;
    if (!e) return AD_NO_MEMORY;
    for (long k = 0; k < d->classes; k++) {
        double sum = 0;
        AD_TRY(mdl_denoiser_embed(d, k, e));
        for (long i = 0; i < d->embedding; i++)
            sum += pow(get(d->model.type, c, i) - get(d->model.type, e, i), 2);
        if (sum < best) best = sum, *nearest = k;
        if (k == WANTED) end = sum;
    }
    void *none = (char *)e + (size_t)d->embedding * sizeof(double);
    AD_TRY(mdl_denoiser_embed(d, WANTED, e));
    AD_TRY(mdl_denoiser_embed(d, -1, none));
    for (long i = 0; i < d->embedding; i++)
        start += pow(get(d->model.type, none, i) - get(d->model.type, e, i), 2);
    *distance = sqrt(end / start);
    return AD_OK;
}

/* What the task is really about, in words. */
static ad_status verdict(const work *w, int task, const adjoint_outcome *o, char text[CELL])
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
        a = ink(n, o->before);
        snprintf(text, CELL, "ink %.3f, now %.3f, asked %.3f", a, ink(n, o->after),
                 ink(w->task[task].target.m, w->task[task].target.x));
    }
    return AD_OK;
}

/* --- the page --------------------------------------------------------------------------------------------------------------- */

static ad_status table(work *w, repro_page *p)
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

static void curves(const work *w, repro_page *p)
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
                                .x_label = "evaluations",
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

static ad_status picture(const work *w, repro_page *p, int task, const char *when, const double *x,
                         long n)
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

static ad_status pictures(const work *w, repro_page *p)
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

static ad_status run(work *w)
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

static ad_status open(work *w)
{
    char            path[REPRO_PATH];
    trained_setting set[SETTINGS];
    memcpy(set, score_settings, sizeof set);
    if (w->r->quick) set[0].text = "3", set[1].text = "64";
    AD_TRY(trained_score(w->r, "score", SETTINGS, set, path));
    AD_TRY(mdl_denoiser_load(&w->model, path, 0));
    ds_samples *train;
    AD_TRY(ds_samples_make(&train, "digits", NULL));
    ad_status s = mdl_judge_new(&w->judge, train, &(mdl_judge_options){ .noise = 0.05 });
    ds_samples_free(train);
    if (!s) s = ds_samples_make(&w->digits, "digits", &(ds_samples_options){ .part = DS_TEST });
    return s ? s : tasks(w);
}

static ad_status whole(repro *r, repro_page *p)
{
    work      w = { .r = r, .arena = ad_arena_new() };
    ad_status s = w.arena ? open(&w) : AD_NO_MEMORY;
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
