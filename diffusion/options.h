/* options.h - how to sample: everything that the samplers of the registry can be told.

   Zero means the default, which stands beside the field. What a sampler does not know it refuses: dpm_sampler_new() says which
   option and which sampler. */
#ifndef COSTATE_DIFFUSION_OPTIONS_H
#define COSTATE_DIFFUSION_OPTIONS_H

#include <costate/diffusion/grid.h>
#include <costate/diffusion/prediction.h>
#include <costate/nde/tableau.h>

COSTATE_BEGIN_DECLS

typedef enum dpm_adjoint {
    DPM_ADJOINT_POINTS, /* evaluation points are kept, each evaluation is run again before its pullback       */
    DPM_ADJOINT_TAPE, /* residuals of every evaluation are kept: nothing is run again                       */
    DPM_ADJOINT_CHECKPOINTS, /* states under a budget of bytes, segments run again                                 */
    DPM_ADJOINT_REVERSIBLE, /* states are recovered from the end; samplers that are reversible alone              */
    DPM_ADJOINT_LAST, /* the last `last` steps alone (Clark et al. 2024: DRaFT-K)                           */
    DPM_ADJOINT_CONTINUOUS, /* AdjointDPM: the augmented ODE in (y, rho), backwards; not the gradient of the sampler */
} dpm_adjoint;

typedef struct dpm_found
    dpm_found; /* found.h: what a search has found: times, decisions a step, coefficients */

typedef struct dpm_options {
    const char
        *sampler; /* "dpmpp-2m"; or another's name for one                                       */
    const dpm_schedule
        *schedule; /* required; must outlive what is made with it                                 */
    dpm_grid_options
        grid;  /* grid.steps is required                                                      */
    int order; /* the sampler's                                                               */
    dpm_prediction
        prediction; /* EPSILON or X0: the form that is integrated; the sampler's                 */
    const char
        *solver_type; /* "dpmsolver" or "taylor" (diffusers: midpoint, heun); the sampler's      */
    const char
        *singlestep; /* "fast": orders so that steps is the number of evaluations; or "fixed"   */
    const char
        *variant; /* unipc: "bh2", "bh1" or "vary"                                           */
    /* The last steps are of lower order: 1: yes (DPM-Solver's, as by the official flag, with fewer than 10 steps); 2: with any
       number of steps; 0: the sampler's rule; -1: no */
    int lower_order_final;
    int no_corrector; /* unipc, dpm-v3: 1: predictor alone                                       */
    int published;    /* 1: with the known errors of the official implementation                 */
    double eta; /* ddim, ancestral ones, sde forms: the part of the noise; their own; DPM_ZERO */
    double churn, churn_min, churn_max,
        churn_noise; /* heun, euler, dpm-2: 0, 0, inf, 1             */
    double gamma;    /* bdia: 1                                                                  */
    double mixing;   /* edict: 0.93                                                              */
    double zeta;     /* rex: 0.999                                                               */
    const nde_tableau
          *tableau; /* rho-rk, rex: heun, euler                                                 */
    double rtol,
        atol;    /* adaptive ones: 0.05, 0.0078                                              */
    int    clip; /* 1: x0 is cut to +-clip_range (1) wherever it is predicted                */
    double clip_range;
    double threshold; /* dynamic thresholding's ratio; 0: none (Saharia et al. 2022: 0.995)       */
    double
        threshold_most; /* the largest that it scales by; 0: no limit                             */
    const char
        *statistics; /* dpm-v3: file of model statistics; NULL: degenerate ones, l = 1, s = b = 0 */
    int  invert;     /* 1: from data to noise                                                    */
    int  inpaint;    /* 1: a run brings known [n, dim] and mask [n, dim]: 1 where x is sampled   */
    int  skip_most;  /* sada: 4 evaluations in a row                                             */
    double
        noise_level; /* interpolant: the epsilon of its SDE, 0: the ODE                          */
    const dpm_found
        *found; /* NULL; its times and decisions go before grid and sampler                 */
    dpm_adjoint
           adjoint; /* of dpm_pullback()                                                        */
    size_t budget;  /* checkpoints: bytes for states; 16 of them                                */
    long   last;    /* last: steps                                                              */
    const nde_tableau
        *continuous; /* continuous: its method, rk4, on the sampler's own grid ...               */
    double
        continuous_rtol; /* ... or adaptive with this tolerance                                   */
} dpm_options;

COSTATE_END_DECLS
#endif
