/* lanes.c - the loop in which every sample has steps of its own. */
#include <float.h>
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "../autodiff/kernels/strip.h"
#include "lanes.h"

/* --- making -------------------------------------------------------------------------------------------------------- */

ad_status lanes_new(nde_solver *s)
{
    nde_lanes *l = s->lanes = ad_alloc(sizeof *l);
    if (!l) return AD_NO_MEMORY;
    size_t   n      = (size_t)s->capacity;
    double **real[] = { &l->t, &l->h, &l->t1, &l->t0, &l->dir, &l->end, &l->lo, &l->hi, &l->stop, &l->error, &l->log_e, &l->power };
    char   **flag[] = { &l->accepted, &l->stopped, &l->leaves, &l->restart };
    int      ok     = 1;
    for (size_t i = 0; i < sizeof real / sizeof *real; i++) ok = ok && (*real[i] = ad_alloc(sizeof(double) * n));
    for (size_t i = 0; i < sizeof flag / sizeof *flag; i++) ok = ok && (*flag[i] = ad_alloc(n));
    ok = ok && (l->id = ad_alloc(sizeof(long) * n)) && (l->rows = ad_alloc(sizeof(long) * n)) && (l->last = ad_alloc(sizeof(long) * n)) &&
         (l->grid = ad_alloc(sizeof(long) * n)) && (l->next = ad_alloc(sizeof(int) * n)) &&
         (l->control = ad_alloc(sizeof *l->control * n)) && (l->status = ad_alloc(sizeof *l->status * n)) &&
         (l->spare_y = ad_alloc(s->layout->bytes)) && (l->spare_carry = ad_alloc(s->layout->bytes));
    return ok ? AD_OK : AD_NO_MEMORY;
}

void lanes_free(nde_lanes *l)
{
    if (!l) return;
    void *all[] = { l->t, l->h, l->t1, l->t0, l->dir, l->end, l->lo, l->hi, l->stop, l->error, l->log_e, l->power, l->accepted, l->stopped,
                    l->leaves, l->restart, l->id, l->rows, l->last, l->grid, l->next, l->control, l->status, l->spare_y,
                    l->spare_carry, l->block, l->step };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) ad_free(all[i]);
    ad_free(l);
}

/* --- one solve ------------------------------------------------------------------------------------------------------ */

typedef struct lanes_run {
    nde_solver           *s;
    nde_lanes            *l;
    const nde_solve_args *a;
    char                 *y, *carry, *y1, *carry1, *frame;
    nde_attempt_io        io;
    long                  starts, first_failure;
    ad_status             failure;
    char                  sentence[512];
} lanes_run;

static const double *times_of(const lanes_run *w, long sample)
{
    return w->a->t + (w->a->t_each ? sample * w->a->times : 0);
}

static double direction(const nde_lanes *l, long i) { return l->dir[i]; }

static void enter_piece(lanes_run *w, long i)
{
    nde_lanes *l = w->l;
    solver_piece(w->s, l->t[i], l->end[i], &l->lo[i], &l->hi[i], &l->stop[i]);
    l->restart[i] = 1;
}

