/* experiment_schedule_search.c - how much better are searched schedules than standard ones, at few evaluations?

   Each way of searching sees 512 start points and where the exact flow takes them; judged are the distances on 2000 others. What there
   was: the best of four standard grids for the same sampler, and the best of every deterministic sampler of the registry in all its orders and
   forms on these grids, both chosen by the held-out points themselves, so that the comparison errs against the search. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/text.h>

#include "schedule_search.h"

enum { POINTS = 512, HELD_OUT = 2000, FIRST = 1 << 20 };

static const long        evaluations[SEARCH_BUDGETS] = { 5, 8, 10 };
static const char *const cases[SEARCH_CASES]         = { "A", "R8", "M32" };

static const search_way_row ways[SEARCH_WAYS] = {
    { "evolution", "evolution: times (AutoDiffusion)", "dpmpp-2m", SEARCH_EVOLUTION, 0 },
    { "decisions", "evolution: times, decisions (S^3)", "usf", SEARCH_EVOLUTION, 0 },
    { "times", "gradient: times (LD3)", "dpmpp-2m", SEARCH_GRADIENT, 1 },
    { "coefficients", "gradient: times, coefficients (S4S)", "dpmpp-2m", SEARCH_GRADIENT, 0 },
    { "ipndm", "gradient: times, coefficients (S4S)", "ipndm", SEARCH_GRADIENT, 0 },
    { "both", "evolution, then gradient", "usf", SEARCH_BOTH, 0 },
};

static int wanted(const repro *r, int k)
{
    int n = cli_list(r->args, "rows");
    for (int i = 0; i < n; i++)
        if (!strcmp(cli_item(r->args, "rows", i), ways[k].name)) return 1;
    return n == 0;
}

static ad_status check_rows(const repro *r)
{
    const char *names[SEARCH_WAYS];
    for (int k = 0; k < SEARCH_WAYS; k++) names[k] = ways[k].name;
    for (int i = 0; i < cli_list(r->args, "rows"); i++) {
        const char *word = cli_item(r->args, "rows", i);
        int         k    = 0;
        while (k < SEARCH_WAYS && strcmp(word, names[k])) k++;
        const char *near = k < SEARCH_WAYS ? NULL : ad_nearest(word, SEARCH_WAYS, names);
        if (k == SEARCH_WAYS)
            return ad_fail(AD_INVALID, "there is no row '%.60s'%s%s%s", word,
                           near ? "; did you mean '"
                                : "; there are evolution, decisions, times, "
                                  "coefficients, ipndm and both",
                           near ? near : "", near ? "'?" : "");
    }
    return AD_OK;
}

/* --- the numbers --------------------------------------------------------------------------------------------------------- */

typedef struct course {
    repro          *r;
    search_results *all;
    sampler_case    of;
    dpm_model       model;
    dpm_teacher    *held_out;
    int             k; /* which case */
    long            done, total;
} course;

static void told(course *c, int end)
{
    cli_progress_state at = { .iteration     = c->done,
                              .iterations    = c->total,
                              .loss          = NAN,
                              .gradient_norm = NAN,
                              .nfe           = -1,
                              .rejected      = -1,
                              .noun          = "search" };
    (end ? cli_progress_end : cli_progress_update)(&c->r->progress, &at);
}

/* Half the points where they have many numbers. */
static ad_status teacher(const course *c, long n, uint64_t seed, long first, dpm_teacher **t)
{
    if (c->of.dim > 8) n /= 2;
    dpm_teacher_options o = { .model    = &c->model,
                              .schedule = c->of.schedule,
                              .n        = n,
                              .seed     = seed,
                              .first    = first,
                              .mixture  = c->of.mixture };
    return dpm_teacher_new(t, &o);
}

static ad_status keep(const course *c, long nfe, const search_way_row *w, const dpm_found *f)
{
    char name[96], path[REPRO_PATH];
    snprintf(name, sizeof name, "schedule-%s-%ld-%s.json", c->of.name, nfe, w->name);
    AD_TRY(repro_path(c->r, NULL, name, path));
    return dpm_found_save(f, c->of.schedule, path);
}

