/* run_settings.h - (internal) config.json of the runs of models that learn from samples: their settings, and a few whole numbers that the
   data told (how many inputs, how many classes), so that a run can be loaded without them. */
#ifndef COSTATE_MODELS_RUN_SETTINGS_H
#define COSTATE_MODELS_RUN_SETTINGS_H

#include <costate/models/settings.h>

COSTATE_BEGIN_DECLS

typedef struct mdl_fact {
    const char *key;
    long        value; /* >= 1 */
} mdl_fact;

/* config.json of a directory, which must be a run of that model: a new reference. */
ad_status mdl_run_json(struct json_t **j, const char *directory, const char *model);
/* A new reference; NULL with a sentence. */
struct json_t *mdl_run_settings_json(const mdl_settings *s, const void *config, int facts,
                                     const mdl_fact fact[]);
/* Settings and facts of a directory's config.json. */
ad_status mdl_run_settings(const mdl_settings *s, const char *directory, void **config, int facts,
                           mdl_fact fact[]);

COSTATE_END_DECLS
#endif
