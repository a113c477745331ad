/* joint.h - the pullback of a joint solve under way (internal to joint*.c).

   Where step sizes are no constants (through_h), three more cotangents go back with those of the states: of the time at the
   start of the step, of the size that the controller proposed, and of what it remembers of earlier errors. */
#ifndef COSTATE_ADJOINT_JOINT_H
#define COSTATE_ADJOINT_JOINT_H

#include "internal.h"

/* Behind the attempt at hand. */
typedef struct adj_sizes {
    long   attempt;  /* its number                                       */
    double t, h;     /* cotangents of the time, of the proposed size > 0 */
    double log_e[2]; /* of the controller's log_e1, log_e2               */
    double tried;    /* of the attempt's |h|, by the factor              */
    double stays;    /* of the proposed size, where a cut left it as it was */
} adj_sizes;

typedef struct adj_joint {
    adj_solver           *a;
    nde_solver           *s;
    const adj_cotangents *c;
    long                  n;
    int                   next; /* output time whose cotangent comes next */
    char                 *lambda, *kappa, *lambda_out, *kappa_out;
    double                t0_bar, t1_bar;
    int                   moving; /* through_h */
    adj_sizes             size;
} adj_joint;

/* What the outputs of a step add to it: how many lie inside; cotangents of its t and h through x = (t_i - t) / h. */
typedef struct adj_inside {
    int    count;
    double t, h;
} adj_inside;

/* joint_output.c */
ad_status adj_joint_outputs(adj_joint *w, const nde_taken *k, const nde_attempt_io *io,
                            adj_inside *in);
ad_status adj_joint_outputs_at_start(adj_joint *w);

/* joint.c: an attempt from step k as it was, run again where its frame was not kept */
ad_status adj_joint_revisit(adj_joint *w, const nde_taken *k, char *frame, nde_attempt_io *io);
/* the rows' cotangents from those of the estimates; 1: some are not zero */
int adj_joint_seed_rows(adj_joint *w, const double q[NDE_COLUMNS], const nde_estimates_bar *e,
                        nde_attempt_bar *bar);

/* joint_sizes.c: the cotangent of an attempt's error through the sizes of the steps behind it; then, with those of its t and
   signed h known, on to before it. */
double adj_joint_size_error(adj_joint *w, const nde_tried *k);
void   adj_joint_size_back(adj_joint *w, const nde_tried *k, double t_bar, double h_bar);
/* The rejected attempts before the accepted one of a step. */
ad_status adj_joint_rejected(adj_joint *w, const nde_taken *k);

static inline const nde_tried *adj_joint_attempt(const adj_joint *w)
{
    return &w->s->record->tried[w->size.attempt];
}

#endif
