/* aggregate.c - (1) of aggregate.h and its derivative. */
#include <math.h>

#include <costate/autodiff/memory.h>

#include "aggregate.h"
#include "internal.h"

ad_status reg_gather_room(reg_gather *g, const reg_run *r, size_t room[2])
{
    g->steps  = adj_steps(r->c->solver);
    g->sample = adj_step_sample(r->c->solver);
    g->n      = g->sample ? r->a->n : 1;
    if (!g->sample && r->c->solve->batching == NDE_PER_SAMPLE) return AD_NO_MEMORY;
    if (!adj_step_h(r->c->solver)) return AD_NO_MEMORY; /* columns are made when asked for */
    size_t steps = (size_t)g->steps * sizeof(double), n = (size_t)g->n * sizeof(long);
    size_t x = room[0], count = room[1];
    AD_TRY(reg_room(&g->x, &x, steps));
    AD_TRY(reg_room(&g->x_bar, &room[0], steps));
    AD_TRY(reg_room(&g->count, &count, n));
    return reg_room(&g->best, &room[1], n);
}

void reg_gather_free(reg_gather *g)
{
    ad_free(g->x), ad_free(g->x_bar), ad_free(g->count), ad_free(g->best);
}

static long owner(const reg_gather *g, long j)
{
    return g->sample ? g->sample[j] : 0;
}

static double largest(reg_gather *g)
{
    double sum = 0, share = 1 / (double)g->n;
    for (long i = 0; i < g->n; i++) g->best[i] = -1;
    for (long j = 0; j < g->steps; j++) {
        long *best  = &g->best[owner(g, j)];
        g->x_bar[j] = 0;
        if (*best < 0 || g->x[j] > g->x[*best]) *best = j;
    }
    for (long i = 0; i < g->n; i++) {
        long j = g->best[i];
        if (j < 0 || g->x[j] <= g->floor) {
            sum += fmax(g->floor, 0) * share;
            continue;
        }
        g->x_bar[j] = share;
        sum += g->x[j] * share;
    }
    return sum;
}

double reg_gather_value(reg_gather *g)
{
    double sum = 0, share = 1 / (double)g->n;
    int    floored = g->floor >= 0;
    if (g->how == REG_MAX) return largest(g);
    for (long i = 0; i < g->n; i++) g->count[i] = floored;
    for (long j = 0; j < g->steps; j++) g->count[owner(g, j)]++;
    for (long j = 0; j < g->steps; j++) {
        double w    = g->how == REG_MEAN ? share / (double)g->count[owner(g, j)] : share;
        double x    = g->x[j];
        g->x_bar[j] = g->how == REG_SQUARES ? 2 * w * x : w;
        sum += g->how == REG_SQUARES ? w * x * x : w * x;
    }
    for (long i = 0; floored && i < g->n; i++) {
        double w = g->how == REG_MEAN ? share / (double)g->count[i] : share;
        sum += g->how == REG_SQUARES ? w * g->floor * g->floor : w * g->floor;
    }
    return sum;
}
