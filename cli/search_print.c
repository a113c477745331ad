/* search_print.c - what was found, as a table, as JSON and as a picture. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include "json.h"
#include "search.h"
#include "text.h"

static void line(const search_row *r)
{
    if (!r->e.nfe) return;
    printf("  %-34s %-15s %4ld  %-10.3g %-10.3g %-10.3g\n", r->what, r->grid, r->e.nfe, r->e.median,
           r->e.p90, r->e.rms);
}

static double times(const search_row *r, const search *s)
{
    return r->e.nfe ? r->e.median / s->c.found.e.median : NAN;
}

void search_print(const search *s)
{
    const search_comparison *c = &s->c;
    char                     text[32];
    printf("%s, %s: %ld evaluations in %s%s; the teacher is %s\n", s->found->sampler,
           s->task.base.schedule->kind->name, s->stats.evaluations,
           cli_seconds_text(s->seconds, text, sizeof text), s->cancelled ? " (stopped)" : "",
           dpm_teacher_about(s->teacher[0]));
    printf("distance from its ends on %ld start points that the search did not see:\n\n"
           "  %-34s %-15s %4s  %-10s %-10s %-10s\n",
           s->held_out, "sampler", "grid", "NFE", "median", "p90", "rms");
    for (int i = 0; i < SEARCH_GRIDS; i++) line(&c->grid[i]);
    line(&c->all);
    line(&c->found);
    printf("\nmedian: %.3g times smaller than the best standard grid's for %s", times(&c->same, s),
           s->found->sampler);
    if (c->all.e.nfe)
        printf(", %.3g times than the best of\n%ld combinations of sampler, order, form and grid",
               times(&c->all, s), c->tried);
    printf("\n");
    if (s->output)
        printf("%s\n", s->output);
    else
        fprintf(stderr, "costate search: the schedule is not kept: --output FILE.json keeps it\n");
    if (s->picture) printf("%s\n", s->picture);
}

static json_t *row_json(const search_row *r)
{
    if (!r->e.nfe) return json_null();
    json_t *j = json_object();
    json_object_set_new(j, "sampler", json_string(r->what));
    json_object_set_new(j, "grid", json_string(r->grid));
    json_object_set_new(j, "nfe", json_integer(r->e.nfe));
    json_object_set_new(j, "median", cli_json_number(r->e.median));
    json_object_set_new(j, "p90", cli_json_number(r->e.p90));
    json_object_set_new(j, "rms", cli_json_number(r->e.rms));
    return j;
}

json_t *search_comparison_json(const search_comparison *c)
{
    json_t *j = json_object(), *grids = json_array();
    for (int i = 0; i < SEARCH_GRIDS; i++)
        if (c->grid[i].e.nfe) json_array_append_new(grids, row_json(&c->grid[i]));
    json_object_set_new(j, "grids", grids);
    json_object_set_new(j, "best_same_sampler", row_json(&c->same));
    json_object_set_new(j, "best_of_all", row_json(&c->all));
    json_object_set_new(j, "combinations", json_integer(c->tried));
    json_object_set_new(j, "found", row_json(&c->found));
    return j;
}

ad_status search_json(const search *s)
{
    json_t *j = json_object();
    if (!j) return ad_fail(AD_NO_MEMORY, "out of memory");
    const dpm_found *f = s->found;
    json_object_set_new(j, "model", json_string(s->model->path));
    json_object_set_new(j, "schedule", json_string(s->task.base.schedule->kind->name));
    json_object_set_new(j, "sampler", json_string(f->sampler));
    json_object_set_new(j, "steps", json_integer(f->steps));
    json_object_set_new(j, "method", json_string(cli_text(s->args, "method")));
    json_object_set_new(j, "seed", json_integer((json_int_t)s->task.seed));
    json_object_set_new(j, "teacher", json_string(dpm_teacher_about(s->teacher[0])));
    json_object_set_new(j, "evaluations", json_integer(s->stats.evaluations));
    json_object_set_new(j, "seconds", cli_json_number(s->seconds));
    json_object_set_new(j, "stopped", json_boolean(s->cancelled));
    json_object_set_new(j, "objective_first", cli_json_number(s->stats.first));
    json_object_set_new(j, "objective_best", cli_json_number(s->stats.best));
    json_object_set_new(j, "times", cli_json_numbers(f->steps + 1, f->times));
    json_object_set_new(j, "held_out_points", json_integer(s->held_out));
    json_object_set_new(j, "held_out", search_comparison_json(&s->c));
    json_object_set_new(j, "median_ratio_same_sampler", cli_json_number(times(&s->c.same, s)));
    json_object_set_new(j, "median_ratio_all", cli_json_number(times(&s->c.all, s)));
    json_object_set_new(j, "file", s->output ? json_string(s->output) : json_null());
    json_object_set_new(j, "picture", s->picture ? json_string(s->picture) : json_null());
    ad_status e = cli_json_print(j, stdout);
    json_decref(j);
    return e;
}

/* --- the picture -------------------------------------------------------------------------------------------------- */

enum { CURVES = SEARCH_GRIDS + 1 };

static void curve_of(const dpm_options *base, const dpm_found *f, const char *title, int k,
                     cli_curve *c, double *x)
{
    long    n = f->steps + 1;
    double *y = x + n;
    for (long i = 0; i < n; i++) {
        x[i] = (double)i;
        y[i] = dpm_schedule_at(base->schedule, f->times[i]).lambda;
        if (!isfinite(y[i])) y[i] = NAN;
    }
    *c = (cli_curve){ title, k ? CLI_DASHES : CLI_LINE, k, n, x, y };
}

static void points_of(const cli_curve *from, cli_curve *c)
{
    *c       = *from;
    c->title = NULL;
    c->style = CLI_POINTS;
}

ad_status search_picture(const dpm_options *base, const dpm_found *f, const char *path)
{
    cli_curve curve[2 * CURVES];
    long      n     = f->steps + 1;
    double   *block = ad_alloc((size_t)(2 * CURVES * n) * sizeof *block);
    int       count = 0;
    if (!block) return AD_NO_MEMORY;
    curve_of(base, f, "found", 0, &curve[count++], block);
    for (int i = 0; dpm_standard_grid(i) && count < CURVES; i++) {
        dpm_found *g;
        if (dpm_standard(base, i, &g)) continue;
        curve_of(base, g, dpm_standard_grid(i), count, &curve[count], block + 2 * n * count);
        count++;
        dpm_found_free(g);
    }
    for (int i = 0; i < count; i++) points_of(&curve[i], &curve[count + i]);
    cli_panel  panel  = { .title   = "where the steps are",
                          .x_label = "step",
                          .y_label = "lambda = log(alpha / sigma)",
                          .curves  = 2 * count,
                          .curve   = curve };
    cli_figure figure = { .panels = 1, .panel = &panel, .width = 800, .height = 420 };
    ad_status  s      = cli_plot(&figure, path);
    ad_free(block);
    return s;
}
