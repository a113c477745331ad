/* schedule.h - the learning rate over time, as a factor in [0, 1] of the optimizer's own rate.

       constant
       cosine[:LAST]                  LAST + (1 - LAST) (1 + cos(pi i / T)) / 2, LAST 0  (Loshchilov, Hutter 2017, eq. 5)
       exponential[:GAMMA]            GAMMA^i; without GAMMA such that it ends at 0.01
       plateau[:CUT[,PATIENCE[,TOL]]] times CUT (0.5) after more than PATIENCE (20) losses in a row that are not
                                      below the best by a part TOL (1e-4) of it
       step:FACTOR,EVERY              FACTOR^floor(i / EVERY)              (PyTorch's StepLR)
       inverse:DECAY                  1 / (1 + DECAY i)                    (Flux's InvDecay, which counts i from 1)

   With +warmup:W behind any of them the factor first rises linearly, 1/W, 2/W, ..., 1, and i counts from there.
   T is the number of steps left for the decay. */
#ifndef COSTATE_AUTODIFF_SCHEDULE_H
#define COSTATE_AUTODIFF_SCHEDULE_H

#include <costate/autodiff/status.h>

COSTATE_BEGIN_DECLS

struct ad_schedule_kind; /* a row of the table in schedule.c */

/* A value: copy it at will, nothing to free. */
typedef struct ad_schedule {
    const struct ad_schedule_kind *kind;
    double                         arg[3];
    long                           total;  /* steps of the whole run; 0: not known */
    long                           warmup; /* steps                                */
    double                         best;   /* plateau: the lowest loss so far      */
    double                         cut;    /* plateau: the factor now              */
    long                           bad;    /* plateau: losses since the best       */
} ad_schedule;

/* Reads "cosine", "exponential:0.99", "plateau:0.5,20", "cosine+warmup:100". */
ad_status ad_schedule_parse(ad_schedule *s, const char *text, long total);
/* The factor for step i = 0, 1, .... A function of i and, for plateau, of the losses told so far. */
double ad_schedule_factor(const ad_schedule *s, long i);
/* Tells a loss (of validation, of an epoch); only plateau listens. NaN counts as no better. */
void ad_schedule_observe(ad_schedule *s, double loss);

/* What has been learned from the losses as text, exact to the bit, and back. Returns text. */
char     *ad_schedule_state(const ad_schedule *s, char *text, size_t size);
ad_status ad_schedule_restore(ad_schedule *s, const char *state);

/* Names for a list: the i-th with its arguments, NULL behind the last. */
const char *ad_schedule_usage(int i);

COSTATE_END_DECLS
#endif
