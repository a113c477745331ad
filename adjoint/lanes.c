/* lanes.c - the pullback of a per-sample solve.

   Every sample goes back through its own steps. A round packs, for each sample that has steps left, its next step from the end:
   (block, row) entries of different attempts gathered into one dense batch. A sample that has reached its start leaves. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "lanes.h"

ad_status adj_lanes_new(adj_solver *a)
{
    adj_lanes *w = a->lanes = ad_alloc(sizeof *w);
    if (!w) return AD_NO_MEMORY;
    size_t n = (size_t)a->s->capacity, bytes = a->s->layout->bytes;
    long **index[] = { &w->id, &w->now, &w->rows, &w->part_id };
    char **state[] = {
        &w->y, &w->carry, &w->y1, &w->carry1, &w->y_sum, &w->part_y, &w->part_kappa
    };
    double **real[] = { &w->t1, &w->t0_bar, &w->t1_bar, &w->dt, &w->dh, &w->t, &w->h };
    int      ok     = 1;
    for (size_t i = 0; i < sizeof index / sizeof *index; i++)
        ok = ok && (*index[i] = ad_alloc(sizeof(long) * n));
    for (size_t i = 0; i < sizeof state / sizeof *state; i++)
        ok = ok && (*state[i] = ad_alloc(bytes));
    for (size_t i = 0; i < sizeof real / sizeof *real; i++)
        ok = ok && (*real[i] = ad_alloc(sizeof(double) * n));
    ok = ok && (w->next = ad_alloc(sizeof(int) * n)) && (w->inside = ad_alloc(sizeof(int) * n)) &&
         (w->first = ad_alloc(n)) && (w->last = ad_alloc(n)) &&
         (w->frame = ad_alloc(a->s->step->residual + 8));
    return ok ? AD_OK : AD_NO_MEMORY;
}

void adj_lanes_free(adj_lanes *w)
{
    if (!w) return;
    void *all[] = { w->id,         w->now,   w->rows, w->part_id, w->next,   w->inside,
                    w->y,          w->carry, w->y1,   w->carry1,  w->y_sum,  w->part_y,
                    w->part_kappa, w->frame, w->t1,   w->t0_bar,  w->t1_bar, w->dt,
                    w->dh,         w->t,     w->h,    w->first,   w->last };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) ad_free(all[i]);
    ad_free(w);
}

/* --- one round ------------------------------------------------------------------------------------------------------------ */

static int seed_rows(lanes_round *r, nde_attempt_bar *bar)
{
    adj_solver *a   = r->a;
    int         any = 0;
    for (long i = 0; i < r->m; i++) {
        long              at                 = r->w->now[i];
        nde_estimates_bar e                  = adj_estimates_bar(r->c, at);
        double            q_bar[NDE_COLUMNS] = { 0 };
        nde_error_pullback(r->s->step, r->l->step[at].q, (double)r->s->error_dim, &e, q_bar);
        for (int c = 0; c < NDE_COLUMNS; c++) a->rows[c][i] = q_bar[c];
        any |= e.error != 0 || e.stiffness != 0 || e.unscaled != 0;
    }
    for (int c = 0; c < NDE_COLUMNS; c++) bar->rows[c] = a->rows[c];
    return any;
}

static void swap(char **a, char **b)
{
    char *c = *a;
    *a = *b, *b = c;
}

