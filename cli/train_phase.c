/* train_phase.c - the plane of two components with the learned field in it. */
#include <math.h>
#include <string.h>

#include <costate/models/field.h>

#include "train_figures.h"

enum { GRID = 18 };

/* Components a and b of the state that the plane shows: the first two columns, or a column and what is hidden behind it. */
static int plane(const figures *f, int *a, int *b)
{
    const mdl_model *m = f->t->task->model;
    *a                 = m->shown[0];
    if (m->cols > 1)
        *b = m->shown[1];
    else
        for (*b = 0; *b == *a;) ++*b;
    return m->dim > 1;
}

static double unit(const figures *f, int component, double z)
{
    const mdl_model    *m = f->t->task->model;
    const ds_normalise *u = f->t->task->data->units;
    for (int j = 0; j < m->cols; j++)
        if (m->shown[j] == component) return z * u->std[j] + u->mean[j];
    return z;
}

typedef struct box {
    double lo, hi;
} box;

static box range(long n, const double *x)
{
    box b = { INFINITY, -INFINITY };
    for (long i = 0; i < n; i++) {
        if (!isfinite(x[i])) continue;
        b.lo = fmin(b.lo, x[i]);
        b.hi = fmax(b.hi, x[i]);
    }
    if (!(b.hi > b.lo)) b = (box){ -1, 1 };
    double margin = 0.08 * (b.hi - b.lo);
    return (box){ b.lo - margin, b.hi + margin };
}

/* Model components a and b along the rows shown and along the forecast. */
static ad_status paths(figures *f, int a, int b, long n, double *x, double *y)
{
    const mdl_model *m = f->t->task->model;
    double          *z = figures_room(f, m->dim);
    if (!z) return AD_NO_MEMORY;
    for (long i = 0; i < n; i++) {
        long r = f->from + i, at = r * m->cols;
        if (f->track->path)
            memcpy(z, f->track->path + r * m->dim, (size_t)m->dim * sizeof *z);
        else
            mdl_model_start(m, f->track->smooth + at, f->track->slope + at, z);
        for (int j = 0; j < m->cols; j++) z[m->shown[j]] = f->track->y[at + j];
        x[i] = z[a];
        y[i] = z[b];
    }
    return AD_OK;
}

/* All other components stand at their mean. */
static ad_status arrows(figures *f, int a, int b, box bx, box by, cli_arrows *w)
{
    const mdl_model *m     = f->t->task->model;
    const mdl_data  *d     = f->t->task->data;
    long             n     = GRID * GRID;
    double          *state = figures_room(f, n * m->dim), *dy = figures_room(f, n * m->dim),
           *x = figures_room(f, 4 * n);
    if (!state || !dy || !x) return AD_NO_MEMORY;
    for (long i = 0; i < n; i++) {
        double *s = state + i * m->dim;
        for (int k = 0; k < m->dim; k++) s[k] = m->guess[k];
        for (int j = 0; j < m->cols; j++) s[m->shown[j]] = d->middle[j];
        s[a] = bx.lo + (bx.hi - bx.lo) * ((double)(i % GRID) + 0.5) / GRID;
        s[b] = by.lo + (by.hi - by.lo) * ((double)(i / GRID) + 0.5) / GRID;
    }
    AD_TRY(mdl_field_at(m, f->track->t[f->split > 0 ? f->split - 1 : 0], n, state, dy));
    *w = (cli_arrows){ n, x, x + n, x + 2 * n, x + 3 * n };
    for (long i = 0; i < n; i++) {
        x[i]         = unit(f, a, state[i * m->dim + a]);
        x[n + i]     = unit(f, b, state[i * m->dim + b]);
        x[2 * n + i] = unit(f, a, dy[i * m->dim + a]) - unit(f, a, 0);
        x[3 * n + i] = unit(f, b, dy[i * m->dim + b]) - unit(f, b, 0);
    }
    return AD_OK;
}

static const char *label(const figures *f, int component)
{
    const mdl_model *m = f->t->task->model;
    for (int j = 0; j < m->cols; j++)
        if (m->shown[j] == component) return f->t->task->set->column[j];
    return m->system ? nde_system_about(m->system)->state[component].name : "hidden";
}

ad_status figures_phase(figures *f)
{
    int a, b;
    if (!plane(f, &a, &b) || f->split < 2) return AD_OK;
    long    n = f->split - f->from;
    double *x = figures_room(f, n), *y = figures_room(f, n);
    if (!x || !y) return AD_NO_MEMORY;
    AD_TRY(paths(f, a, b, n, x, y));
    cli_panel panel = { .x_label = label(f, a), .y_label = label(f, b) };
    AD_TRY(arrows(f, a, b, range(n, x), range(n, y), &panel.arrows));
    for (long i = 0; i < n; i++) {
        x[i] = unit(f, a, x[i]);
        y[i] = unit(f, b, y[i]);
    }
    cli_curve c[2]     = { { "data", CLI_POINTS, 6, n, x, y } };
    panel.curves       = 1;
    panel.curve        = c;
    const mdl_model *m = f->t->task->model;
    if (m->cols > 1 && f->m > 0) {
        double *u = figures_room(f, f->m), *v = figures_room(f, f->m);
        if (!u || !v) return AD_NO_MEMORY;
        for (long i = 0; i < f->m; i++) {
            u[i] = unit(f, a, f->ahead[i * m->cols]);
            v[i] = unit(f, b, f->ahead[i * m->cols + 1]);
        }
        c[panel.curves++] = (cli_curve){ "forecast", CLI_LINE, 1, f->m, u, v };
    }
    const char *about = panel.curves > 1
                            ? "The learned field, the training data in it, and the forecast."
                            : "The learned field and the training data in it.";
    return figures_show(f, "phase", about,
                        &(cli_figure){ .panels = 1, .panel = &panel, .width = 700, .height = 560 });
}
