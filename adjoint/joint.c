/* joint.c - the pullback of a joint solve: the recorded steps from the last to the first. */
#include <string.h>

#include "joint.h"

/* The step's values as an attempt sees them; run again where they were not kept. */
ad_status adj_joint_revisit(adj_joint *w, const nde_taken *k, char *frame, nde_attempt_io *io)
{
    nde_solver *s    = w->s;
    int         last = s->step->stages - 1;
    s->w.t[0] = k->t, s->w.h[0] = k->h, s->w.lo[0] = k->lo, s->w.hi[0] = k->hi;
    *io = (nde_attempt_io){ .n        = w->n,
                            .t        = s->w.t,
                            .h        = s->w.h,
                            .lo       = s->w.lo,
                            .hi       = s->w.hi,
                            .y        = k->y,
                            .carry    = k->carry,
                            .y1       = k->y1,
                            .carry1   = k->carry1,
                            .k        = s->w.k,
                            .residual = frame };
    memcpy(io->rows, s->w.rows, sizeof io->rows);
    nde_solver_bind_stages(s, k->carry, k->carry1);
    if (k->stages)
        for (int i = s->step->has_carry; i <= last - s->step->has_carry; i++)
            s->w.k[i] = k->stages + (size_t)i * s->layout->bytes;
    if (frame || !s->step->residual) return AD_OK;
    io->residual = s->w.frame;
    io->y1       = s->w.y[0];
    io->carry1   = s->step->has_carry ? s->w.carry[0] : s->w.y[0];
    if (s->step->has_carry) s->w.k[last] = io->carry1;
    s->stats.nfe += s->step->evaluations;
    return s->step->ops->forward(s->step, io);
}

/* Cotangents of a step's estimates into those of its rows. */
int adj_joint_seed_rows(adj_joint *w, const double q[NDE_COLUMNS], const nde_estimates_bar *e,
                        nde_attempt_bar *bar)
{
    adj_solver *a                  = w->a;
    double      q_bar[NDE_COLUMNS] = { 0 };
    nde_error_pullback(w->s->step, q, (double)(w->s->error_dim * w->n), e, q_bar);
    for (int c = 0; c < NDE_COLUMNS; c++) {
        for (long i = 0; i < w->n; i++) a->rows[c][i] = q_bar[c];
        bar->rows[c] = a->rows[c];
    }
    return e->error != 0 || e->stiffness != 0 || e->unscaled != 0;
}

static ad_status pull_interpolant(adj_joint *w, const nde_attempt_io *io)
{
    adj_solver     *a = w->a;
    nde_solver     *s = w->s;
    nde_attempt_bar d = { .k = a->k, .y = a->d_y, .t = a->d_t, .h = a->d_h };
    AD_TRY(s->step->ops->dense_pullback(s->step, io, a->coefficient_bar, &d, a->d_y1));
    s->stats.nvjp += s->step->dense_evaluations;
    adj_add_args(a, w->n, NULL);
    nde_layout_add(s->layout, w->n, w->lambda, a->d_y1);
    if (s->step->has_carry) nde_layout_add(s->layout, w->n, w->kappa, a->k[s->step->stages - 1]);
    return AD_OK;
}

static void swap(char **a, char **b)
{
    char *c = *a;
    *a = *b, *b = c;
}

/* What the ends of the grid get of the times of a step, or, where sizes are no constants, all that lies before it. */
static void pull_times(adj_joint *w, long step, double t_bar, double h_bar)
{
    if (w->moving) {
        if (w->c->h_bar) h_bar += w->c->h_bar[step];
        adj_joint_size_back(w, adj_joint_attempt(w), t_bar, h_bar);
        return;
    }
    if (step == w->s->record->steps - 1) w->t1_bar += h_bar;
    if (step == 0) w->t0_bar = t_bar - h_bar;
}

