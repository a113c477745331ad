/* lanes_output.c - outputs of lanes, each at its own times. */
#include <math.h>
#include <string.h>

#include "lanes.h"

#define REAL    float
#define NAME(x) x##32
#define FMA     __builtin_fmaf
#include "lanes_output.inc"
#undef REAL
#undef NAME
#undef FMA
#define REAL    double
#define NAME(x) x##64
#define FMA     __builtin_fma
#include "lanes_output.inc"
#undef REAL
#undef NAME
#undef FMA

static int is_due(const lanes_run *w, long i)
{
    const nde_lanes *l = w->l;
    return l->accepted[i] && l->next[i] < w->a->times &&
           (nde_lanes_times(w, l->id[i])[l->next[i]] - l->t1[i]) * l->dir[i] <= 0;
}

/* Outputs that the accepted steps have reached; counts[i] of lane i, *inside: some lie inside a step. */
ad_status nde_lanes_outputs(lanes_run *w, int counts[], int *inside)
{
    nde_solver *s = w->s;
    nde_lanes  *l = w->l;
    *inside       = 0;
    for (long i = 0; i < l->m; i++) {
        counts[i] = is_due(w, i);
        *inside |= counts[i] && nde_lanes_times(w, l->id[i])[l->next[i]] != l->t1[i];
    }
    if (!w->a->y) *inside = 0;
    if (*inside) {
        AD_TRY(s->step->ops->dense(s->step, &w->io, s->w.coefficient));
        w->starts += s->step->dense_evaluations * l->m;
    }
    for (long i = 0; i < l->m; i++)
        if (counts[i])
            l->next[i] += counts[i] = s->ode.type == AD_F32 ? write_outputs32(w, i)
                                                            : write_outputs64(w, i);
    return AD_OK;
}

void nde_lanes_fill_nan(lanes_run *w, long sample, int from)
{
    nde_solver *s = w->s;
    for (int k = from; w->a->y && k < w->a->times; k++) {
        long first = (long)k * w->a->n * s->layout->dim;
        for (int p = 0; p < s->layout->parts; first += w->a->n * s->layout->size[p], p++)
            for (long j = 0; j < s->layout->size[p]; j++) {
                long at = first + sample * s->layout->size[p] + j;
                if (s->ode.type == AD_F32)
                    ((float *)w->a->y)[at] = NAN;
                else
                    ((double *)w->a->y)[at] = NAN;
            }
    }
}
