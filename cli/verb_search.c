/* costate search RUN|mixture.json: a better schedule for few steps, stored with the run. */
#include <math.h>
#include <string.h>

#include "interrupt.h"
#include "run_files.h"
#include "search.h"
#include "verbs.h"

static int watch(const dpm_search_progress *p, void *ctx)
{
    search            *s     = ctx;
    long               done  = s->stats.evaluations + p->evaluations;
    cli_progress_state state = { .iteration     = done,
                                 .iterations    = s->task.budget,
                                 .loss          = p->best,
                                 .gradient_norm = NAN,
                                 .nfe           = -1,
                                 .rejected      = -1,
                                 .noun          = "evaluation" };
    cli_progress_update(&s->progress, &state);
    return cli_interrupted();
}

static void progress_end(search *s)
{
    cli_progress_end(&s->progress, &(cli_progress_state){ .iteration     = s->stats.evaluations,
                                                          .iterations    = s->stats.evaluations,
                                                          .loss          = s->stats.best,
                                                          .gradient_norm = NAN,
                                                          .nfe           = -1,
                                                          .rejected      = -1,
                                                          .noun          = "evaluation" });
    s->seconds = cli_progress_seconds(&s->progress);
}

/* Ctrl-C ends the search, and what is best so far is stored. */
static ad_status find(search *s)
{
    s->task.watch     = watch;
    s->task.watch_ctx = s;
    cli_progress_begin(&s->progress, "search", cli_flag(s->args, "quiet"));
    ad_status e  = search_find(&s->task, s->teacher[0], &s->found, &s->stats);
    s->cancelled = e == AD_CANCELLED;
    if (!s->found || (e && !s->cancelled)) return e ? e : AD_NONFINITE_STATE;
    progress_end(s);
    return AD_OK;
}

static ad_status conclude(search *s)
{
    char note[160];
    AD_TRY(search_compare(s->teacher[1], &s->task.base, s->found, s->all, &s->c));
    s->found->nfe = s->c.found.e.nfe;
    snprintf(note, sizeof note,
             "median distance %.4g, best standard grid %.4g, on %ld held-out "
             "points",
             s->c.found.e.median, s->c.same.e.median, s->held_out);
    ad_free(s->found->note);
    s->found->note = ad_strdup(note);
    if (!s->found->note) return AD_NO_MEMORY;
    if (s->output) AD_TRY(dpm_found_save(s->found, s->task.base.schedule, s->output));
    if (s->picture) AD_TRY(search_picture(&s->task.base, s->found, s->picture));
    if (cli_flag(s->args, "json")) return search_json(s);
    search_print(s);
    return AD_OK;
}

static int go(search *s)
{
    ad_status e = mdl_denoiser_load(&s->model, cli_word(s->args, 0), AD_F64);
    if (e) return cli_failed(s->args);
    e = run_threads(s->args);
    if (!e) e = search_options(s);
    if (e == AD_INVALID) return cli_mistake(s->args, "%s", ad_message());
    if (!e) e = search_teachers(s);
    if (!e) e = find(s);
    if (e == AD_INVALID) return cli_mistake(s->args, "%s", ad_message());
    if (!e) e = conclude(s);
    return e ? cli_failed(s->args) : CLI_DONE;
}

static int run(const cli_args *a)
{
    if (!cli_word(a, 0))
        return cli_mistake(a, "for which model? Give a run or a mixture: costate search RUN");
    search s = { .args = a, .arena = ad_arena_new() };
    cli_interrupt_install();
    int code = s.arena ? go(&s) : cli_failed(a);
    dpm_teacher_free(s.teacher[0]);
    dpm_teacher_free(s.teacher[1]);
    dpm_found_free(s.found);
    dpm_found_free(s.from);
    dpm_schedule_free(s.schedule);
    mdl_denoiser_free(s.model);
    ad_arena_free(s.arena);
    return code;
}

