/* lanes_attempt.c - one attempt of all active lanes: each with its own end, error, verdict and next step. */
#include <float.h>
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "../autodiff/kernels/strip.h"
#include "lanes.h"

static void choose_ends(lanes_run *w)
{
    nde_solver *s = w->s;
    nde_lanes  *l = w->l;
    for (long i = 0; i < l->m; i++) {
        double dir = l->dir[i], h = s->o.fixed_step > 0 ? s->o.fixed_step : l->h[i], t1;
        if (s->o.h_max > 0 && h > s->o.h_max) h = s->o.h_max;
        t1 = s->o.fixed_step > 0 && !s->o.nbreaks ? l->t0[i] + dir * h * (double)(l->grid[i] + 1)
                                                  : l->t[i] + dir * h;
        l->stopped[i] = s->o.nsteps_given || (t1 + 1e-10 * dir * h - l->stop[i]) * dir >= 0;
        if (l->stopped[i]) t1 = s->o.nsteps_given ? s->o.steps_given[l->grid[i] + 1] : l->stop[i];
        l->t1[i]  = t1;
        s->w.t[i] = l->t[i], s->w.h[i] = t1 - l->t[i], s->w.lo[i] = l->lo[i], s->w.hi[i] = l->hi[i];
    }
}

static void errors(lanes_run *w)
{
    nde_solver *s              = w->s;
    nde_lanes  *l              = w->l;
    double      q[NDE_COLUMNS] = { 0 };
    for (long i = 0; i < l->m; i++) {
        for (int c = 0; c < NDE_COLUMNS; c++)
            if (s->step->columns >> c & 1) q[c] = s->w.rows[c][i];
        l->error[i]    = s->step->columns & 1 ? nde_error(s->step, q, (double)s->error_dim) : 0;
        l->accepted[i] = l->error[i] <= 1;
    }
}

/* Nothing but the error at hand decides: no state to keep. */
static int is_memoryless(const nde_controller *c)
{
    return c->beta2 == 0 && c->beta3 == 0 && c->min_accepted == 0 && c->max_after_reject == 0 &&
           c->steady_lo == 1 && c->steady_hi == 1;
}

/* safety E^-beta within its bounds, as nde_controller_finish() has it */
static void memoryless_factors(nde_lanes *l, const nde_controller *c, double beta)
{
    for (long i = 0; i < l->m; i++) l->power[i] = -beta * l->log_e[i];
    ad_exp_strip(l->power, l->power, l->m);
    for (long i = 0; i < l->m; i++) {
        double e = l->error[i], f = e > 0 ? c->safety * l->power[i] : c->max_factor,
               most = e <= 1 ? c->max_factor : c->safety;
        f           = f < c->min_factor ? c->min_factor : f > most ? most : f;
        l->power[i] = e >= 0 && e <= DBL_MAX ? f : c->min_factor;
    }
}

/* The logarithms and powers of all lanes' controllers in two passes. */
static void factors(lanes_run *w)
{
    nde_lanes            *l = w->l;
    const nde_controller *c = w->s->o.controller;
    int                   k = nde_solver_error_order(w->s);
    ad_log_strip(l->log_e, l->error, l->m);
    if (is_memoryless(c)) {
        memoryless_factors(l, c, c->relative ? c->beta1 / k : c->beta1);
        return;
    }
    for (long i = 0; i < l->m; i++) {
        if (!(l->error[i] > 0)) l->log_e[i] = 0;
        l->power[i] = nde_controller_exponent(c, &l->control[i], k, l->log_e[i], l->accepted[i]);
    }
    ad_exp_strip(l->power, l->power, l->m);
    for (long i = 0; i < l->m; i++)
        l->power[i] = nde_controller_finish(c, &l->control[i], l->error[i], l->log_e[i],
                                            l->power[i], l->accepted[i]);
}

/* --- failures --------------------------------------------------------------------------------------------------------- */

/* Notes the failure of a lane (the sentence is the last recorded one): it leaves, the others go on. */
static void lane_fails(lanes_run *w, long i, ad_status e)
{
    w->l->leaves[i]           = 1;
    w->l->accepted[i]         = 0;
    w->l->status[w->l->id[i]] = e;
    nde_lanes_fill_nan(w, w->l->id[i], w->l->next[i]);
    if (w->failure) return;
    w->failure       = e;
    w->first_failure = w->l->id[i];
    size_t n         = strlen(ad_message());
    if (n >= sizeof w->sentence) n = sizeof w->sentence - 1;
    memcpy(w->sentence, ad_message(), n);
    w->sentence[n] = 0;
}

