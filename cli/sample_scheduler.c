/* sample_scheduler.c - options from files: a schedule that was found, and what diffusers writes. */
#include <stdio.h>
#include <string.h>

#include "folder.h"
#include "sample.h"

/* What `costate search` stored with the run: schedule-STEPS.json. */
static ad_status stored(const sample *s, char path[RUN_PATH])
{
    char name[64];
    if (!s->model->schedule)
        return ad_fail(
            AD_INVALID,
            "--sampler found is what was stored with a run; a mixture's is --found FILE");
    if (!cli_given(s->args, "steps"))
        return ad_fail(AD_INVALID, "--sampler found: of how many steps? --steps N, as it was "
                                   "searched for, or --found FILE");
    snprintf(name, sizeof name, "schedule-%ld.json", cli_integer(s->args, "steps"));
    AD_TRY(run_path(s->model->path, name, path));
    if (cli_exists(path)) return AD_OK;
    return ad_fail(AD_BAD_FILE, "%s is not there: `costate search %s --steps %ld` finds one", path,
                   s->model->path, cli_integer(s->args, "steps"));
}

/* --found FILE, or `found` for a sampler: times, sampler and decisions. */
static ad_status found(sample *s)
{
    static const char *const others[] = { "grid", "times", "sigmas", "nfe", "scheduler" };
    const cli_args          *a        = s->args;
    const char              *file = cli_text(a, "found"), *sampler = cli_text(a, "sampler");
    char                     path[RUN_PATH];
    int                      own = sampler && !strcmp(sampler, "found");
    if (!file && !own) return AD_OK;
    if (file && sampler && !own)
        return ad_fail(AD_INVALID, "--found has its sampler; --sampler %s does not go with it",
                       sampler);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (cli_given(a, others[i]))
            return ad_fail(AD_INVALID,
                           "a found schedule has its times and its sampler; --%s does not go with "
                           "it",
                           others[i]);
    if (!file) AD_TRY(stored(s, path));
    AD_TRY(dpm_found_load(&s->found, file ? file : path));
    dpm_found_options(s->found, &s->o);
    if (!cli_given(a, "steps") || cli_integer(a, "steps") == s->found->steps) return AD_OK;
    return ad_fail(AD_INVALID, "%s has %ld steps, not %s", file ? file : path, s->found->steps,
                   cli_text(a, "steps"));
}

/* diffusers' own words for what to do: schedule, grid, sampler. A run keeps its schedule. */
static ad_status scheduler(sample *s)
{
    const cli_args *a    = s->args;
    const char     *path = cli_text(a, "scheduler");
    if (!path) return AD_OK;
    if (cli_given(a, "nfe"))
        return ad_fail(AD_INVALID,
                       "--scheduler counts steps as diffusers does; --steps N, not --nfe");
    AD_TRY(dpm_config_read(path, &s->config));
    if (*s->config.ignored)
        fprintf(stderr, "costate sample: %s: %s does not have these, they are ignored: %s\n", path,
                s->config.class_name, s->config.ignored);
    AD_TRY(dpm_config_steps(&s->config, cli_given(a, "steps") ? cli_integer(a, "steps") : 20));
    s->o                = s->config.options;
    s->schedule_options = s->config.schedule;
    if (s->model->schedule && strcmp(s->model->schedule->kind->name, s->config.schedule.name))
        fprintf(stderr, "costate sample: %s is for the schedule %s; the run has its own, %s\n",
                path, s->config.schedule.name, s->model->schedule->kind->name);
    return AD_OK;
}

ad_status sample_scheduler(sample *s)
{
    AD_TRY(found(s));
    return scheduler(s);
}
