/* controller.h - how the next step is chosen: plain functions of the error, and their pullback for those who ask.

   With E_n the scaled error of an attempt (accepted when E_n <= 1), E_{n-1} and E_{n-2} those of the accepted steps
   before it, and k = min(order, error_order + 1), an attempt of size h is followed by one of size factor h,

       factor = safety E_n^-beta1 E_{n-1}^beta2 E_{n-2}^-beta3,   within [min_factor, max_factor].         (1)

   An I controller has beta1 alone, PI two, PID all three. One row of nde/controllers.c each. */
#ifndef COSTATE_NDE_CONTROLLER_H
#define COSTATE_NDE_CONTROLLER_H

#include <costate/nde/tableau.h>

COSTATE_BEGIN_DECLS

typedef struct nde_controller {
    const char *name, *cite;
    double      beta1, beta2, beta3;
    int    relative; /* 1: the betas of (1) are these divided by k (Soederlind's); 0: these       */
    double safety, min_factor, max_factor;
    double min_accepted;         /* floor of the factor after E_n < 1 (torchdiffeq: 1); 0: none   */
    double steady_lo, steady_hi; /* a factor inside [lo, hi] becomes 1; both 1: never             */
    double previous_floor;     /* E_{n-1}, E_{n-2} are at least this (OrdinaryDiffEq's qoldinit) */
    double previous_start;     /* and this at the start; 0: previous_floor                      */
    int    reject_plain;       /* after a rejection use E_n alone                               */
    double max_after_reject;   /* cap on the step right after a rejection (Hairer: 1); 0: none  */
    int    initial_step_order; /* of nde_initial_step: 0: order + 1 (the book); 1: order
                                         (dopri5.f, OrdinaryDiffEq, torchdiffeq)                       */
} nde_controller;

typedef struct nde_controller_state {
    double log_e1, log_e2; /* of E_{n-1}, E_{n-2} */
    int    rejected;       /* the attempt before   */
} nde_controller_state;

void nde_controller_start(const nde_controller *c, nde_controller_state *s);

/* The factor by which the step changes after an attempt with error e; updates the state. One logarithm (two
   below previous_floor) and one exponential a call. e = 0 gives max_factor. NaN or infinity counts as a rejection with the smallest factor. A
   rejection's factor is at most safety, so that repeated rejections end. */
double nde_controller_factor(const nde_controller *c, nde_controller_state *s, int k, double e,
                             int accepted);

/* The two halves of it, for many samples at once: factor = finish(exp(exponent(log e))), e > 0. */
double nde_controller_exponent(const nde_controller *c, const nde_controller_state *s, int k,
                               double log_e, int accepted);
double nde_controller_finish(const nde_controller *c, nde_controller_state *s, double e,
                             double log_e, double power, int accepted);

/* One call of nde_controller_factor(), with the state that it found. */
typedef struct nde_controller_call {
    const nde_controller *c;
    nde_controller_state  before;
    int                   k;
    double                e;
    int                   accepted;
} nde_controller_call;

/* From the cotangents of the factor and, in log_bar, of the state's log_e1 and log_e2 behind the call to that of e, which is
   returned, and of log_e1 and log_e2 before it. Where a bound, a floor or the steady range decides, the derivative is 0. */
double nde_controller_pullback(const nde_controller_call *at, double factor_bar, double log_bar[2]);

/* The first step, Hairer, Norsett, Wanner I, II.4: a guess h0 from d0 = |y|, d1 = |f|, then h from d2 = |f1 - f0| / h0
   with f1 = f(t0 + h0, y0 + h0 f0), all in the scaled norm: h = (0.01 / max(d1, d2))^(1/order), at most 100 h0. */
double nde_initial_guess(double d0, double d1);
double nde_initial_step(double h0, double d1, double d2, int order);

/* i, pi, pid, hairer, ordinarydiffeq, torchdiffeq, case ignored; NULL with a sentence. The first is the default. */
const nde_controller *nde_controller_named(const char *name);
int                   nde_controller_count(void);
const nde_controller *nde_controller_at(int i);

COSTATE_END_DECLS
#endif