/* Room for what an attempt leaves; recorded, or one of two. */
static ad_status attempt_room(lanes_run *w)
{
    nde_solver *s = w->s;
    nde_record *r = s->record;
    if (!r) {
        w->y1 = s->w.y[1] == w->y ? s->w.y[0] : s->w.y[1], w->carry1 = s->w.carry[1] == w->carry ? s->w.carry[0] : s->w.carry[1];
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
    if (s->record) {
        nde_pool_reset(&s->record->pool);
        w->y     = nde_pool_take(&s->record->pool, s->layout->bytes);
        w->carry = nde_pool_take(&s->record->pool, s->layout->bytes);
        if (!w->y || !w->carry) return AD_NO_MEMORY;
    } else {
        w->y = s->w.y[0], w->carry = s->w.carry[0];
    }
    nde_layout_load(s->layout, n, w->a->y0, w->y);
    if (w->a->y) memcpy(w->a->y, w->a->y0, (size_t)(n * s->layout->dim) * ad_type_size(s->ode.type));
    for (long i = 0; i < n; i++) {
        const double *t = times_of(w, i);
        l->id[i] = i, l->t[i] = l->t0[i] = t[0], l->end[i] = t[w->a->times - 1];
        l->dir[i] = l->end[i] >= l->t[i] ? 1 : -1;
        l->next[i] = 1, l->grid[i] = 0, l->last[i] = -1, l->status[i] = AD_OK;
        nde_controller_start(s->o.controller, &l->control[i]);
        enter_piece(w, i);
    }
    for (long i = 0; i < n; i++) {
        if (l->end[i] == l->t[i])
            return ad_fail(AD_INVALID, "sample %ld: the interval is empty, t goes from %.17g to %.17g", i, l->t[i], l->end[i]);
        AD_TRY(solver_check_grid(s, l->t[i], l->end[i]));
    }
    return AD_OK;
}

static void bound_times(lanes_run *w, const double *t, long m)
{
    for (long i = 0; i < m; i++) w->s->w.t[i] = fmin(fmax(t[i], w->l->lo[i]), w->l->hi[i]);
}

/* carry = f(t, y) for all lanes */
static ad_status start_all(lanes_run *w, const double *t, const char *y, char *f)
{
    bound_times(w, t, w->l->m);
    nde_attempt_io io = w->io;
    io.n = w->l->m, io.y = y, io.carry1 = f;
    w->starts += w->l->m;
    return w->s->step->ops->start(w->s->step, &io);
}

static ad_status first_steps(lanes_run *w)
{
    nde_solver *s = w->s;
    nde_lanes  *l = w->l;
    int         fixed = s->o.fixed_step > 0 || s->o.nsteps_given;
    for (long i = 0; i < l->m; i++) l->h[i] = fabs(s->o.h);
    if (s->step->has_carry) AD_TRY(start_all(w, l->t, w->y, w->carry));
    if (fixed || s->o.h != 0) return AD_OK;
    char *k1 = s->w.coefficient[0], *f1 = s->w.point, *y1 = s->w.stages;
    if (s->step->has_carry) nde_layout_copy(s->layout, l->m, w->carry, k1);
    else AD_TRY(start_all(w, l->t, w->y, k1));
    nde_layout_copy(s->layout, l->m, w->y, y1);
    for (long i = 0; i < l->m; i++) {
        double d0 = solver_norm(s, i, 1, w->y, NULL, w->y), d1 = solver_norm(s, i, 1, k1, NULL, w->y);
        double h0 = fmin(nde_initial_guess(d0, d1), fabs(l->end[i] - l->t[i]));
        l->h[i] = h0, l->log_e[i] = d1, l->t1[i] = l->t[i] + direction(l, i) * h0;
        for (int p = 0; p < s->layout->parts; p++) /* y1 = y + h0 k1 */
            for (long j = i * s->layout->size[p]; j < (i + 1) * s->layout->size[p]; j++) {
                char *to = y1 + s->layout->offset[p];
                if (s->ode.type == AD_F32) ((float *)to)[j] += (float)(direction(l, i) * h0) * ((float *)(k1 + s->layout->offset[p]))[j];
                else ((double *)to)[j] += direction(l, i) * h0 * ((double *)(k1 + s->layout->offset[p]))[j];
            }
    }
    AD_TRY(start_all(w, l->t1, y1, f1));
    int order = s->step->method->order + (s->o.controller->initial_step_order ? 0 : 1);
    for (long i = 0; i < l->m; i++) {
        double h0 = l->h[i], d2 = solver_norm(s, i, 1, f1, k1, w->y) / h0;
        double h = nde_initial_step(h0, l->log_e[i], d2, order);
        l->h[i]  = isfinite(h) ? h : h0;
    }
    return AD_OK;
}

/* --- one attempt ----------------------------------------------------------------------------------------------------- */

static void choose_ends(lanes_run *w)
{
    nde_solver *s = w->s;
    nde_lanes  *l = w->l;
    for (long i = 0; i < l->m; i++) {
        double dir = direction(l, i), h = s->o.fixed_step > 0 ? s->o.fixed_step : l->h[i], t1;
        if (s->o.h_max > 0 && h > s->o.h_max) h = s->o.h_max;
        t1 = s->o.fixed_step > 0 && !s->o.nbreaks ? l->t0[i] + dir * h * (double)(l->grid[i] + 1) : l->t[i] + dir * h;
        l->stopped[i] = s->o.nsteps_given || (t1 + 1e-10 * dir * h - l->stop[i]) * dir >= 0;
        if (l->stopped[i]) t1 = s->o.nsteps_given ? s->o.steps_given[l->grid[i] + 1] : l->stop[i];
        l->t1[i]  = t1;
        s->w.t[i] = l->t[i], s->w.h[i] = t1 - l->t[i], s->w.lo[i] = l->lo[i], s->w.hi[i] = l->hi[i];
    }
}

static void errors(lanes_run *w)
{
    nde_solver *s = w->s;
    nde_lanes  *l = w->l;
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
    return c->beta2 == 0 && c->beta3 == 0 && c->min_accepted == 0 && c->max_after_reject == 0 && c->steady_lo == 1 && c->steady_hi == 1;
}

/* safety E^-beta within its bounds, as nde_controller_finish() has it */
static void memoryless_factors(nde_lanes *l, const nde_controller *c, double beta)
{
    for (long i = 0; i < l->m; i++) l->power[i] = -beta * l->log_e[i];
    ad_exp_strip(l->power, l->power, l->m);
    for (long i = 0; i < l->m; i++) {
        double e = l->error[i], f = e > 0 ? c->safety * l->power[i] : c->max_factor, most = e <= 1 ? c->max_factor : c->safety;
        f = f < c->min_factor ? c->min_factor : f > most ? most : f;
        l->power[i] = e >= 0 && e <= DBL_MAX ? f : c->min_factor;
    }
}

/* The logarithms and powers of all lanes' controllers in two passes. */
static void factors(lanes_run *w)
{
    nde_lanes            *l = w->l;
    const nde_controller *c = w->s->o.controller;
    int                   k = solver_error_order(w->s);
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
        l->power[i] = nde_controller_finish(c, &l->control[i], l->error[i], l->log_e[i], l->power[i], l->accepted[i]);
}

/* --- failures --------------------------------------------------------------------------------------------------------- */

/* The outputs of a sample from number `from` on are not there. */
static void fill_nan(lanes_run *w, long sample, int from)
{
    nde_solver *s = w->s;
    for (int k = from; w->a->y && k < w->a->times; k++) {
        long first = (long)k * w->a->n * s->layout->dim;
        for (int p = 0; p < s->layout->parts; first += w->a->n * s->layout->size[p], p++)
            for (long j = 0; j < s->layout->size[p]; j++) {
                long at = first + sample * s->layout->size[p] + j;
                if (s->ode.type == AD_F32) ((float *)w->a->y)[at] = NAN;
                else ((double *)w->a->y)[at] = NAN;
            }
    }
}

/* Notes the failure of a lane (the sentence is the last recorded one): it leaves, the others go on. */
static void lane_fails(lanes_run *w, long i, ad_status e)
{
    w->l->leaves[i]           = 1;
    w->l->accepted[i]         = 0;
    w->l->status[w->l->id[i]] = e;
    fill_nan(w, w->l->id[i], w->l->next[i]);
    if (w->failure) return;
    w->failure       = e;
    w->first_failure = w->l->id[i];
    size_t n         = strlen(ad_message());
    if (n >= sizeof w->sentence) n = sizeof w->sentence - 1;
    memcpy(w->sentence, ad_message(), n);
    w->sentence[n] = 0;
}

static ad_status lane_gives_up(lanes_run *w, long i)
{
    nde_solver *s = w->s;
    nde_lanes  *l = w->l;
    if (!isfinite(l->error[i]) || (s->step->columns & 1) == 0)
        return ad_fail(AD_NONFINITE_FIELD, "sample %ld: the field or the state is not finite beyond t = %.9g (step %ld); is the field defined "
                                           "there?", l->id[i], l->t[i], l->grid[i]);
    return ad_fail(AD_STEP_UNDERFLOW, "sample %ld: the step fell to %.3g at t = %.9g after %ld steps: the solution may be singular there, or "
                                      "the problem too stiff for %s", l->id[i], l->h[i], l->t[i], l->grid[i], s->step->method->name);
}

/* --- outputs ----------------------------------------------------------------------------------------------------------- */

#define REAL float
#define NAME(x) x##32
#define FMA     __builtin_fmaf
#include "lanes_output.inc"
#undef REAL
#undef NAME
#undef FMA
#define REAL double
#define NAME(x) x##64
#define FMA     __builtin_fma
#include "lanes_output.inc"
#undef REAL
#undef NAME
#undef FMA

static int is_due(const lanes_run *w, long i)
{
    const nde_lanes *l = w->l;
    return l->accepted[i] && l->next[i] < w->a->times && (times_of(w, l->id[i])[l->next[i]] - l->t1[i]) * l->dir[i] <= 0;
}

/* Outputs that the accepted steps have reached; counts[i] of lane i, *inside: some lie inside a step. */
static ad_status outputs(lanes_run *w, int counts[], int *inside)
{
    nde_solver *s = w->s;
    nde_lanes  *l = w->l;
    *inside       = 0;
    for (long i = 0; i < l->m; i++) {
        counts[i] = is_due(w, i);
        *inside |= counts[i] && times_of(w, l->id[i])[l->next[i]] != l->t1[i];
    }
    if (!w->a->y) *inside = 0;
    if (*inside) {
        AD_TRY(s->step->ops->dense(s->step, &w->io, s->w.coefficient));
        w->starts += s->step->dense_evaluations * l->m;
    }
    for (long i = 0; i < l->m; i++)
        if (counts[i]) l->next[i] += counts[i] = s->ode.type == AD_F32 ? write_outputs32(w, i) : write_outputs64(w, i);
    return AD_OK;
}

/* --- the log ------------------------------------------------------------------------------------------------------------ */

static void *grown(void *p, long count, long *room, size_t size)
{
    if (count < *room) return p;
    void *q = ad_realloc(p, (size_t)count * size, (size_t)(2 * count + 64) * size);
    if (q) *room = 2 * count + 64;
    return q;
}

static ad_status keep(lanes_run *w, const int counts[], int inside)
{
    nde_solver *s = w->s;
    nde_lanes  *l = w->l;
    nde_pool   *pool = &s->record->pool;
    void       *p = grown(l->block, l->blocks, &l->block_room, sizeof *l->block);
    if (!p) return AD_NO_MEMORY;
    l->block      = p;
    lane_block *b = &l->block[l->blocks];
    *b            = (lane_block){ .m = l->m, .y = w->y, .carry = w->carry, .y1 = w->y1, .carry1 = w->carry1,
                                  .frame = s->record->keep_frames ? w->frame : NULL };
    size_t bytes  = sizeof(double) * (size_t)l->m;
    double **copy[] = { &b->t, &b->h, &b->lo, &b->hi }, *from[] = { s->w.t, s->w.h, s->w.lo, s->w.hi };
    for (int i = 0; i < 4; i++) {
        if (!(*copy[i] = nde_pool_take(pool, bytes))) return AD_NO_MEMORY;
        memcpy(*copy[i], from[i], bytes);
    }
    if (inside && s->record->keep_frames) {
        b->stages = nde_pool_take(pool, s->layout->bytes * (size_t)s->step->stages);
        if (!b->stages) return AD_NO_MEMORY;
        memcpy(b->stages, s->w.stages, s->layout->bytes * (size_t)s->step->stages);
    }
    for (long i = 0; i < l->m; i++) {
        if (!l->accepted[i]) continue;
        p = grown(l->step, l->steps, &l->step_room, sizeof *l->step);
        if (!p) return AD_NO_MEMORY;
        l->step           = p;
        l->step[l->steps] = (lane_step){ l->blocks, i, l->last[l->id[i]], counts[i], l->restart[i], l->error[i], { 0 } };
        for (int c = 0; c < NDE_COLUMNS; c++) l->step[l->steps].q[c] = s->step->columns >> c & 1 ? s->w.rows[c][i] : 0;
        l->last[l->id[i]] = l->steps++;
    }
    l->blocks++;
    return AD_OK;
}

/* --- closing up ------------------------------------------------------------------------------------------------------------ */

static void merge_part(char *to, const char *from, const char *accepted, long m, size_t row)
{
    if (row == 4) {
        uint32_t *d = (uint32_t *)to;
        for (long i = 0; i < m; i++) d[i] = accepted[i] ? ((const uint32_t *)from)[i] : d[i];
        return;
    }
    if (row == 8) {
        uint64_t *d = (uint64_t *)to;
        for (long i = 0; i < m; i++) d[i] = accepted[i] ? ((const uint64_t *)from)[i] : d[i];
        return;
    }
    for (long i = 0; i < m; i++)
        if (accepted[i]) memcpy(to + (size_t)i * row, from + (size_t)i * row, row);
}

/* y of accepted lanes moves on; with a record into a fresh state, since the block keeps the old one. */
static ad_status move_on(lanes_run *w)
{
    nde_solver       *s = w->s;
    nde_lanes        *l = w->l;
    const nde_layout *y = s->layout;
    int               all = 1;
    for (long i = 0; i < l->m; i++) all &= l->accepted[i];
    if (all) {
        char *old_y = w->y, *old_carry = w->carry;
        w->y = w->y1, w->carry = w->carry1;
        if (s->record) return AD_OK;
        w->y1 = old_y, w->carry1 = old_carry;
        return AD_OK;
    }
    if (s->record) {
        char *to = nde_pool_take(&s->record->pool, y->bytes), *k = nde_pool_take(&s->record->pool, y->bytes);
        if (!to || !k) return AD_NO_MEMORY;
        nde_layout_copy(y, l->m, w->y, to);
        if (s->step->has_carry) nde_layout_copy(y, l->m, w->carry, k);
        w->y = to, w->carry = k;
    }
    for (int p = 0; p < y->parts; p++) {
        size_t row = (size_t)y->size[p] * ad_type_size(y->type);
        merge_part(w->y + y->offset[p], w->y1 + y->offset[p], l->accepted, l->m, row);
        if (s->step->has_carry) merge_part(w->carry + y->offset[p], w->carry1 + y->offset[p], l->accepted, l->m, row);
    }
    return AD_OK;
}

static void close_up_lists(nde_lanes *l, long m)
{
    for (long j = 0; j < m; j++) {
        long i = l->rows[j];
        l->id[j] = l->id[i], l->t[j] = l->t[i], l->h[j] = l->h[i], l->t0[j] = l->t0[i], l->dir[j] = l->dir[i], l->end[j] = l->end[i], l->lo[j] = l->lo[i];
        l->hi[j] = l->hi[i], l->stop[j] = l->stop[i], l->next[j] = l->next[i], l->grid[j] = l->grid[i];
        l->restart[j] = l->restart[i], l->control[j] = l->control[i];
    }
    l->m = m;
}

static ad_status close_up(lanes_run *w)
{
    nde_solver *s = w->s;
    nde_lanes  *l = w->l;
    long        m = 0;
    for (long i = 0; i < l->m; i++)
        if (!l->leaves[i]) l->rows[m++] = i;
    if (m == l->m) return AD_OK;
    char *y = l->spare_y, *carry = l->spare_carry;
    if (s->record) {
        y     = nde_pool_take(&s->record->pool, s->layout->bytes);
        carry = nde_pool_take(&s->record->pool, s->layout->bytes);
        if (!y || !carry) return AD_NO_MEMORY;
    }
    nde_layout_gather(s->layout, m, l->rows, w->y, y);
    if (s->step->has_carry) nde_layout_gather(s->layout, m, l->rows, w->carry, carry);
    if (s->record) {
        w->y = y, w->carry = carry;
    } else {
        nde_layout_copy(s->layout, m, y, w->y);
        nde_layout_copy(s->layout, m, carry, w->carry);
    }
    for (int i = 0; i < s->ode.nargs; i++) { /* batched args go with their lanes */
        ad_shape shape = s->ode.args[i].shape;
        size_t   row   = (size_t)ad_elements(shape) * ad_type_size(s->ode.args[i].type ? s->ode.args[i].type : s->ode.type);
        for (long j = 0; shape.batched && j < m; j++)
            memmove((char *)s->args[i] + (size_t)j * row, (char *)s->args[i] + (size_t)l->rows[j] * row, row);
    }
    close_up_lists(l, m);
    return AD_OK;
}

/* Lanes at the start of a new piece evaluate their carry again, one ulp inside it. */
static ad_status restart(lanes_run *w)
{
    nde_solver *s = w->s;
    nde_lanes  *l = w->l;
    long        m = 0;
    for (long i = 0; i < l->m; i++)
        if (l->restart[i]) l->rows[m++] = i;
    if (m == 0 || !s->step->has_carry) return AD_OK;
    if (s->record) { /* the carry at hand may be the last block's own */
        char *k = nde_pool_take(&s->record->pool, s->layout->bytes);
        if (!k) return AD_NO_MEMORY;
        nde_layout_copy(s->layout, l->m, w->carry, k);
        w->carry = k;
    }
    bound_times(w, l->t, l->m);
    nde_attempt_io io = w->io;
    io.n = l->m, io.y = w->y, io.carry1 = s->w.point;
    AD_TRY(s->step->ops->start(s->step, &io));
    w->starts += l->m;
    for (long j = 0; j < m; j++)
        for (int p = 0; p < s->layout->parts; p++) {
            size_t row = (size_t)s->layout->size[p] * ad_type_size(s->ode.type), at = s->layout->offset[p] + (size_t)l->rows[j] * row;
            memcpy(w->carry + at, s->w.point + at, row);
        }
    return AD_OK;
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
        if (l->t[i] == l->end[i]) l->leaves[i] = 1;
        else if (l->t[i] == l->stop[i]) enter_piece(w, i);
        return;
    }
    s->stats.rejected++;
    double least = 4 * DBL_EPSILON * fabs(l->t[i]);
    if (l->h[i] <= least || l->h[i] < s->o.h_min || l->h[i] < 1e-300) lane_fails(w, i, lane_gives_up(w, i));
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
                if (!isfinite(s->ode.type == AD_F32 ? ((const float *)y)[j] : ((const double *)y)[j])) l->accepted[i] = 0;
            }
        if (!l->accepted[i]) lane_fails(w, i, lane_gives_up(w, i));
    }
}