#include "options.h"
// clang-format off
static const cli_option options[] = {
    { "steps", CLI_INTEGER, NULL, "5", "how many; with usf and multistep samplers also the evaluations", "what is sought" },
    { "sampler", CLI_TEXT, "NAME", "usf", "usf: a decision for every step; any other: its times and coefficients", NULL },
    { "method", CLI_TEXT, "KIND", "both", "evolution: grids, and decisions of usf; gradient: times and coefficients; both", NULL },
    { "budget", CLI_INTEGER, NULL, "1500", "evaluations of the objective, a gradient counts as one", NULL },
    { "seed", CLI_INTEGER, NULL, "0", "of start points and evolution", NULL },
    { "points", CLI_INTEGER, NULL, "512", "start points that the search looks at", NULL },
    { "held-out", CLI_INTEGER, NULL, "2000", "others, on which the result is judged", NULL },
    { "teacher-steps", CLI_INTEGER, NULL, "200", "of the sampler that tells where they end; a mixture has its exact flow", NULL },
    { "compare", CLI_TEXT, "all|same", NULL, "with all samplers of the registry, or with the same on other grids; of a mixture all, of a run the same", NULL },
    { "guidance", CLI_NUMBER, "W", NULL, "classifier-free guidance of a network with classes; none", NULL },
    { "from", CLI_TEXT, "FILE", NULL, "goes on from a schedule that was found", NULL },

    { "order", CLI_INTEGER, "1|2|3", NULL, "of samplers that come in several", "sampler" },
    { "prediction", CLI_TEXT, "noise|data", NULL, "which of them is integrated; the sampler's", NULL },
    { "solver-type", CLI_TEXT, "TYPE", NULL, "dpmsolver or taylor", NULL },
    { "singlestep", CLI_TEXT, "fast|fixed", NULL, "orders so that steps is the number of evaluations, or one order", NULL },
    { "variant", CLI_TEXT, "bh1|bh2", NULL, "of UniPC", NULL },
    { "lower-order-final", CLI_FLAG, NULL, NULL, "true or false; the sampler's rule", NULL },

    { "schedule", CLI_TEXT, "NAME", "vp-linear", "of a mixture: `costate list schedules` names them; a run has its own", "noise schedule" },
    { "t-begin", CLI_NUMBER, "T", NULL, "the noise end; the schedule's", NULL },
    { "t-end", CLI_NUMBER, "T", NULL, "the data end; the schedule's", NULL },
    { "beta-min", CLI_NUMBER, NULL, NULL, "the schedule's", NULL },
    { "beta-max", CLI_NUMBER, NULL, NULL, "the schedule's", NULL },
    { "train-steps", CLI_INTEGER, NULL, NULL, "of discrete schedules; 1000", NULL },
    { "sigma-min", CLI_NUMBER, NULL, NULL, "of ve and edm", NULL },
    { "sigma-max", CLI_NUMBER, NULL, NULL, "of ve and edm", NULL },

    { "output", CLI_TEXT, "FILE.json", NULL, "the schedule; RUN/schedule-STEPS.json", "output" },
    { "picture", CLI_TEXT, "FILE.png", NULL, "where the steps are, beside standard grids", NULL },
    THREADS_OPTION,
    { "quiet", CLI_FLAG, NULL, NULL, "no progress", NULL },
    { "json", CLI_FLAG, NULL, NULL, "the result as one JSON object", NULL },
    { NULL, CLI_FLAG, NULL, NULL, NULL, NULL },
};
// clang-format on

const cli_verb cli_verb_search = {
    .name    = "search",
    .summary = "finds a sampling schedule for few steps and stores it with the run",
    .usage   = "RUN|MIXTURE.json [options]",
    .examples =
        "costate search run --steps 5\n"
        "costate search run --steps 10 --sampler dpmpp-2m --method gradient\n"
        "costate search mixture.json --t-end 1e-3 --steps 5 --output s.json --picture s.png\n"
        "costate sample mixture.json --t-end 1e-3 --found s.json",
    .options   = options,
    .max_words = 1,
    .run       = run,
};
