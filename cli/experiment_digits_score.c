/* experiment_digits_score.c - a model of the 8x8 digits, its samples judged by a classifier, and the Frechet distance of six
   samplers at 5, 10, 20 and 50 evaluations. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>
#include <costate/models/frechet.h>
#include <costate/models/generate.h>

#include "digits_judge.h"
#include "json.h"
#include "png.h"
#include "reproduce_page.h"
#include "trained.h"

enum {
    SAMPLES  = 2000,
    QUICK    = 200,
    BUDGETS  = 4,
    SAMPLERS = 6,
    CLASSES  = 10,
    DIM      = 64,
    EDGE     = 8,
    SHOWN    = 10,
    CELL     = 32
};

static const char *const samplers[SAMPLERS] = { "ddim",     "heun",     "deis-tab",
                                                "dpmpp-2m", "dpmpp-3m", "unipc" };
static const long        budgets[BUDGETS]   = { 5, 10, 20, 50 };

/* Ten minutes on two cores are enough for these. */
static const trained_setting score_settings[] = {
    { "epochs", "600" },   { "hidden", "512" },
    { "data", "digits" },  { "depth", "4" },
    { "prediction", "v" }, { "conditional", "yes" },
    { "batch", "256" },    { "noise-schedule", "cosine" },
    { "lr", "0.001" }
};
static const trained_setting classifier_settings[] = { { "epochs", "30" },
                                                       { "data", "digits" },
                                                       { "seed", "1" } };
enum { SCORE_SETTINGS = 9, CLASSIFIER_SETTINGS = 3 };

typedef struct cell {
    long           nfe, steps;
    double         distance;
    digits_verdict v;
} cell;

typedef struct work {
    repro         *r;
    ad_arena      *arena;
    digits_judge   judge;
    mdl_denoiser  *model;
    long           n, tests;
    double        *x, *features, *test_features;
    int           *label;
    double         floor; /* of the training part */
    digits_verdict real;  /* of the test part */
    cell           at[SAMPLERS][BUDGETS];
} work;

static double *room(work *w, long n)
{
    return ad_arena_alloc(w->arena, (size_t)n * sizeof(double));
}

/* --- the models, and the digits as they are ----------------------------------------------------------------------------- */

static ad_status models(work *w)
{
    char            path[REPRO_PATH];
    trained_setting score[SCORE_SETTINGS], classifier[CLASSIFIER_SETTINGS];
    memcpy(score, score_settings, sizeof score);
    memcpy(classifier, classifier_settings, sizeof classifier);
    if (w->r->quick) score[0].text = "3", score[1].text = "64", classifier[0].text = "1";
    AD_TRY(trained_classifier(w->r, "classifier", CLASSIFIER_SETTINGS, classifier, path));
    AD_TRY(digits_judge_new(&w->judge, path));
    AD_TRY(trained_score(w->r, "score", SCORE_SETTINGS, score, path));
    return mdl_denoiser_load(&w->model, path, 0);
}

static ad_status features_of(work *w, ds_part part, double **features, long *n, int **label)
{
    ds_samples *s;
    AD_TRY(ds_samples_make(&s, "digits", &(ds_samples_options){ .part = part }));
    double *x        = room(w, s->n * DIM);
    *features        = room(w, s->n * CLASSES);
    *label           = ad_arena_alloc(w->arena, (size_t)s->n * sizeof **label);
    *n               = s->n;
    ad_status status = x && *features && *label ? AD_OK : AD_NO_MEMORY;
    if (!status) status = ds_samples_rows(s, s->n, NULL, AD_F64, x, *label);
    if (!status) status = digits_features(&w->judge, s->n, x, *features);
    ds_samples_free(s);
    return status;
}

static ad_status real_digits(work *w)
{
    double *train;
    int    *label;
    long    n;
    AD_TRY(features_of(w, DS_TEST, &w->test_features, &w->tests, &label));
    AD_TRY(digits_verdict_of(&w->judge, w->tests, w->test_features, label, &w->real));
    AD_TRY(features_of(w, DS_TRAIN, &train, &n, &label));
    return mdl_frechet(CLASSES, n, train, w->tests, w->test_features, &w->floor);
}

