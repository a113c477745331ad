/* score_picture.c - what a score run draws when it has been trained: images side by side, or points over the data. */
#include <math.h>

#include <costate/autodiff/memory.h>
#include <costate/models/generate.h>

#include "score.h"
#include "tiles.h"

enum { TILES = 100, POINTS = 1000, STEPS = 20, SEED = 1 };

typedef struct preview {
    const score_run *f;
    ad_arena        *arena;
    mdl_denoiser    *d;
    long             n, h, w;
    int              channels; /* 0: no image */
    double          *x;
} preview;

static ad_status draw(preview *p)
{
    int           *label = ad_arena_alloc(p->arena, (size_t)p->n * sizeof *label);
    mdl_generation g     = { .o     = { .sampler = "dpmpp-2m", .grid.steps = STEPS },
                             .n     = p->n,
                             .seed  = SEED,
                             .label = p->d->classes ? label : NULL };
    p->x = ad_arena_alloc(p->arena, (size_t)(p->n * p->d->model.dim) * sizeof *p->x);
    if (!label || !p->x) return AD_NO_MEMORY;
    for (long i = 0; p->d->classes && i < p->n; i++) label[i] = (int)(i % p->d->classes);
    return mdl_generate(p->d, &g, p->x, NULL);
}

static ad_status images(const preview *p, cli_report *r)
{
    char      path[RUN_PATH];
    cli_tiles t = { .n = p->n, .h = p->h, .w = p->w, .channels = p->channels, .x = p->x };
    if (p->d->classes > 1 && p->d->classes <= 20) t.columns = p->d->classes;
    cli_image_range(p->n * p->d->model.dim, p->x, &t.lo, &t.hi);
    AD_TRY(run_path(p->f->l.directory, "preview.png", path));
    AD_TRY(cli_tiles_write(&t, path));
    cli_report_picture(r, "preview",
                       p->d->classes ? "A class a column, without guidance" : "Drawn by the run",
                       path);
    return AD_OK;
}

static ad_status curve_of(const preview *p, cli_curve *c, long n, const double *x)
{
    double *u = ad_arena_alloc(p->arena, 2 * (size_t)n * sizeof *u), *v = u + n;
    if (!u) return AD_NO_MEMORY;
    for (long i = 0; i < n; i++) u[i] = x[2 * i], v[i] = x[2 * i + 1];
    c->n = n, c->x = u, c->y = v;
    return AD_OK;
}

static ad_status cloud(const preview *p, cli_report *r)
{
    const ds_samples *s       = p->f->task->train;
    long              n       = s->n < POINTS ? s->n : POINTS;
    double           *data    = ad_arena_alloc(p->arena, 2 * (size_t)n * sizeof *data);
    cli_curve         curve[] = { { .title = "data", .style = CLI_DOTS, .color = 5 },
                                  { .title = "samples", .style = CLI_DOTS, .color = 0 } };
    if (!data) return AD_NO_MEMORY;
    AD_TRY(ds_samples_rows(s, n, NULL, AD_F64, data, NULL));
    AD_TRY(curve_of(p, &curve[0], n, data));
    AD_TRY(curve_of(p, &curve[1], p->n, p->x));
    cli_panel panel = { .x_label = "x1", .y_label = "x2", .curves = 2, .curve = curve, .equal = 1 };
    return learn_figure(&p->f->l, r, "preview", "Data, and samples of the run",
                        &(cli_figure){ .panels = 1, .panel = &panel, .width = 640, .height = 520 });
}

static ad_status fill(preview *p, cli_report *r)
{
    AD_TRY(mdl_denoiser_load(&p->d, p->f->l.directory, 0));
    p->channels = cli_image_shape(p->d->rank, p->d->shape, &p->h, &p->w);
    if (!p->channels && p->d->model.dim != 2) return AD_OK;
    p->n = p->channels ? TILES : POINTS;
    AD_TRY(draw(p));
    cli_report_section(r, "Samples");
    cli_report_text(r, "DPM-Solver++ 2M with %d steps; `costate sample` draws others.", STEPS);
    return p->channels ? images(p, r) : cloud(p, r);
}

ad_status score_pictures(const score_run *f, cli_report *r)
{
    preview   p = { .f = f, .arena = ad_arena_new() };
    ad_status s = p.arena ? fill(&p, r) : AD_NO_MEMORY;
    mdl_denoiser_free(p.d);
    ad_arena_free(p.arena);
    if (s != AD_NONFINITE_FIELD && s != AD_NONFINITE_STATE) return s;
    cli_report_text(r, "The run cannot be sampled yet: %s.", ad_message());
    return AD_OK;
}
