/* lanes.c - the loop in which every sample has steps of its own. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "lanes.h"

/* --- making -------------------------------------------------------------------------------------------------------- */

ad_status nde_lanes_new(nde_solver *s)
{
    nde_lanes *l = s->lanes = ad_alloc(sizeof *l);
    if (!l) return AD_NO_MEMORY;
    size_t   n      = (size_t)s->capacity;
    double **real[] = { &l->t,  &l->h,  &l->t1,   &l->t0,    &l->dir,   &l->end,
                        &l->lo, &l->hi, &l->stop, &l->error, &l->log_e, &l->power };
    char   **flag[] = { &l->accepted, &l->stopped, &l->leaves, &l->restart };
    int      ok     = 1;
    for (size_t i = 0; i < sizeof real / sizeof *real; i++)
        ok = ok && (*real[i] = ad_alloc(sizeof(double) * n));
    for (size_t i = 0; i < sizeof flag / sizeof *flag; i++) ok = ok && (*flag[i] = ad_alloc(n));
    ok = ok && (l->id = ad_alloc(sizeof(long) * n)) && (l->rows = ad_alloc(sizeof(long) * n)) &&
         (l->last = ad_alloc(sizeof(long) * n)) && (l->grid = ad_alloc(sizeof(long) * n)) &&
         (l->next = ad_alloc(sizeof(int) * n)) && (l->control = ad_alloc(sizeof *l->control * n)) &&
         (l->status = ad_alloc(sizeof *l->status * n)) &&
         (l->spare_y = ad_alloc(s->layout->bytes)) && (l->spare_carry = ad_alloc(s->layout->bytes));
    return ok ? AD_OK : AD_NO_MEMORY;
}

void nde_lanes_free(nde_lanes *l)
{
    if (!l) return;
    void *all[] = { l->t,           l->h,       l->t1,     l->t0,      l->dir,    l->end,
                    l->lo,          l->hi,      l->stop,   l->error,   l->log_e,  l->power,
                    l->accepted,    l->stopped, l->leaves, l->restart, l->id,     l->rows,
                    l->last,        l->grid,    l->next,   l->control, l->status, l->spare_y,
                    l->spare_carry, l->block,   l->step };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) ad_free(all[i]);
    ad_free(l);
}

/* --- one solve ------------------------------------------------------------------------------------------------------ */

void nde_lanes_enter_piece(lanes_run *w, long i)
{
    nde_lanes *l = w->l;
    nde_solver_piece(w->s, l->t[i], l->end[i], &l->lo[i], &l->hi[i], &l->stop[i]);
    l->restart[i] = 1;
}

/* Room for what an attempt leaves; recorded, or one of two. */
ad_status nde_lanes_room(lanes_run *w)
{
    nde_solver *s = w->s;
    nde_record *r = s->record;
    if (!r) {
        w->y1     = s->w.y[1] == w->y ? s->w.y[0] : s->w.y[1],
        w->carry1 = s->w.carry[1] == w->carry ? s->w.carry[0] : s->w.carry[1];
        return AD_OK;
    }
    w->y1     = nde_pool_take(&r->pool, s->layout->bytes);
    w->carry1 = s->step->has_carry ? nde_pool_take(&r->pool, s->layout->bytes) : w->y1;
    w->frame  = r->keep_frames ? nde_pool_take(&r->pool, s->step->residual) : s->w.frame;
    return w->y1 && w->carry1 && (w->frame || !s->step->residual) ? AD_OK : AD_NO_MEMORY;
}

static ad_status begin(lanes_run *w)
{
    nde_solver *s = w->s;
    nde_lanes  *l = w->l;
    long        n = w->a->n;
    l->m = n, l->blocks = l->steps = 0;
    for (long i = 0; i < n; i++) {
        const double *t = nde_lanes_times(w, i);
        l->id[i] = i, l->t[i] = l->t0[i] = t[0], l->end[i] = t[w->a->times - 1];
        l->dir[i]  = l->end[i] >= l->t[i] ? 1 : -1;
        l->next[i] = 1, l->grid[i] = 0, l->last[i] = -1, l->status[i] = AD_OK;
        nde_controller_start(s->o.controller, &l->control[i]);
        nde_lanes_enter_piece(w, i);
    }
    if (s->record) {
        nde_pool_reset(&s->record->pool);
        w->y     = nde_pool_take(&s->record->pool, s->layout->bytes);
        w->carry = nde_pool_take(&s->record->pool, s->layout->bytes);
        if (!w->y || !w->carry) return AD_NO_MEMORY;
    } else {
        w->y = s->w.y[0], w->carry = s->w.carry[0];
    }
    nde_layout_load(s->layout, n, w->a->y0, w->y);
    if (w->a->y)
        memcpy(w->a->y, w->a->y0, (size_t)(n * s->layout->dim) * ad_type_size(s->ode.type));
    for (long i = 0; i < n; i++) {
        if (l->end[i] == l->t[i])
            return ad_fail(AD_INVALID,
                           "sample %ld: the interval is empty, t goes from %.17g to %.17g", i,
                           l->t[i], l->end[i]);
        AD_TRY(nde_solver_check_grid(s, l->t[i], l->end[i]));
    }
    return AD_OK;
}