static ad_status pull_step(adj_joint *w, long step)
{
    adj_solver      *a = w->a;
    nde_solver      *s = w->s;
    const nde_taken *k = &s->record->step[step];
    nde_attempt_io   io;
    adj_inside       in;
    AD_TRY(adj_joint_revisit(w, k, k->frame, &io));
    AD_TRY(adj_joint_outputs(w, k, &io, &in));
    s->w.t[0]              = k->t;
    nde_attempt_bar   bar  = { .y1     = w->lambda,
                               .carry1 = w->kappa,
                               .k      = in.count ? a->k : a->zero_k,
                               .y      = w->lambda_out,
                               .carry  = w->kappa_out,
                               .t      = a->t_bar,
                               .h      = a->h_bar };
    nde_estimates_bar e    = adj_estimates_bar(w->c, step);
    int               ends = w->c->t_bar && (step == 0 || step == s->record->steps - 1);
    int               full = in.count || ends || w->moving, rows = 0;
    if (w->moving) e.error += adj_joint_size_error(w, adj_joint_attempt(w));
    if (adj_any_estimates(w->c) || full) rows = adj_joint_seed_rows(w, k->q, &e, &bar);
    a->d_t[0] = a->d_h[0] = 0;
    if (in.count) AD_TRY(pull_interpolant(w, &io));
    nde_pull what = full ? NDE_PULL_FULL : rows ? NDE_PULL_ROWS : NDE_PULL_STATES;
    AD_TRY(s->step->ops->pullback(s->step, &io, &bar, what));
    s->stats.nvjp += s->step->evaluations;
    adj_add_args(a, w->n, NULL);
    if (in.count) {
        nde_layout_add(s->layout, w->n, w->lambda_out, a->d_y);
        nde_layout_add(s->layout, w->n, w->lambda_out, s->w.y[1]);
        if (s->step->has_carry) nde_layout_add(s->layout, w->n, w->kappa_out, a->k[0]);
    }
    if (full) pull_times(w, step, a->t_bar[0] + a->d_t[0] + in.t, a->h_bar[0] + a->d_h[0] + in.h);
    swap(&w->lambda, &w->lambda_out);
    swap(&w->kappa, &w->kappa_out);
    return w->moving ? adj_joint_rejected(w, k) : AD_OK;
}

/* Where the chain of carries begins: k = f(t, y) pulled back by itself. */
static ad_status pull_start(adj_joint *w, long step)
{
    adj_solver      *a = w->a;
    nde_solver      *s = w->s;
    const nde_taken *k = &s->record->step[step];
    if (!k->restart || !s->step->has_carry) return AD_OK;
    double t          = k->t < k->lo ? k->lo : k->t > k->hi ? k->hi : k->t;
    s->w.t[0]         = t;
    nde_attempt_io io = { .n = w->n, .t = s->w.t, .y = k->y, .carry1 = s->w.carry[1] };
    AD_TRY(s->step->ops->start_pullback(s->step, &io, w->kappa, w->lambda_out, a->t_bar));
    s->stats.nvjp++;
    adj_add_args(a, w->n, NULL);
    nde_layout_add(s->layout, w->n, w->lambda, w->lambda_out);
    nde_layout_zero(s->layout, w->n, w->kappa);
    if (w->moving)
        w->size.t += a->t_bar[0];
    else if (step == 0)
        w->t0_bar += a->t_bar[0];
    return AD_OK;
}

/* Cotangents of the state from which the step went. */
static void add_states(adj_joint *w, long step)
{
    const adj_solver *a     = w->a;
    const nde_layout *l     = w->s->layout;
    size_t            bytes = (size_t)(w->n * l->dim) * ad_type_size(l->type);
    for (long i = adj_first_state(a, step); i >= 0; i = a->state_next[i]) {
        nde_layout_load(l, w->n, (const char *)w->c->state_bar + (size_t)i * bytes, w->s->w.point);
        nde_layout_add(l, w->n, w->lambda, w->s->w.point);
    }
}

ad_status adj_pullback_joint(adj_solver *a, const adj_cotangents *c)
{
    nde_solver *s = a->s;
    adj_joint   w = { .a          = a,
                      .s          = s,
                      .c          = c,
                      .n          = a->n,
                      .next       = a->times - 1,
                      .lambda     = a->lambda[0],
                      .kappa      = a->kappa[0],
                      .lambda_out = a->lambda[1],
                      .kappa_out  = a->kappa[1],
                      .moving     = a->o.through_h,
                      .size       = { .attempt = s->record->attempts - 1 } };
    nde_layout_zero(s->layout, w.n, w.lambda);
    nde_layout_zero(s->layout, w.n, w.kappa);
    for (int i = 0; c->t_bar && i < a->times; i++) c->t_bar[i] = 0;
    for (long step = s->record->steps - 1; step >= 0; step--) {
        AD_TRY(pull_step(&w, step));
        AD_TRY(pull_start(&w, step));
        add_states(&w, step);
    }
    if (w.moving) w.t0_bar = w.size.t;
    AD_TRY(adj_joint_outputs_at_start(&w));
    if (c->t_bar) c->t_bar[0] += w.t0_bar, c->t_bar[a->times - 1] += w.t1_bar;
    AD_TRY(adj_check_finite(a, w.n, w.lambda, NULL));
    if (c->y0_bar) nde_layout_store(s->layout, w.n, w.lambda, c->y0_bar);
    return AD_OK;
}
