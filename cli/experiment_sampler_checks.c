/* experiment_sampler_checks.c - each sampling paper's own check, in one table. */
#include <math.h>

#include <costate/autodiff/memory.h>

#include "sampler_checks.h"

typedef struct part {
    const char *title;
    ad_status (*run)(checks *k);
} part;

static const part parts[] = {
    { "round trips", check_round_trips }, { "equalities", check_equalities },
    { "skipping", check_skipping },       { "particles", check_particles },
    { "chains", check_chains },           { "interpolants", check_interpolants },
};
enum { PARTS = sizeof parts / sizeof *parts, POINTS = 1024, POINTS_QUICK = 128 };

static ad_status run_parts(checks *k)
{
    AD_TRY(sampler_case_new(&k->a, "A", k->quick ? POINTS_QUICK : POINTS));
    cli_progress_begin(&k->r->progress, "checks", cli_flag(k->r->args, "quiet"));
    for (int i = 0; i < PARTS; i++) {
        AD_TRY(parts[i].run(k));
        cli_progress_state at = { .iteration     = i + 1,
                                  .iterations    = PARTS,
                                  .loss          = NAN,
                                  .gradient_norm = NAN,
                                  .nfe           = -1,
                                  .rejected      = -1 };
        (i + 1 < PARTS ? cli_progress_update : cli_progress_end)(&k->r->progress, &at);
    }
    check_tell(k);
    check_draw_round_trips(k);
    return AD_OK;
}

static ad_status whole(repro *r, repro_page *page)
{
    checks *k = ad_alloc(sizeof *k);
    if (!k) return AD_NO_MEMORY;
    k->r = r, k->page = page, k->quick = r->quick;
    ad_status s = run_parts(k);
    for (int i = 0; i < k->tables; i++) ad_free(k->table[i]);
    sampler_case_free(&k->a);
    ad_free(k);
    return s;
}

static const char *const notes[] = {
    "In place of image scores, what each paper claims, where it can be computed: the mixture A "
    "(four Gaussians in the plane, exact score), vp-linear from t = 1 to 1e-3, float64 unless "
    "told.",
    "Statistics are told in standard errors, the largest of several numbers; one alone exceeds 4 "
    "by chance once in 16000.",
    NULL,
};

const repro_experiment repro_experiment_sampler_checks = {
    .name  = "sampler-checks",
    .about = "each sampling paper's own check: reversibility, equalities, skipping, laws",
    .cite  = "BDIA, O-BELM, EDICT, Rex, MR sampler, RF-Solver, SADA, FKC, DMCMC, interpolants",
    .notes = notes,
    .whole = whole,
};
