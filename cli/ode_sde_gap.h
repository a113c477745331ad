/* ode_sde_gap.h - what `costate reproduce ode-sde-gap` measures, and its page. */
#ifndef COSTATE_CLI_ODE_SDE_GAP_H
#define COSTATE_CLI_ODE_SDE_GAP_H

#include <costate/autodiff/memory.h>

#include "reproduce_page.h"
#include "sampler_cases.h"

enum { GAP_WEIGHTS = 5, GAP_SEEDS = 3, GAP_PAIRS = 8 };

typedef struct gap_laws {
    double residual; /* R of score_residual.h                            */
    double gap;      /* sliced W2 of the ODE's law from the SDE's        */
    double ode, sde; /* of each from the data                            */
} gap_laws;

typedef struct gap_work {
    repro       *r;
    ad_arena    *arena;
    sampler_case c, ends; /* M3; the same with n samples in ends.out */
    int          weights, seeds;
    const char  *weight[GAP_WEIGHTS], *seed[GAP_SEEDS];
    long         steps;
    double      *ode, *sde, *x0;
    double       floor; /* of GAP_PAIRS pairs of exact sets */
    gap_laws     exact, at[GAP_WEIGHTS][GAP_SEEDS];
    char         data[REPRO_PATH], mixture[REPRO_PATH];
} gap_work;

void gap_page(repro_page *p, const gap_work *w);

#endif
