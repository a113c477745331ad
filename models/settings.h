/* settings.h - (internal) what a training run is told, for models that learn from samples: one table gives the struct, the options of the
   command and config.json.

   A file NAME.def has rows as config.def has them; the struct begins with an arena, and a member a row. */
#ifndef COSTATE_MODELS_SETTINGS_H
#define COSTATE_MODELS_SETTINGS_H

#include <costate/models/config.h>

COSTATE_BEGIN_DECLS

/* What samples are, and how a learner goes through them: the head of every such struct, the rows of samples.def. What a model has no
   row for is 0: method NULL where training solves nothing. */
typedef struct mdl_samples_config {
#define MDL_TEXT(field, key, value, standard, about, group)    const char *field;
#define MDL_NUMBER(field, key, value, standard, about, group)  double field;
#define MDL_INTEGER(field, key, value, standard, about, group) long field;
#define MDL_FLAG(field, key, value, standard, about, group)    int field;
    ad_arena                                                      *arena; /* holds the texts */
#include <costate/models/samples.def>
} mdl_samples_config;

typedef struct mdl_classifier_config {
    mdl_samples_config samples;
#include <costate/models/classifier.def>
} mdl_classifier_config;

typedef struct mdl_cnf_config {
    mdl_samples_config samples;
#include <costate/models/cnf.def>
} mdl_cnf_config;
#undef MDL_EPOCHS
#undef MDL_RATE
#undef MDL_SCHEDULE

typedef struct mdl_score_config {
    mdl_samples_config samples;
#include <costate/models/score.def>
} mdl_score_config;
#undef MDL_EPOCHS
#undef MDL_RATE
#undef MDL_SCHEDULE
#undef MDL_NO_SOLVES
#undef MDL_TEXT
#undef MDL_NUMBER
#undef MDL_INTEGER
#undef MDL_FLAG

/* A model's table. */
typedef struct mdl_settings {
    const char        *model; /* "ode-classifier"                          */
    size_t             size;  /* of the struct                             */
    int                rows;
    const mdl_setting *row;
    ad_status (*check)(const void *config);
} mdl_settings;

extern const mdl_settings mdl_classifier_settings, mdl_cnf_settings, mdl_score_settings;

/* settings_check.c: one sentence on values that make no sense, alone or together. */
ad_status mdl_check_classifier(const void *config);
ad_status mdl_check_cnf(const void *config);
ad_status mdl_check_score(const void *config);

/* A struct with the defaults; it begins with a mdl_samples_config. */
ad_status mdl_settings_new(const mdl_settings *s, void **config);
void      mdl_settings_free(void *config);

/* text as it would be typed; NULL leaves a text empty. */
ad_status mdl_settings_set(const mdl_settings *s, void *config, const char *key, const char *text);
/* The value of row i as text, into text where it is a number; NULL: empty. */
const char *mdl_settings_text(const mdl_settings *s, const void *config, int i, char *text,
                              size_t size);

struct json_t *mdl_settings_to_json(const mdl_settings *s, const void *config);
/* Rows that the object lacks keep their value. */
ad_status mdl_settings_from_json(const mdl_settings *s, void *config, const struct json_t *j);

COSTATE_END_DECLS
#endif
