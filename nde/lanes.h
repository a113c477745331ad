/* lanes.h - the state of a per-sample solve: each sample has its own time, step and fate (internal).

   Each attempt runs the active lanes as one dense batch of m rows. Accepted rows enter their lane's log; finished and
   failed lanes leave, the others close up in order. A log entry is (block, row): the block holds what the attempt left,
   rejected rows and all. */
#ifndef COSTATE_NDE_LANES_H
#define COSTATE_NDE_LANES_H

#include "solver.h"

typedef struct lane_block {
    long    m;
    char   *y, *carry, *y1, *carry1, *frame, *stages;
    double *t, *h, *lo, *hi;
} lane_block;

typedef struct lane_step {
    long   block, row, sample, previous; /* previous step of the same lane; -1: its first */
    int    outputs, restart;
    double error, q[NDE_COLUMNS];
} lane_step;

struct nde_lanes {
    long   *id;    /* sample of each lane, ascending                                   */
    double *t, *h; /* of each lane: now, and the size proposed                         */
    double *t1, *t0, *dir, *end, *lo, *hi, *stop, *error, *log_e, *power;
    int    *next; /* output time                                                      */
    long   *grid; /* accepted steps                                                   */
    char   *accepted, *stopped, *leaves, *restart;
    nde_controller_state *control;
    long                 *rows, *last; /* last: log entry of each *sample*             */
    ad_status            *status;      /* of each sample                               */
    long                  m;
    char                 *spare_y, *spare_carry;
    /* the log */
    lane_block *block;
    lane_step  *step;
    long        blocks, block_room, steps, step_room;
};

/* One solve under way. */
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

static inline const double *nde_lanes_times(const lanes_run *w, long sample)
{
    return w->a->t + (w->a->t_each ? sample * w->a->times : 0);
}

/* lanes.c */
void      nde_lanes_enter_piece(lanes_run *w, long i);
ad_status nde_lanes_room(lanes_run *w); /* for the next attempt                        */
void      nde_lanes_bound_times(lanes_run *w, const double *t,
                                long m); /* the scratch times, inside their pieces   */
/* lanes_attempt.c: all lanes try a step; attempts: how many there were before */
ad_status nde_lanes_attempt(lanes_run *w, long attempts);
/* lanes_output.c: outputs that the accepted steps have reached; counts[i] of lane i, *inside: some lie inside a step */
ad_status nde_lanes_outputs(lanes_run *w, int counts[], int *inside);
void      nde_lanes_fill_nan(lanes_run *w, long sample, int from);
/* lanes_log.c */
ad_status nde_lanes_keep(lanes_run *w, const int counts[], int inside);
/* lanes_close.c: accepted rows move on, lanes that leave make room, those at a break point start again */
ad_status nde_lanes_close(lanes_run *w);

#endif
