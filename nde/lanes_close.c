/* lanes_close.c - after an attempt: accepted rows move on, lanes that leave make room, new pieces begin. */
#include <string.h>

#include "lanes.h"

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
    nde_solver       *s   = w->s;
    nde_lanes        *l   = w->l;
    const nde_layout *y   = s->layout;
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
        char *to = nde_pool_take(&s->record->pool, y->bytes),
             *k  = nde_pool_take(&s->record->pool, y->bytes);
        if (!to || !k) return AD_NO_MEMORY;
        nde_layout_copy(y, l->m, w->y, to);
        if (s->step->has_carry) nde_layout_copy(y, l->m, w->carry, k);
        w->y = to, w->carry = k;
    }
    for (int p = 0; p < y->parts; p++) {
        size_t row = (size_t)y->size[p] * ad_type_size(y->type);
        merge_part(w->y + y->offset[p], w->y1 + y->offset[p], l->accepted, l->m, row);
        if (s->step->has_carry)
            merge_part(w->carry + y->offset[p], w->carry1 + y->offset[p], l->accepted, l->m, row);
    }
    return AD_OK;
}

static void close_up_lists(nde_lanes *l, long m)
{
    for (long j = 0; j < m; j++) {
        long i   = l->rows[j];
        l->id[j] = l->id[i], l->t[j] = l->t[i], l->h[j] = l->h[i], l->t0[j] = l->t0[i],
        l->dir[j] = l->dir[i], l->end[j] = l->end[i], l->lo[j] = l->lo[i];
        l->hi[j] = l->hi[i], l->stop[j] = l->stop[i], l->next[j] = l->next[i],
        l->grid[j]    = l->grid[i];
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
        size_t   row   = (size_t)ad_elements(shape) *
                     ad_type_size(s->ode.args[i].type ? s->ode.args[i].type : s->ode.type);
        for (long j = 0; shape.batched && j < m; j++)
            memmove((char *)s->args[i] + (size_t)j * row,
                    (char *)s->args[i] + (size_t)l->rows[j] * row, row);
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
    nde_lanes_bound_times(w, l->t, l->m);
    nde_attempt_io io = w->io;
    io.n = l->m, io.y = w->y, io.carry1 = s->w.point;
    AD_TRY(s->step->ops->start(s->step, &io));
    w->starts += l->m;
    for (long j = 0; j < m; j++)
        for (int p = 0; p < s->layout->parts; p++) {
            size_t row = (size_t)s->layout->size[p] * ad_type_size(s->ode.type),
                   at  = s->layout->offset[p] + (size_t)l->rows[j] * row;
            memcpy(w->carry + at, s->w.point + at, row);
        }
    return AD_OK;
}

ad_status nde_lanes_close(lanes_run *w)
{
    AD_TRY(move_on(w));
    AD_TRY(close_up(w));
    if (w->l->m == 0) return AD_OK;
    AD_TRY(nde_lanes_room(w));
    return w->s->o.nbreaks ? restart(w) : AD_OK;
}
