/* sample_schedule.c - the noise schedule and the points on it. */
#include <math.h>
#include <string.h>

#include "sample.h"
#include "text.h"

static const char *const of_schedules[] = { "schedule",    "beta-min",       "beta-max",
                                            "train-steps", "sigma-min",      "sigma-max",
                                            "sigma-inf",   "schedule-shift", "zero-terminal-snr" };

/* A run's network knows one schedule, on which it was trained. */
static ad_status runs_own(const sample *s)
{
    const dpm_schedule *own = s->model->schedule;
    for (size_t i = 0; i < sizeof of_schedules / sizeof of_schedules[0]; i++) {
        const char *key = of_schedules[i];
        if (!cli_given(s->args, key)) continue;
        if (i == 0 && !strcmp(cli_text(s->args, key), own->kind->name)) continue;
        return ad_fail(AD_INVALID,
                       "--%s is for mixtures; this network was trained on %s and is sampled on it "
                       "(--grid, --t-begin and --t-end choose points of it)",
                       key, own->kind->name);
    }
    return AD_OK;
}

/* Of a mixture: the command line over --scheduler's. */
static ad_status make_schedule(sample *s, dpm_schedule_options *o)
{
    const cli_args *a = s->args;
    if (cli_given(a, "schedule")) o->name = cli_text(a, "schedule");
    AD_TRY(sample_number(a, "beta-min", &o->beta_min));
    AD_TRY(sample_number(a, "beta-max", &o->beta_max));
    AD_TRY(sample_number(a, "sigma-min", &o->sigma_min));
    AD_TRY(sample_number(a, "sigma-max", &o->sigma_max));
    AD_TRY(sample_number(a, "sigma-inf", &o->sigma_inf));
    AD_TRY(sample_number(a, "schedule-shift", &o->shift));
    AD_TRY(sample_number(a, "t-begin", &o->t_begin));
    AD_TRY(sample_number(a, "t-end", &o->t_end));
    if (cli_given(a, "train-steps")) o->train_steps = cli_integer(a, "train-steps");
    if (cli_given(a, "train-steps") && o->train_steps < 1)
        return ad_fail(AD_INVALID, "--train-steps is %ld; at least 1", o->train_steps);
    if (cli_given(a, "zero-terminal-snr")) o->zero_terminal_snr = cli_flag(a, "zero-terminal-snr");
    AD_TRY(dpm_schedule_new(&s->schedule, o));
    s->o.schedule = s->schedule;
    return AD_OK;
}

/* --times or --sigmas: all points, but for the last where that is appended. */
static ad_status listed(sample *s, const char *key, const char *grid)
{
    static const char *const others[] = { "grid", "nfe", "times", "sigmas", "rho", "shift" };
    dpm_grid_options        *g        = &s->o.grid;
    int                      n        = cli_list(s->args, key);
    if (!cli_given(s->args, key)) return AD_OK;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(others[i], key) && cli_given(s->args, others[i]))
            return ad_fail(AD_INVALID, "--%s is the whole grid; --%s does not go with it", key,
                           others[i]);
    double *list = ad_arena_alloc(s->arena, (size_t)n * sizeof *list);
    if (!list) return AD_NO_MEMORY;
    for (int i = 0; i < n; i++)
        if (!cli_parse_number(cli_item(s->args, key, i), &list[i]))
            return ad_fail(AD_INVALID, "--%s: '%.40s' is not a finite number", key,
                           cli_item(s->args, key, i));
    int  appended = g->final_zero == DPM_FINAL_APPENDED || g->final_zero == DPM_FINAL_END;
    long steps    = appended ? n : n - 1;
    if (steps < 1) return ad_fail(AD_INVALID, "--%s: a step goes from one number to another", key);
    if (cli_given(s->args, "steps") && cli_integer(s->args, "steps") != steps)
        return ad_fail(AD_INVALID, "--%s has %d numbers, which are %ld steps, not %s", key, n,
                       steps, cli_text(s->args, "steps"));
    g->name  = grid;
    g->list  = list;
    g->steps = steps;
    return AD_OK;
}