static ad_status one_seed(course *c, const search_way_row *w, int b, int seed, search_cell *x)
{
    dpm_teacher     *train;
    dpm_found       *f;
    dpm_search_stats stats;
    dpm_errors       e;
    cli_progress     clock;
    search_task      t = {
             .base = { .sampler = w->sampler, .schedule = c->of.schedule, .grid.steps = evaluations[b] },
             .way                = w->way,
             .fixed_coefficients = w->times_only,
             .budget             = c->r->quick ? 120 : 1500,
             .seed               = (uint64_t)seed
    };
    AD_TRY(teacher(c, c->r->quick ? 64 : POINTS, t.seed, 0, &train));
    cli_progress_begin(&clock, "", 1);
    ad_status s = search_find(&t, train, &f, &stats);
    x->seconds += cli_progress_seconds(&clock);
    dpm_options o = t.base;
    if (!s) dpm_found_options(f, &o);
    if (!s) s = dpm_teacher_errors(c->held_out, &o, &e, NULL);
    if (!s && seed == 0) s = keep(c, evaluations[b], w, f);
    if (!s) {
        search_cell_add(x, &e, &stats);
        if (seed == 0 && c->k == 0) search_grid_add(c->all, w, b, f, c->of.schedule);
    }
    dpm_found_free(f);
    dpm_teacher_free(train);
    return s;
}

/* What there was for the sampler of a row; for the first, of all others too. */
static ad_status standards(course *c, const search_way_row *w, int b, int all, search_comparison *s)
{
    dpm_options base = { .sampler    = w->sampler,
                         .schedule   = c->of.schedule,
                         .grid.steps = evaluations[b] };
    return search_standards(c->held_out, &base, evaluations[b], all, s);
}

static ad_status one_budget(course *c, int b)
{
    search_block *at = &c->all->block[c->k][b];
    at->evaluations  = evaluations[b];
    AD_TRY(standards(c, &ways[0], b, 1, &at->there_was));
    for (int k = 0; k < SEARCH_WAYS; k++) {
        search_comparison own;
        search_cell      *x = &at->cell[k];
        if (!wanted(c->r, k)) continue;
        AD_TRY(standards(c, &ways[k], b, 0, &own));
        x->same = own.same.e.median;
        x->all  = at->there_was.all.e.median;
        for (int seed = 0; seed < c->all->seeds[c->k]; seed++) {
            AD_TRY(one_seed(c, &ways[k], b, seed, x));
            c->done++;
            told(c, 0);
        }
    }
    return AD_OK;
}

static ad_status one_case(course *c)
{
    AD_TRY(sampler_case_new(&c->of, cases[c->k], 1));
    c->model    = dpm_mixture_model(c->of.mixture, AD_F64);
    ad_status s = teacher(c, c->r->quick ? 128 : HELD_OUT, 0, FIRST, &c->held_out);
    for (int b = 0; b < c->all->budgets && !s; b++) s = one_budget(c, b);
    dpm_teacher_free(c->held_out);
    sampler_case_free(&c->of);
    c->held_out = NULL;
    return s;
}

static ad_status whole(repro *r, repro_page *p)
{
    AD_TRY(check_rows(r));
    search_results *all = ad_alloc(sizeof *all);
    if (!all) return AD_NO_MEMORY;
    course c     = { .r = r, .all = all };
    int    rows  = 0;
    all->way     = ways;
    all->name    = cases;
    all->cases   = r->quick ? 1 : SEARCH_CASES;
    all->budgets = r->quick ? 1 : SEARCH_BUDGETS;
    for (int k = 0; k < SEARCH_CASES; k++) all->seeds[k] = k || r->quick ? 1 : 3;
    for (int k = 0; k < SEARCH_WAYS; k++) rows += wanted(r, k);
    for (int k = 0; k < all->cases; k++) c.total += (long)rows * all->budgets * all->seeds[k];
    cli_progress_begin(&r->progress, "search", cli_flag(r->args, "quiet"));
    ad_status s = AD_OK;
    for (c.k = 0; c.k < all->cases && !s; c.k++) s = one_case(&c);
    if (!s) told(&c, 1);
    if (!s) search_page(p, all);
    ad_free(all);
    return s;
}

static const char *const notes[] = {
    "Exact scores, float64, vp-linear from t = 1 to 1e-3; distances from the ends of the "
    "probability-flow ODE (dop853 at 1e-12) on 2000 "
    "start points that no search saw. A search sees 512 others, at most 1500 evaluations of its "
    "objective; a gradient counts as one.",
    "Best grid: of logsnr, time-uniform, time-quadratic and karras, for the same sampler; of usf, "
    "with the decisions of five known "
    "samplers. Best of all: every deterministic sampler of the registry, in its orders and forms, "
    "on these grids. Both are chosen on the held-out "
    "points; the searches are not.",
    "A: four Gaussians in the plane, three seeds, means over them, and the ratios' range. R8: "
    "eight narrow Gaussians on a ring; M32: ten in 32 dimensions, on half the points; one seed "
    "each.",
    NULL,
};

const repro_experiment repro_experiment_schedule_search = {
    .name  = "schedule-search",
    .about = "searched schedules beside standard ones, at 5, 8 and 10 evaluations",
    .cite  = "Li et al. 2023, Liu et al. 2024, Tong et al. 2025, Frankel et al. 2025",
    .notes = notes,
    .whole = whole,
};
