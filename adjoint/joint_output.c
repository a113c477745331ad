/* joint_output.c - cotangents of the outputs of a joint solve, into the steps that they were read from. */
#include "joint.h"

static const char *y_bar_of(const adj_joint *w, int i)
{
    size_t bytes = (size_t)(w->n * w->s->layout->dim) * ad_type_size(w->s->ode.type);
    return (const char *)w->c->y_bar + (size_t)i * bytes;
}

/* d y(t_i) / d t_i = f there, for an output on a grid point: y_bar'f, y_bar at s->w.point. f: NULL where no carry has it. */
static ad_status along_field(adj_joint *w, const char *y, const char *f, double t, double *along)
{
    nde_solver *s = w->s;
    if (!f) {
        nde_attempt_io io = { .n = w->n, .t = &t, .y = y, .carry1 = s->w.carry[1] };
        AD_TRY(s->step->ops->start(s->step, &io));
        f = s->w.carry[1];
    }
    *along = nde_layout_dot(s->layout, w->n, s->w.point, f);
    return AD_OK;
}

/* Output i at the step's end t1: its state is y1, whose time stays where it is when the grid point moves:

       y(t_i) = y1 + (t_i - t1) f.                                                                              (1)

   Grid points are constants, but for the last; with step sizes that are none, all that are not cut to this very time. */
static ad_status output_at_end(adj_joint *w, const nde_taken *k, int i, double t1, int is_last)
{
    nde_solver *s = w->s;
    double      along;
    nde_layout_add(s->layout, w->n, w->lambda, s->w.point);
    if (i == w->a->times - 1 || (w->moving && i == adj_joint_attempt(w)->cut)) return AD_OK;
    if (!w->c->t_bar && !w->moving) return AD_OK;
    AD_TRY(along_field(w, k->y1, s->step->has_carry ? k->carry1 : NULL, t1, &along));
    if (w->c->t_bar) w->c->t_bar[i] = along;
    if (w->moving)
        w->size.t -= along;
    else if (is_last)
        w->t1_bar -= along;
    return AD_OK;
}

static ad_status output_inside(adj_joint *w, const nde_taken *k, const nde_attempt_io *io, int i,
                               adj_inside *in)
{
    adj_solver *a     = w->a;
    nde_solver *s     = w->s;
    int         times = w->c->t_bar || w->moving;
    double      x = (a->t[i] - k->t) / k->h, x_bar = 0, power = 1;
    if (!in->count++) {
        for (int q = 0; q < s->step->degree; q++)
            nde_layout_zero(s->layout, w->n, a->coefficient_bar[q]);
        nde_layout_zero(s->layout, w->n, s->w.y[1]);
        AD_TRY(s->step->ops->dense(s->step, io, s->w.coefficient));
    }
    adj_seed_output(a, w->n, x, s->w.point);
    nde_layout_add(s->layout, w->n, s->w.y[1], s->w.point); /* the y of y + sum c_p x^p */
    if (!times) return AD_OK;
    for (int q = 0; q < s->step->degree; q++, power *= x)
        x_bar += (q + 1) * power * nde_layout_dot(s->layout, w->n, s->w.coefficient[q], s->w.point);
    if (w->c->t_bar) w->c->t_bar[i] = x_bar / k->h;
    in->t -= x_bar / k->h;
    in->h -= x * x_bar / k->h;
    return AD_OK;
}

/* Newest first: those at the step's end go into lambda, those inside into the interpolant's cotangents. */
ad_status adj_joint_outputs(adj_joint *w, const nde_taken *k, const nde_attempt_io *io,
                            adj_inside *in)
{
    const nde_record *r    = w->s->record;
    int               last = k + 1 == r->step + r->steps;
    double            t1   = last ? w->a->t[w->a->times - 1] : k[1].t;
    *in                    = (adj_inside){ 0 };
    for (int left = k->outputs; left > 0; left--, w->next--) {
        int i = w->next;
        if (!w->c->y_bar) continue;
        nde_layout_load(w->s->layout, w->n, y_bar_of(w, i), w->s->w.point);
        AD_TRY(w->a->t[i] == t1 ? output_at_end(w, k, i, t1, last)
                                : output_inside(w, k, io, i, in));
    }
    return AD_OK;
}

/* Outputs at t0: y0 itself for i = 0; another output time there moves along f. */
ad_status adj_joint_outputs_at_start(adj_joint *w)
{
    nde_solver      *s = w->s;
    const nde_taken *k = &s->record->step[0];
    for (; w->next >= 0 && w->c->y_bar; w->next--) {
        double along;
        nde_layout_load(s->layout, w->n, y_bar_of(w, w->next), s->w.point);
        nde_layout_add(s->layout, w->n, w->lambda, s->w.point);
        if (w->next == 0 || !w->c->t_bar) continue;
        AD_TRY(along_field(w, k->y, s->step->has_carry ? k->carry : NULL, k->t, &along));
        w->c->t_bar[w->next] = along;
        w->t0_bar -= along;
    }
    return AD_OK;
}
