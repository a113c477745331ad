/* config.h - what a training run is told, as one struct, as options and as JSON. */
#ifndef COSTATE_MODELS_CONFIG_H
#define COSTATE_MODELS_CONFIG_H

#include <costate/autodiff/memory.h>
#include <costate/autodiff/schedule.h>

COSTATE_BEGIN_DECLS

typedef enum mdl_kind { MDL_IS_TEXT, MDL_IS_NUMBER, MDL_IS_INTEGER, MDL_IS_FLAG } mdl_kind;

typedef struct mdl_config {
    ad_arena *arena; /* holds the texts */
    /* data */
    const char *data, *columns, *drop, *time, *id, *dates;
    double      holdout;
    const char *split;
    double      validation;
    /* model */
    const char *system;
    long        width, depth;
    const char *activation;
    int         linear, time_input;
    long        augment;
    const char *starts, *precision;
    long        seed;
    /* solver */
    const char *method;
    double      rtol, atol;
    long        max_steps;
    /* training */
    long        iterations;
    double      time_budget;
    long        warm_start, batch, window;
    double      lr;
    const char *schedule, *optimizer;
    double      weight_decay;
    const char *loss, *regularizer;
    double      clip, ema;
    long        patience, every;
    double      checkpoint;
    /* forecast */
    long assimilate, horizon;
} mdl_config;

/* A row of config.def. */
typedef struct mdl_setting {
    mdl_kind    kind;
    const char *key, *value, *standard, *about, *group;
    size_t      offset; /* of the member */
} mdl_setting;

const mdl_setting *mdl_setting_at(int i); /* NULL behind the last */

ad_status mdl_config_new(mdl_config **c); /* with the defaults */
void      mdl_config_free(mdl_config *c);

/* text as it would be typed; NULL leaves a text empty. Says what is wrong with numbers out of range. */
ad_status mdl_config_set(mdl_config *c, const char *key, const char *text);
/* Values that make no sense together or alone: one sentence. */
ad_status mdl_config_check(const mdl_config *c);

/* The schedule of the learning rate that the settings ask for. */
ad_status mdl_config_schedule(const mdl_config *c, ad_schedule *schedule);

struct json_t; /* jansson's */
/* A new reference to an object of all settings; NULL without memory. */
struct json_t *mdl_config_to_json(const mdl_config *c);
ad_status      mdl_config_from_json(mdl_config *c, const struct json_t *j);

COSTATE_END_DECLS
#endif
