/* record.h - the accepted steps of a solve, kept for the way back (internal).

   One pool of chunks serves all that a step keeps; it grows to the longest solve and is then reused, so that from the second
   solve on nothing is allocated. */
#ifndef COSTATE_NDE_RECORD_H
#define COSTATE_NDE_RECORD_H

#include "step.h"

typedef struct nde_taken {
    double t, h, error, stiffness, q[NDE_COLUMNS];
    double lo, hi;
    char  *y, *carry, *y1, *carry1;
    char  *frame; /* residuals; NULL: run the step again                                          */
    char
        *stages; /* values of k, kept where the step holds an output; NULL: run again             */
    int outputs; /* output times in (t, t + h]                                                    */
    int restart; /* carry was computed here by start(): t0, or after a break point                */
} nde_taken;

/* Where an attempt's end was not t + h of the size proposed: an output time (its number; the last: the end), a break. */
enum { NDE_CUT_NOT = -2, NDE_CUT_BREAK = -1 };

/* An attempt, rejected or not, for those to whom step sizes are no constants (adjoint/joint_sizes.c). Those of a step follow
   one another from the same state, the accepted one last. */
typedef struct nde_tried {
    double               proposed, h; /* the controller's size > 0; and the one tried, signed */
    double               error, q[NDE_COLUMNS];
    nde_controller_state control;               /* before its verdict */
    int                  accepted, cut, capped; /* capped: by h_max */
    char                *frame;
} nde_tried;

typedef struct nde_chunk {
    char  *at;
    size_t bytes;
} nde_chunk;

typedef struct nde_pool {
    nde_chunk *chunk;
    int        chunks, capacity, at;
    size_t     chunk_bytes, used, total; /* chunk_bytes: the least that a new chunk has */
} nde_pool;

void  nde_pool_start(nde_pool *p, size_t chunk_bytes);
void  nde_pool_reset(nde_pool *p);
void *nde_pool_take(nde_pool *p, size_t bytes);
void  nde_pool_free(nde_pool *p);

typedef struct nde_record {
    int        keep_frames;
    nde_pool   pool;
    nde_taken *step;
    long       steps, capacity;
    int        keep_tried;
    nde_tried *tried;
    long       attempts, tried_capacity;
    int        finished;
    double    *columns; /* of the steps, for those who ask; filled on request */
    long      *sample;
    long       column_capacity, sample_capacity;
} nde_record;

nde_taken *nde_record_add(nde_record *r);
nde_tried *nde_record_try(nde_record *r);
void       nde_record_free(nde_record *r);

#endif