static ad_status steps(sample *s)
{
    const cli_args *a = s->args;
    if (cli_given(a, "steps") && cli_given(a, "nfe"))
        return ad_fail(AD_INVALID, "--steps and --nfe both say how many; give one of them");
    if (cli_given(a, "scheduler")) return AD_OK; /* counted as diffusers does */
    if (cli_given(a, "steps")) {
        s->o.grid.steps = cli_integer(a, "steps");
        if (s->o.grid.steps < 1 || s->o.grid.steps > 10000000)
            return ad_fail(AD_INVALID, "--steps is %s; at least 1, at most 1e7",
                           cli_text(a, "steps"));
    }
    if (!s->o.grid.steps) s->o.grid.steps = 20;
    if (!cli_given(a, "nfe")) return AD_OK;
    if (cli_integer(a, "nfe") < 1 || cli_integer(a, "nfe") > 10000000)
        return ad_fail(AD_INVALID, "--nfe is %s; at least one evaluation, at most 1e7",
                       cli_text(a, "nfe"));
    AD_TRY(dpm_steps_for(&s->o, cli_integer(a, "nfe"), &s->o.grid.steps));
    if (s->o.grid.steps) return AD_OK;
    return ad_fail(AD_INVALID, "--nfe %s: no number of steps of %s takes so few evaluations",
                   cli_text(a, "nfe"), s->o.sampler ? s->o.sampler : "dpmpp-2m");
}

static ad_status last_point(const cli_args *a, dpm_grid_options *g)
{
    static const char *const known[] = { "min", "zero", "replaced", "end" }; /* as dpm_final */
    if (!cli_given(a, "final")) return AD_OK;
    for (int i = 0; i < 4; i++) {
        if (strcmp(cli_text(a, "final"), known[i])) continue;
        g->final_zero = i;
        return AD_OK;
    }
    return ad_fail(AD_INVALID, "--final: '%.60s' is none of min, zero, replaced and end",
                   cli_text(a, "final"));
}

/* An option of one grid alone. */
static ad_status of_grid(const cli_args *a, const char *key, const dpm_grid_options *g,
                         const char *grid, double *x)
{
    const dpm_grid_kind *kind = dpm_grid_find(g->name ? g->name : "logsnr");
    AD_TRY(sample_number(a, key, x));
    if (!kind) return AD_INVALID;
    if (!cli_given(a, key) || !strcmp(kind->name, grid)) return AD_OK;
    return ad_fail(AD_INVALID, "--%s is for --grid %s, and this is %s", key, grid, kind->name);
}

static ad_status grid(sample *s)
{
    const cli_args   *a = s->args;
    dpm_grid_options *g = &s->o.grid;
    if (cli_given(a, "grid")) g->name = cli_text(a, "grid");
    AD_TRY(of_grid(a, "rho", g, "karras", &g->rho));
    AD_TRY(of_grid(a, "shift", g, "time-uniform", &g->shift));
    if (s->model->schedule) {
        AD_TRY(sample_number(a, "t-begin", &g->t_begin));
        AD_TRY(sample_number(a, "t-end", &g->t_end));
    }
    AD_TRY(last_point(a, g));
    AD_TRY(listed(s, "times", "list"));
    AD_TRY(listed(s, "sigmas", "sigmas"));
    return cli_given(a, "times") || cli_given(a, "sigmas") ? AD_OK : steps(s);
}

/* Image to image begins within the grid: of N steps the last round(strength N), at least one. */
ad_status sample_strength(sample *s)
{
    dpm_grid_options *g = &s->o.grid;
    double strength     = cli_given(s->args, "strength") ? cli_number(s->args, "strength") : 0.8;
    if (!cli_given(s->args, "from")) return AD_OK;
    if (!(strength > 0 && strength <= 1))
        return ad_fail(AD_INVALID,
                       "--strength is %g; it is a part of the steps, above 0 and at most 1",
                       strength);
    long       k = (long)fmax(1, round(strength * (double)g->steps)), n = g->steps;
    dpm_point *point = ad_arena_alloc(s->arena, (size_t)(n + 1) * sizeof *point);
    double    *list  = ad_arena_alloc(s->arena, (size_t)(k + 1) * sizeof *list);
    if (!point || !list) return AD_NO_MEMORY;
    AD_TRY(dpm_grid_make(s->o.schedule, g, point));
    for (long i = 0; i <= k; i++) list[i] = point[n - k + i].t;
    g->name  = "list";
    g->list  = list;
    g->steps = k;
    return AD_OK;
}

ad_status sample_schedule(sample *s)
{
    if (s->model->schedule) {
        AD_TRY(runs_own(s));
        s->o.schedule = s->model->schedule;
    } else {
        AD_TRY(make_schedule(s, &s->schedule_options));
    }
    return grid(s);
}
