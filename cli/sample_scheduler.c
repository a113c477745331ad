/* sample_scheduler.c - options from files: a schedule that was found, and what diffusers writes. */
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
    static const char *const others[] = { "grid", "times", "sigmas", "nfe", "scheduler", "from" };
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

ad_status sample_scheduler(sample *s)
{
    return found(s);
}
