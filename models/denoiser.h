/* denoiser.h - a model that samplers can ask, with what goes with it: a trained score network from the directory of its run
   (`costate train score`), or a mixture of Gaussians from its JSON (mixture.h).

   A network lives in units where data have about unit size,
       data = x * scale[j] + shift[j],   component j of a sample,                                               (1)
   and samplers start and end in x; a mixture's scale is 1 and its shift 0.

   A network trained on classes has the argument args[0] = "condition", a row [n, E] for every sample: the embedding vector of its
   class, mdl_denoiser_embed(), or any other vector, so that a condition can be searched for by its gradient. With at->unconditional
   it takes the null embedding instead, which stands for "any class"; guidance (model.guided = 1) needs no more. */
#ifndef COSTATE_MODELS_DENOISER_H
#define COSTATE_MODELS_DENOISER_H

#include <costate/datasets/samples.h>
#include <costate/diffusion/mixture.h>
#include <costate/diffusion/model.h>
#include <costate/diffusion/schedule.h>

COSTATE_BEGIN_DECLS

struct mdl_score_config; /* models/settings.h */
struct mdl_score_network;

typedef struct mdl_denoiser {
    dpm_model      model;              /* whole; guided is 0: set it before dpm_sampler_new()   */
    void          *theta;              /* of model.type; averaged where the run averaged; yours */
    dpm_schedule  *schedule;           /* the run's; NULL of a mixture             */
    dpm_mixture   *mixture;            /* NULL of a run                            */
    long           classes, embedding; /* 0, 0: it knows none; embedding is E      */
    struct json_t *class_names;        /* a list; NULL: they are numbers           */
    int            rank;               /* of a sample: [2], or [1, 8, 8]           */
    long           shape[DS_SAMPLE_RANK];
    double        *scale, *shift; /* (1), [dim] each                               */
    char          *path;          /* where it is from                              */
    /* of a run; NULL of a mixture */
    struct mdl_score_config  *config;
    struct mdl_score_network *network;
    nde_arg                   condition;
} mdl_denoiser;

/* path: a run's directory or a mixture's file. type: AD_F32 or AD_F64, weights are rounded; 0: the run's own, AD_F64 of a mixture. */
ad_status mdl_denoiser_load(mdl_denoiser **d, const char *path, ad_type type);
void      mdl_denoiser_free(mdl_denoiser *d);

/* The samples that a run was trained on, as it read them; they may be gone. AD_INVALID of a mixture. */
ad_status mdl_denoiser_data(const mdl_denoiser *d, ds_samples **data);

/* A class by its number or its name. AD_INVALID, with a sentence that names them. */
ad_status mdl_denoiser_class(const mdl_denoiser *d, const char *word, long *k);

/* c [E] of model.type: of a class 0 .. classes - 1, or -1 for none. AD_INVALID for a class that there is not. */
ad_status mdl_denoiser_embed(const mdl_denoiser *d, long label, void *c);

/* (1) and back, n rows of float64. */
void mdl_denoiser_to_data(const mdl_denoiser *d, long n, double *x);
void mdl_denoiser_from_data(const mdl_denoiser *d, long n, double *x);

/* Other weights as a run of their own: config.json and checkpoint.safetensors of an existing directory, in model.type.
   It can be sampled and tuned, but not trained on. AD_UNSUPPORTED of a mixture. */
ad_status mdl_denoiser_save(const mdl_denoiser *d, const char *directory);

COSTATE_END_DECLS
#endif
