/* lanes.h - a round of the per-sample pullback (internal to lanes*.c). */
#ifndef COSTATE_ADJOINT_LANES_H
#define COSTATE_ADJOINT_LANES_H

#include "../nde/lanes.h"
#include "internal.h"

typedef struct adj_lanes {
    long   *id, *now, *rows, *part_id;
    int    *next, *inside;
    char   *y, *carry, *y1, *carry1, *y_sum, *part_y, *part_kappa;
    char   *frame;
    double *t1, *t0_bar, *t1_bar, *dt, *dh, *t, *h;
    char   *first, *last;
} adj_lanes;

/* One round of the way back: m samples, each with a step of its own. */
typedef struct lanes_round {
    adj_solver           *a;
    nde_solver           *s;
    nde_lanes            *l;
    adj_lanes            *w;
    const adj_cotangents *c;
    long                  m;
    nde_attempt_io        io;
    char                 *lambda, *kappa, *lambda_out, *kappa_out;
} lanes_round;

static inline const lane_step *adj_lanes_step(const lanes_round *r, long i)
{
    return &r->l->step[r->w->now[i]];
}

static inline const lane_block *adj_lanes_block(const lanes_round *r, long i)
{
    return &r->l->block[adj_lanes_step(r, i)->block];
}

/* Where output k of a sample has its time's cotangent. */
static inline double *adj_lanes_t_bar(const lanes_round *r, long sample, int k)
{
    return r->c->t_bar + (r->a->t_each ? sample * r->a->times : 0) + k;
}

static inline double adj_lanes_time(const lanes_round *r, long sample, int k)
{
    return r->a->t[(r->a->t_each ? sample * r->a->times : 0) + k];
}

/* lanes_rows.c */
void   adj_lanes_add_output(const lanes_round *r, char *to, long i, double c, int k, long sample);
double adj_lanes_dot_output(const lanes_round *r, const char *x, long i, int k, long sample);
void   adj_lanes_gather_args(lanes_round *r, long m, const long *id);
/* Each sample's next step from the end, gathered into one attempt; run again where residuals were not kept. */
ad_status adj_lanes_pack(lanes_round *r);
/* lanes_output.c: the cotangents of outputs in these steps; *any: some lie inside a step */
ad_status adj_lanes_take_outputs(lanes_round *r, int *any);

#endif
