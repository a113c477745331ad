/* lanes_log.c - what the way back needs of an attempt. */
#include <string.h>

#include <costate/autodiff/memory.h>

#include "lanes.h"

static void *grown(void *p, long count, long *room, size_t size)
{
    if (count < *room) return p;
    void *q = ad_realloc(p, (size_t)count * size, (size_t)(2 * count + 64) * size);
    if (q) *room = 2 * count + 64;
    return q;
}

ad_status nde_lanes_keep(lanes_run *w, const int counts[], int inside)
{
    nde_solver *s    = w->s;
    nde_lanes  *l    = w->l;
    nde_pool   *pool = &s->record->pool;
    void       *p    = grown(l->block, l->blocks, &l->block_room, sizeof *l->block);
    if (!p) return AD_NO_MEMORY;
    l->block        = p;
    lane_block *b   = &l->block[l->blocks];
    *b              = (lane_block){ .m      = l->m,
                                    .y      = w->y,
                                    .carry  = w->carry,
                                    .y1     = w->y1,
                                    .carry1 = w->carry1,
                                    .frame  = s->record->keep_frames ? w->frame : NULL };
    size_t   bytes  = sizeof(double) * (size_t)l->m;
    double **copy[] = { &b->t, &b->h, &b->lo, &b->hi },
           *from[]  = { s->w.t, s->w.h, s->w.lo, s->w.hi };
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
        l->step[l->steps] = (lane_step){ .block    = l->blocks,
                                         .row      = i,
                                         .sample   = l->id[i],
                                         .previous = l->last[l->id[i]],
                                         .outputs  = counts[i],
                                         .restart  = l->restart[i],
                                         .error    = l->error[i] };
        for (int c = 0; c < NDE_COLUMNS; c++)
            l->step[l->steps].q[c] = s->step->columns >> c & 1 ? s->w.rows[c][i] : 0;
        l->last[l->id[i]] = l->steps++;
    }
    l->blocks++;
    return AD_OK;
}
