/* joint_sizes.c - the way back through the choice of steps.

   An attempt of size |h| with error E is followed by a proposal p' and, when accepted, by the time t',

       p' = |h| factor(E, E_{n-1}, E_{n-2}),    t' = t + h,    h = s min(p, h_max)  or  stop - t,              (1)

   s the direction of time, factor the controller's, a rejection keeping t. A cut to a stop (the end, a break, an output that
   must be hit) leaves p' = p where the factor alone would give less. E is that of the attempt's rows, so a rejected attempt
   takes part through E and h though its y1 goes nowhere. The verdicts themselves are constants: the derivative is that of
   the piece on which no verdict changes. The first p is a constant. */
#include <math.h>

#include "joint.h"

static double direction(const nde_tried *k)
{
    return k->h < 0 ? -1 : 1;
}

double adj_joint_size_error(adj_joint *w, const nde_tried *k)
{
    adj_sizes            *z     = &w->size;
    const nde_controller *c     = w->s->o.controller;
    int                   order = nde_solver_error_order(w->s);
    nde_controller_call   call  = { c, k->control, order, k->error, k->accepted };
    nde_controller_state  after = k->control;
    double                size  = fabs(k->h),
           factor               = nde_controller_factor(c, &after, order, k->error, k->accepted);
    int stays = k->accepted && k->cut != NDE_CUT_NOT && size * factor < k->proposed;
    z->stays  = stays ? z->h : 0;
    z->tried  = stays ? 0 : factor * z->h;
    return nde_controller_pullback(&call, stays ? 0 : size * z->h, z->log_e);
}

/* With t1 = t + h the attempt's end: h = t1 - t, and t1 is the stop, or t + s p. */
void adj_joint_size_back(adj_joint *w, const nde_tried *k, double t_bar, double h_bar)
{
    adj_sizes *z = &w->size;
    h_bar += direction(k) * z->tried;
    double t1_bar = h_bar + (k->accepted ? z->t : 0), t = t_bar - h_bar + (k->accepted ? 0 : z->t);
    z->h = z->stays;
    if (k->cut == NDE_CUT_NOT) {
        t += t1_bar;
        z->h += k->capped ? 0 : direction(k) * t1_bar;
    } else if (k->cut == w->a->times - 1) {
        w->t1_bar += t1_bar;
    } else if (k->cut != NDE_CUT_BREAK && w->c->t_bar) {
        w->c->t_bar[k->cut] += t1_bar;
    }
    z->t = t;
    z->attempt--;
}

/* A rejected attempt whose error moves nothing is not run: what is in it need not be finite. */
static ad_status pull_rejected(adj_joint *w, const nde_taken *k, const nde_tried *v)
{
    adj_solver       *a = w->a;
    nde_solver       *s = w->s;
    nde_attempt_io    io;
    nde_estimates_bar e   = { .error = adj_joint_size_error(w, v) };
    nde_attempt_bar   bar = { .y1     = a->zero,
                              .carry1 = a->zero,
                              .k      = a->zero_k,
                              .y      = w->lambda_out,
                              .carry  = w->kappa_out,
                              .t      = a->t_bar,
                              .h      = a->h_bar };
    if (!adj_joint_seed_rows(w, v->q, &e, &bar)) {
        adj_joint_size_back(w, v, 0, 0);
        return AD_OK;
    }
    nde_taken as_tried = *k;
    as_tried.h = v->h, as_tried.y1 = s->w.y[0], as_tried.carry1 = s->w.carry[0];
    as_tried.stages = NULL;
    AD_TRY(adj_joint_revisit(w, &as_tried, v->frame, &io));
    AD_TRY(s->step->ops->pullback(s->step, &io, &bar, NDE_PULL_FULL));
    s->stats.nvjp += s->step->evaluations;
    adj_add_args(a, w->n, NULL);
    nde_layout_add(s->layout, w->n, w->lambda, w->lambda_out);
    if (s->step->has_carry) nde_layout_add(s->layout, w->n, w->kappa, w->kappa_out);
    adj_joint_size_back(w, v, a->t_bar[0], a->h_bar[0]);
    return AD_OK;
}

ad_status adj_joint_rejected(adj_joint *w, const nde_taken *k)
{
    while (w->size.attempt >= 0 && !adj_joint_attempt(w)->accepted)
        AD_TRY(pull_rejected(w, k, adj_joint_attempt(w)));
    return AD_OK;
}
