#include <math.h>

#include <costate/autodiff/memory.h>

#include "reproduce_flow.h"

enum { SHOWN = 1000, PATHS = 40, TIMES = 33, SEED = 1 };

/* Cells of a rectangle: midpoints and their densities. */
typedef struct grid {
    cli_heat heat;
    double  *x, *p; /* [cells^2, 2], [cells^2] */
} grid;

static void extent(long n, const double *x, double lo[2], double hi[2])
{
    for (int k = 0; k < 2; k++) {
        lo[k] = INFINITY, hi[k] = -INFINITY;
        for (long i = 0; i < n; i++) {
            lo[k] = fmin(lo[k], x[2 * i + k]);
            hi[k] = fmax(hi[k], x[2 * i + k]);
        }
    }
}

static ad_status fill(grid *g, mdl_flow *f, long n, const double *x, double beyond, long cells)
{
    long   all = cells * cells;
    double lo[2], hi[2], d[2], from[2];
    extent(n, x, lo, hi);
    for (int k = 0; k < 2; k++) {
        from[k] = lo[k] - beyond * (hi[k] - lo[k]);
        d[k]    = (1 + 2 * beyond) * (hi[k] - lo[k]) / (double)cells;
    }
    g->heat = (cli_heat){ cells, cells, from[0] + d[0] / 2, from[1] + d[1] / 2, d[0], d[1], NULL };
    g->x    = ad_alloc((size_t)(2 * all) * sizeof *g->x);
    g->p    = ad_alloc((size_t)all * sizeof *g->p);
    if (!g->x || !g->p) return AD_NO_MEMORY;
    for (long i = 0; i < all; i++) {
        g->x[2 * i]     = g->heat.x0 + d[0] * (double)(i % cells);
        g->x[2 * i + 1] = g->heat.y0 + d[1] * (double)(i / cells);
    }
    AD_TRY(mdl_flow_log_density(f, all, g->x, g->p, NULL));
    for (long i = 0; i < all; i++) g->p[i] = exp(g->p[i]);
    g->heat.z = g->p;
    return AD_OK;
}

static void clear(grid *g)
{
    ad_free(g->x);
    ad_free(g->p);
}

ad_status repro_flow_integral(mdl_flow *f, long n, const double *x, long cells, double *integral)
{
    grid      g = { 0 };
    ad_status s = fill(&g, f, n, x, 1, cells);
    *integral   = 0;
    for (long i = 0; i < cells * cells && !s; i++) *integral += g.p[i] * g.heat.dx * g.heat.dy;
    clear(&g);
    return s;
}

/* --- the picture --------------------------------------------------------------------------------------------------------- */

typedef struct picture {
    grid      density;
    double   *sample, *sample_x, *sample_y; /* [SHOWN, 2] and its columns          */
    double   *z, *path_x, *path_y;          /* [TIMES, PATHS, 2], [PATHS][TIMES + 1] */
    double    t[TIMES], start_x[PATHS], start_y[PATHS];
    int       paths;
    cli_panel panel[3];
    cli_curve curve[3];
} picture;

static ad_status room(picture *p)
{
    p->sample   = ad_alloc(2 * SHOWN * sizeof(double));
    p->sample_x = ad_alloc(SHOWN * sizeof(double));
    p->sample_y = ad_alloc(SHOWN * sizeof(double));
    p->z        = ad_alloc(2 * TIMES * PATHS * sizeof(double));
    p->path_x   = ad_alloc((TIMES + 1) * PATHS * sizeof(double));
    p->path_y   = ad_alloc((TIMES + 1) * PATHS * sizeof(double));
    return p->sample && p->sample_x && p->sample_y && p->z && p->path_x && p->path_y ? AD_OK
                                                                                     : AD_NO_MEMORY;
}

/* All paths as one curve, NaN between them. */
static void join_paths(picture *p)
{
    for (int i = 0, at = 0; i < p->paths; i++, at++) {
        p->start_x[i] = p->z[2 * i];
        p->start_y[i] = p->z[2 * i + 1];
        for (int k = 0; k < TIMES; k++, at++) {
            p->path_x[at] = p->z[2 * (k * p->paths + i)];
            p->path_y[at] = p->z[2 * (k * p->paths + i) + 1];
        }
        p->path_x[at] = p->path_y[at] = NAN;
    }
}

static ad_status compute(picture *p, mdl_flow *f, long n, const double *x, long cells)
{
    AD_TRY(room(p));
    AD_TRY(fill(&p->density, f, n, x, 0.15, cells));
    AD_TRY(mdl_flow_sample(f, SHOWN, SEED, p->sample));
    for (int i = 0; i < SHOWN; i++) {
        p->sample_x[i] = p->sample[2 * i];
        p->sample_y[i] = p->sample[2 * i + 1];
    }
    for (int k = 0; k < TIMES; k++) p->t[k] = (double)k / (TIMES - 1);
    p->paths = n < PATHS ? (int)n : PATHS;
    AD_TRY(mdl_flow_paths(f, p->paths, x, TIMES, p->t, p->z));
    join_paths(p);
    return AD_OK;
}

static ad_status draw(picture *p, const char *path)
{
    p->curve[0] = (cli_curve){ NULL, CLI_DOTS, 0, SHOWN, p->sample_x, p->sample_y };
    p->curve[1] = (cli_curve){ NULL, CLI_THIN, 0, p->paths * (TIMES + 1), p->path_x, p->path_y };
    p->curve[2] = (cli_curve){ NULL, CLI_POINTS, 1, p->paths, p->start_x, p->start_y };
    p->panel[0] = (cli_panel){ .title = "density", .heat = p->density.heat, .equal = 1 };
    p->panel[1] = (cli_panel){ .title = "samples", .curves = 1, .curve = p->curve, .equal = 1 };
    p->panel[2] = (cli_panel){ .title = "paths", .curves = 2, .curve = p->curve + 1, .equal = 1 };
    return cli_plot(
        &(cli_figure){ .panels = 3, .columns = 3, .panel = p->panel, .width = 1080, .height = 300 },
        path);
}

ad_status repro_flow_picture(mdl_flow *f, long n, const double *x, long cells, const char *path)
{
    picture   p = { 0 };
    ad_status s = compute(&p, f, n, x, cells);
    if (!s) s = draw(&p, path);
    clear(&p.density);
    ad_free(p.sample);
    ad_free(p.sample_x);
    ad_free(p.sample_y);
    ad_free(p.z);
    ad_free(p.path_x);
    ad_free(p.path_y);
    return s;
}
