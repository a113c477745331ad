/* gradient_page.h - what sampler-gradients has found out about a model, as tables, a picture and JSON. */
#ifndef COSTATE_CLI_GRADIENT_PAGE_H
#define COSTATE_CLI_GRADIENT_PAGE_H

#include "gradient_cases.h"
#include "reproduce_page.h"

enum { GRADIENT_SIZES = 5, GRADIENT_MODES = 16, GRADIENT_ROWS = 16 };

/* A way of pulling back. */
typedef struct gradient_mode {
    const char        *title, *sampler;
    dpm_adjoint        adjoint;
    const nde_tableau *method; /* of the continuous adjoint */
    long               last;
} gradient_mode;

/* One mode at one number of steps. */
typedef struct gradient_cell {
    double kept, slots, model; /* bytes */
    double tape, ode;          /* median over the starts of the relative distance of dL/dx_T */
    double weights;            /* relative distance of dL/dtheta from the tape's */
    long   nfe, again, vjps;
} gradient_cell;

/* A Runge-Kutta method in rho there, and the adjoint ODE by the same back. */
typedef struct gradient_pan {
    const nde_tableau *method;
    long               steps;
    double             continuous, batch, cosine; /* against the gradient of the sampler */
    double             discrete, back; /* against the ODE's; rms of x_T solved backwards */
} gradient_pan;

typedef struct gradient_results {
    const char          *name, *title; /* of the picture and in results.json; of the section */
    int                  sizes, modes, pans;
    const long          *size; /* numbers of steps */
    const gradient_mode *mode;
    gradient_cell        cell[GRADIENT_MODES][GRADIENT_SIZES];
    gradient_pan         pan[GRADIENT_ROWS];
} gradient_results;

void gradient_page(repro_page *p, const gradient_case *c, const gradient_results *r);

#endif
