/* experiment_digits_score.c - a model of the 8x8 digits, its samples judged by a classifier, and the Frechet distance of six
   samplers at 5, 10, 20 and 50 evaluations. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>
#include <costate/models/generate.h>

#include "digits.h"
#include "json.h"
#include "reproduce_page.h"
#include "tiles.h"
#include "trained.h"

enum { SAMPLES = 2000, QUICK = 100, BUDGETS = 4, SAMPLERS = 6, SHOWN = 10, CELL = 32 };

static const char *const samplers[SAMPLERS] = { "ddim",     "heun",     "deis-logrho",
                                                "dpmpp-2m", "dpmpp-3m", "unipc" };
static const long        budgets[BUDGETS]   = { 5, 10, 20, 50 };

/* Ten minutes on two cores are enough for these. */
static const trained_setting score_settings[] = {
    { "epochs", "200" },   { "hidden", "512" },
    { "data", "digits" },  { "depth", "4" },
    { "prediction", "v" }, { "conditional", "yes" },
    { "batch", "256" },    { "noise-schedule", "cosine" },
    { "lr", "0.001" }
};
enum { SCORE_SETTINGS = 9 };

typedef struct cell {
    long    nfe, steps;
    verdict v;
} cell;

typedef struct work {
    repro        *r;
    ad_arena     *arena;
    mdl_judge    *judge;
    mdl_denoiser *model;
    digits        train, test, drawn;
    double        accuracy;
    verdict       real, known; /* of the test part, of the training part */
    cell          at[SAMPLERS][BUDGETS];
} work;

/* --- the model, and the digits as they are ---------------------------------------------------------------------------------- */

static ad_status judge(work *w, digits *d, verdict *v)
{
    return digits_judge(d, w->judge, &w->test, &w->train, v);
}

static ad_status real_digits(work *w)
{
    ds_samples *train, *test = NULL;
    AD_TRY(ds_samples_make(&train, "digits", NULL));
    ad_status s = ds_samples_make(&test, "digits", &(ds_samples_options){ .part = DS_TEST });
    if (!s)
        s = mdl_judge_new(
            &w->judge, train,
            &(mdl_judge_options){ .noise = 0.05, .iterations = w->r->quick ? 200 : 0 });
    if (!s) s = mdl_judge_accuracy(w->judge, test, &w->accuracy);
    if (!s) s = digits_read(&w->train, w->arena, w->judge, train);
    if (!s) s = digits_read(&w->test, w->arena, w->judge, test);
    if (!s) s = judge(w, &w->test, &w->real);
    if (!s) s = judge(w, &w->train, &w->known);
    ds_samples_free(train);
    ds_samples_free(test);
    return s;
}

static ad_status model(work *w)
{
    char            path[REPRO_PATH];
    trained_setting set[SCORE_SETTINGS];
    memcpy(set, score_settings, sizeof set);
    if (w->r->quick) set[0].text = "3", set[1].text = "64";
    AD_TRY(trained_score(w->r, "score", SCORE_SETTINGS, set, path));
    return mdl_denoiser_load(&w->model, path, 0);
}

/* --- samples ---------------------------------------------------------------------------------------------------------------- */

static ad_status sample(work *w, const char *sampler, long budget, cell *c)
{
    mdl_generation g = { .o     = { .sampler = sampler, .schedule = w->model->schedule },
                         .n     = w->drawn.n,
                         .seed  = 1,
                         .label = w->drawn.label };
    AD_TRY(dpm_steps_for(&g.o, budget, &c->steps));
    c->v = (verdict){ NAN, NAN, NAN, NAN };
    if (c->steps < 1) return AD_OK;
    g.o.grid.steps = c->steps;
    AD_TRY(mdl_generate(w->model, &g, w->drawn.x, &c->nfe));
    return judge(w, &w->drawn, &c->v);
}

/* The first rows of each class, a class a column. */
static ad_status picture(work *w, const char *sampler, long budget)
{
    char      name[64], path[REPRO_PATH];
    cli_tiles t = { .n        = w->drawn.n < SHOWN * SHOWN ? w->drawn.n : SHOWN * SHOWN,
                    .columns  = SHOWN,
                    .h        = DIGIT_EDGE,
                    .w        = DIGIT_EDGE,
                    .channels = 1,
                    .hi       = 1,
                    .x        = w->drawn.x };
    snprintf(name, sizeof name, "%s-%ld.png", sampler, budget);
    AD_TRY(repro_path(w->r, NULL, name, path));
    return cli_tiles_write(&t, path);
}

