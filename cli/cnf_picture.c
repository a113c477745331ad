/* cnf_picture.c - a flow of two columns in the plane: data, density, samples, and the paths from the normal to them. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "cnf.h"

enum { GRID = 140, POINTS = 2000, PATHS = 40, TIMES = 41, SEED = 1 };

typedef struct picture {
    flow     *f;
    ad_arena *arena;
    double    lo[2], hi[2];
    cli_heat  heat;
    cli_curve data, samples, paths, ends;
} picture;

static double *room(picture *p, long n)
{
    return ad_arena_alloc(p->arena, (size_t)n * sizeof(double));
}

/* Columns 0 and 1 of rows [n, d] as a curve. */
static ad_status curve_of(picture *p, cli_curve *c, long n, long d, const double *x)
{
    double *u = room(p, n), *v = room(p, n);
    if (!u || !v) return AD_NO_MEMORY;
    for (long i = 0; i < n; i++) u[i] = x[i * d], v[i] = x[i * d + 1];
    *c = (cli_curve){ .style = CLI_DOTS, .n = n, .x = u, .y = v };
    return AD_OK;
}

static ad_status points(picture *p)
{
    const ds_samples *s = p->f->task->train;
    long              n = s->n < POINTS ? s->n : POINTS;
    double           *x = room(p, n * s->dim), *y = room(p, POINTS * s->dim);
    if (!x || !y) return AD_NO_MEMORY;
    AD_TRY(ds_samples_rows(s, n, NULL, AD_F64, x, NULL));
    AD_TRY(curve_of(p, &p->data, n, s->dim, x));
    AD_TRY(mdl_cnf_task_sample(p->f->task, POINTS, SEED, y));
    AD_TRY(curve_of(p, &p->samples, POINTS, s->dim, y));
    p->data.color = 6;
    for (int j = 0; j < 2; j++) {
        p->lo[j] = INFINITY, p->hi[j] = -INFINITY;
        for (long i = 0; i < n; i++) {
            p->lo[j] = fmin(p->lo[j], x[i * s->dim + j]);
            p->hi[j] = fmax(p->hi[j], x[i * s->dim + j]);
        }
        double margin = 0.15 * (p->hi[j] - p->lo[j]) + 1e-9;
        p->lo[j] -= margin, p->hi[j] += margin;
    }
    return AD_OK;
}

/* The density at the middle of each cell; the sum over cells is what the rectangle holds. */
static ad_status density(picture *p)
{
    long    cells = GRID * GRID;
    double *x = room(p, 2 * cells), *z = room(p, cells);
    double  dx = (p->hi[0] - p->lo[0]) / GRID, dy = (p->hi[1] - p->lo[1]) / GRID;
    if (!x || !z) return AD_NO_MEMORY;
    for (long i = 0; i < cells; i++) {
        x[2 * i]     = p->lo[0] + dx * ((double)(i % GRID) + 0.5);
        x[2 * i + 1] = p->lo[1] + dy * ((double)(i / GRID) + 0.5);
    }
    AD_TRY(mdl_cnf_task_log_density(p->f->task, cells, x, z));
    p->f->integral = 0;
    for (long i = 0; i < cells; i++) {
        z[i] = exp(z[i]);
        p->f->integral += z[i] * dx * dy;
    }
    p->heat = (cli_heat){ GRID, GRID, p->lo[0] + dx / 2, p->lo[1] + dy / 2, dx, dy, z };
    return AD_OK;
}

/* All paths in one curve, NaN between them; and where they end. */
static ad_status paths(picture *p)
{
    mdl_cnf_task *t = p->f->task;
    long          d = t->train->dim, n = PATHS, m = 0;
    if (n > t->config->samples.batch) n = t->config->samples.batch;
    double *z = room(p, TIMES * n * d), *u = room(p, (TIMES + 1) * n),
           *v = room(p, (TIMES + 1) * n);
    if (!z || !u || !v) return AD_NO_MEMORY;
    AD_TRY(mdl_cnf_task_paths(t, n, SEED, TIMES, z));
    for (long i = 0; i < n; i++) {
        for (int k = 0; k < TIMES; k++, m++) {
            u[m] = z[((long)k * n + i) * d];
            v[m] = z[((long)k * n + i) * d + 1];
        }
        u[m] = v[m] = NAN;
        m++;
    }
    p->paths = (cli_curve){ .style = CLI_LINE, .color = 5, .n = m, .x = u, .y = v };
    AD_TRY(curve_of(p, &p->ends, n, d, z + (TIMES - 1) * n * d));
    p->ends.style = CLI_POINTS;
    p->ends.color = 1;
    return AD_OK;
}

static ad_status compute(picture *p)
{
    AD_TRY(points(p));
    if (p->f->task->train->dim == 2) AD_TRY(density(p));
    return paths(p);
}

ad_status flow_pictures(flow *f, cli_report *r)
{
    picture p   = { .f = f, .arena = ad_arena_new() };
    f->integral = NAN;
    if (f->task->train->dim < 2) {
        ad_arena_free(p.arena);
        return AD_OK;
    }
    ad_status s        = p.arena ? compute(&p) : AD_NO_MEMORY;
    cli_curve moving[] = { p.paths, p.ends };
    int       plane    = f->task->train->dim == 2;
    cli_panel panel[]  = {
         { .title = "data", .curves = 1, .curve = &p.data, .equal = plane },
         { .title = "samples of the flow", .curves = 1, .curve = &p.samples, .equal = plane },
         { .title = "density", .heat = p.heat, .equal = plane },
         { .title = "paths from the normal", .curves = 2, .curve = moving, .equal = plane }
    };
    if (!plane) panel[2] = panel[3];
    if (!s)
        s = learn_figure(&f->l, r, "flow",
                         plane ? "Data, and what the flow makes of a normal distribution. Dots on "
                                 "the paths: where they end, the samples."
                               : "The first two columns: data, samples, and their paths.",
                         &(cli_figure){ .panels  = plane ? 4 : 3,
                                        .columns = 2,
                                        .panel   = panel,
                                        .width   = 900,
                                        .height  = 700 });
    ad_arena_free(p.arena);
    return s;
}