static ad_status attempt(lanes_run *w, long attempts)
{
    nde_solver *s = w->s;
    nde_lanes  *l = w->l;
    int         fixed = s->o.fixed_step > 0 || s->o.nsteps_given, inside;
    int        *counts = (int *)l->log_e; /* free by then */
    choose_ends(w);
    solver_bind_stages(s, w->carry, w->carry1);
    w->io.n = l->m, w->io.y = w->y, w->io.carry = w->carry, w->io.y1 = w->y1, w->io.carry1 = w->carry1;
    w->io.residual = w->frame;
    AD_TRY(solver_forward(s, &w->io));
    memset(l->leaves, 0, (size_t)l->m);
    errors(w);
    if (fixed) check_fixed(w);
    else factors(w);
    for (long i = 0; i < l->m; i++)
        if (attempts >= s->o.max_steps && !l->leaves[i])
            lane_fails(w, i, ad_fail(AD_STEP_LIMIT, "sample %ld: %ld steps were taken and t = %.9g of %.9g reached; raise max_steps, or "
                                                    "loosen the tolerance", l->id[i], attempts, l->t[i], l->end[i]));
    AD_TRY(outputs(w, counts, &inside));
    if (s->record) AD_TRY(keep(w, counts, inside));
    nde_attempt seen = { l->t[0], l->t1[0] - l->t[0], l->error[0], l->m, l->accepted[0] };
    if (s->o.observe && s->o.observe(&seen, s->o.observe_ctx))
        return ad_fail(AD_CANCELLED, "stopped at t = %.9g on request", l->t[0]);
    for (long i = 0; i < l->m; i++)
        if (!l->leaves[i]) settle_lane(w, i, fixed);
    AD_TRY(move_on(w));
    AD_TRY(close_up(w));
    if (l->m == 0) return AD_OK;
    AD_TRY(attempt_room(w));
    return s->o.nbreaks ? restart(w) : AD_OK;
}

