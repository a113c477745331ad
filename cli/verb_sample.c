/* costate sample RUN|mixture.json: samples of a diffusion model by any sampler, and gradients through it. */
#include <stdio.h>
#include <string.h>

#include "folder.h"
#include "interrupt.h"
#include "sample.h"
#include "verbs.h"

/* Options that say nothing alone. */
static ad_status together(const cli_args *a)
{
    static const char *const needs[][2] = {
        { "cotangent", "gradient" }, { "gradient", "cotangent" }, { "strength", "from" },
        { "mask", "known" },         { "known", "mask" },
    };
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
        if (cli_given(a, needs[i][0]) && !cli_given(a, needs[i][1]))
            return ad_fail(AD_INVALID, "--%s needs --%s too", needs[i][0], needs[i][1]);
    if (cli_given(a, "adjoint") && !cli_given(a, "gradient"))
        return ad_fail(AD_INVALID,
                       "--adjoint is about a gradient: --cotangent FILE and --gradient FILE");
    if (cli_given(a, "from") &&
        (cli_given(a, "found") ||
         (cli_text(a, "sampler") && !strcmp(cli_text(a, "sampler"), "found"))))
        return ad_fail(AD_INVALID, "a found schedule has its times; --from does not go with it");
    if (cli_given(a, "from") && (cli_given(a, "start") || cli_flag(a, "invert")))
        return ad_fail(AD_INVALID,
                       "--from makes the start of data and noise; --%s does not go with it",
                       cli_given(a, "start") ? "start" : "invert");
    if (cli_flag(a, "invert") && !cli_given(a, "start"))
        return ad_fail(AD_INVALID, "--invert goes from data to noise: --start FILE has the data");
    return AD_OK;
}

static ad_status load(sample *s)
{
    AD_TRY(mdl_denoiser_load(&s->model, cli_word(s->args, 0),
                             cli_flag(s->args, "float64") ? AD_F64 : 0));
    s->dim = s->model->model.dim;
    return AD_OK;
}

/* A mixture is a network that predicts whatever is asked: --network, or what --scheduler says; epsilon. */
static ad_status network(sample *s)
{
    dpm_prediction p = s->config.prediction;
    if (cli_given(s->args, "network")) {
        AD_TRY(dpm_prediction_parse(cli_text(s->args, "network"), &p));
        if (!s->model->mixture)
            return ad_fail(AD_INVALID,
                           "--network is for mixtures; this one was trained to predict %s",
                           dpm_prediction_name(s->model->model.prediction));
    }
    if (s->model->mixture) s->model->model = dpm_mixture_predicts(s->model->mixture, AD_F64, p);
    return AD_OK;
}

/* What was typed, before anything is computed: AD_INVALID is a mistake of whoever typed. */
static ad_status settings(sample *s)
{
    AD_TRY(together(s->args));
    AD_TRY(run_threads(s->args));
    AD_TRY(sample_scheduler(s));
    AD_TRY(network(s));
    AD_TRY(sample_options(s));
    s->o.invert  = cli_flag(s->args, "invert");
    s->o.inpaint = cli_given(s->args, "known");
    AD_TRY(sample_schedule(s));
    AD_TRY(sample_strength(s));
    AD_TRY(sample_mean_check(s));
    return sample_files(s);
}

static ad_status compute(sample *s)
{
    if (sample_is_procedure(s)) {
        AD_TRY(sample_procedure(s));
    } else {
        AD_TRY(sample_start(s));
        AD_TRY(sample_run(s));
    }
    AD_TRY(sample_write(s));
    AD_TRY(sample_picture(s));
    if (cli_flag(s->args, "json")) return sample_json(s);
    sample_print(s);
    return AD_OK;
}

static ad_status build(sample *s)
{
    if (sample_is_procedure(s)) return sample_procedure_check(s);
    if (cli_given(s->args, "power"))
        return ad_fail(AD_INVALID, "--power is for --sampler fkc, whose samples are of p^power");
    ad_status e = dpm_sampler_new(&s->sampler, &s->model->model, &s->o, s->batch);
    if (e) return e == AD_UNSUPPORTED ? AD_INVALID : e; /* no sampler like that */
    s->steps = dpm_sampler_steps(s->sampler);
    s->point = dpm_sampler_points(s->sampler);
    if (s->o.adjoint == DPM_ADJOINT_LAST && s->o.last < s->steps)
        fprintf(stderr,
                "costate sample: the last %ld of %ld steps are differentiated, and no gradient "
                "reaches the start: it is 0\n",
                s->o.last, s->steps);
    return AD_OK;
}

