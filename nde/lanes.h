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
    long block, row, previous; /* previous step of the same lane; -1: its first */
    int  outputs, restart;
    double error, q[NDE_COLUMNS];
} lane_step;

struct nde_lanes {
    long   *id;    /* sample of each lane, ascending                                   */
    double *t, *h; /* of each lane: now, and the size proposed                         */
    double *t1, *t0, *dir, *end, *lo, *hi, *stop, *error, *log_e, *power;
    int    *next;  /* output time                                                      */
    long   *grid;  /* accepted steps                                                   */
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

#endif
