/* stiffness.c - global stiffness regularization, SRNODE (Pal, Ma, Shah, Rackauckas 2021):

       R = max over accepted steps of S_j / s,    S_j = |k_s - k_{s-1}| / |g_s - g_{s-1}|,                     (1)

   s the extent of the method's stability region. The last two stages share their time, so that S_j estimates the Lipschitz
   constant of f. So the authors' code; their paper writes a sum over S_j |h_j|. Their callback's first sample, S = 1, is a floor
   below which the maximum has no gradient: option floor. */
#include <math.h>

#include "aggregate.h"

enum { MEAN, SUM, SQUARES, STEP, FLOOR, THROUGH_H };

typedef struct stiffness_state {
    reg_state  base;
    reg_gather g;
    size_t     room[2];
} stiffness_state;

static ad_status check(const reg_term *t, const reg_context *c)
{
    (void)t;
    if (nde_tableau_stiff_stage(c->method) >= 0 && c->method->stability > 0) return AD_OK;
    return ad_fail(AD_UNSUPPORTED,
                   "the regularizer stiffness needs a method whose last two stages share their "
                   "time; %s is not one, tsit5 and dopri5 are",
                   c->method->name);
}

static ad_status prepare(reg_state *t, reg_context *c, reg_problem *p)
{
    (void)p;
    c->adjoint->estimates_bar = 1;
    c->solve->estimates |= NDE_ESTIMATE_STIFFNESS;
    if (reg_has(t, THROUGH_H)) c->adjoint->through_h = 1;
    return AD_OK;
}

/* x_j = w_j S_j */
static double weight(const reg_state *t, const reg_run *r, long j)
{
    double w = 1 / r->c->method->stability;
    return reg_has(t, STEP) ? w * fabs(adj_step_h(r->c->solver)[j]) : w;
}

static ad_status after(reg_state *t, reg_run *r, double *value)
{
    stiffness_state *s = (stiffness_state *)t;
    AD_TRY(reg_gather_room(&s->g, r, s->room));
    const double *x = adj_step_stiffness(r->c->solver);
    if (!x) return AD_NO_MEMORY;
    s->g.how   = reg_has(t, MEAN)      ? REG_MEAN
                 : reg_has(t, SUM)     ? REG_SUM
                 : reg_has(t, SQUARES) ? REG_SQUARES
                                       : REG_MAX;
    s->g.floor = reg_has(t, FLOOR) ? 1 / r->c->method->stability : -1;
    for (long j = 0; j < s->g.steps; j++)
        s->g.x[j] = isfinite(x[j]) ? weight(t, r, j) * x[j] : 0; /* 0 / 0: k and g did not move */
    *value = reg_gather_value(&s->g);
    return AD_OK;
}

static ad_status seed(reg_state *t, reg_run *r, double lambda, reg_seeds *seeds)
{
    stiffness_state *s = (stiffness_state *)t;
    const double    *x = adj_step_stiffness(r->c->solver);
    for (long j = 0; j < s->g.steps; j++) {
        double x_bar = lambda * s->g.x_bar[j];
        if (x_bar == 0 || !isfinite(x[j])) continue;
        seeds->stiffness[j] += x_bar * weight(t, r, j);
        if (reg_has(t, STEP) && reg_has(t, THROUGH_H))
            seeds->h[j] += x_bar * x[j] / r->c->method->stability * reg_sign(r, 0),
                seeds->h_used = 1;
    }
    seeds->stiffness_used = 1;
    return AD_OK;
}

static void clear(reg_state *t)
{
    reg_gather_free(&((stiffness_state *)t)->g);
}

const reg_kind reg_kind_stiffness = {
    .about   = { "stiffness",
                 "largest stiffness estimate over the steps, in units of the stability region "
                   "(SRNODE)",
                 "mean sum squares step floor through-h",
                 "Pal, Ma, Shah, Rackauckas 2021, section 3" },
    .size    = sizeof(stiffness_state),
    .check   = check,
    .prepare = prepare,
    .after   = after,
    .seed    = seed,
    .free    = clear,
};
