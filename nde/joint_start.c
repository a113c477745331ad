/* joint_start.c - what a joint solve begins with: room for its states, a piece between break points, the first step. */
#include <math.h>

#include "joint.h"

/* --- room for the next state ------------------------------------------------------------------------------------------------ */

ad_status nde_joint_next_room(joint *w)
{
    nde_solver *s = w->s;
    nde_record *r = s->record;
    if (!r) {
        int other = w->y == s->w.y[0];
        w->y1 = s->w.y[other], w->carry1 = s->w.carry[other];
        return AD_OK;
    }
    w->y1     = nde_pool_take(&r->pool, s->layout->bytes);
    w->carry1 = s->step->has_carry ? nde_pool_take(&r->pool, s->layout->bytes) : w->y1;
    w->frame  = r->keep_frames ? nde_pool_take(&r->pool, s->step->residual) : s->w.frame;
    return w->y1 && w->carry1 && (w->frame || !s->step->residual) ? AD_OK : AD_NO_MEMORY;
}

ad_status nde_joint_first_room(joint *w)
{
    nde_solver *s = w->s;
    nde_record *r = s->record;
    if (r) {
        nde_pool_reset(&r->pool);
        r->steps = r->attempts = 0, r->finished = 0;
        AD_TRY(nde_joint_next_room(w));
        w->y = w->y1, w->carry = w->carry1;
        return nde_joint_next_room(w);
    }
    w->y = s->w.y[0], w->carry = s->w.carry[0];
    return nde_joint_next_room(w);
}

/* --- the start of a piece ------------------------------------------------------------------------------------------------------ */

ad_status nde_joint_begin_piece(joint *w)
{
    nde_solver *s = w->s;
    nde_solver_piece(s, w->t, w->end, &w->lo, &w->hi, &w->stop);
    s->w.lo[0] = w->lo, s->w.hi[0] = w->hi;
    w->restart = 1;
    if (!s->step->has_carry) return AD_OK;
    if (s->record && s->record->steps) { /* the last step's own carry stays in the record */
        w->carry = nde_pool_take(&s->record->pool, s->layout->bytes);
        if (!w->carry) return AD_NO_MEMORY;
    }
    s->w.t[0]         = fmin(fmax(w->t, w->lo), w->hi);
    nde_attempt_io io = w->io;
    io.y = w->y, io.carry1 = w->carry;
    w->starts++;
    return s->step->ops->start(s->step, &io);
}

/* Hairer's first step (controller.h); for methods without a carry k1 is evaluated for this alone. */
ad_status nde_joint_first_step(joint *w)
{
    nde_solver *s = w->s;
    long        n = w->a->n;
    if (s->o.fixed_step > 0 || s->o.nsteps_given) return AD_OK;
    if (s->o.h != 0) {
        w->h = fabs(s->o.h);
        return AD_OK;
    }
    char *k1 = s->w.coefficient[0], *f1 = s->w.point;
    s->w.t[0]         = fmin(fmax(w->t, w->lo), w->hi);
    nde_attempt_io io = w->io;
    io.y = w->y, io.carry1 = k1;
    if (s->step->has_carry)
        nde_layout_copy(s->layout, n, w->carry, k1);
    else
        w->starts++, w->io.n = n;
    if (!s->step->has_carry) AD_TRY(s->step->ops->start(s->step, &io));
    double d0 = nde_solver_norm(s, 0, n, w->y, NULL, w->y),
           d1 = nde_solver_norm(s, 0, n, k1, NULL, w->y);
    if (!isfinite(d0) || !isfinite(d1))
        return nde_solver_nonfinite(s, n, w->t, 0, 0, w->y, k1, NULL);
    double h0 = nde_initial_guess(d0, d1);
    if (h0 > fabs(w->end - w->t)) h0 = fabs(w->end - w->t);
    nde_layout_copy(s->layout, n, w->y, w->y1);
    nde_layout_axpy(s->layout, n, w->y1, w->dir * h0, k1);
    s->w.t[0] = fmin(fmax(w->t + w->dir * h0, w->lo), w->hi);
    io.y = w->y1, io.carry1 = f1;
    AD_TRY(s->step->ops->start(s->step, &io));
    w->starts++;
    double d2    = nde_solver_norm(s, 0, n, f1, k1, w->y) / h0;
    int    order = s->step->method->order + (s->o.controller->initial_step_order ? 0 : 1);
    w->h         = nde_initial_step(h0, d1, d2, order);
    if (!isfinite(w->h)) w->h = h0;
    return AD_OK;
}
