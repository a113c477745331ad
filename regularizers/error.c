/* error.c - global error regularization, ERNODE (Pal, Ma, Shah, Rackauckas 2021):

       R = mean over accepted steps of E_j |h_j|,                                                              (1)

   E_j the error estimate that the controller reads, in units of the tolerance. So the authors' code; their paper writes a sum.
   Step sizes are constants in the gradient, as there, unless through-h. */
#include <math.h>

#include "aggregate.h"

enum { SUM, MAX, SQUARES, UNSCALED, NOSTEP, FLOOR, THROUGH_H };

typedef struct error_state {
    reg_state  base;
    reg_gather g;
    size_t     room[2];
} error_state;

static ad_status check(const reg_term *t, const reg_context *c)
{
    (void)t;
    if (c->method->error_order == 0)
        return ad_fail(AD_UNSUPPORTED,
                       "the regularizer error needs an embedded error estimate, which %s lacks; "
                       "tsit5, dopri5, bosh3 and dop853 have one",
                       c->method->name);
    return AD_OK;
}

static ad_status prepare(reg_state *t, reg_context *c, reg_problem *p)
{
    (void)p;
    c->adjoint->estimates_bar = 1;
    int stepped               = c->solve->fixed_step > 0 ||
                  c->solve->nsteps_given > 0; /* then nobody reads the error unless asked */
    if (reg_has(t, UNSCALED) || stepped) c->solve->estimates |= NDE_ESTIMATE_UNSCALED;
    if (reg_has(t, THROUGH_H)) c->adjoint->through_h = 1;
    return AD_OK;
}

static ad_status after(reg_state *t, reg_run *r, double *value)
{
    error_state *s = (error_state *)t;
    adj_solver  *a = r->c->solver;
    AD_TRY(reg_gather_room(&s->g, r, s->room));
    const double *e = reg_has(t, UNSCALED) ? adj_step_unscaled(a) : adj_step_error(a),
                 *h = adj_step_h(a);
    if (!e) return AD_NO_MEMORY;
    s->g.how   = reg_has(t, SUM)       ? REG_SUM
                 : reg_has(t, MAX)     ? REG_MAX
                 : reg_has(t, SQUARES) ? REG_SQUARES
                                       : REG_MEAN;
    s->g.floor = reg_has(t, FLOOR) ? 0 : -1;
    for (long j = 0; j < s->g.steps; j++) s->g.x[j] = reg_has(t, NOSTEP) ? e[j] : e[j] * fabs(h[j]);
    *value = reg_gather_value(&s->g);
    return AD_OK;
}

static ad_status seed(reg_state *t, reg_run *r, double lambda, reg_seeds *seeds)
{
    error_state  *s = (error_state *)t;
    adj_solver   *a = r->c->solver;
    const double *h = adj_step_h(a),
                 *e = reg_has(t, UNSCALED) ? adj_step_unscaled(a) : adj_step_error(a);
    double *e_bar   = reg_has(t, UNSCALED) ? seeds->unscaled : seeds->error;
    int     step    = !reg_has(t, NOSTEP);
    for (long j = 0; j < s->g.steps; j++) {
        double x_bar = lambda * s->g.x_bar[j];
        e_bar[j] += step ? x_bar * fabs(h[j]) : x_bar;
        if (step && reg_has(t, THROUGH_H))
            seeds->h[j] += x_bar * e[j] * reg_sign(r, 0), seeds->h_used = 1;
    }
    *(reg_has(t, UNSCALED) ? &seeds->unscaled_used : &seeds->error_used) = 1;
    return AD_OK;
}

static void clear(reg_state *t)
{
    reg_gather_free(&((error_state *)t)->g);
}

const reg_kind reg_kind_error = {
    .about   = { "error",
                 "mean over the steps of the solver's error estimate times the step (ERNODE)",
                 "sum max squares unscaled nostep floor through-h",
                 "Pal, Ma, Shah, Rackauckas 2021, section 3" },
    .size    = sizeof(error_state),
    .check   = check,
    .prepare = prepare,
    .after   = after,
    .seed    = seed,
    .free    = clear,
};
