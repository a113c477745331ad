/* reproduce_run.c - trials, one after the other: each is trained, measured, and leaves its result.json. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>

#include "folder.h"
#include "interrupt.h"
#include "json.h"
#include "reproduce.h"
#include "run_files.h"

/* --- what experiments ask for -------------------------------------------------------------------------------------------- */

static int64_t clock_of(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t repro_cpu(void)
{
    return clock_of(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t repro_draw(const repro_trial *t, uint64_t stream)
{
    return ad_random_bits((uint64_t)t->seed, stream, (uint64_t)t->iteration);
}

reg_progress repro_progress(const repro_trial *t, long per_epoch)
{
    double all = (double)t->iterations, now = (double)t->iteration / all;
    if (per_epoch <= 0 || t->iterations < 2 * per_epoch) return (reg_progress){ now, now };
    return (reg_progress){ now, (double)(t->iteration / per_epoch * per_epoch) / all };
}

void repro_note_step(repro_trial *t, const repro_step *s, json_t *line)
{
    t->loss          = s->loss;
    t->gradient_norm = s->norm;
    t->solve_nfe     = s->told;
    t->nfe += s->nfe;
    t->nvjp += s->nvjp;
    json_object_set_new(line, "loss", cli_json_number(s->loss));
    json_object_set_new(line, "penalty", cli_json_number(s->penalty));
    json_object_set_new(line, "nfe_solve", json_integer(s->told));
    json_object_set_new(line, "gradient_norm", cli_json_number(s->norm));
}

/* --- one trial ----------------------------------------------------------------------------------------------------------- */

typedef struct running {
    repro_trial *t;
    FILE        *metrics;
    int64_t      saved; /* when */
} running;

static void show(const repro_trial *t)
{
    repro *r = t->r;
    cli_progress_update(&r->progress,
                        &(cli_progress_state){ .iteration  = r->done,
                                               .iterations = r->total,
                                               .fraction   = (double)(r->done - r->before) /
                                                           (double)(r->total - r->before + 1),
                                               .loss          = t->loss,
                                               .gradient_norm = t->gradient_norm,
                                               .nfe           = t->solve_nfe,
                                               .rejected      = -1 });
}

static ad_status write_line(running *u, json_t *line)
{
    char     *text;
    ad_status s = cli_json_text(&text, line, CLI_JSON_LINE);
    if (s) return s;
    int written = fputs(text, u->metrics) >= 0 && fflush(u->metrics) == 0;
    ad_free(text);
    if (written) return AD_OK;
    return ad_fail(AD_IO, "%s/%s/metrics.jsonl could not be written: %s", u->t->r->directory,
                   u->t->name, strerror(errno));
}

/* The line of what stands before the first iteration. */
static ad_status first_line(running *u)
{
    json_t   *line = json_object();
    ad_status s;
    json_object_set_new(line, "iteration", json_integer(0));
    s = u->t->r->e->measure(u->t, 0, line);
    if (!s) s = write_line(u, line);
    json_decref(line);
    return s;
}

static ad_status iterate(running *u, json_t *line)
{
    repro_trial *t   = u->t;
    int64_t      cpu = repro_cpu(), wall = clock_of(CLOCK_MONOTONIC);
    json_object_set_new(line, "iteration", json_integer(t->iteration + 1));
    AD_TRY(t->r->e->step(t, line));
    t->cpu += repro_cpu() - cpu;
    t->wall += clock_of(CLOCK_MONOTONIC) - wall;
    t->iteration++;
    json_object_set_new(line, "cpu_seconds", cli_json_number(1e-9 * (double)t->cpu));
    if (t->iteration % t->r->every == 0 || t->iteration == t->iterations)
        AD_TRY(t->r->e->measure(t, 0, line));
    return write_line(u, line);
}

static ad_status train(running *u)
{
    repro_trial *t = u->t;
    u->saved       = clock_of(CLOCK_MONOTONIC);
    if (t->iteration == 0) AD_TRY(first_line(u));
    while (t->iteration < t->iterations) {
        json_t   *line = json_object();
        ad_status s    = line ? iterate(u, line) : ad_fail(AD_NO_MEMORY, "out of memory");
        json_decref(line);
        if (s) return s;
        t->r->done++;
        show(t);
        int64_t now  = clock_of(CLOCK_MONOTONIC);
        int     stop = cli_interrupted();
        if (stop || 1e-9 * (double)(now - u->saved) >= t->r->checkpoint) {
            AD_TRY(repro_save(t));
            u->saved = clock_of(CLOCK_MONOTONIC);
        }
        if (stop) return ad_fail(AD_CANCELLED, "stopped");
    }
    return repro_save(t);
}

static ad_status conclude(repro_trial *t)
{
    char      path[REPRO_PATH];
    json_t   *j = repro_config(t), *figures = json_object();
    ad_status s = repro_path(t->r, t->name, "result.json", path);
    json_object_set_new(figures, "training_cpu_seconds", cli_json_number(1e-9 * (double)t->cpu));
    json_object_set_new(figures, "training_seconds", cli_json_number(1e-9 * (double)t->wall));
    json_object_set_new(figures, "training_evaluations", json_integer(t->nfe + t->nvjp));
    if (!s) s = t->r->e->measure(t, 1, figures);
    if (!s && t->r->e->pictures) s = t->r->e->pictures(t);
    json_object_set_new(j, "figures", figures);
    if (!s) s = cli_json_save(j, path);
    json_decref(j);
    return s;
}

/* A trial that diverges says so and leaves the others their turn; a full disk or an impossible request ends all. */
static int is_divergence(ad_status s)
{
    return s == AD_NONFINITE_STATE || s == AD_NONFINITE_FIELD || s == AD_STEP_UNDERFLOW ||
           s == AD_STEP_LIMIT;
}

/* The last weights that were good are its checkpoint. */
static void keep_good(repro_trial *t)
{
    char sentence[512];
    snprintf(sentence, sizeof sentence, "%s", ad_message());
    if (mdl_learner_undo(t->learner)) t->iteration--;
    repro_save(t);
    ad_fail(AD_NONFINITE_STATE, "%s", sentence);
}

static ad_status run_locked(repro_trial *t)
{
    char      directory[REPRO_PATH];
    running   u = { .t = t };
    ad_status s = repro_path(t->r, NULL, t->name, directory);
    if (!s) s = repro_claim(t);
    if (!s) s = t->r->e->start(t);
    if (!s) s = repro_load(t);
    if (!s) s = run_metrics_open(directory, (long)t->iteration, &u.metrics);
    if (!s) {
        t->r->before += (long)t->iteration;
        t->r->done += (long)t->iteration;
        s = train(&u);
    }
    if (!s) s = conclude(t);
    if (is_divergence(s)) keep_good(t);
    if (u.metrics) fclose(u.metrics);
    return s;
}

/* --- all of them --------------------------------------------------------------------------------------------------------- */

/* Is it done, by whomever? Then its config must be the one asked for. */
static ad_status is_done(repro_trial *t, int *done)
{
    char path[REPRO_PATH];
    AD_TRY(repro_path(t->r, t->name, "result.json", path));
    *done = cli_exists(path);
    return *done ? repro_claim(t) : AD_OK;
}

/* A lock goes with its process, however that ends. -1: another has it. */
static ad_status lock(repro_trial *t, int *file)
{
    char path[REPRO_PATH];
    AD_TRY(repro_path(t->r, t->name, "lock", path));
    *file = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
    if (*file < 0) return ad_fail(AD_IO, "%s: cannot write: %s", path, strerror(errno));
    if (flock(*file, LOCK_EX | LOCK_NB) == 0) return AD_OK;
    close(*file);
    *file = -1;
    return AD_OK;
}

static ad_status run_trial(repro_trial *t)
{
    char folder[REPRO_PATH];
    int  file, done;
    AD_TRY(repro_path(t->r, NULL, t->name, folder));
    AD_TRY(cli_make_folder(folder));
    AD_TRY(lock(t, &file));
    if (file < 0) {
        t->r->held++;
        t->r->total -= t->iterations;
        return AD_OK;
    }
    ad_status s = is_done(t, &done);
    if (!s && done) {
        t->r->before += t->iterations;
        t->r->done += t->iterations;
    } else if (!s) {
        char what[REPRO_NAME + 2], sentence[512];
        snprintf(what, sizeof what, "%s  ", t->name);
        t->r->progress.what = what;
        s                   = run_locked(t);
        t->r->progress.what = t->r->e->name;
        snprintf(sentence, sizeof sentence, "%s", s ? ad_message() : "");
        t->r->e->stop(t);
        if (s) ad_fail(s, "%s", sentence);
    }
    close(file);
    return s;
}

ad_status repro_run(repro *r)
{
    ad_status s = AD_OK;
    cli_interrupt_install();
    cli_progress_begin(&r->progress, r->e->name, cli_flag(r->args, "quiet"));
    for (int i = 0; i < r->trials && !s; i++) {
        repro_trial *t = &r->trial[i];
        s              = run_trial(t);
        if (!s || !is_divergence(s)) continue;
        if (!r->failed++)
            snprintf(r->sentence, sizeof r->sentence, "%s: %s", t->name, ad_message());
        fprintf(stderr, "costate reproduce: %s stopped at iteration %ld: %s\n", t->name,
                (long)t->iteration, ad_message());
        r->done += t->iterations - (long)t->iteration;
        s = AD_OK;
    }
    return s;
}
