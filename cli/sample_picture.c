/* sample_picture.c - samples as people look at them: images side by side, or points over the density; and a page with them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <costate/datasets/samples_read.h>
#include <costate/models/settings.h>

#include "plot.h"
#include "report.h"
#include "sample.h"
#include "text.h"
#include "tiles.h"

enum { TILES = 100, GRID = 140, POINTS = 4000, BINS = 60, WIDTH = 640 };

static ad_status images(sample *s, const char *path)
{
    cli_tiles t = { .n = s->n < TILES ? s->n : TILES, .x = s->out };
    t.channels  = cli_image_shape(s->model->rank, s->model->shape, &t.h, &t.w);
    cli_image_range(s->n * s->dim, s->out, &t.lo, &t.hi);
    return cli_tiles_write(&t, path);
}

typedef struct cloud {
    cli_curve curve[2]; /* points; and the data of a run, behind them */
    int       curves;
    cli_heat  density;
    double    lo[2], hi[2];
} cloud;

/* Between the 1st and the 99th of a hundred, and as much again: one that has gone astray does not shrink the others. */
static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void extent(long n, double *sorted, double *lo, double *hi)
{
    qsort(sorted, (size_t)n, sizeof *sorted, ascending);
    double a = sorted[n / 100], b = sorted[n - 1 - n / 100], margin = 0.25 * (b - a) + 1e-9;
    *lo = a - margin;
    *hi = b + margin;
}

/* Of the data that a run was trained on, where they are drawn from a density that is known; NULL: none is. */
static ds_log_density *known_density(const sample *s)
{
    if (s->dim != 2 || s->o.invert) return NULL;
    const char *name = s->model->config ? s->model->config->samples.data : NULL;
    if (!name || strchr(name, ':') || !ds_samples_named(name)) return NULL;
    return ds_samples_find(name)->log_density;
}

/* p(x) over the plane: the mixture's at the point where the sampler ends (its data's where nothing is left of the noise), else
   that of known_density(). */
static ad_status density(sample *s, cloud *c)
{
    ds_log_density  *of_data = known_density(s);
    const dpm_point  data    = { .alpha = 1, .lambda = INFINITY }; /* where dmcmc ends */
    const dpm_point *end     = s->point ? s->point + s->steps : &data;
    double           power   = s->power > 0 ? s->power : 1;
    double           dx = (c->hi[0] - c->lo[0]) / GRID, dy = (c->hi[1] - c->lo[1]) / GRID;
    if (!of_data && (!s->model->mixture || s->dim != 2 || s->o.invert)) return AD_OK;
    double *z = ad_arena_alloc(s->arena, GRID * GRID * sizeof *z);
    if (!z) return AD_NO_MEMORY;
    for (int i = 0; i < GRID * GRID; i++) {
        double x[] = { c->lo[0] + dx * (i % GRID + 0.5), c->lo[1] + dy * (i / GRID + 0.5) };
        z[i]       = exp(of_data ? of_data(NULL, x)
                                 : power * dpm_mixture_log_density(s->model->mixture, end, x, NULL));
    }
    c->density = (cli_heat){ GRID, GRID, c->lo[0] + dx / 2, c->lo[1] + dy / 2, dx, dy, z };
    return AD_OK;
}

/* What a run learned from, where it still is and its density is not known: nobody misses it. */
static ad_status data_points(sample *s, cloud *c)
{
    ds_samples *d;
    if (s->dim != 2 || s->o.invert || !s->model->config || c->density.nx) return AD_OK;
    if (mdl_denoiser_data(s->model, &d)) return AD_OK;
    long    n = d->n < POINTS / 2 ? d->n : POINTS / 2;
    double *x = ad_arena_alloc(s->arena, 4 * (size_t)n * sizeof *x);
    if (x && d->dim == 2 && !ds_samples_rows(d, n, NULL, AD_F64, x, NULL)) {
        double *u = x + 2 * n, *v = u + n;
        for (long i = 0; i < n; i++) u[i] = x[2 * i], v[i] = x[2 * i + 1];
        c->curve[c->curves++] = (cli_curve){
            .title = "data", .style = CLI_DOTS, .color = 5, .n = n, .x = u, .y = v
        };
    }
    ds_samples_free(d);
    return x ? AD_OK : AD_NO_MEMORY;
}

static ad_status plane(sample *s, cloud *c)
{
    long    n      = s->n < POINTS ? s->n : POINTS;
    double *x      = ad_arena_alloc(s->arena, (size_t)n * sizeof *x);
    double *y      = ad_arena_alloc(s->arena, (size_t)n * sizeof *y);
    double *sorted = ad_arena_alloc(s->arena, (size_t)n * sizeof *sorted);
    if (!x || !y || !sorted) return AD_NO_MEMORY;
    for (long i = 0; i < n; i++) x[i] = s->out[i * s->dim], y[i] = s->out[i * s->dim + 1];
    for (int j = 0; j < 2; j++) {
        memcpy(sorted, j ? y : x, (size_t)n * sizeof *sorted);
        extent(n, sorted, &c->lo[j], &c->hi[j]);
    }
    AD_TRY(density(s, c));
    AD_TRY(data_points(s, c));
    const char *title     = c->curves ? "samples" : NULL;
    c->curve[c->curves++] = (cli_curve){
        .title = title, .style = CLI_DOTS, .color = 1, .n = n, .x = x, .y = y
    };
    return AD_OK;
}

