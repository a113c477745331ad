/* solve_joint.c - the loop in which all samples share their steps. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "joint.h"

/* --- one attempt ------------------------------------------------------------------------------------------------------------------ */

/* Where the next attempt ends; *last: at the end of a piece (or an output that must be hit). */
static double choose_end(joint *w, int *stopped)
{
    nde_solver *s    = w->s;
    double      stop = w->stop;
    *stopped         = 1;
    w->cut           = stop == w->end ? w->a->times - 1 : NDE_CUT_BREAK;
    if (s->o.nsteps_given) return s->o.steps_given[w->grid + 1];
    if (w->clip_outputs && w->next < w->a->times && (w->a->t[w->next] - stop) * w->dir < 0)
        stop = w->a->t[w->next], w->cut = w->next;
    double h  = s->o.fixed_step > 0 ? s->o.fixed_step : w->h;
    w->capped = s->o.h_max > 0 && h > s->o.h_max;
    if (w->capped) h = s->o.h_max;
    double t1 = s->o.fixed_step > 0 && !s->o.nbreaks && !w->clip_outputs
                    ? w->a->t[0] + w->dir * h * (double)(w->grid + 1)
                    : w->t + w->dir * h;
    if ((t1 + 1e-10 * w->dir * h - stop) * w->dir >= 0) return stop;
    *stopped = 0;
    w->cut   = NDE_CUT_NOT;
    return t1;
}

static ad_status attempt(joint *w, double t1)
{
    nde_solver *s = w->s;
    long        n = w->a->n;
    s->w.t[0] = w->t, s->w.h[0] = t1 - w->t;
    nde_solver_bind_stages(s, w->carry, w->carry1);
    w->io.y = w->y, w->io.carry = w->carry, w->io.y1 = w->y1, w->io.carry1 = w->carry1;
    w->io.residual = w->frame;
    AD_TRY(nde_solver_forward(s, &w->io));
    for (int c = 0; c < NDE_COLUMNS; c++) {
        double sum = 0;
        if (!(s->step->columns >> c & 1)) continue;
        for (long i = 0; i < n; i++) sum += s->w.rows[c][i];
        w->q[c] = sum;
    }
    w->error = s->step->columns & 1 ? nde_error(s->step, w->q, (double)(s->error_dim * n)) : 0;
    return AD_OK;
}

/* --- after acceptance ----------------------------------------------------------------------------------------------------------- */

static size_t output_bytes(const joint *w)
{
    return (size_t)(w->a->n * w->s->layout->dim) * ad_type_size(w->s->ode.type);
}

static ad_status outputs(joint *w, double t1, int *count)
{
    nde_solver *s = w->s;
    *count        = 0;
    int dense     = 0;
    for (; w->next < w->a->times && (w->a->t[w->next] - t1) * w->dir <= 0; w->next++, ++*count) {
        char       *to   = w->a->y ? (char *)w->a->y + (size_t)w->next * output_bytes(w) : NULL;
        const char *from = w->y1;
        if (!to) continue;
        if (w->a->t[w->next] != t1) {
            if (!dense) AD_TRY(s->step->ops->dense(s->step, &w->io, s->w.coefficient));
            dense = 1;
            nde_solver_interpolate(s, 0, w->a->n, w->y, (w->a->t[w->next] - w->t) / (t1 - w->t),
                                   s->w.point);
            from = s->w.point;
        }
        nde_layout_store(s->layout, w->a->n, from, to);
    }
    if (dense) w->starts += s->step->dense_evaluations;
    return AD_OK;
}

static ad_status keep(joint *w, double t1, int count)
{
    nde_solver *s = w->s;
    nde_taken  *k = nde_record_add(s->record);
    if (!k) return AD_NO_MEMORY;
    *k = (nde_taken){ .t         = w->t,
                      .h         = t1 - w->t,
                      .error     = w->error,
                      .stiffness = nde_stiffness(w->q),
                      .lo        = w->lo,
                      .hi        = w->hi,
                      .y         = w->y,
                      .carry     = w->carry,
                      .y1        = w->y1,
                      .carry1    = w->carry1,
                      .frame     = s->record->keep_frames ? w->frame : NULL,
                      .outputs   = count,
                      .restart   = w->restart };
    memcpy(k->q, w->q, sizeof k->q);
    if (count && s->record->keep_frames) {
        size_t bytes = s->layout->bytes * (size_t)s->step->stages;
        k->stages    = nde_pool_take(&s->record->pool, bytes);
        if (!k->stages) return AD_NO_MEMORY;
        memcpy(k->stages, s->w.stages, bytes);
    }
    return AD_OK;
}

