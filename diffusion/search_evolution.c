/* Evolution of grids and decisions.

   A candidate is its inner times as lambdas and, of `usf`, a decision for every step. Each epoch keeps the best as parents and adds
   mutants, crossings and new ones to a population (Li et al. 2023, algorithm 1: 50, of which 25 and 10). What mutants change shrinks
   with what is left of the budget. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "search_internal.h"

enum { POPULATION = 50, MUTATIONS = 25, CROSSOVERS = 10, PARENTS = 10, BUDGET = 500 };

typedef struct evolution {
    const dpm_search_options *o;
    dpm_objective            *objective;
    void                     *ctx;
    dpm_axis                  axis;
    dpm_found                *found; /* the candidate that is looked at */
    dpm_search_progress       now;
    long                      population, mutations, crossovers;
    long                      n; /* of member[]: parents, then those of this epoch */
    dpm_genome               *member;
    ad_arena                 *arena;
    dpm_dice                  dice;
    ad_status                 failed;
    char                      why[512];
} evolution;

/* --- worth -------------------------------------------------------------------------------------------------------- */

static void express(const evolution *e, const dpm_genome *g, dpm_found *f)
{
    dpm_axis_times(&e->axis, g->inner, f->times);
    if (g->d) memcpy(f->decision, g->d, (size_t)f->steps * sizeof *g->d);
}

/* AD_CANCELLED: the watcher's. AD_EVENT: the budget is spent. Others that end the search are the objective's. */
static ad_status evaluate(evolution *e, dpm_genome *g)
{
    ad_status status = AD_OK;
    if (e->now.evaluations >= e->now.budget) return AD_EVENT;
    express(e, g, e->found);
    dpm_options candidate = dpm_search_candidate(e->o->base, e->found);
    g->score              = e->objective(&candidate, e->ctx, &status);
    if (status || isnan(g->score)) g->score = INFINITY;
    e->now.evaluations++;
    e->now.best = fmin(e->now.best, g->score);
    if (status == AD_NO_MEMORY || status == AD_CANCELLED) return status;
    if (status && !e->failed) {
        e->failed = status;
        strncpy(e->why, ad_message(), sizeof e->why - 1);
    }
    return e->o->watch && e->o->watch(&e->now, e->o->watch_ctx) ? AD_CANCELLED : AD_OK;
}

static ad_status add(evolution *e, dpm_genome *g)
{
    ad_status s = evaluate(e, g);
    if (s != AD_EVENT) e->n++;
    return s;
}

static int better(const void *a, const void *b)
{
    double x = ((const dpm_genome *)a)->score, y = ((const dpm_genome *)b)->score;
    return (x > y) - (x < y);
}

/* Insertion keeps equals in the order in which they came, which qsort() does not. */
static void rank(evolution *e)
{
    for (long i = 1; i < e->n; i++)
        for (long j = i; j > 0 && better(&e->member[j], &e->member[j - 1]) < 0; j--) {
            dpm_genome g     = e->member[j];
            e->member[j]     = e->member[j - 1];
            e->member[j - 1] = g;
        }
}

/* --- the course --------------------------------------------------------------------------------------------------- */

static void take(const evolution *e, dpm_genome *g, const dpm_found *f)
{
    dpm_axis_inner(&e->axis, f->times, g->inner);
    if (g->d && f->decision) memcpy(g->d, f->decision, (size_t)f->steps * sizeof *g->d);
}

/* The standard grids, and what is gone on from. */
static ad_status begin(evolution *e)
{
    const dpm_found *from = e->o->from;
    for (int i = 0; i < dpm_standards(e->o->base); i++) {
        dpm_found *f;
        ad_status  s = dpm_standard(e->o->base, i, &f);
        if (s == AD_NO_MEMORY) return s;
        if (s) continue;
        take(e, &e->member[e->n], f);
        dpm_found_free(f);
        AD_TRY(add(e, &e->member[e->n]));
    }
    e->now.first = e->now.best;
    if (!from) return AD_OK;
    if (from->steps != e->axis.steps)
        return ad_fail(AD_INVALID, "a search for %ld steps cannot go on from %ld", e->axis.steps,
                       from->steps);
    if (e->n) dpm_genome_copy(&e->axis, &e->member[e->n], &e->member[0]);
    take(e, &e->member[e->n], from);
    return add(e, &e->member[e->n]);
}

