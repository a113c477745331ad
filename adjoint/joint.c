/* joint.c - the pullback of a joint solve: the recorded steps from the last to the first. */
#include <string.h>

#include "internal.h"

typedef struct joint {
    adj_solver           *a;
    nde_solver           *s;
    const adj_cotangents *c;
    long                  n;
    int                   next; /* output time whose cotangent comes next */
    char                 *lambda, *kappa, *lambda_out, *kappa_out;
    double                t0_bar, t1_bar;
} joint;

static const char *y_bar_of(const joint *w, int i)
{
    size_t bytes = (size_t)(w->n * w->s->layout->dim) * ad_type_size(w->s->ode.type);
    return (const char *)w->c->y_bar + (size_t)i * bytes;
}

/* The step's values as an attempt sees them; run again where they were not kept. */
static ad_status revisit(joint *w, const nde_taken *k, nde_attempt_io *io)
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
                            .residual = k->frame };
    memcpy(io->rows, s->w.rows, sizeof io->rows);
    nde_solver_bind_stages(s, k->carry, k->carry1);
    if (k->stages)
        for (int i = s->step->has_carry; i <= last - s->step->has_carry; i++)
            s->w.k[i] = k->stages + (size_t)i * s->layout->bytes;
    if (k->frame || !s->step->residual) return AD_OK;
    io->residual = s->w.frame;
    io->y1       = s->w.y[0];
    io->carry1   = s->step->has_carry ? s->w.carry[0] : s->w.y[0];
    if (s->step->has_carry) s->w.k[last] = io->carry1;
    s->stats.nfe += s->step->evaluations;
    return s->step->ops->forward(s->step, io);
}

/* d y(t_i) / d t_i = f there, for an output on a grid point. */
static ad_status time_at_node(joint *w, const nde_taken *k, int i, const char *y, const char *f,
                              double t)
{
    nde_solver *s = w->s;
    (void)k;
    if (!w->c->t_bar) return AD_OK;
    nde_layout_load(s->layout, w->n, y_bar_of(w, i), s->w.point);
    if (!f) {
        s->w.t[0]         = t;
        nde_attempt_io io = { .n = w->n, .t = s->w.t, .y = y, .carry1 = s->w.carry[1] };
        AD_TRY(s->step->ops->start(s->step, &io));
        f = s->w.carry[1];
    }
    w->c->t_bar[i] = nde_layout_dot(s->layout, w->n, s->w.point, f);
    return AD_OK;
}

/* Outputs of the step, newest first: those at its end go into lambda, those inside into the interpolant's cotangents.
   *inside: how many; dt, dh: their cotangents of the step's t and h through x = (t_i - t) / h. */
static ad_status take_outputs(joint *w, const nde_taken *k, const nde_attempt_io *io, int *inside,
                              double *dt, double *dh)
{
    adj_solver      *a     = w->a;
    nde_solver      *s     = w->s;
    double           t1    = k->t + k->h;
    const nde_taken *after = k + 1 < s->record->step + s->record->steps ? k + 1 : NULL;
    if (after)
        t1 = after->t;
    else
        t1 = a->t[a->times - 1];
    *inside = 0, *dt = 0, *dh = 0;
    for (int left = k->outputs; left > 0; left--, w->next--) {
        int i = w->next;
        if (!w->c->y_bar) continue;
        nde_layout_load(s->layout, w->n, y_bar_of(w, i), s->w.point);
        if (a->t[i] == t1) {
            nde_layout_add(s->layout, w->n, w->lambda, s->w.point);
            if (i < a->times - 1)
                AD_TRY(time_at_node(w, k, i, k->y1, s->step->has_carry ? k->carry1 : NULL, t1));
            if (i < a->times - 1 && !after && w->c->t_bar)
                w->t1_bar -= w->c->t_bar[i]; /* it stays when the end moves */
            continue;
        }
        if (!(*inside)++) {
            for (int q = 0; q < s->step->degree; q++)
                nde_layout_zero(s->layout, w->n, a->coefficient_bar[q]);
            nde_layout_zero(s->layout, w->n, a->lambda[0] == w->lambda_out ? a->d_y : a->d_y);
            nde_layout_zero(s->layout, w->n, s->w.y[1]);
            if (w->c->t_bar) AD_TRY(s->step->ops->dense(s->step, io, s->w.coefficient));
        }
        double x = (a->t[i] - k->t) / k->h, x_bar = 0, power = 1;
        adj_seed_output(a, w->n, x, s->w.point);
        nde_layout_add(s->layout, w->n, s->w.y[1], s->w.point); /* the y of y + sum c_p x^p */
        if (!w->c->t_bar) continue;
        for (int q = 0; q < s->step->degree; q++, power *= x)
            x_bar += (q + 1) * power *
                     nde_layout_dot(s->layout, w->n, s->w.coefficient[q], s->w.point);
        w->c->t_bar[i] = x_bar / k->h;
        *dt -= x_bar / k->h;
        *dh -= x * x_bar / k->h;
    }
    return AD_OK;
}

/* Cotangents of the step's error and stiffness estimates into those of its rows. */
static int seed_rows(joint *w, long step, const nde_taken *k, nde_attempt_bar *bar)
{
    adj_solver       *a                  = w->a;
    nde_estimates_bar e                  = adj_estimates_bar(w->c, step);
    double            q_bar[NDE_COLUMNS] = { 0 };
    nde_error_pullback(w->s->step, k->q, (double)(w->s->error_dim * w->n), &e, q_bar);
    for (int c = 0; c < NDE_COLUMNS; c++) {
        for (long i = 0; i < w->n; i++) a->rows[c][i] = q_bar[c];
        bar->rows[c] = a->rows[c];
    }
    return e.error != 0 || e.stiffness != 0 || e.unscaled != 0;
}