static ad_status lane_underflows(lanes_run *w, long i)
{
    nde_lanes *l = w->l;
    return ad_fail(AD_STEP_UNDERFLOW,
                   "sample %ld: the step fell to %.3g at t = %.9g after %ld steps: the solution "
                   "may be singular there, or the problem too stiff for %s",
                   l->id[i], l->h[i], l->t[i], l->grid[i], w->s->step->method->name);
}

static ad_status lane_gives_up(lanes_run *w, long i)
{
    nde_solver *s = w->s;
    nde_lanes  *l = w->l;
    if (!isfinite(l->error[i]) || (s->step->columns & 1) == 0)
        return ad_fail(AD_NONFINITE_FIELD,
                       "sample %ld: the field or the state is not finite beyond t = %.9g (step "
                       "%ld); is the field defined "
                       "there?",
                       l->id[i], l->t[i], l->grid[i]);
    return lane_underflows(w, i);
}

/* --- the loop ------------------------------------------------------------------------------------------------------------------ */

static void settle_lane(lanes_run *w, long i, int fixed)
{
    nde_solver *s = w->s;
    nde_lanes  *l = w->l;
    double      h = fabs(l->t1[i] - l->t[i]), before = l->h[i];
    if (!fixed) l->h[i] = h * l->power[i];
    if (l->accepted[i]) {
        if (l->stopped[i] && l->h[i] < before) l->h[i] = before;
        l->t[i] = l->t1[i];
        l->grid[i]++;
        l->restart[i] = 0;
        s->stats.accepted++;
        if (l->t[i] == l->end[i])
            l->leaves[i] = 1;
        else if (l->t[i] == l->stop[i])
            nde_lanes_enter_piece(w, i);
        return;
    }
    s->stats.rejected++;
    double least = 4 * DBL_EPSILON * fabs(l->t[i]);
    if (l->h[i] <= least || l->h[i] < s->o.h_min || l->h[i] < 1e-300)
        lane_fails(w, i, lane_gives_up(w, i));
}

static void check_fixed(lanes_run *w)
{
    nde_solver *s = w->s;
    nde_lanes  *l = w->l;
    for (long i = 0; i < l->m; i++) {
        l->accepted[i] = 1;
        for (int p = 0; p < s->layout->parts && l->accepted[i]; p++)
            for (long j = i * s->layout->size[p]; j < (i + 1) * s->layout->size[p]; j++) {
                const char *y = w->y1 + s->layout->offset[p];
                if (!isfinite(s->ode.type == AD_F32 ? ((const float *)y)[j]
                                                    : ((const double *)y)[j]))
                    l->accepted[i] = 0;
            }
        if (!l->accepted[i]) lane_fails(w, i, lane_gives_up(w, i));
    }
}

ad_status nde_lanes_attempt(lanes_run *w, long attempts)
{
    nde_solver *s      = w->s;
    nde_lanes  *l      = w->l;
    int         fixed  = s->o.fixed_step > 0 || s->o.nsteps_given, inside;
    int        *counts = (int *)l->log_e; /* free by then */
    choose_ends(w);
    nde_solver_bind_stages(s, w->carry, w->carry1);
    w->io.n = l->m, w->io.y = w->y, w->io.carry = w->carry, w->io.y1 = w->y1,
    w->io.carry1   = w->carry1;
    w->io.residual = w->frame;
    AD_TRY(nde_solver_forward(s, &w->io));
    memset(l->leaves, 0, (size_t)l->m);
    errors(w);
    if (fixed)
        check_fixed(w);
    else
        factors(w);
    for (long i = 0; i < l->m; i++)
        if (l->t1[i] == l->t[i] && !l->leaves[i]) lane_fails(w, i, lane_underflows(w, i));
    for (long i = 0; i < l->m; i++)
        if (attempts >= s->o.max_steps && !l->leaves[i])
            lane_fails(w, i,
                       ad_fail(AD_STEP_LIMIT,
                               "sample %ld: %ld steps were taken and t = %.9g of %.9g reached; "
                               "raise max_steps, or "
                               "loosen the tolerance",
                               l->id[i], attempts, l->t[i], l->end[i]));
    AD_TRY(nde_lanes_outputs(w, counts, &inside));
    if (s->record) AD_TRY(nde_lanes_keep(w, counts, inside));
    nde_attempt seen = { l->t[0], l->t1[0] - l->t[0], l->error[0], l->m, l->accepted[0] };
    if (s->o.observe && s->o.observe(&seen, s->o.observe_ctx))
        return ad_fail(AD_CANCELLED, "stopped at t = %.9g on request", l->t[0]);
    for (long i = 0; i < l->m; i++)
        if (!l->leaves[i]) settle_lane(w, i, fixed);
    return nde_lanes_close(w);
}