static ad_status pull_steps(lanes_round *r)
{
    adj_solver       *a = r->a;
    nde_solver       *s = r->s;
    adj_lanes        *w = r->w;
    const nde_layout *y = s->layout;
    int               inside, carry = s->step->has_carry, ends = 0;
    AD_TRY(adj_lanes_pack(r));
    AD_TRY(adj_lanes_take_outputs(r, &inside));
    for (long i = 0; i < r->m; i++) ends |= w->first[i] || w->last[i];
    nde_attempt_bar bar  = { .y1     = r->lambda,
                             .carry1 = r->kappa,
                             .k      = a->zero_k,
                             .y      = r->lambda_out,
                             .carry  = r->kappa_out,
                             .t      = a->t_bar,
                             .h      = a->h_bar };
    int             full = inside || (r->c->t_bar && ends), rows = 0;
    if (adj_any_estimates(r->c) || full) rows = seed_rows(r, &bar);
    memset(a->d_t, 0, sizeof(double) * (size_t)r->m);
    memset(a->d_h, 0, sizeof(double) * (size_t)r->m);
    if (inside) {
        nde_attempt_bar d = { .k = a->k, .y = a->d_y, .t = a->d_t, .h = a->d_h };
        AD_TRY(s->step->ops->dense_pullback(s->step, &r->io, a->coefficient_bar, &d, a->d_y1));
        s->stats.nvjp += r->m * s->step->dense_evaluations;
        adj_add_args(a, r->m, w->id);
        nde_layout_add(y, r->m, r->lambda, a->d_y1);
        if (carry) nde_layout_add(y, r->m, r->kappa, a->k[s->step->stages - 1]);
        bar.k = a->k;
    }
    nde_pull what = full ? NDE_PULL_FULL : rows ? NDE_PULL_ROWS : NDE_PULL_STATES;
    AD_TRY(s->step->ops->pullback(s->step, &r->io, &bar, what));
    s->stats.nvjp += r->m * s->step->evaluations;
    adj_add_args(a, r->m, w->id);
    if (inside) {
        nde_layout_add(y, r->m, r->lambda_out, a->d_y);
        nde_layout_add(y, r->m, r->lambda_out, w->y_sum);
        if (carry) nde_layout_add(y, r->m, r->kappa_out, a->k[0]);
    }
    for (long i = 0; full && i < r->m; i++) {
        double t_bar = a->t_bar[i] + a->d_t[i] + w->dt[i],
               h_bar = a->h_bar[i] + a->d_h[i] + w->dh[i];
        if (w->last[i]) w->t1_bar[w->id[i]] += h_bar;
        if (w->first[i]) w->t0_bar[w->id[i]] = t_bar - h_bar;
    }
    swap(&r->lambda, &r->lambda_out);
    swap(&r->kappa, &r->kappa_out);
    return AD_OK;
}

/* Lanes whose carry was computed at this step's start: the chain through k ends there. The others are not touched. */
static ad_status pull_starts(lanes_round *r)
{
    nde_solver       *s = r->s;
    adj_lanes        *w = r->w;
    const nde_layout *y = s->layout;
    long              m = 0;
    for (long i = 0; i < r->m; i++)
        if (adj_lanes_step(r, i)->restart) w->rows[m] = i, w->part_id[m++] = w->id[i];
    if (m == 0 || !s->step->has_carry) return AD_OK;
    nde_layout_gather(y, m, w->rows, w->y, w->part_y);
    nde_layout_gather(y, m, w->rows, r->kappa, w->part_kappa);
    for (long j = 0; j < m; j++) {
        const lane_step  *k = adj_lanes_step(r, w->rows[j]);
        const lane_block *b = adj_lanes_block(r, w->rows[j]);
        s->w.t[j]           = fmin(fmax(b->t[k->row], b->lo[k->row]), b->hi[k->row]);
    }
    if (m < r->m) adj_lanes_gather_args(r, m, w->part_id);
    nde_attempt_io io = { .n = m, .t = s->w.t, .y = w->part_y, .carry1 = s->w.carry[1] };
    AD_TRY(s->step->ops->start_pullback(s->step, &io, w->part_kappa, r->lambda_out, r->a->t_bar));
    s->stats.nvjp += m;
    adj_add_args(r->a, m, w->part_id);
    if (m < r->m) adj_lanes_gather_args(r, r->m, w->id);
    for (long j = 0; j < m; j++) {
        if (w->first[w->rows[j]]) w->t0_bar[w->part_id[j]] += r->a->t_bar[j];
        for (int p = 0; p < y->parts; p++)
            for (long e = 0; e < y->size[p]; e++) {
                long  to = w->rows[j] * y->size[p] + e, from = j * y->size[p] + e;
                char *L = r->lambda + y->offset[p], *K = r->kappa + y->offset[p],
                     *x = r->lambda_out + y->offset[p];
                if (y->type == AD_F32)
                    ((float *)L)[to] += ((float *)x)[from], ((float *)K)[to] = 0;
                else
                    ((double *)L)[to] += ((double *)x)[from], ((double *)K)[to] = 0;
            }
    }
    return AD_OK;
}

