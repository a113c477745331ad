/* tune_report.c - the loss, and samples before and after, as people look at them. */
#include <math.h>
#include <string.h>

#include "report.h"
#include "run_files.h"
#include "text.h"
#include "tiles.h"
#include "tune.h"

enum { TILES = 64, POINTS = 4000 };

static ad_status images(const tune *t, cli_report *r, const char *name, const double *x)
{
    const mdl_denoiser *d = t->s.model;
    char                path[RUN_PATH], file[32];
    long                n     = mdl_tune_size(t->tuner);
    cli_tiles           tiles = { .n = n < TILES ? n : TILES, .x = x, .edge = 400 };
    tiles.channels            = cli_image_shape(d->rank, d->shape, &tiles.h, &tiles.w);
    /* one range for both, so that they can be compared */
    cli_image_range(n * t->s.dim, t->before, &tiles.lo, &tiles.hi);
    snprintf(file, sizeof file, "%s.png", name);
    AD_TRY(run_path(t->directory, file, path));
    AD_TRY(cli_tiles_write(&tiles, path));
    cli_report_picture(r, name, name, path);
    return AD_OK;
}

static double *column(const tune *t, long n, const double *x, int k)
{
    double *y = ad_arena_alloc(t->s.arena, (size_t)n * sizeof *y);
    for (long i = 0; y && i < n; i++) y[i] = x[i * t->s.dim + k];
    return y;
}

/* Two columns: where samples were, where they are, where they should be. */
static ad_status clouds(const tune *t, cli_report *r)
{
    const struct {
        const char   *title;
        long          n;
        const double *x;
        cli_style     style;
    } cloud[] = { { "before", mdl_tune_size(t->tuner), t->before, CLI_DOTS },
                  { "after", mdl_tune_size(t->tuner), t->after, CLI_POINTS },
                  { "target", t->target_x ? t->target.m : 0, t->target_x, CLI_POINTS } };
    cli_curve curve[3];
    int       curves = 0;
    for (int i = 0; i < 3; i++) {
        long n = cloud[i].n < POINTS ? cloud[i].n : POINTS;
        if (!n) continue;
        double *x = column(t, n, cloud[i].x, 0), *y = column(t, n, cloud[i].x, 1);
        if (!x || !y) return AD_NO_MEMORY;
        curve[curves++] = (cli_curve){
            .title = cloud[i].title, .style = cloud[i].style, .color = i, .n = n, .x = x, .y = y
        };
    }
    cli_panel panel = {
        .x_label = "x1", .y_label = "x2", .curves = curves, .curve = curve, .equal = 1
    };
    cli_figure f = { .panels = 1, .panel = &panel, .width = 640, .height = 520 };
    char       path[RUN_PATH];
    AD_TRY(run_path(t->directory, "samples.png", path));
    cli_report_figure(r, "samples", "Samples before and after", &f, path);
    return AD_OK;
}

static ad_status loss_curve(const tune *t, cli_report *r)
{
    cli_curve curve = { .style = CLI_LINE, .n = t->done + 1, .y = t->loss_at };
    cli_panel panel = {
        .x_label = "iteration", .y_label = "loss", .curves = 1, .curve = &curve, .log_y = 1
    };
    cli_figure f = { .panels = 1, .panel = &panel, .width = 800, .height = 340 };
    char       path[RUN_PATH];
    AD_TRY(run_path(t->directory, "loss.png", path));
    cli_report_figure(r, "loss", "The loss before every step, and after the last", &f, path);
    return AD_OK;
}

/* "12 of 16 are class 3, their mean confidence 0.98" */
static ad_status judged(const tune *t, const double *x, char *text, size_t size)
{
    long    n = mdl_tune_size(t->tuner), classes = mdl_judge_classes(t->judge), found = 0;
    double *logits = ad_arena_alloc(t->s.arena, (size_t)(n * classes) * sizeof *logits), sum = 0;
    if (!logits) return AD_NO_MEMORY;
    AD_TRY(mdl_judge_look(t->judge, n, x, logits, NULL));
    for (long i = 0; i < n; i++) {
        double confidence;
        found += mdl_judge_verdict(t->judge, logits + i * classes, &confidence) == t->target.label;
        sum += confidence;
    }
    snprintf(text, size,
             "%ld of %ld samples are class %ld to the classifier; its mean confidence is %.3f",
             found, n, t->target.label, sum / (double)n);
    return AD_OK;
}

