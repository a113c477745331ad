/* lanes_rows.c - rows of different attempts gathered into one batch. */
#include <string.h>

#include "lanes.h"

static void take_row(const nde_layout *y, char *to, long i, const char *from, long row)
{
    for (int p = 0; p < y->parts; p++) {
        size_t bytes = (size_t)y->size[p] * ad_type_size(y->type);
        memcpy(to + y->offset[p] + (size_t)i * bytes, from + y->offset[p] + (size_t)row * bytes,
               bytes);
    }
}

/* to[i] += c x[row] of one sample's cotangent in the user's layout (output k of `sample`) */
void adj_lanes_add_output(const lanes_round *r, char *to, long i, double c, int k, long sample)
{
    const nde_layout *y     = r->s->layout;
    long              first = (long)k * r->a->n * y->dim;
    for (int p = 0; p < y->parts; first += r->a->n * y->size[p], p++)
        for (long j = 0; j < y->size[p]; j++) {
            long from = first + sample * y->size[p] + j, at = i * y->size[p] + j;
            if (y->type == AD_F32)
                ((float *)(to + y->offset[p]))[at] += (float)c * ((const float *)r->c->y_bar)[from];
            else
                ((double *)(to + y->offset[p]))[at] += c * ((const double *)r->c->y_bar)[from];
        }
}

double adj_lanes_dot_output(const lanes_round *r, const char *x, long i, int k, long sample)
{
    const nde_layout *y     = r->s->layout;
    long              first = (long)k * r->a->n * y->dim;
    double            sum   = 0;
    for (int p = 0; p < y->parts; first += r->a->n * y->size[p], p++)
        for (long j = 0; j < y->size[p]; j++) {
            long from = first + sample * y->size[p] + j, at = i * y->size[p] + j;
            if (y->type == AD_F32)
                sum += (double)((const float *)(x + y->offset[p]))[at] *
                       ((const float *)r->c->y_bar)[from];
            else
                sum += ((const double *)(x + y->offset[p]))[at] *
                       ((const double *)r->c->y_bar)[from];
        }
    return sum;
}

/* Batched args of the listed samples, from the caller's. */
void adj_lanes_gather_args(lanes_round *r, long m, const long *id)
{
    nde_solver *s = r->s;
    for (int i = 0; i < s->ode.nargs; i++) {
        const nde_arg *arg = &s->ode.args[i];
        size_t         row = (size_t)ad_elements(arg->shape) *
                     ad_type_size(arg->type ? arg->type : s->ode.type);
        for (long j = 0; arg->shape.batched && j < m; j++)
            memcpy((char *)s->args[i] + (size_t)j * row,
                   (const char *)r->a->args[i] + (size_t)id[j] * row, row);
    }
}

/* --- packing a round ---------------------------------------------------------------------------------------------- */

static void gather_frame(lanes_round *r)
{
    const nde_step *step = r->s->step;
    for (int k = 0; k < step->residuals; k++) {
        const ad_residual *x = &step->residual_array[k];
        if (x->blocks == 0)
            memcpy(r->w->frame + x->offset, adj_lanes_block(r, 0)->frame + x->offset, x->row);
        for (long c = 0; c < x->blocks; c++)
            for (long i = 0; i < r->m; i++) {
                const lane_block *b = adj_lanes_block(r, i);
                memcpy(r->w->frame + x->offset + (size_t)(c * r->m + i) * x->row,
                       b->frame + x->offset +
                           (size_t)(c * b->m + adj_lanes_step(r, i)->row) * x->row,
                       x->row);
            }
    }
}

/* The stages' values of a row, for the interpolant. An attempt without outputs kept none: zeros, since the row's
   cotangents are zero and zero times what lies there from before need not be. */
static void take_stages(lanes_round *r, long i)
{
    const nde_layout *y     = r->s->layout;
    const char       *from  = adj_lanes_block(r, i)->stages;
    int               carry = r->s->step->has_carry, last = r->s->step->stages - 1;
    for (int k = carry; k <= last - carry; k++) {
        if (from)
            take_row(y, r->s->w.k[k], i, from + (size_t)k * y->bytes, adj_lanes_step(r, i)->row);
        else
            take_row(y, r->s->w.k[k], i, r->a->zero, 0);
    }
}

ad_status adj_lanes_pack(lanes_round *r)
{
    nde_solver       *s     = r->s;
    adj_lanes        *w     = r->w;
    const nde_layout *y     = s->layout;
    int               carry = s->step->has_carry, any = 0;
    for (long i = 0; i < r->m; i++) {
        const lane_step  *k = adj_lanes_step(r, i);
        const lane_block *b = adj_lanes_block(r, i);
        take_row(y, w->y, i, b->y, k->row);
        take_row(y, w->y1, i, b->y1, k->row);
        if (carry)
            take_row(y, w->carry, i, b->carry, k->row),
                take_row(y, w->carry1, i, b->carry1, k->row);
        s->w.t[i] = w->t[i] = b->t[k->row], s->w.h[i] = w->h[i] = b->h[k->row],
        s->w.lo[i] = b->lo[k->row], s->w.hi[i] = b->hi[k->row];
        w->first[i] = k->previous < 0;
        w->t1[i]    = w->last[i] ? adj_lanes_time(r, w->id[i], r->a->times - 1) : w->t1[i];
        any |= k->outputs > 0;
    }
    r->io = (nde_attempt_io){ .n        = r->m,
                              .t        = s->w.t,
                              .h        = s->w.h,
                              .lo       = s->w.lo,
                              .hi       = s->w.hi,
                              .y        = w->y,
                              .carry    = w->carry,
                              .y1       = w->y1,
                              .carry1   = w->carry1,
                              .k        = s->w.k,
                              .residual = w->frame };
    memcpy(r->io.rows, s->w.rows, sizeof r->io.rows);
    nde_solver_bind_stages(s, w->carry, w->carry1);
    if (s->record->keep_frames) {
        gather_frame(r);
        for (long i = 0; any && i < r->m; i++) take_stages(r, i);
        return AD_OK;
    }
    s->stats.nfe += r->m * s->step->evaluations;
    return s->step->ops->forward(s->step, &r->io);
}