/* One column: the part of the samples in each of so many cells, as a density. */
static ad_status histogram(sample *s, cloud *c)
{
    double *x      = ad_arena_alloc(s->arena, BINS * sizeof *x),
           *y      = ad_arena_alloc(s->arena, BINS * sizeof *y);
    double *sorted = ad_arena_alloc(s->arena, (size_t)s->n * sizeof *sorted);
    if (!x || !y || !sorted) return AD_NO_MEMORY;
    memcpy(sorted, s->out, (size_t)s->n * sizeof *sorted);
    extent(s->n, sorted, &c->lo[0], &c->hi[0]);
    double width = (c->hi[0] - c->lo[0]) / BINS;
    for (int i = 0; i < BINS; i++) x[i] = c->lo[0] + width * i;
    for (long i = 0; i < s->n; i++) {
        double at = floor((s->out[i] - c->lo[0]) / width);
        if (at >= 0 && at < BINS) y[(int)at] += 1 / (width * (double)s->n);
    }
    c->curve[c->curves++] = (cli_curve){ .style = CLI_STEPS, .n = BINS, .x = x, .y = y };
    return AD_OK;
}

static ad_status figure(sample *s, cloud *c, cli_panel *p, cli_figure *f)
{
    AD_TRY(s->dim == 1 ? histogram(s, c) : plane(s, c));
    *p            = (cli_panel){ .curves  = c->curves,
                                 .curve   = c->curve,
                                 .heat    = c->density,
                                 .x_label = s->dim > 2 ? "first column" : NULL,
                                 .y_label = s->dim > 2 ? "second column" : NULL,
                                 .equal   = s->dim == 2 };
    double shape  = s->dim == 2 ? (c->hi[1] - c->lo[1]) / (c->hi[0] - c->lo[0]) : 0.75;
    int    height = s->dim == 1 ? 360 : (int)(WIDTH * fmin(1.5, fmax(0.4, shape)));
    *f            = (cli_figure){ .panels = 1, .panel = p, .width = WIDTH, .height = height };
    return AD_OK;
}

static ad_status replace_ending(sample *s, const char *ending, char **path)
{
    char        text[RUN_PATH];
    const char *dot = strrchr(s->output, '.');
    snprintf(text, sizeof text, "%.*s%s", (int)(dot - s->output), s->output, ending);
    *path = ad_arena_strdup(s->arena, text);
    return *path ? AD_OK : AD_NO_MEMORY;
}

ad_status sample_picture_files(sample *s)
{
    const char *given = cli_text(s->args, "picture"), *dot = given ? strrchr(given, '.') : NULL;
    long        h, w;
    if (given && !(dot && (!strcasecmp(dot, ".png") || !strcasecmp(dot, ".svg"))))
        return ad_fail(AD_INVALID, "--picture: %s: pictures are .png or .svg", given);
    if (given && !strcasecmp(dot, ".svg") &&
        cli_image_shape(s->model->rank, s->model->shape, &h, &w))
        return ad_fail(AD_INVALID, "--picture: %s: samples that are images go into a .png", given);
    if (given) s->picture = ad_arena_strdup(s->arena, given);
    if (given && !s->picture) return AD_NO_MEMORY;
    if (!s->model->schedule) return AD_OK;
    if (!given) AD_TRY(replace_ending(s, ".png", &s->picture));
    return replace_ending(s, ".html", &s->report);
}

static void numbers(const sample *s, cli_report *r)
{
    char              text[8][32];
    const char       *cells[8];
    const char *const heads[] = { "samples", "steps", "evaluations", "seconds",
                                  "samples a second" };
    snprintf(text[0], 32, "%ld", s->n);
    snprintf(text[1], 32, "%ld", s->steps);
    snprintf(text[2], 32, "%ld", s->nfe);
    snprintf(text[3], 32, "%.3g", s->seconds);
    sample_rate_text(s, text[4], 32);
    for (int i = 0; i < 5; i++) cells[i] = text[i];
    cli_report_table(r, &(cli_table){ .columns = 5, .rows = 1, .heads = heads, .cells = cells });
}

/* The options that were given, as they would be typed. */
static void typed(const sample *s, cli_report *r)
{
    char line[4096];
    int  n = snprintf(line, sizeof line, "costate sample %s", cli_word(s->args, 0));
    for (const cli_option *o = cli_args_verb(s->args)->options; o->key; o++)
        if (cli_given(s->args, o->key) && n < (int)sizeof line)
            n += snprintf(line + n, sizeof line - (size_t)n, " --%s %s", o->key,
                          cli_text(s->args, o->key));
    cli_report_code(r, line);
}

static ad_status report(sample *s, const cli_figure *f)
{
    cli_report *r;
    AD_TRY(cli_report_new(&r, "Samples", s->model->path));
    if (f)
        cli_report_figure(r, "samples", s->dim > 2 ? "The first two columns." : NULL, f, NULL);
    else
        cli_report_picture(r, "samples", "The first ones, as they were drawn.", s->picture);
    numbers(s, r);
    cli_report_section(r, "How");
    typed(s, r);
    ad_status e = cli_report_save(r, s->report);
    cli_report_free(r);
    return e;
}

ad_status sample_picture(sample *s)
{
    long       h, w;
    cloud      c = { 0 };
    cli_panel  p;
    cli_figure f;
    if (!s->picture) return AD_OK;
    int is_image = cli_image_shape(s->model->rank, s->model->shape, &h, &w);
    if (!is_image) AD_TRY(figure(s, &c, &p, &f));
    ad_status e = is_image ? images(s, s->picture) : cli_plot(&f, s->picture);
    if (e && cli_given(s->args, "picture")) return e;
    if (e) { /* nobody asked for it */
        fprintf(stderr, "costate sample: no picture: %s\n", ad_message());
        s->picture = NULL;
    }
    return s->report ? report(s, is_image ? NULL : &f) : AD_OK;
}