void nde_lanes_bound_times(lanes_run *w, const double *t, long m)
{
    for (long i = 0; i < m; i++) w->s->w.t[i] = fmin(fmax(t[i], w->l->lo[i]), w->l->hi[i]);
}

/* carry = f(t, y) for all lanes */
static ad_status start_all(lanes_run *w, const double *t, const char *y, char *f)
{
    nde_lanes_bound_times(w, t, w->l->m);
    nde_attempt_io io = w->io;
    io.n = w->l->m, io.y = y, io.carry1 = f;
    w->starts += w->l->m;
    return w->s->step->ops->start(w->s->step, &io);
}

static ad_status first_steps(lanes_run *w)
{
    nde_solver *s     = w->s;
    nde_lanes  *l     = w->l;
    int         fixed = s->o.fixed_step > 0 || s->o.nsteps_given;
    for (long i = 0; i < l->m; i++) l->h[i] = fabs(s->o.h);
    if (s->step->has_carry) AD_TRY(start_all(w, l->t, w->y, w->carry));
    if (fixed || s->o.h != 0) return AD_OK;
    char *k1 = s->w.coefficient[0], *f1 = s->w.point, *y1 = s->w.stages;
    if (s->step->has_carry)
        nde_layout_copy(s->layout, l->m, w->carry, k1);
    else
        AD_TRY(start_all(w, l->t, w->y, k1));
    nde_layout_copy(s->layout, l->m, w->y, y1);
    for (long i = 0; i < l->m; i++) {
        double d0 = nde_solver_norm(s, i, 1, w->y, NULL, w->y),
               d1 = nde_solver_norm(s, i, 1, k1, NULL, w->y);
        double h0 = fmin(nde_initial_guess(d0, d1), fabs(l->end[i] - l->t[i]));
        l->h[i] = h0, l->log_e[i] = d1, l->t1[i] = l->t[i] + l->dir[i] * h0;
        for (int p = 0; p < s->layout->parts; p++) /* y1 = y + h0 k1 */
            for (long j = i * s->layout->size[p]; j < (i + 1) * s->layout->size[p]; j++) {
                char *to = y1 + s->layout->offset[p];
                if (s->ode.type == AD_F32)
                    ((float *)to)[j] += (float)(l->dir[i] * h0) *
                                        ((float *)(k1 + s->layout->offset[p]))[j];
                else
                    ((double *)to)[j] += l->dir[i] * h0 *
                                         ((double *)(k1 + s->layout->offset[p]))[j];
            }
    }
    AD_TRY(start_all(w, l->t1, y1, f1));
    int order = s->step->method->order + (s->o.controller->initial_step_order ? 0 : 1);
    for (long i = 0; i < l->m; i++) {
        double h0 = l->h[i], d2 = nde_solver_norm(s, i, 1, f1, k1, w->y) / h0;
        double h = nde_initial_step(h0, l->log_e[i], d2, order);
        l->h[i]  = isfinite(h) ? h : h0;
    }
    return AD_OK;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static ad_status run(lanes_run *w)
{
    AD_TRY(begin(w));
    AD_TRY(first_steps(w));
    AD_TRY(nde_lanes_room(w));
    for (long attempts = 0; w->l->m > 0; attempts++) AD_TRY(nde_lanes_attempt(w, attempts));
    return AD_OK;
}

ad_status nde_solve_lanes(nde_solver *s, const nde_solve_args *a)
{
    lanes_run w = { .s = s, .l = s->lanes, .a = a, .frame = s->w.frame };
    w.io = (nde_attempt_io){ .t = s->w.t, .h = s->w.h, .lo = s->w.lo, .hi = s->w.hi, .k = s->w.k };
    memcpy(w.io.rows, s->w.rows, sizeof w.io.rows);
    ad_status  e = run(&w);
    nde_lanes *l = s->lanes;
    for (long i = 0; e && i < l->m; i++)
        l->status[l->id[i]] = e, nde_lanes_fill_nan(&w, l->id[i], l->next[i]);
    if (!e && w.failure) e = ad_fail(w.failure, "%s", w.sentence);
    nde_solver_count(s, w.starts);
    s->stats.nfe       = w.starts + (s->stats.accepted + s->stats.rejected) * s->step->evaluations;
    s->stats.t_reached = l->m ? l->t[0] : a->t[a->times - 1];
    if (s->record) s->record->finished = e == AD_OK;
    for (long i = 0; a->status && i < a->n; i++) a->status[i] = l->status[i];
    return e;
}
