/* generate.h - samples of a denoiser as data, in one call. */
#ifndef COSTATE_MODELS_GENERATE_H
#define COSTATE_MODELS_GENERATE_H

#include <costate/diffusion/sample.h>
#include <costate/models/denoiser.h>

COSTATE_BEGIN_DECLS

typedef struct mdl_generation {
    dpm_options o; /* schedule NULL: the run's                              */
    long        n;
    uint64_t    seed;     /* of start and noise: sample i does not depend on n   */
    const int  *label;    /* [n] classes, -1: none; NULL: none                   */
    double      guidance; /* 0: the condition as it is                           */
    long        batch;    /* samples at a time; 0: 512                           */
} mdl_generation;

/* x [n, dim] in the units of the data. nfe (NULL: not wanted): evaluations of the model by a batch. */
ad_status mdl_generate(const mdl_denoiser *d, const mdl_generation *g, double *x, long *nfe);

COSTATE_END_DECLS
#endif
