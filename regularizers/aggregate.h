/* aggregate.h - one number from the estimates of many steps (internal).

   With x_j of accepted step j, over the N steps of a solve (per sample: of a sample, then the mean over samples):

       mean  sum x_j / N,    sum  sum x_j,    max  max x_j,    squares  sum x_j^2                              (1)

   A floor is a further sample of the given value: the mean is divided by N + 1, the maximum never below it (the callback of the
   authors' code is called once before the first step). */
#ifndef COSTATE_REGULARIZERS_AGGREGATE_H
#define COSTATE_REGULARIZERS_AGGREGATE_H

#include "kind.h"

typedef enum reg_aggregate { REG_MEAN, REG_SUM, REG_MAX, REG_SQUARES } reg_aggregate;

typedef struct reg_gather {
    reg_aggregate how;
    double        floor; /* < 0: none */
    long          steps, n;
    const long   *sample;       /* whose step; NULL: joint */
    double       *x, *x_bar;    /* [steps]; dR/dx_j is set */
    long         *count, *best; /* [n] */
} reg_gather;

/* Room for the steps of the last solve and n samples, kept from solve to solve. */
ad_status reg_gather_room(reg_gather *g, const reg_run *r, size_t room[2]);
void      reg_gather_free(reg_gather *g);
double    reg_gather_value(reg_gather *g);

#endif