/* --- samples ---------------------------------------------------------------------------------------------------------------- */

static ad_status judge(work *w, const char *sampler, long budget, cell *c)
{
    mdl_generation g = { .o     = { .sampler = sampler, .schedule = w->model->schedule },
                         .n     = w->n,
                         .seed  = 1,
                         .label = w->label };
    AD_TRY(dpm_steps_for(&g.o, budget, &c->steps));
    c->distance = NAN;
    if (c->steps < 1) return AD_OK;
    g.o.grid.steps = c->steps;
    AD_TRY(mdl_generate(w->model, &g, w->x, &c->nfe));
    AD_TRY(digits_features(&w->judge, w->n, w->x, w->features));
    AD_TRY(digits_verdict_of(&w->judge, w->n, w->features, w->label, &c->v));
    return mdl_frechet(CLASSES, w->n, w->features, w->tests, w->test_features, &c->distance);
}

/* The first rows of each class, a class a column. */
static ad_status picture(work *w, const char *sampler, long budget)
{
    enum { SIDE = SHOWN * (EDGE + 1) - 1, SCALE = 6 };
    char           name[64], path[REPRO_PATH];
    unsigned char *pixel = ad_arena_alloc(w->arena, SIDE * SIDE);
    if (!pixel) return AD_NO_MEMORY;
    memset(pixel, 128, SIDE * SIDE);
    for (long i = 0; i < SHOWN * SHOWN && i < w->n; i++)
        for (long p = 0; p < DIM; p++) {
            long row                   = i / SHOWN * (EDGE + 1) + p / EDGE,
                 column                = i % SHOWN * (EDGE + 1) + p % EDGE;
            double v                   = fmin(1, fmax(0, w->x[i * DIM + p]));
            pixel[row * SIDE + column] = (unsigned char)lround(255 * v);
        }
    snprintf(name, sizeof name, "%s-%ld.png", sampler, budget);
    AD_TRY(repro_path(w->r, NULL, name, path));
    return cli_png_write(path, SIDE, SIDE, 1, SCALE, pixel);
}

static ad_status samples(work *w)
{
    w->n        = w->r->quick ? QUICK : SAMPLES;
    w->x        = room(w, w->n * DIM);
    w->features = room(w, w->n * CLASSES);
    w->label    = ad_arena_alloc(w->arena, (size_t)w->n * sizeof *w->label);
    if (!w->x || !w->features || !w->label) return AD_NO_MEMORY;
    for (long i = 0; i < w->n; i++) w->label[i] = (int)(i % CLASSES);
    for (int i = 0; i < SAMPLERS; i++)
        for (int b = 0; b < BUDGETS; b++) {
            AD_TRY(judge(w, samplers[i], budgets[b], &w->at[i][b]));
            if (w->at[i][b].steps) AD_TRY(picture(w, samplers[i], budgets[b]));
        }
    return AD_OK;
}

/* --- the page --------------------------------------------------------------------------------------------------------------- */

static double distance_of(const cell *c)
{
    return c->distance;
}
static double confident_of(const cell *c)
{
    return c->steps ? 100 * c->v.confident : NAN;
}
static double agreed_of(const cell *c)
{
    return c->steps ? 100 * c->v.agreed : NAN;
}

static void table(repro_page *p, const work *w, const char *caption, const char *format,
                  double (*value)(const cell *))
{
    static const char *const heads[] = { "sampler", "5", "10", "20", "50" };
    char                     text[SAMPLERS * BUDGETS][CELL];
    const char              *cells[SAMPLERS * (1 + BUDGETS)];
    for (int i = 0; i < SAMPLERS; i++) {
        cells[i * (1 + BUDGETS)] = samplers[i];
        for (int b = 0; b < BUDGETS; b++) {
            double x = value(&w->at[i][b]);
            snprintf(text[i * BUDGETS + b], CELL, isnan(x) ? "-" : format, x);
            cells[i * (1 + BUDGETS) + 1 + b] = text[i * BUDGETS + b];
        }
    }
    repro_page_table(p, &(cli_table){ caption, 1 + BUDGETS, SAMPLERS, heads, cells, 0 });
}