static ad_status words(const tune *t, cli_report *r)
{
    char seconds[32], text[160];
    cli_report_text(r, "Of %s, %s is tuned: loss %s, from %.6g to %.6g in %ld steps of %s (%s).",
                    t->s.model->path, mdl_tune_name(t->o.of), t->loss_name, t->loss_at[0],
                    t->loss_at[t->done], t->done, cli_text(t->args, "optimizer"),
                    cli_seconds_text(t->seconds, seconds, sizeof seconds));
    cli_report_text(r,
                    "Sampler %s, %ld steps; gradient: %s. %ld evaluations of the model, %ld of "
                    "them again for the gradient, and %ld "
                    "vector-Jacobian products.",
                    t->o.sampler.sampler ? t->o.sampler.sampler : "dpmpp-2m",
                    t->o.sampler.grid.steps, dpm_adjoint_name((int)t->o.sampler.adjoint),
                    t->nfe + t->again, t->again, t->nvjp);
    if (t->o.of == MDL_TUNE_NOISE)
        cli_report_text(r, "The farthest number of the noise moved by %.4g of its deviation.",
                        mdl_tune_moved(t->tuner));
    if (!t->judge) return AD_OK;
    AD_TRY(judged(t, t->before, text, sizeof text));
    cli_report_text(r, "Before: %s.", text);
    AD_TRY(judged(t, t->after, text, sizeof text));
    cli_report_text(r, "After: %s.", text);
    return AD_OK;
}

static ad_status fill(tune *t, cli_report *r)
{
    long h, w;
    AD_TRY(words(t, r));
    cli_report_section(r, "Before and after");
    if (cli_image_shape(t->s.model->rank, t->s.model->shape, &h, &w)) {
        cli_report_beside(r, 1);
        AD_TRY(images(t, r, "before", t->before));
        AD_TRY(images(t, r, "after", t->after));
        cli_report_beside(r, 0);
    } else if (t->s.dim == 2)
        AD_TRY(clouds(t, r));
    cli_report_section(r, "The loss");
    return loss_curve(t, r);
}

ad_status tune_report(tune *t)
{
    cli_report *r;
    char        path[RUN_PATH];
    AD_TRY(cli_report_new(&r, "Tuned through the sampler", "costate tune"));
    ad_status e = fill(t, r);
    if (!e) e = run_path(t->directory, "report.html", path);
    if (!e) e = cli_report_save(r, path);
    cli_report_free(r);
    return e;
}

void tune_print(const tune *t)
{
    char seconds[32], text[160];
    printf("tuned     %s of %s, %ld samples, %s\n", mdl_tune_name(t->o.of), t->s.model->path,
           mdl_tune_size(t->tuner), t->loss_name);
    printf("loss      %.6g to %.6g in %ld steps%s\n", t->loss_at[0], t->loss_at[t->done], t->done,
           t->cancelled ? ", then interrupted" : "");
    if (t->judge && !judged(t, t->after, text, sizeof text)) printf("classes   %s\n", text);
    if (t->o.of == MDL_TUNE_NOISE)
        printf("moved     at most %.4g of the noise's deviation\n", mdl_tune_moved(t->tuner));
    printf("cost      %ld evaluations, %ld of them again; %ld vector-Jacobian products; %s\n",
           t->nfe + t->again, t->again, t->nvjp,
           cli_seconds_text(t->seconds, seconds, sizeof seconds));
    printf("files     %s: report.html, before.npy, after.npy, %s, tune.json, metrics.jsonl\n",
           t->directory,
           t->o.of == MDL_TUNE_NOISE       ? "noise.npy"
           : t->o.of == MDL_TUNE_CONDITION ? "condition.npy"
                                           : "config.json, checkpoint.safetensors");
}