static ad_status samples(work *w)
{
    AD_TRY(digits_new(&w->drawn, w->arena, w->judge, w->r->quick ? QUICK : SAMPLES));
    for (long i = 0; i < w->drawn.n; i++) w->drawn.label[i] = (int)(i % DIGITS);
    for (int i = 0; i < SAMPLERS; i++)
        for (int b = 0; b < BUDGETS; b++) {
            AD_TRY(sample(w, samplers[i], budgets[b], &w->at[i][b]));
            if (w->at[i][b].steps) AD_TRY(picture(w, samplers[i], budgets[b]));
        }
    return AD_OK;
}

/* --- the page --------------------------------------------------------------------------------------------------------------- */

static double distance_of(const cell *c)
{
    return c->v.distance;
}
static double confident_of(const cell *c)
{
    return 100 * c->v.confident;
}
static double agreed_of(const cell *c)
{
    return 100 * c->v.agreed;
}
static double near_of(const cell *c)
{
    return c->v.near;
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

static json_t *verdict_json(const verdict *v)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "confident", cli_json_number(v->confident), "agreed",
                     cli_json_number(v->agreed), "frechet", cli_json_number(v->distance), "nearest",
                     cli_json_number(v->near));
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
            json_array_append_new(list, v);
        }
    json_object_set_new(j, "samples", json_integer(w->drawn.n));
    json_object_set_new(j, "test_digits", verdict_json(&w->real));
    json_object_set_new(j, "training_digits", verdict_json(&w->known));
    json_object_set_new(j, "results", list);
}

static void fill(repro_page *p, const work *w)
{
    const verdict *t = &w->real, *k = &w->known;
    repro_page_section(p, "Frechet distance");
    table(p, w, "From the test part, by evaluations of the network", "%.2f", distance_of);
    repro_page_text(p, "Of the training part: %.2f.", k->distance);
    repro_page_section(p, "What the classifier makes of them");
    table(p, w, "Part of the samples of which it is at least 90 % sure, in %", "%.1f",
          confident_of);
    repro_page_text(p, "Of the test digits: %.1f %%.", 100 * t->confident);
    repro_page_section(p, "Classes");
    table(p, w, "Part of the samples that it takes for what was asked for, in %", "%.1f",
          agreed_of);
    repro_page_text(p, "Of the test digits: %.1f %%.", 100 * t->agreed);
    repro_page_section(p, "Are they new?");
    table(p, w, "Median distance to the nearest training digit, pixels in [0, 1]", "%.2f", near_of);
    repro_page_text(p, "Of the test digits: %.2f; of training digits, to another: %.2f.", t->near,
                    k->near);
    repro_page_text(p,
                    "%ld samples each, the ten classes in turn; SAMPLER-N.png has the first 100.",
                    w->drawn.n);
    results(p, w);
}

static ad_status whole(repro *r, repro_page *p)
{
    work *w = ad_alloc(sizeof *w);
    if (!w) return AD_NO_MEMORY;
    w->r = r, w->arena = ad_arena_new();
    ad_status s = w->arena ? AD_OK : AD_NO_MEMORY;
    if (!s) s = model(w);
    if (!s) s = real_digits(w);
    if (!s) s = samples(w);
    if (!s) fill(p, w);
    mdl_judge_free(w->judge);
    mdl_denoiser_free(w->model);
    ad_arena_free(w->arena);
    ad_free(w);
    return s;
}

static const char *const notes[] = {
    "The network is told the class, which is lost for a tenth of the samples in training; samples "
    "are of the ten classes in turn, without guidance, with the averaged weights.",
    "The classifier (models/judge.h) is trained on the same 3823 digits, with noise of 0.05; its "
    "last hidden layer has "
    "the features. The distance is between normal distributions fitted to 2000 samples and to the "
    "1797 test digits: a "
    "perfect model would have the training part's own.",
    "A budget of evaluations buys the most steps that fit; grid logsnr.", NULL
};

const repro_experiment repro_experiment_digits_score = {
    .name  = "digits-score",
    .about = "a diffusion model of 8x8 digits: six samplers at 5, 10, 20, 50 evaluations",
    .cite  = "Song et al. 2021; Heusel et al. 2017 for the distance",
    .notes = notes,
    .whole = whole,
};