static int go(sample *s)
{
    ad_status e = load(s);
    if (e) return cli_failed(s->args);
    e = settings(s);
    if (!e) e = sample_begin(s);
    if (!e) e = build(s);
    if (e == AD_INVALID) return cli_mistake(s->args, "%s", ad_message());
    if (!e) e = compute(s);
    return e ? cli_failed(s->args) : CLI_DONE;
}

void sample_clear(sample *s)
{
    dpm_sampler_free(s->sampler);
    dpm_found_free(s->found);
    dpm_config_free(&s->config);
    dpm_schedule_free(s->schedule);
    mdl_denoiser_free(s->model);
    ad_arena_free(s->arena);
}

static int run(const cli_args *a)
{
    if (!cli_word(a, 0))
        return cli_mistake(a, "of which model? Give a run or a mixture: costate sample RUN");
    sample s = { .args = a, .arena = ad_arena_new() };
    cli_interrupt_install();
    int code = s.arena ? go(&s) : cli_failed(a);
    sample_clear(&s);
    return code;
}

#include "options.h"
#include "sampler_options.h"
// clang-format off
static const cli_option options[] = {
    { "n", CLI_INTEGER, NULL, NULL, "how many; the start's rows, else 64, and 1000 points of one or two columns", "what is sampled" },
    { "seed", CLI_INTEGER, NULL, "0", "of the start, and of samplers that draw noise", NULL },
    { "class", CLI_LIST, "K,...", NULL, "of a run that knows classes, numbers from 0 or names: these, in turn; none", NULL },
    { "guidance", CLI_NUMBER, "W", NULL, "classifier-free guidance: net_u + W (net_c - net_u); 1", NULL },
    { "start", CLI_TEXT, "FILE", NULL, "where it starts, instead of noise: .npy, .npz or text, a row a sample", NULL },
    { "from", CLI_TEXT, "FILE", NULL, "data that are noised and sampled again (image to image)", NULL },
    { "strength", CLI_NUMBER, NULL, NULL, "of --from: the part of the steps that is taken; 0.8", NULL },
    { "known", CLI_TEXT, "FILE", NULL, "inpainting: data that stay where --mask is 0; one sample or all", NULL },
    { "mask", CLI_TEXT, "FILE", NULL, "1 where numbers are sampled, 0 where they are known", NULL },
    { "mean", CLI_TEXT, "FILE", NULL, "what noise is around: a mixture by mr-sampler, --schedule mean-reverting; 0", NULL },
    { "invert", CLI_FLAG, NULL, NULL, "from data, --start, to noise", NULL },
    { "float64", CLI_FLAG, NULL, NULL, "a run in double precision; mixtures always are", NULL },
    { "power", CLI_NUMBER, NULL, NULL, "of fkc: samples of p^power, p the mixture; 1", NULL },
    { "network", CLI_TEXT, "NAME", NULL, "what a mixture predicts: `costate list predictions`; epsilon", NULL },
    { "batch", CLI_INTEGER, NULL, "0", "samples at a time; 0: what keeps memory small", NULL },

    SAMPLER_OPTIONS,

    GRID_OPTIONS,

    { "cotangent", CLI_TEXT, "FILE", NULL, "dL/d(output), shaped as the output", "gradient" },
    { "gradient", CLI_TEXT, "FILE", NULL, "where dL/d(start) goes", NULL },
    ADJOINT_NAME_OPTION,
    ADJOINT_OPTIONS,

    { "output", CLI_TEXT, "FILE", NULL, ".npy, .npz or .csv; a run's DIR/samples.npy, of a mixture printed", "output" },
    { "path", CLI_TEXT, "FILE", NULL, "the states at all steps + 1 points: [steps + 1, n, ...]", NULL },
    { "picture", CLI_TEXT, "FILE.png", NULL, "images side by side, or points over the density; beside a run's output", NULL },
    THREADS_OPTION,
    { "quiet", CLI_FLAG, NULL, NULL, "no progress", NULL },
    { "json", CLI_FLAG, NULL, NULL, "evaluations, steps, times, bytes and files as one JSON object", NULL },
    { NULL, CLI_FLAG, NULL, NULL, NULL, NULL },
};
// clang-format on

const cli_verb cli_verb_sample = {
    .name      = "sample",
    .summary   = "samples a diffusion model by any sampler, with gradients through it",
    .usage     = "RUN|MIXTURE.json [options]",
    .examples  = "costate sample run --sampler dpmpp-2m --steps 10 --seed 1 --n 100\n"
                 "costate sample run --class 3 --guidance 2 --output threes.npy\n"
                 "costate sample mixture.json --sampler unipc --order 3 --grid time-uniform "
                 "--picture m.png\n"
                 "costate sample mixture.json --start x.npy --output y.npy --cotangent v.npy "
                 "--gradient g.npy",
    .options   = options,
    .max_words = 1,
    .run       = run,
};
