/* search_options.c - what is searched for, from the command line; options are named as those of `costate sample`. */
#include <string.h>
#include <strings.h>

#include <costate/diffusion/method.h>

#include "folder.h"
#include "run_files.h"
#include "sample.h"
#include "search.h"

static const char *const of_schedules[] = { "schedule",  "beta-min",  "beta-max", "train-steps",
                                            "sigma-min", "sigma-max", NULL };

static ad_status integer(const cli_args *a, const char *key, long least, long most, long *x)
{
    *x = cli_integer(a, key);
    if (*x >= least && *x <= most) return AD_OK;
    return ad_fail(AD_INVALID, "--%s is %s; %ld to %ld", key, cli_text(a, key), least, most);
}

static ad_status schedule(search *s)
{
    const cli_args      *a   = s->args;
    dpm_schedule_options o   = { .name = cli_text(a, "schedule") };
    const dpm_schedule  *own = s->model->schedule;
    AD_TRY(sample_number(a, "t-begin", &o.t_begin));
    AD_TRY(sample_number(a, "t-end", &o.t_end));
    s->task.base.schedule = own;
    if (own) {
        s->task.base.grid.t_begin = o.t_begin;
        s->task.base.grid.t_end   = o.t_end;
        for (int i = 0; of_schedules[i]; i++)
            if (cli_given(a, of_schedules[i]) && (i || strcmp(o.name, own->kind->name)))
                return ad_fail(AD_INVALID, "--%s is for mixtures; this network was trained on %s",
                               of_schedules[i], own->kind->name);
        return AD_OK;
    }
    AD_TRY(sample_number(a, "beta-min", &o.beta_min));
    AD_TRY(sample_number(a, "beta-max", &o.beta_max));
    AD_TRY(sample_number(a, "sigma-min", &o.sigma_min));
    AD_TRY(sample_number(a, "sigma-max", &o.sigma_max));
    if (cli_given(a, "train-steps")) AD_TRY(integer(a, "train-steps", 1, 1000000, &o.train_steps));
    AD_TRY(dpm_schedule_new(&s->schedule, &o));
    s->task.base.schedule = s->schedule;
    return AD_OK;
}

/* What is sought is where a sampler ends, with the steps that it is told. */
static ad_status searchable(const char *name)
{
    const dpm_method *m = dpm_method_find(name);
    if (!m) return AD_INVALID;
    const char *why = !m->make ? "is no sequence of steps of one model"
                      : m->flags & DPM_STOCHASTIC
                          ? "draws noise, and has no end to be compared with"
                      : m->flags & DPM_LIVE ? "chooses its steps by what it sees"
                                            : NULL;
    if (!why) return AD_OK;
    return ad_fail(AD_INVALID,
                   "sampler %s %s: there is no schedule to be found for it; take usf, "
                   "dpmpp-2m or unipc",
                   m->name, why);
}

static ad_status sampler(search *s)
{
    const cli_args *a    = s->args;
    dpm_options    *base = &s->task.base;
    long            order;
    base->sampler = cli_text(a, "sampler");
    AD_TRY(searchable(base->sampler));
    base->solver_type = cli_text(a, "solver-type");
    base->singlestep  = cli_text(a, "singlestep");
    base->variant     = cli_text(a, "variant");
    if (cli_given(a, "order")) {
        AD_TRY(integer(a, "order", 1, 16, &order));
        base->order = (int)order;
    }
    if (cli_given(a, "prediction"))
        AD_TRY(dpm_prediction_parse(cli_text(a, "prediction"), &base->prediction));
    if (cli_given(a, "lower-order-final"))
        base->lower_order_final = cli_flag(a, "lower-order-final") ? 1 : -1;
    return AD_OK;
}

static ad_status compare(search *s)
{
    const char *word = cli_text(s->args, "compare");
    s->all           = word ? !strcmp(word, "all") : s->model->mixture != NULL;
    if (!word || s->all || !strcmp(word, "same")) return AD_OK;
    return ad_fail(AD_INVALID, "--compare is all or same, not '%.60s'", word);
}

static ad_status way(const char *word, search_way *w)
{
    static const char *const name[] = { "both", "evolution", "gradient" };
    for (int i = 0; i < 3; i++)
        if (!strcmp(word, name[i])) {
            *w = (search_way)i;
            return AD_OK;
        }
    return ad_fail(AD_INVALID, "--method is evolution, gradient or both, not '%.60s'", word);
}

/* schedule-STEPS.json with a run; a mixture has no place of its own. */
static ad_status files(search *s)
{
    char        name[64], path[RUN_PATH];
    const char *output = cli_text(s->args, "output"), *picture = cli_text(s->args, "picture");
    snprintf(name, sizeof name, "schedule-%ld.json", s->task.base.grid.steps);
    if (!output && s->model->schedule) {
        AD_TRY(run_path(s->model->path, name, path));
        output = path;
    }
    if (output && !(s->output = ad_arena_strdup(s->arena, output))) return AD_NO_MEMORY;
    if (picture && !(s->picture = ad_arena_strdup(s->arena, picture))) return AD_NO_MEMORY;
    if (s->output) AD_TRY(cli_writable("output", s->output));
    const char *dot = picture ? strrchr(picture, '.') : NULL;
    if (picture && !(dot && (!strcasecmp(dot, ".png") || !strcasecmp(dot, ".svg"))))
        return ad_fail(AD_INVALID, "--picture: %s: pictures are .png or .svg", picture);
    return s->picture ? cli_writable("picture", s->picture) : AD_OK;
}

/* A schedule that was found brings its sampler and the sampler's options. */
static ad_status go_on(search *s)
{
    const char  *from  = cli_text(s->args, "from");
    dpm_options *base  = &s->task.base;
    long         steps = base->grid.steps;
    if (!from) return AD_OK;
    AD_TRY(dpm_found_load(&s->from, from));
    if (cli_given(s->args, "sampler") && strcmp(base->sampler, s->from->sampler))
        return ad_fail(AD_INVALID, "%s was found for %s; it is no beginning for %s", from,
                       s->from->sampler, base->sampler);
    if (cli_given(s->args, "steps") && steps != s->from->steps)
        return ad_fail(AD_INVALID, "%s has %ld steps; it is no beginning for %ld", from,
                       s->from->steps, steps);
    dpm_found_options(s->from, base);
    base->found  = NULL;
    s->task.from = s->from;
    return dpm_found_check(s->from, base->schedule);
}

ad_status search_options(search *s)
{
    const cli_args *a = s->args;
    long            steps, seed;
    AD_TRY(integer(a, "steps", 2, 1000, &steps));
    AD_TRY(integer(a, "budget", 1, 100000000, &s->task.budget));
    AD_TRY(integer(a, "seed", 0, 0x7fffffff, &seed));
    AD_TRY(integer(a, "points", 8, 1000000, &s->points));
    AD_TRY(integer(a, "held-out", 8, 1000000, &s->held_out));
    AD_TRY(way(cli_text(a, "method"), &s->task.way));
    AD_TRY(compare(s));
    AD_TRY(sample_number(a, "guidance", &s->guidance));
    if (s->guidance && !s->model->classes)
        return ad_fail(AD_INVALID, "--guidance: %s was not trained on classes", s->model->path);
    s->task.seed            = (uint64_t)seed;
    s->task.base.grid.steps = steps;
    AD_TRY(schedule(s));
    AD_TRY(sampler(s));
    AD_TRY(go_on(s));
    return files(s);
}
