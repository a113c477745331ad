/* Candidates of the evolution: drawn, changed, crossed.

   What decides how often an order is drawn, .2 .4 .3 .1, and that a decision changes, .3, is S^3's (Liu et al. 2024); a time moves by a
   normal step of a part of the gap around it. An implicit corrector costs an evaluation, so it is only inherited. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/random.h>

#include "search_internal.h"

enum { UNIFORM = 1, NORMAL = 2 };

/* --- chance ------------------------------------------------------------------------------------------------------- */

static double uniform(dpm_dice *r)
{
    double u;
    ad_random_uniform(AD_F64, r->seed, UNIFORM, r->uniforms++, 1, &u);
    return u;
}

static double normal(dpm_dice *r)
{
    double z;
    ad_random_normal(AD_F64, r->seed, NORMAL, r->normals++, 1, &z);
    return z;
}

long dpm_dice_below(dpm_dice *r, long n)
{
    long i = (long)(uniform(r) * (double)n);
    return i < n ? i : n - 1;
}

static int random_order(dpm_dice *r, long step)
{
    double u     = uniform(r);
    int    order = u < 0.2 ? 1 : u < 0.6 ? 2 : u < 0.9 ? 3 : 4;
    return order > step + 1 ? (int)step + 1 : order;
}

static void random_part(const dpm_axis *a, dpm_dice *r, dpm_decision *d, int part, long step)
{
    static const dpm_relaxation relaxations[] = { DPM_TAYLOR, DPM_DPMSOLVER, DPM_BH1 };
    if (part == 0) d->order = random_order(r, step);
    if (part == 1) d->form = uniform(r) < 0.4 ? DPM_EPSILON : DPM_X0;
    if (part == 2) d->relaxation = relaxations[dpm_dice_below(r, 3)];
    if (part == 3 && step < a->steps - 1)
        d->corrector = uniform(r) < 0.5 ? DPM_CORRECTOR_NONE : DPM_CORRECTOR_PSEUDO;
}

/* --- candidates --------------------------------------------------------------------------------------------------- */

/* In order, no two closer than a twentieth of an even gap, all inside: whatever was drawn becomes a grid. */
static void mend(const dpm_axis *a, double *inner)
{
    long   n   = a->steps - 1;
    double gap = 0.05 * (a->hi - a->lo) / (double)a->steps;
    for (long i = 1; i < n; i++)
        for (long j = i; j > 0 && inner[j] < inner[j - 1]; j--) {
            double x     = inner[j];
            inner[j]     = inner[j - 1];
            inner[j - 1] = x;
        }
    for (long i = 0; i < n; i++) inner[i] = fmax(inner[i], (i ? inner[i - 1] : a->lo) + gap);
    for (long i = n - 1; i >= 0; i--)
        inner[i] = fmin(inner[i], (i < n - 1 ? inner[i + 1] : a->hi) - gap);
}

void dpm_genome_fresh(const dpm_axis *a, dpm_dice *r, dpm_genome *g)
{
    for (long i = 0; i < a->steps - 1; i++) g->inner[i] = a->lo + uniform(r) * (a->hi - a->lo);
    mend(a, g->inner);
    for (long i = 0; g->d && i < a->steps; i++) {
        g->d[i] = (dpm_decision){ 0 };
        for (int part = 0; part < 4; part++) random_part(a, r, &g->d[i], part, i);
    }
}

void dpm_genome_copy(const dpm_axis *a, dpm_genome *to, const dpm_genome *from)
{
    long n = a->steps;
    memcpy(to->inner, from->inner, (size_t)(n - 1) * sizeof *to->inner);
    if (to->d) memcpy(to->d, from->d, (size_t)n * sizeof *to->d);
    to->score = from->score;
}

static double gap_around(const dpm_axis *a, const dpm_genome *from, long i)
{
    double before = i ? from->inner[i - 1] : a->lo;
    double after  = i < a->steps - 2 ? from->inner[i + 1] : a->hi;
    return 0.5 * (after - before);
}

void dpm_genome_mutate(const dpm_axis *a, dpm_dice *r, dpm_genome *g, const dpm_genome *from,
                       double scale)
{
    long n = a->steps, sure = dpm_dice_below(r, n - 1);
    dpm_genome_copy(a, g, from);
    for (long i = 0; i < n - 1; i++)
        if (i == sure || uniform(r) < 0.3)
            g->inner[i] += scale * gap_around(a, from, i) * normal(r);
    mend(a, g->inner);
    for (long i = 0; g->d && i < n; i++)
        for (int part = 0; part < 4; part++)
            if (uniform(r) < 0.3 / (double)n) random_part(a, r, &g->d[i], part, i);
}

/* Each step is one of the two parents'. */
void dpm_genome_cross(const dpm_axis *a, dpm_dice *r, dpm_genome *g, const dpm_genome *one,
                      const dpm_genome *other)
{
    dpm_genome_copy(a, g, one);
    for (long i = 0; i < a->steps; i++) {
        if (uniform(r) < 0.5) continue;
        if (i < a->steps - 1) g->inner[i] = other->inner[i];
        if (g->d) g->d[i] = other->d[i];
    }
    mend(a, g->inner);
}