static ad_status accept(joint *w, double t1, int stopped)
{
    nde_solver *s = w->s;
    int         count;
    AD_TRY(outputs(w, t1, &count));
    if (s->record) AD_TRY(keep(w, t1, count));
    s->stats.accepted++;
    w->grid++;
    w->t       = t1;
    w->restart = 0;
    w->y = w->y1, w->carry = w->carry1;
    s->stats.t_reached = t1;
    if (t1 == w->end) return AD_OK;
    AD_TRY(nde_joint_next_room(w));
    return stopped && t1 == w->stop ? nde_joint_begin_piece(w) : AD_OK;
}

static int observe(joint *w, double h, int accepted)
{
    nde_attempt at = { w->t, h, w->error, w->a->n, accepted };
    return w->s->o.observe && w->s->o.observe(&at, w->s->o.observe_ctx);
}

/* --- the loop --------------------------------------------------------------------------------------------------------------------- */

static ad_status give_up(joint *w, double h)
{
    nde_solver *s    = w->s;
    long        step = s->stats.accepted;
    if (!isfinite(w->error)) {
        const char *f = s->step->has_carry ? w->carry : NULL;
        return nde_solver_nonfinite(s, w->a->n, w->t, h, step, w->y, f, NULL);
    }
    return ad_fail(
        AD_STEP_UNDERFLOW,
        "the step fell to %.3g at t = %.9g after %ld steps (error %.3g of the tolerance): the "
        "solution may be "
        "singular there, the problem too stiff for %s, or the tolerance below what %s resolves",
        h, w->t, step, w->error, s->step->method->name,
        s->ode.type == AD_F32 ? "float32" : "float64");
}

static ad_status advance_fixed(joint *w, double t1, int stopped)
{
    nde_solver *s = w->s;
    long        sample, component;
    int         part;
    if (nde_layout_nonfinite(s->layout, w->a->n, w->y1, &sample, &part, &component)) {
        w->error = NAN;
        return nde_solver_nonfinite(s, w->a->n, t1, t1 - w->t, s->stats.accepted, w->y1, NULL,
                                    NULL);
    }
    if (observe(w, t1 - w->t, 1))
        return ad_fail(AD_CANCELLED, "stopped at t = %.9g on request", w->t);
    return accept(w, t1, stopped);
}

/* An attempt for the way back through step sizes; a rejected one keeps its frame. */
static ad_status keep_try(joint *w, double t1, const nde_controller_state *control, int accepted)
{
    nde_record *r = w->s->record;
    nde_tried  *k = nde_record_try(r);
    if (!k) return AD_NO_MEMORY;
    *k = (nde_tried){ .proposed = w->h,
                      .h        = t1 - w->t,
                      .error    = w->error,
                      .control  = *control,
                      .accepted = accepted,
                      .cut      = w->cut,
                      .capped   = w->capped };
    memcpy(k->q, w->q, sizeof k->q);
    if (accepted || !r->keep_frames) return AD_OK;
    k->frame = w->frame;
    w->frame = nde_pool_take(&r->pool, w->s->step->residual);
    return w->frame || !w->s->step->residual ? AD_OK : AD_NO_MEMORY;
}

static ad_status advance_adaptive(joint *w, double t1, int stopped)
{
    nde_solver *s = w->s;
    double      h = fabs(t1 - w->t), before = w->h;
    int         accepted = w->error <= 1;
    if (s->record && s->record->keep_tried) AD_TRY(keep_try(w, t1, &w->control, accepted));
    double factor = nde_controller_factor(s->o.controller, &w->control, nde_solver_error_order(s),
                                          w->error, accepted);
    if (observe(w, t1 - w->t, accepted))
        return ad_fail(AD_CANCELLED, "stopped at t = %.9g on request", w->t);
    w->h = h * factor;
    if (accepted) {
        if (stopped && w->h < before) w->h = before; /* cut short by a stop, not by its error */
        return accept(w, t1, stopped);
    }
    s->stats.rejected++;
    double least = 4 * DBL_EPSILON * fmax(fabs(w->t), fabs(w->t + w->dir * w->h));
    if (w->h <= least || w->h < s->o.h_min || w->h < 1e-300) return give_up(w, w->h);
    return AD_OK;
}

