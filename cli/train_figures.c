/* train_figures.c - the course of training, the forecast's error and steps; and what all figures share. */
#include <math.h>
#include <string.h>

#include "train_figures.h"

enum { PATH = 4096, SHOWN = 800 };

double *figures_room(figures *f, long n)
{
    return ad_arena_alloc(f->arena, (size_t)(n > 0 ? n : 1) * sizeof(double));
}

double figures_time(const figures *f, double s)
{
    double t = ds_normalise_undo_time(f->t->task->data->units, s);
    return f->dates > 0 ? t * f->dates : t;
}

ad_status figures_show(figures *f, const char *name, const char *caption, const cli_figure *figure)
{
    char path[PATH], file[64];
    snprintf(file, sizeof file, "%s.png", name);
    AD_TRY(train_path(f->t, file, path, sizeof path));
    cli_report_figure(f->report, name, caption, figure, path);
    return AD_OK;
}

/* Means of some `SHOWN` neighbours each, so that a long course stays readable. */
static ad_status thin(figures *f, const train_history *h, const double *y, int keep, cli_curve *c)
{
    long    each = keep ? 1 : h->n / SHOWN + 1, n = 0;
    double *x = figures_room(f, h->n), *z = figures_room(f, h->n);
    if (!x || !z) return AD_NO_MEMORY;
    for (long i = 0; i + each <= h->n; i += each) {
        double sum = 0, k = 0;
        for (long l = i; l < i + each; l++) {
            if (isnan(y[l])) continue;
            sum += y[l];
            k += 1;
        }
        if (keep && k == 0) continue;
        x[n]   = h->iteration[i + each - 1];
        z[n++] = k > 0 ? sum / k : NAN;
    }
    c->n = n, c->x = x, c->y = z;
    return AD_OK;
}

ad_status figures_training(figures *f)
{
    train_history h    = { 0 };
    cli_curve     c[5] = { { .title = "training", .style = CLI_LINE, .color = 0 },
                           { .title = "validation", .style = CLI_LINE, .color = 1 },
                           { .title = "NFE", .style = CLI_LINE, .color = 0 },
                           { .title = "rejected steps", .style = CLI_LINE, .color = 1 },
                           { .title = "rows of a window", .style = CLI_DASHES, .color = 2 } };
    ad_status     s    = train_metrics_read(f->t, &h);
    if (!s) s = thin(f, &h, h.loss, 0, &c[0]);
    if (!s) s = thin(f, &h, h.validation, 1, &c[1]);
    if (!s) s = thin(f, &h, h.nfe, 0, &c[2]);
    if (!s) s = thin(f, &h, h.rejected, 0, &c[3]);
    if (!s) s = thin(f, &h, h.horizon, 0, &c[4]);
    cli_panel panel[2] = {
        { .title = "loss", .x_label = "iteration", .curves = 2, .curve = c, .log_y = 1 },
        { .title = "work of a solve", .x_label = "iteration", .curves = 3, .curve = c + 2 }
    };
    if (!s && h.n > 0)
        s = figures_show(f, "training",
                         "Left: the loss grows where windows grow, which makes the task harder. "
                         "Right: evaluations of the field in one solve.",
                         &(cli_figure){ .panels = 2, .columns = 2, .panel = panel, .height = 330 });
    train_history_clear(&h);
    return s;
}

static ad_status figure_steps(figures *f)
{
    double *t = figures_room(f, f->steps), *h = figures_room(f, f->steps);
    if (!t || !h) return AD_NO_MEMORY;
    for (long i = 0; i < f->steps; i++) {
        t[i] = figures_time(f, f->step_t[i]);
        h[i] = fabs(f->step_h[i]) * f->t->task->data->units->t_scale;
    }
    cli_curve c     = { NULL, CLI_STEPS, 0, f->steps, t, h };
    cli_panel panel = { .x_label = f->t->task->set->time,
                        .y_label = "step size",
                        .curves  = 1,
                        .curve   = &c,
                        .log_y   = 1,
                        .x_dates = f->dates > 0 };
    if (f->steps < 2) return AD_OK;
    return figures_show(f, "steps", "Accepted steps of the solver along the forecast.",
                        &(cli_figure){ .panels = 1, .panel = &panel, .height = 280 });
}

ad_status figures_errors(figures *f)
{
    const mdl_score *s = f->t->score;
    if (s && s->origins && s->horizon > 1) {
        char      name[MDL_METHODS][64];
        cli_curve c[MDL_METHODS];
        double   *x = figures_room(f, s->horizon);
        if (!x) return AD_NO_MEMORY;
        for (long i = 0; i < s->horizon; i++) x[i] = (double)(i + 1);
        for (int m = 0; m < MDL_METHODS; m++)
            c[m] = (cli_curve){ train_method_name(f->t, m, name[m], sizeof name[m]),
                                m ? CLI_DASHES : CLI_LINE,
                                m,
                                s->horizon,
                                x,
                                s->curve[m] };
        cli_panel panel = { .x_label = "rows ahead",
                            .y_label = "error in deviations",
                            .curves  = MDL_METHODS,
                            .curve   = c };
        AD_TRY(figures_show(
            f, "error",
            "Root mean square error of forecasts of the held-out part, by how far they look ahead.",
            &(cli_figure){ .panels = 1, .panel = &panel, .height = 320 }));
    }
    return figure_steps(f);
}

static double seconds_of(const ds_clock *c)
{
    static const double of[] = { 0, 1, 60, 3600, 86400, 2629746 };
    return c->order == DS_NO_DATE ? 0 : of[c->unit];
}

static void choose(figures *f)
{
    const mdl_data *d = f->t->task->data;
    f->track          = d->track;
    for (int i = 1; i < d->count; i++)
        if (d->track[i].train > f->track->train) f->track = &d->track[i];
    f->split = f->track->train;
    f->from  = f->split > 400 ? f->split - 400 : 0;
    f->dates = seconds_of(&f->t->task->set->clock);
}

ad_status train_figures(train *t, cli_report *r)
{
    figures f = { .t = t, .report = r, .arena = ad_arena_new() };
    if (!f.arena) return AD_NO_MEMORY;
    choose(&f);
    ad_status s = figures_solve(&f);
    if (!s) s = figures_series(&f);
    if (!s) s = figures_phase(&f);
    if (!s) s = figures_errors(&f);
    if (!s) s = figures_training(&f);
    ad_arena_free(f.arena);
    return s;
}
