/* tune_run.c - the steps of the optimizer, and a line of metrics.jsonl for each. */
#include <math.h>

#include <jansson.h>

#include "interrupt.h"
#include "json.h"
#include "run_files.h"
#include "tune.h"

static void show(tune *t, const mdl_tune_step *step)
{
    cli_progress_update(&t->progress, &(cli_progress_state){ .iteration     = step->iteration,
                                                             .iterations    = t->iterations,
                                                             .loss          = step->loss,
                                                             .gradient_norm = step->gradient,
                                                             .nfe           = step->nfe,
                                                             .rejected      = -1 });
}

static ad_status note(tune *t, const mdl_tune_step *step)
{
    t->nfe += step->nfe;
    t->nvjp += step->nvjp;
    t->again += step->again;
    json_t *line = json_pack(
        "{s:I, s:o, s:o, s:I, s:I, s:I, s:f}", "iteration", (json_int_t)step->iteration, "loss",
        cli_json_number(step->loss), "gradient_norm", cli_json_number(step->gradient), "nfe",
        (json_int_t)(t->nfe + t->again), "nvjp", (json_int_t)t->nvjp, "evaluations",
        (json_int_t)(t->nfe + t->again + t->nvjp), "seconds", step->seconds);
    if (!line) return ad_fail(AD_NO_MEMORY, "out of memory");
    int bad = json_dumpf(line, t->metrics, JSON_COMPACT) || fputc('\n', t->metrics) == EOF;
    json_decref(line);
    return bad ? ad_fail(AD_IO, "metrics.jsonl cannot be written") : AD_OK;
}

static ad_status steps(tune *t)
{
    double until = cli_number(t->args, "until");
    for (; t->done < t->iterations && !t->cancelled; t->cancelled = cli_interrupted()) {
        mdl_tune_step step;
        AD_TRY(mdl_tune_run(t->tuner, &step));
        t->loss_at[t->done++] = step.loss;
        t->seconds += step.seconds;
        AD_TRY(note(t, &step));
        show(t, &step);
        if (step.loss <= until * t->loss_at[0]) break;
    }
    return AD_OK;
}

ad_status tune_loop(tune *t)
{
    long n     = mdl_tune_size(t->tuner);
    t->before  = sample_room(&t->s, n);
    t->after   = sample_room(&t->s, n);
    t->loss_at = ad_arena_alloc(t->s.arena, (size_t)(t->iterations + 1) * sizeof *t->loss_at);
    if (!t->before || !t->after || !t->loss_at) return AD_NO_MEMORY;
    AD_TRY(run_metrics_open(t->directory, 0, &t->metrics));
    cli_progress_begin(&t->progress, "tune", cli_flag(t->args, "quiet"));
    ad_status e = mdl_tune_samples(t->tuner, t->before, NULL);
    if (!e) e = steps(t);
    if (!e) e = mdl_tune_samples(t->tuner, t->after, &t->loss_at[t->done]);
    cli_progress_end(&t->progress,
                     &(cli_progress_state){ .iteration     = t->done,
                                            .iterations    = t->done,
                                            .loss          = t->done ? t->loss_at[t->done] : NAN,
                                            .gradient_norm = NAN,
                                            .nfe           = -1,
                                            .rejected      = -1 });
    if (fclose(t->metrics) && !e)
        e = ad_fail(AD_IO, "%s/metrics.jsonl cannot be written", t->directory);
    return e;
}
