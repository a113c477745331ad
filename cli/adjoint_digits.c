/* Targets, and the tasks that they make. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "adjoint_digits.h"

/* The first n digits of a class (< 0: of any) in units of [0, 1]. */
static ad_status digits_of(const adjoint_work *w, int label, long n, double **x)
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

double digits_ink(long n, const double *x)
{
    double sum = 0;
    for (long i = 0; i < n * DIM; i++) sum += x[i];
    return sum / (double)(n * DIM);
}

/* What the model itself draws of a class from the noise that tuning starts from. */
static ad_status drawn(adjoint_work *w, const mdl_tune_options *like, int label, double **x)
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

ad_status digits_tasks(adjoint_work *w)
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
                                                   .radius       = 0.5,
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
