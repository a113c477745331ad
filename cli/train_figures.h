/* train_figures.h - the figures of a training's report. */
#ifndef COSTATE_CLI_TRAIN_FIGURES_H
#define COSTATE_CLI_TRAIN_FIGURES_H

#include <costate/autodiff/memory.h>

#include "report.h"
#include "train.h"

enum { FIGURE_COLUMNS = 6 };

typedef struct figures {
    train           *t;
    cli_report      *report;
    ad_arena        *arena;
    const mdl_track *track;           /* the series that is shown: the longest                */
    long             from;            /* first row shown                                      */
    long             split;           /* rows before it trained; len: nothing is held out     */
    double           dates;           /* seconds a unit of the clock; 0: times are no dates   */
    long             n, m;            /* points of the fit and of the forecast                */
    double          *fit_t, *fit;     /* [n], [n][cols]                            */
    double          *ahead_t, *ahead; /* [m], [m][cols]; model time                */
    long             steps;
    const double    *step_t, *step_h; /* of the forecast                           */
} figures;

double   *figures_room(figures *f, long n);
double    figures_time(const figures *f, double model_time); /* as drawn */
ad_status figures_show(figures *f, const char *name, const char *caption, const cli_figure *figure);

ad_status figures_solve(figures *f);    /* train_curves.c: fit and forecast   */
ad_status figures_series(figures *f);   /* train_curves.c                     */
ad_status figures_phase(figures *f);    /* train_phase.c                      */
ad_status figures_training(figures *f); /* train_figures.c: loss, work        */
ad_status figures_errors(figures *f);   /* train_figures.c: by rows ahead     */

#endif
