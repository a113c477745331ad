/* batch.h - windows of series solved together, and how far they are from the data (internal). */
#ifndef COSTATE_MODELS_BATCH_H
#define COSTATE_MODELS_BATCH_H

#include <costate/adjoint/adjoint.h>
#include <costate/autodiff/loss.h>
#include <costate/models/model.h>

typedef struct mdl_window {
    int  series;
    long row;
} mdl_window;

/* Room for capacity windows of rows rows. */
typedef struct mdl_batch {
    const mdl_model *m;
    const mdl_data  *d;
    long             capacity, rows; /* at most                                     */
    long             n, h;           /* windows and rows now                        */
    int              joint;
    mdl_window      *at;    /* [n]                                                */
    double          *t;     /* [h], or [n][h]                                     */
    double          *start; /* [n][dim]                                           */
    double          *want, *weight, *seen, *seen_bar; /* [h][n][cols], in deviations */
    double          *row; /* [n][dim]                                           */
    void            *y0, *y, *y_bar, *y0_bar;
    size_t           state; /* bytes of one state of n windows                    */
} mdl_batch;

ad_status mdl_batch_new(mdl_batch **b, const mdl_model *m, const mdl_data *d, long capacity,
                        long rows, int joint);
void      mdl_batch_free(mdl_batch *b);

/* Fills times, starts and what is wanted for the n windows at[] and h rows. Rows beyond last(series) are not wanted. */
void mdl_batch_gather(mdl_batch *b, long n, long h, const long *last, int weigh_start);
/* What the windows ask a solver for. */
nde_solve_args mdl_batch_args(const mdl_batch *b, const void *theta);
/* (1) of fit.h, and y_bar where it is wanted. */
double mdl_batch_loss(mdl_batch *b, ad_loss loss, int gradient);

#endif
