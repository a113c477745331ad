/* config.h - a diffusers scheduler_config.json, as options of ours.

       dpm_config c;
       AD_TRY(dpm_config_read("scheduler_config.json", &c));
       AD_TRY(dpm_config_steps(&c, 20));
       AD_TRY(dpm_schedule_new(&schedule, &c.schedule));
       c.options.schedule = schedule;
       AD_TRY(dpm_sampler_new(&s, &model, &c.options, 64));           (model.prediction = c.prediction, model.sigma_data = c.sigma_data)

   Each class has its own defaults there, and they differ; a key that is not one of its class is ignored, as diffusers does, and is
   named in `ignored`. A value that has no counterpart here is refused with a sentence. Differences that remain:
    - diffusers keeps sigma in float32 and, for Karras and the like, tells the network a rounded time; here both are exact;
    - between whole steps Euler, Heun, LMS and KDPM2 interpolate sigma, here log sigma is interpolated;
    - where diffusers visits the last point twice and changes nothing the second time, there is one step fewer;
    - flow models are told t in [0, 1], not 1000 t; EDM models t = sigma, not log(sigma) / 4. */
#ifndef COSTATE_DIFFUSION_CONFIG_H
#define COSTATE_DIFFUSION_CONFIG_H

#include <costate/autodiff/memory.h>
#include <costate/diffusion/options.h>

COSTATE_BEGIN_DECLS

typedef struct dpm_config {
    const char *class_name; /* "DPMSolverMultistepScheduler"                                 */
    dpm_schedule_options schedule;
    dpm_options    options;    /* schedule NULL, and no steps before dpm_config_steps()         */
    dpm_prediction prediction; /* of the network                                             */
    double         sigma_data; /* edm; 0 elsewhere                                           */
    const char    *ignored;    /* keys that this class does not have, spaces between; ""     */
    /* what dpm_config_steps() goes by */
    int       lower_order;  /* -1: never, 1: below 15 steps, 2: always; 0: it has none */
    int       repeats_last; /* 1: the last point is visited twice; 2: of a flow's      */
    ad_arena *arena;        /* of all the texts and lists above */
} dpm_config;

/* An unknown class is AD_INVALID with the nearest name; a broken file is AD_BAD_FILE; AD_UNSUPPORTED is what we do not have. */
ad_status dpm_config_read(const char *path, dpm_config *c);
void      dpm_config_free(dpm_config *c);

/* For n steps as diffusers counts them: sets options.grid.steps, and what its classes decide by n (lower_order_final below 15). */
ad_status dpm_config_steps(dpm_config *c, long n);

/* The classes that are understood: their names; NULL behind the last. */
const char *dpm_config_class(int i);

COSTATE_END_DECLS
#endif