static ad_status run(lanes_run *w)
{
    AD_TRY(begin(w));
    AD_TRY(first_steps(w));
    AD_TRY(attempt_room(w));
    for (long attempts = 0; w->l->m > 0; attempts++) AD_TRY(attempt(w, attempts));
    return AD_OK;
}

ad_status solve_lanes(nde_solver *s, const nde_solve_args *a)
{
    lanes_run w = { .s = s, .l = s->lanes, .a = a, .frame = s->w.frame };
    w.io        = (nde_attempt_io){ .t = s->w.t, .h = s->w.h, .lo = s->w.lo, .hi = s->w.hi, .k = s->w.k };
    memcpy(w.io.rows, s->w.rows, sizeof w.io.rows);
    ad_status e = run(&w);
    nde_lanes *l = s->lanes;
    for (long i = 0; e && i < l->m; i++) l->status[l->id[i]] = e, fill_nan(&w, l->id[i], l->next[i]);
    if (!e && w.failure) e = ad_fail(w.failure, "%s", w.sentence);
    solver_count(s, w.starts);
    s->stats.nfe       = w.starts + (s->stats.accepted + s->stats.rejected) * s->step->evaluations;
    s->stats.t_reached = l->m ? l->t[0] : a->t[a->times - 1];
    if (s->record) s->record->finished = e == AD_OK;
    for (long i = 0; a->status && i < a->n; i++) a->status[i] = l->status[i];
    return e;
}