static json_t *verdict_json(const digits_verdict *v)
{
    return json_pack("{s:o, s:o, s:o}", "confident", cli_json_number(v->confident), "agreed",
                     cli_json_number(v->agreed), "median", cli_json_number(v->median));
}

static void results(repro_page *p, const work *w)
{
    json_t *list = json_array(), *j = repro_page_json(p);
    for (int i = 0; i < SAMPLERS; i++)
        for (int b = 0; b < BUDGETS; b++) {
            const cell *c = &w->at[i][b];
            json_t     *v = verdict_json(&c->v);
            json_object_set_new(v, "sampler", json_string(samplers[i]));
            json_object_set_new(v, "budget", json_integer(budgets[b]));
            json_object_set_new(v, "steps", json_integer(c->steps));
            json_object_set_new(v, "nfe", json_integer(c->nfe));
            json_object_set_new(v, "frechet", cli_json_number(c->distance));
            json_array_append_new(list, v);
        }
    json_object_set_new(j, "samples", json_integer(w->n));
    json_object_set_new(j, "frechet_train_test", cli_json_number(w->floor));
    json_object_set_new(j, "test_digits", verdict_json(&w->real));
    json_object_set_new(j, "results", list);
}

static void fill(repro_page *p, const work *w)
{
    repro_page_section(p, "Frechet distance");
    table(p, w,
          "Between samples and the test part, in the classifier's logits, by evaluations of the "
          "network",
          "%.2f", distance_of);
    repro_page_text(p, "Of the training part from the test part: %.2f.", w->floor);
    repro_page_section(p, "What the classifier makes of them");
    table(p, w, "Part of the samples of which it is at least 90 % sure, in %", "%.1f",
          confident_of);
    repro_page_text(p, "Of the test digits: %.1f %%; %.1f %% of them are recognised.",
                    100 * w->real.confident, 100 * w->real.agreed);
    repro_page_section(p, "Classes");
    table(p, w, "Part of the samples that it takes for what was asked for, in %", "%.1f",
          agreed_of);
    repro_page_text(
        p, "%ld samples each, the ten classes in turn; SAMPLER-N.png has the first 100.", w->n);
    results(p, w);
}

static ad_status whole(repro *r, repro_page *p)
{
    work     *w = ad_alloc(sizeof *w);
    ad_status s = w ? AD_OK : AD_NO_MEMORY;
    if (!w) return s;
    w->r = r, w->arena = ad_arena_new();
    if (!w->arena) s = AD_NO_MEMORY;
    if (!s) s = models(w);
    if (!s) s = real_digits(w);
    if (!s) s = samples(w);
    if (!s) fill(p, w);
    digits_judge_clear(&w->judge);
    mdl_denoiser_free(w->model);
    ad_arena_free(w->arena);
    ad_free(w);
    return s;
}

static const char *const notes[] = {
    "The network is told the class, which is lost for a tenth of the samples in training; samples "
    "are of the ten classes in turn, without guidance, with the averaged weights.",
    "The classifier is a neural ODE trained on the same 3823 digits; its logits are the features. "
    "The distance is between normal distributions fitted to 2000 samples and to the 1797 test "
    "digits; the training part's own distance from these is what a perfect model would have.",
    "A budget of evaluations buys the most steps that fit; grid logsnr.", NULL
};

const repro_experiment repro_experiment_digits_score = {
    .name  = "digits-score",
    .about = "a diffusion model of 8x8 digits: six samplers at 5, 10, 20, 50 evaluations",
    .cite  = "Song et al. 2021; Heusel et al. 2017 for the distance",
    .notes = notes,
    .whole = whole,
};