static ad_status loop(joint *w)
{
    nde_solver *s     = w->s;
    int         fixed = s->o.fixed_step > 0 || s->o.nsteps_given;
    while (w->t != w->end) {
        if (s->stats.accepted + s->stats.rejected >= s->o.max_steps)
            return ad_fail(AD_STEP_LIMIT,
                           "%ld steps were taken and t = %.9g of %.9g reached; raise max_steps, "
                           "loosen the tolerance, or the "
                           "problem is stiff",
                           s->o.max_steps, w->t, w->end);
        int    stopped;
        double t1 = choose_end(w, &stopped);
        if (t1 == w->t) return give_up(w, w->h);
        AD_TRY(attempt(w, t1));
        AD_TRY(fixed ? advance_fixed(w, t1, stopped) : advance_adaptive(w, t1, stopped));
    }
    return AD_OK;
}

ad_status nde_solver_check_grid(const nde_solver *s, double t, double end)
{
    const nde_options *o   = &s->o;
    double             dir = end >= t ? 1 : -1;
    if (!o->nsteps_given) return AD_OK;
    if (o->nsteps_given < 2 || o->steps_given[0] != t || o->steps_given[o->nsteps_given - 1] != end)
        return ad_fail(AD_INVALID, "the given step points must begin at t = %.17g and end at %.17g",
                       t, end);
    for (int i = 1; i < o->nsteps_given; i++)
        if ((o->steps_given[i] - o->steps_given[i - 1]) * dir <= 0)
            return ad_fail(AD_INVALID, "step point %d (%.17g) does not come after the one before",
                           i, o->steps_given[i]);
    return AD_OK;
}

static ad_status run(joint *w)
{
    nde_solver *s = w->s;
    AD_TRY(nde_solver_check_grid(s, w->t, w->end));
    AD_TRY(nde_joint_first_room(w));
    nde_layout_load(s->layout, w->a->n, w->a->y0, w->y);
    if (w->a->y) memcpy(w->a->y, w->a->y0, output_bytes(w));
    while (w->next < w->a->times && w->a->t[w->next] == w->t &&
           w->t != w->end) { /* duplicates of the start */
        if (w->a->y)
            memcpy((char *)w->a->y + (size_t)w->next * output_bytes(w), w->a->y0, output_bytes(w));
        w->next++;
    }
    AD_TRY(nde_joint_begin_piece(w));
    AD_TRY(nde_joint_first_step(w));
    nde_controller_start(s->o.controller, &w->control);
    return loop(w);
}

static void fill_nan(const joint *w)
{
    const nde_solver *s = w->s;
    long              m = w->a->n * s->layout->dim;
    for (int i = w->next; w->a->y && i < w->a->times; i++) {
        char *to = (char *)w->a->y + (size_t)i * output_bytes(w);
        for (long j = 0; j < m; j++) {
            if (s->ode.type == AD_F32)
                ((float *)to)[j] = NAN;
            else
                ((double *)to)[j] = NAN;
        }
    }
}

ad_status nde_solve_joint(nde_solver *s, const nde_solve_args *a)
{
    joint w = { .s = s, .a = a, .t = a->t[0], .end = a->t[a->times - 1], .next = 1 };
    w.dir   = w.end >= w.t ? 1 : -1;
    w.io    = (nde_attempt_io){
           .n = a->n, .t = s->w.t, .h = s->w.h, .lo = s->w.lo, .hi = s->w.hi, .k = s->w.k
    };
    memcpy(w.io.rows, s->w.rows, sizeof w.io.rows);
    w.clip_outputs = s->step->method->dense_order < s->step->method->order - 1 &&
                     !s->o.nsteps_given;
    s->stats.t_reached = w.t;
    ad_status e        = w.t == w.end
                             ? ad_fail(AD_INVALID, "the interval is empty: t goes from %.17g to %.17g",
                                       w.t, w.end)
                             : run(&w);
    nde_solver_count(s, w.starts);
    if (s->record) s->record->finished = e == AD_OK;
    if (e) fill_nan(&w);
    for (long i = 0; a->status && i < a->n; i++) a->status[i] = e;
    return e;
}