static ad_status pull_step(joint *w, long step)
{
    adj_solver      *a = w->a;
    nde_solver      *s = w->s;
    const nde_taken *k = &s->record->step[step];
    nde_attempt_io   io;
    AD_TRY(revisit(w, k, &io));
    int    inside, carry = s->step->has_carry, last = s->step->stages - 1;
    double dt, dh;
    AD_TRY(take_outputs(w, k, &io, &inside, &dt, &dh));
    s->w.t[0]            = k->t;
    nde_attempt_bar bar  = { .y1     = w->lambda,
                             .carry1 = w->kappa,
                             .k      = a->zero_k,
                             .y      = w->lambda_out,
                             .carry  = w->kappa_out,
                             .t      = a->t_bar,
                             .h      = a->h_bar };
    int             ends = w->c->t_bar && (step == 0 || step == s->record->steps - 1);
    int             full = inside || ends, rows = 0;
    if (adj_any_estimates(w->c) || full) rows = seed_rows(w, step, k, &bar);
    a->d_t[0] = a->d_h[0] = 0;
    if (inside) {
        nde_attempt_bar d = { .k = a->k, .y = a->d_y, .t = a->d_t, .h = a->d_h };
        AD_TRY(s->step->ops->dense_pullback(s->step, &io, a->coefficient_bar, &d, a->d_y1));
        s->stats.nvjp += s->step->dense_evaluations;
        adj_add_args(a, w->n, NULL);
        nde_layout_add(s->layout, w->n, w->lambda, a->d_y1);
        if (carry) nde_layout_add(s->layout, w->n, w->kappa, a->k[last]);
        bar.k = a->k;
    }
    nde_pull what = full ? NDE_PULL_FULL : rows ? NDE_PULL_ROWS : NDE_PULL_STATES;
    AD_TRY(s->step->ops->pullback(s->step, &io, &bar, what));
    s->stats.nvjp += s->step->evaluations;
    adj_add_args(a, w->n, NULL);
    if (inside) {
        nde_layout_add(s->layout, w->n, w->lambda_out, a->d_y);
        nde_layout_add(s->layout, w->n, w->lambda_out, s->w.y[1]);
        if (carry) nde_layout_add(s->layout, w->n, w->kappa_out, a->k[0]);
    }
    double t_bar = full ? a->t_bar[0] + a->d_t[0] + dt : 0,
           h_bar = full ? a->h_bar[0] + a->d_h[0] + dh : 0;
    if (step == s->record->steps - 1) w->t1_bar += h_bar;
    if (step == 0) w->t0_bar = t_bar - h_bar;
    char *swap = w->lambda;
    w->lambda = w->lambda_out, w->lambda_out = swap;
    swap     = w->kappa;
    w->kappa = w->kappa_out, w->kappa_out = swap;
    return AD_OK;
}

/* Where the chain of carries begins: k = f(t, y) pulled back by itself. */
static ad_status pull_start(joint *w, long step)
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
    if (step == 0) w->t0_bar += a->t_bar[0];
    return AD_OK;
}

/* Cotangents of the state from which the step went. */
static void add_states(joint *w, long step)
{
    const adj_solver *a     = w->a;
    const nde_layout *l     = w->s->layout;
    size_t            bytes = (size_t)(w->n * l->dim) * ad_type_size(l->type);
    for (long i = adj_first_state(a, step); i >= 0; i = a->state_next[i]) {
        nde_layout_load(l, w->n, (const char *)w->c->state_bar + (size_t)i * bytes, w->s->w.point);
        nde_layout_add(l, w->n, w->lambda, w->s->w.point);
    }
}

/* Outputs at t0: y0 itself for i = 0; another output time there moves along f. */
static ad_status pull_outputs_at_start(joint *w)
{
    nde_solver      *s = w->s;
    const nde_taken *k = &s->record->step[0];
    for (; w->next >= 0 && w->c->y_bar; w->next--) {
        nde_layout_load(s->layout, w->n, y_bar_of(w, w->next), s->w.point);
        nde_layout_add(s->layout, w->n, w->lambda, s->w.point);
        if (w->next == 0 || !w->c->t_bar) continue;
        AD_TRY(time_at_node(w, k, w->next, k->y, s->step->has_carry ? k->carry : NULL, k->t));
        w->t0_bar -= w->c->t_bar[w->next];
    }
    return AD_OK;
}

ad_status adj_pullback_joint(adj_solver *a, const adj_cotangents *c)
{
    nde_solver *s = a->s;
    joint       w = { .a          = a,
                      .s          = s,
                      .c          = c,
                      .n          = a->n,
                      .next       = a->times - 1,
                      .lambda     = a->lambda[0],
                      .kappa      = a->kappa[0],
                      .lambda_out = a->lambda[1],
                      .kappa_out  = a->kappa[1] };
    nde_layout_zero(s->layout, w.n, w.lambda);
    nde_layout_zero(s->layout, w.n, w.kappa);
    for (int i = 0; c->t_bar && i < a->times; i++) c->t_bar[i] = 0;
    for (long step = s->record->steps - 1; step >= 0; step--) {
        AD_TRY(pull_step(&w, step));
        AD_TRY(pull_start(&w, step));
        add_states(&w, step);
    }
    AD_TRY(pull_outputs_at_start(&w));
    if (c->t_bar) c->t_bar[0] += w.t0_bar, c->t_bar[a->times - 1] += w.t1_bar;
    AD_TRY(adj_check_finite(a, w.n, w.lambda, NULL));
    if (c->y0_bar) nde_layout_store(s->layout, w.n, w.lambda, c->y0_bar);
    return AD_OK;
}
