/* train_curves.c - data, fit and forecast over time. */
#include <math.h>
#include <string.h>

#include "train_figures.h"

enum { ROWS = 400, FINE = 1200 };

/* The solution from a state at row r up to row `to`, at `points` equal times, appended to the fit; a NaN ends the piece. */
static ad_status piece(figures *f, long r, long to, long points, const double *y0)
{
    const mdl_data *d = f->t->task->data;
    double          a = f->track->t[r], b = f->track->t[to];
    for (long i = 0; i < points; i++)
        f->fit_t[f->n + i] = a + (b - a) * (double)(i + 1) / (double)points;
    ad_status s = mdl_forecast(f->t->forecaster, a, y0, points, f->fit_t + f->n,
                               f->fit + f->n * d->cols, NULL);
    f->n += points;
    f->fit_t[f->n] = b;
    for (int j = 0; j < d->cols; j++) f->fit[f->n * d->cols + j] = NAN;
    f->n++;
    return s == AD_NO_MEMORY ? s : AD_OK;
}

static void state_at(figures *f, long r, double *y0)
{
    const mdl_model *m  = f->t->task->model;
    long             at = r * m->cols;
    if (f->track->path)
        memcpy(y0, f->track->path + r * m->dim, (size_t)m->dim * sizeof *y0);
    else
        mdl_model_start(m, f->track->smooth + at, f->track->slope + at, y0);
}

/* Windows one behind the other, as training saw them. */
static ad_status solve_fit(figures *f)
{
    const mdl_data *d    = f->t->task->data;
    long            last = f->split - 1, w = f->track->path ? f->split : mdl_fit_window(f->t->fit);
    double         *y0 = figures_room(f, f->t->task->model->dim);
    f->fit_t           = figures_room(f, FINE + 3 * ROWS);
    f->fit             = figures_room(f, (FINE + 3 * ROWS) * d->cols);
    if (!y0 || !f->fit || !f->fit_t) return AD_NO_MEMORY;
    for (long r = f->from; r<last; r += w - 1> 0 ? w - 1 : 1) {
        long to     = r + w - 1 < last ? r + w - 1 : last,
             points = FINE * (to - r) / (last - f->from) + 1;
        state_at(f, r, y0);
        AD_TRY(piece(f, r, to, points, y0));
    }
    return AD_OK;
}

static ad_status solve_ahead(figures *f)
{
    const mdl_data *d = f->t->task->data;
    long            r = f->split - 1;
    double          a = f->track->t[r], b = f->track->t[f->track->len - 1];
    double         *y0 = figures_room(f, f->t->task->model->dim);
    if (f->split == f->track->len) b = a + 0.25 * (a - f->track->t[f->from]);
    if (f->split + ROWS < f->track->len) b = f->track->t[f->split + ROWS - 1];
    f->m       = FINE / 2;
    f->ahead_t = figures_room(f, f->m);
    f->ahead   = figures_room(f, f->m * d->cols);
    if (!y0 || !f->ahead || !f->ahead_t) return AD_NO_MEMORY;
    for (long i = 0; i < f->m; i++) f->ahead_t[i] = a + (b - a) * (double)(i + 1) / (double)f->m;
    AD_TRY(mdl_forecast_start(f->t->forecaster, f->track, r, f->t->rows, y0));
    ad_status s = mdl_forecast(f->t->forecaster, a, y0, f->m, f->ahead_t, f->ahead, NULL);
    f->steps    = mdl_forecast_steps(f->t->forecaster, &f->step_t, &f->step_h);
    return s == AD_NO_MEMORY ? s : AD_OK;
}

ad_status figures_solve(figures *f)
{
    if (f->split > 1) AD_TRY(solve_fit(f));
    return f->split > 1 ? solve_ahead(f) : AD_OK;
}

/* Column j of rows [n][cols] at model times, in the data's own units. */
static ad_status curve(figures *f, cli_curve *c, long n, const double *t, const double *y, int j)
{
    const ds_normalise *u    = f->t->task->data->units;
    int                 cols = f->t->task->data->cols;
    double             *x = figures_room(f, n), *z = figures_room(f, n);
    if (!x || !z) return AD_NO_MEMORY;
    for (long i = 0; i < n; i++) {
        x[i] = figures_time(f, t[i]);
        z[i] = y[i * cols + j] * u->std[j] + u->mean[j];
    }
    c->n = n, c->x = x, c->y = z;
    return AD_OK;
}

ad_status figures_series(figures *f)
{
    const ds_series_set *set = f->t->task->set;
    int                  n   = set->cols < FIGURE_COLUMNS ? set->cols : FIGURE_COLUMNS;
    cli_panel            panel[FIGURE_COLUMNS];
    cli_curve            c[FIGURE_COLUMNS][3];
    long                 to = f->split + ROWS < f->track->len ? f->split + ROWS : f->track->len;
    memset(panel, 0, sizeof panel);
    for (int j = 0; j < n; j++) {
        c[j][0] = (cli_curve){ .title = j ? NULL : "data", .style = CLI_POINTS, .color = 6 };
        c[j][1] = (cli_curve){ .title = j ? NULL : "fit", .style = CLI_LINE, .color = 0 };
        c[j][2] = (cli_curve){ .title = j ? NULL : "forecast", .style = CLI_LINE, .color = 1 };
        AD_TRY(curve(f, &c[j][0], to - f->from, f->track->t + f->from,
                     f->track->y + f->from * set->cols, j));
        AD_TRY(curve(f, &c[j][1], f->n, f->fit_t, f->fit, j));
        AD_TRY(curve(f, &c[j][2], f->m, f->ahead_t, f->ahead, j));
        panel[j] = (cli_panel){ .x_label = j == n - 1 ? set->time : NULL,
                                .y_label = set->column[j],
                                .curves  = 3,
                                .curve   = c[j],
                                .x_dates = f->dates > 0,
                                .x_line  = f->split > 0 ? figures_time(f, f->track->t[f->split - 1])
                                                        : 0 };
    }
    return figures_show(
        f, "series",
        "Data, fit (windows as training solves them) and forecast from the vertical line on.",
        &(cli_figure){
            .panels = n, .columns = 1, .panel = panel, .height = n == 1 ? 360 : 220 * n });
}