/* Cotangents of the states from which these steps went, each of one sample, its parts one behind the other. */
static void add_states(lanes_round *r)
{
    const adj_solver *a    = r->a;
    const nde_layout *y    = r->s->layout;
    size_t            size = ad_type_size(y->type), bytes = (size_t)y->dim * size;
    for (long i = 0; a->has_states && i < r->m; i++)
        for (long q = adj_first_state(a, r->w->now[i]); q >= 0; q = a->state_next[q]) {
            const char *from = (const char *)r->c->state_bar + (size_t)q * bytes;
            for (int p = 0; p < y->parts; from += (size_t)y->size[p] * size, p++) {
                char *to = r->lambda + y->offset[p] + (size_t)(i * y->size[p]) * size;
                for (long j = 0; j < y->size[p]; j++) {
                    if (y->type == AD_F32)
                        ((float *)to)[j] += ((const float *)from)[j];
                    else
                        ((double *)to)[j] += ((const double *)from)[j];
                }
            }
        }
}

/* Samples that have reached their start hand over y0's cotangent and leave; the others go on to the step before. */
static ad_status finish_lanes(lanes_round *r)
{
    nde_solver       *s = r->s;
    adj_lanes        *w = r->w;
    const nde_layout *y = s->layout;
    long              m = 0;
    AD_TRY(adj_check_finite(r->a, r->m, r->lambda, w->id));
    for (long i = 0; i < r->m; i++) {
        const lane_step *k = adj_lanes_step(r, i);
        w->last[i]         = 0;
        if (k->previous >= 0) {
            w->rows[m] = i;
            w->t1[m] = w->t[i], w->id[m] = w->id[i], w->next[m] = w->next[i], w->last[m] = 0,
            w->now[m] = k->previous;
            m++;
            continue;
        }
        for (; r->c->y_bar && w->next[i] >= 0; w->next[i]--) {
            adj_lanes_add_output(r, r->lambda, i, 1, w->next[i], w->id[i]);
            if (w->next[i] == 0 || !r->c->t_bar || !s->step->has_carry) continue;
            double along = adj_lanes_dot_output(r, w->carry, i, w->next[i], w->id[i]);
            *adj_lanes_t_bar(r, w->id[i], w->next[i]) += along;
            w->t0_bar[w->id[i]] -= along;
        }
        long first = 0;
        for (int p = 0; r->c->y0_bar && p < y->parts; first += r->a->n * y->size[p], p++) {
            size_t bytes = (size_t)y->size[p] * ad_type_size(y->type);
            memcpy((char *)r->c->y0_bar + (size_t)first * ad_type_size(y->type) +
                       (size_t)w->id[i] * bytes,
                   r->lambda + y->offset[p] + (size_t)i * bytes, bytes);
        }
    }
    if (m == r->m) return AD_OK;
    nde_layout_gather(y, m, w->rows, r->lambda, r->lambda_out);
    nde_layout_gather(y, m, w->rows, r->kappa, r->kappa_out);
    swap(&r->lambda, &r->lambda_out);
    swap(&r->kappa, &r->kappa_out);
    r->m = m;
    adj_lanes_gather_args(r, m, w->id);
    return AD_OK;
}

ad_status adj_pullback_lanes(adj_solver *a, const adj_cotangents *c)
{
    nde_solver *s = a->s;
    adj_lanes  *w = a->lanes;
    lanes_round r = { .a          = a,
                      .s          = s,
                      .l          = s->lanes,
                      .w          = w,
                      .c          = c,
                      .m          = a->n,
                      .lambda     = a->lambda[0],
                      .kappa      = a->kappa[0],
                      .lambda_out = a->lambda[1],
                      .kappa_out  = a->kappa[1] };
    nde_layout_zero(s->layout, a->n, r.lambda);
    nde_layout_zero(s->layout, a->n, r.kappa);
    for (long i = 0; i < a->n; i++) {
        w->id[i] = i, w->now[i] = s->lanes->last[i], w->next[i] = a->times - 1, w->last[i] = 1;
        w->t0_bar[i] = w->t1_bar[i] = 0;
    }
    for (long i = 0; c->t_bar && i < (long)a->times * (a->t_each ? a->n : 1); i++) c->t_bar[i] = 0;
    adj_lanes_gather_args(&r, r.m, w->id);
    while (r.m > 0) {
        AD_TRY(pull_steps(&r));
        AD_TRY(pull_starts(&r));
        add_states(&r);
        AD_TRY(finish_lanes(&r));
    }
    for (long i = 0; c->t_bar && i < a->n; i++) {
        *adj_lanes_t_bar(&r, i, 0) += w->t0_bar[i];
        *adj_lanes_t_bar(&r, i, a->times - 1) += w->t1_bar[i];
    }
    return AD_OK;
}
