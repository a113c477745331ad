/* lanes_output.c - cotangents of outputs, of each sample at its own times. */
#include <string.h>

#include "lanes.h"

static ad_status field_at_ends(lanes_round *r, const char **f)
{
    nde_solver *s = r->s;
    *f            = r->w->carry1;
    if (s->step->has_carry) return AD_OK;
    memcpy(s->w.t, r->w->t1, sizeof(double) * (size_t)r->m);
    nde_attempt_io io = r->io;
    io.y = r->w->y1, io.carry1 = s->w.carry[1];
    *f          = s->w.carry[1];
    ad_status e = s->step->ops->start(s->step, &io);
    memcpy(s->w.t, r->w->t, sizeof(double) * (size_t)r->m);
    return e;
}

static void output_inside(lanes_round *r, long i, int k)
{
    nde_solver *s  = r->s;
    adj_lanes  *w  = r->w;
    long        id = w->id[i];
    double      x = (adj_lanes_time(r, id, k) - w->t[i]) / w->h[i], power = 1, x_bar = 0;
    for (int q = 0; q < s->step->degree; q++) {
        if (r->c->t_bar)
            x_bar += (q + 1) * power * adj_lanes_dot_output(r, s->w.coefficient[q], i, k, id);
        power *= x;
        adj_lanes_add_output(r, r->a->coefficient_bar[q], i, power, k, id);
    }
    adj_lanes_add_output(r, w->y_sum, i, 1, k, id);
    if (!r->c->t_bar) return;
    *adj_lanes_t_bar(r, id, k) += x_bar / w->h[i];
    w->dt[i] -= x_bar / w->h[i];
    w->dh[i] -= x * x_bar / w->h[i];
}

ad_status adj_lanes_take_outputs(lanes_round *r, int *any)
{
    nde_solver *s = r->s;
    adj_lanes  *w = r->w;
    const char *f = NULL;
    *any          = 0;
    memset(w->dt, 0, sizeof(double) * (size_t)r->m);
    memset(w->dh, 0, sizeof(double) * (size_t)r->m);
    for (long i = 0; i < r->m; i++) {
        int left     = adj_lanes_step(r, i)->outputs;
        w->inside[i] = 0;
        for (; r->c->y_bar && left > 0 && adj_lanes_time(r, w->id[i], w->next[i]) == w->t1[i];
             left--, w->next[i]--) {
            adj_lanes_add_output(r, r->lambda, i, 1, w->next[i], w->id[i]);
            if (!r->c->t_bar || w->next[i] == r->a->times - 1) continue;
            if (!f) AD_TRY(field_at_ends(r, &f));
            double along = adj_lanes_dot_output(r, f, i, w->next[i], w->id[i]);
            *adj_lanes_t_bar(r, w->id[i], w->next[i]) += along;
            if (w->last[i]) w->t1_bar[w->id[i]] -= along; /* it stays when the end moves */
        }
        w->inside[i] = r->c->y_bar ? left : 0;
        *any |= w->inside[i] > 0;
    }
    if (!*any) return AD_OK;
    for (int q = 0; q < s->step->degree; q++)
        nde_layout_zero(s->layout, r->m, r->a->coefficient_bar[q]);
    nde_layout_zero(s->layout, r->m, w->y_sum);
    AD_TRY(s->step->ops->dense(s->step, &r->io, s->w.coefficient));
    for (long i = 0; i < r->m; i++)
        for (; w->inside[i] > 0; w->inside[i]--, w->next[i]--) output_inside(r, i, w->next[i]);
    return AD_OK;
}
