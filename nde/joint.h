/* joint.h - a joint solve under way (internal to solve_joint.c and joint_start.c). */
#ifndef COSTATE_NDE_JOINT_H
#define COSTATE_NDE_JOINT_H

#include "solver.h"

typedef struct joint {
    nde_solver           *s;
    const nde_solve_args *a;
    double                t, h, end, dir, lo, hi, stop;
    char                 *y, *carry, *y1, *carry1; /* now, and where the attempt goes */
    char                 *frame;
    nde_attempt_io        io;
    nde_controller_state  control;
    int                   next; /* output time */
    long                  starts, grid;
    int                   restart, clip_outputs;
    int                   cut, capped; /* of the attempt: nde_tried */
    double                q[NDE_COLUMNS], error;
} joint;

/* Where the next attempt puts its state, carry and frame: in the record, or by turns in the scratch. */
ad_status nde_joint_next_room(joint *w);
/* Before the first attempt: an empty record, room for y0 and for what follows it. */
ad_status nde_joint_first_room(joint *w);
/* Behind t0 or a break point: the piece's bounds, and the carry anew. */
ad_status nde_joint_begin_piece(joint *w);
/* The first size, where the steps are not given. */
ad_status nde_joint_first_step(joint *w);

#endif