static const dpm_genome *parent(evolution *e, long parents)
{
    return &e->member[dpm_dice_below(&e->dice, parents)];
}

static ad_status epoch(evolution *e, double scale)
{
    const dpm_axis *a = &e->axis;
    dpm_dice       *r = &e->dice;
    rank(e);
    if (e->n > PARENTS) e->n = PARENTS;
    long parents = e->n;
    for (long i = 0; i < e->population; i++) {
        dpm_genome *g = &e->member[e->n];
        if (i < e->mutations && parents)
            dpm_genome_mutate(a, r, g, parent(e, parents), scale);
        else if (i < e->mutations + e->crossovers && parents)
            dpm_genome_cross(a, r, g, parent(e, parents), parent(e, parents));
        else
            dpm_genome_fresh(a, r, g);
        AD_TRY(add(e, g));
    }
    return AD_OK;
}

static ad_status course(evolution *e)
{
    AD_TRY(begin(e));
    while (e->n < e->population) {
        dpm_genome *g = &e->member[e->n];
        dpm_genome_fresh(&e->axis, &e->dice, g);
        AD_TRY(add(e, g));
    }
    for (;;) {
        double left = 1 - (double)e->now.evaluations / (double)e->now.budget;
        AD_TRY(epoch(e, 0.05 + 0.45 * left));
    }
}

static ad_status make_room(evolution *e)
{
    const dpm_options *base = e->o->base;
    e->population           = e->o->population ? e->o->population : POPULATION;
    e->mutations            = e->o->mutations ? e->o->mutations : MUTATIONS;
    e->crossovers           = e->o->crossovers ? e->o->crossovers : CROSSOVERS;
    if (e->population < 1 || e->mutations < 0 || e->crossovers < 0 ||
        e->mutations + e->crossovers > e->population)
        return ad_fail(AD_INVALID, "%ld mutants and %ld crossings in a population of %ld",
                       e->mutations, e->crossovers, e->population);
    AD_TRY(dpm_axis_make(&e->axis, base->schedule, &base->grid));
    AD_TRY(dpm_search_found(base, &e->found));
    e->arena  = ad_arena_new();
    long most = e->population + PARENTS + dpm_standards(base) + 1;
    e->member = e->arena ? ad_arena_alloc(e->arena, (size_t)most * sizeof *e->member) : NULL;
    for (long i = 0; e->member && i < most; i++) {
        dpm_genome *g = &e->member[i];
        g->inner      = ad_arena_alloc(e->arena, (size_t)e->axis.steps * sizeof *g->inner);
        if (e->found->decision)
            g->d = ad_arena_alloc(e->arena, (size_t)e->axis.steps * sizeof *g->d);
        if (!g->inner || (e->found->decision && !g->d)) return AD_NO_MEMORY;
    }
    return e->member ? AD_OK : AD_NO_MEMORY;
}

static ad_status conclude(evolution *e, ad_status s, dpm_found **best)
{
    rank(e);
    if (s == AD_EVENT) s = AD_OK;
    if (!e->n || !isfinite(e->member[0].score))
        return s ? s
                 : ad_fail(e->failed ? e->failed : AD_NONFINITE_STATE,
                           "no candidate could be sampled: %s",
                           e->failed ? e->why : "none has a finite value");
    express(e, &e->member[0], e->found);
    *best    = e->found;
    e->found = NULL;
    return s;
}

ad_status dpm_search_evolution(const dpm_search_options *o, dpm_objective *objective, void *ctx,
                               dpm_found **best, dpm_search_stats *stats)
{
    evolution e = { .o         = o,
                    .objective = objective,
                    .ctx       = ctx,
                    .dice      = { .seed = o->seed },
                    .now       = { .stage  = "evolution",
                                   .budget = o->budget ? o->budget : BUDGET,
                                   .first  = INFINITY,
                                   .best   = INFINITY } };
    *best       = NULL;
    ad_status s = make_room(&e);
    if (!s) s = conclude(&e, course(&e), best);
    if (stats) *stats = (dpm_search_stats){ e.now.evaluations, e.now.first, e.now.best };
    dpm_found_free(e.found);
    ad_arena_free(e.arena);
    return s;
}
