/* config_internal.h - between reading a scheduler_config.json and translating it (internal). */
#ifndef COSTATE_DIFFUSION_CONFIG_INTERNAL_H
#define COSTATE_DIFFUSION_CONFIG_INTERNAL_H

#include <costate/diffusion/config.h>

typedef struct dpm_list {
    long    n; /* 0: null, or empty */
    double *value;
} dpm_list;

/* NaN: null. TEXT NULL: null. ANY: 1 where it is not null. */
typedef struct dpm_keys {
    const char *class_name;
#define INTEGER         long
#define FLAG            int
#define NUMBER          double
#define TEXT            const char *
#define LIST            dpm_list
#define ANY             int
#define KEY(kind, name) kind name;
#include "config_keys.def"
#undef KEY
#undef INTEGER
#undef FLAG
#undef NUMBER
#undef TEXT
#undef LIST
#undef ANY
} dpm_keys;

typedef ad_status dpm_translation(const dpm_keys *k, dpm_config *c);

typedef struct dpm_config_class_row {
    const char      *name;
    dpm_translation *translate; /* NULL: refused */
    const char      *takes;     /* keys and defaults, or why it is refused */
} dpm_config_class_row;

const dpm_config_class_row *dpm_config_class_find(const char *name);

#define CLASS(name, translation, takes) dpm_translation dpm_config_##translation;
#define REFUSED(name, why)
#include "config_classes.def"
#undef CLASS
#undef REFUSED

/* The sampler, if it is there. */
ad_status dpm_config_use(const dpm_keys *k, dpm_config *c, const char *sampler);
/* Refuses networks that predict their variance. */
ad_status dpm_config_fixed_variance(const dpm_keys *k);

/* The beta schedule, or a flow's with use_flow_sigmas, and the network's prediction. below: sqrt(alpha_bar) ends at 2^-12 where it
   would end at 0, as in the classes that divide by it. */
ad_status dpm_config_schedule(const dpm_keys *k, dpm_config *c, int below);
/* Where they step: replaces: as DPM-Solver's classes count (grid.h). */
ad_status dpm_config_grid(const dpm_keys *k, dpm_config *c, int replaces);
ad_status dpm_config_clipping(const dpm_keys *k, dpm_config *c);

/* "NAME: KEY = VALUE is not understood: WHY" */
ad_status dpm_config_refuse(const dpm_keys *k, const char *key, const char *value, const char *why);

#endif
