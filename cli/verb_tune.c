/* costate tune RUN|mixture.json: noise, condition or weights are moved through a sampler's gradient until samples are as wanted. */
#include <math.h>

#include "interrupt.h"
#include "run_files.h"
#include "tune.h"
#include "verbs.h"

static ad_status compute(tune *t)
{
    AD_TRY(run_choose_directory(t->args, "tune", &t->directory));
    AD_TRY(tune_loop(t));
    AD_TRY(tune_files(t));
    AD_TRY(tune_report(t));
    if (cli_flag(t->args, "json")) return tune_json(t);
    tune_print(t);
    return AD_OK;
}

static int go(tune *t)
{
    sample   *s = &t->s;
    ad_status e = mdl_denoiser_load(&s->model, cli_word(t->args, 0),
                                    cli_flag(t->args, "float64") ? AD_F64 : 0);
    if (e) return cli_failed(t->args);
    s->dim = s->model->model.dim;
    e      = tune_options(t);
    if (!e) {
        e = mdl_tune_new(&t->tuner, s->model, &t->o, t->loss, &t->target);
        if (e == AD_UNSUPPORTED) e = AD_INVALID;
    }
    if (e == AD_INVALID) return cli_mistake(t->args, "%s", ad_message());
    if (!e) e = compute(t);
    return e ? cli_failed(t->args) : CLI_DONE;
}

static int run(const cli_args *a)
{
    if (!cli_word(a, 0))
        return cli_mistake(a,
                           "which model? Give a run or a mixture: costate tune RUN --target ...");
    tune t = { .args = a, .s = { .args = a, .arena = ad_arena_new() }, .judge_accuracy = NAN };
    cli_interrupt_install();
    int code = t.s.arena ? go(&t) : cli_failed(a);
    mdl_tune_free(t.tuner);
    mdl_target_free(&t.target);
    mdl_judge_free(t.judge);
    ad_free(t.directory);
    sample_clear(&t.s);
    return code;
}

#include "options.h"
#include "sampler_options.h"
// clang-format off
static const cli_option options[] = {
    { "of", CLI_TEXT, "WHAT", "noise", "noise: the start of every sample; condition: the vector of a class, of a run with classes; weights", "what is tuned" },
    { "target", CLI_TEXT, "WHAT", NULL, "samples in a FILE (.npy, .npz, text); class:K, towards class K of --classifier; not:K, away from it", NULL },
    { "loss", CLI_TEXT, "NAME", NULL, "of a file: match (each sample, or all with one), mean, style (second moments); match; style of weights", NULL },
    { "classifier", CLI_TEXT, "DATA", NULL, "samples with labels, from which a small network learns the classes first; those the run was trained on", NULL },
    { "radius", CLI_NUMBER, "R", "0", "noise: no number moves farther, in deviations of the noise; 0: free", NULL },
    { "same-noise", CLI_FLAG, NULL, NULL, "weights: every step samples from the same noise", NULL },
    { "n", CLI_INTEGER, NULL, "16", "samples of a step", NULL },
    { "seed", CLI_INTEGER, NULL, "0", "of the noise", NULL },
    { "class", CLI_TEXT, "K", NULL, "of a run that knows classes, by number or name: what is sampled, or where the condition starts; none", NULL },
    { "guidance", CLI_NUMBER, "W", NULL, "classifier-free guidance; none", NULL },
    { "float64", CLI_FLAG, NULL, NULL, "a run in double precision; mixtures always are", NULL },

    { "iterations", CLI_INTEGER, NULL, "50", "steps of the optimizer", "optimizer" },
    { "until", CLI_NUMBER, "PART", "0", "stops when the loss has fallen to this part of the first; 0: never", NULL },
    { "optimizer", CLI_TEXT, "NAME", "adam", "costate list optimizers", NULL },
    { "lr", CLI_NUMBER, NULL, "0", "learning rate; 0: 0.05, of weights 0.001", NULL },
    { "clip-norm", CLI_NUMBER, NULL, "0", "largest norm of the gradient; 0: none", NULL },

    SAMPLER_OPTIONS,
    GRID_OPTIONS,
    { "adjoint", CLI_TEXT, "NAME", "points", "points, tape, checkpoints, reversible, last, continuous (AdjointDPM's own)", "gradient" },
    ADJOINT_OPTIONS,

    { "output", CLI_TEXT, "DIR", NULL, "report.html, before.npy, after.npy, what was tuned, metrics.jsonl; a new run-tune beside you", "output" },
    { "overwrite", CLI_FLAG, NULL, NULL, "what stands in DIR may go", NULL },
    THREADS_OPTION,
    { "quiet", CLI_FLAG, NULL, NULL, "no progress", NULL },
    { "json", CLI_FLAG, NULL, NULL, "losses, evaluations and files as one JSON object", NULL },
    { NULL, CLI_FLAG, NULL, NULL, NULL, NULL },
};
// clang-format on

const cli_verb cli_verb_tune = {
    .name      = "tune",
    .summary   = "tunes noise, condition or weights of a diffusion model through its sampler",
    .usage     = "RUN|MIXTURE.json --target FILE|class:K|not:K [options]",
    .examples  = "costate tune run --of noise --class 3 --target not:3 --radius 0.3\n"
                 "costate tune run --of condition --target fives.npy --loss mean --n 32\n"
                 "costate tune run --of weights --target thick.npy --iterations 200 --output thick\n"
                 "costate tune mixture.json --target x.npy --sampler bdia --adjoint reversible",
    .options   = options,
    .max_words = 1,
    .run       = run,
};
