/* solve_plot.c - the solution over time, smooth by dense output, its rows as points; with two or three states their
   path as well. */
#include <stdio.h>

#include "plot.h"
#include "solve.h"

enum {
    POINTS      = 601,
    MOST_CURVES = 8,
    MOST_POINTS = 200
}; /* more rows than that are no points to look at */

/* What --plot draws: POINTS times between t0 and where the solve came to. */
typedef struct picture {
    double *t, *y;  /* y [states][POINTS]            */
    double *points; /* [states][rows]: the rows' values */
} picture;

static double *transposed(solve *s, long rows, const double *y)
{
    long    dim = s->about->states;
    double *x   = solve_room(s, rows * dim, sizeof *x);
    for (long r = 0; x && r < rows; r++)
        for (long i = 0; i < dim; i++) x[i * rows + r] = y[r * dim + i];
    return x;
}

static ad_status smooth(solve *s, picture *p)
{
    long    dim = s->about->states;
    double  a = s->grid[0], b = s->stats.t_reached;
    void   *y = solve_room(s, POINTS * dim, solve_size(s));
    double *x = solve_room(s, POINTS * dim, sizeof *x);
    p->t      = solve_room(s, POINTS, sizeof *p->t);
    p->points = transposed(s, s->rows, s->y);
    if (!y || !x || !p->t || !p->points) return AD_NO_MEMORY;
    if (a == b) return ad_fail(AD_INVALID, "there is nothing to draw: not one step was taken");
    for (int i = 0; i < POINTS; i++) p->t[i] = i == POINTS - 1 ? b : a + (b - a) * i / (POINTS - 1);
    AD_TRY(solve_at(s, POINTS, p->t, y));
    for (long i = 0; i < POINTS * dim; i++) x[i] = solve_get(s, y, i);
    p->y = transposed(s, POINTS, x);
    return p->y ? AD_OK : AD_NO_MEMORY;
}

ad_status solve_plot(solve *s, const char *path)
{
    picture   p    = { 0 };
    int       rows = s->rows <= MOST_POINTS ? s->rows : 0;
    int       dim = s->about->states, n = dim < MOST_CURVES ? dim : MOST_CURVES;
    cli_curve over[2 * MOST_CURVES], path_of[2];
    char      title[96] = "";
    AD_TRY(smooth(s, &p));
    for (int i = 0; i < n; i++) {
        over[i]     = (cli_curve){ s->about->state[i].name, CLI_LINE, i, POINTS, p.t,
                                   p.y + (long)i * POINTS };
        over[n + i] = (cli_curve){ NULL, CLI_POINTS, i, rows, s->t, p.points + (long)i * s->rows };
    }
    path_of[0] = (cli_curve){ NULL, CLI_LINE, 0, POINTS, p.y, p.y + POINTS };
    path_of[1] = (cli_curve){ NULL, CLI_POINTS, 0, rows, p.points, p.points + s->rows };
    if (n < dim) snprintf(title, sizeof title, "the first %d of %d states", n, dim);
    cli_panel panel[2] = {
        { .title = *title ? title : NULL, .x_label = "t", .curves = 2 * n, .curve = over }
    };
    if (dim == 2 || dim == 3)
        panel[1] = (cli_panel){ .x_label = s->about->state[0].name,
                                .y_label = s->about->state[1].name,
                                .curves  = 2,
                                .curve   = path_of };
    int        panels = dim == 2 || dim == 3 ? 2 : 1;
    cli_figure f      = { .panels  = panels,
                          .columns = panels,
                          .panel   = panel,
                          .width   = 480 * panels + 240,
                          .height  = 420 };
    return cli_plot(&f, path);
}
