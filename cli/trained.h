/* trained.h - models that an experiment needs, as runs of their own in its folder, which `costate sample` and `evaluate` take.

   What is done is left alone, what is half done is gone on with. */
#ifndef COSTATE_CLI_TRAINED_H
#define COSTATE_CLI_TRAINED_H

#include "reproduce.h"

/* Settings of a model as they would be typed: key and text. */
typedef struct trained_setting {
    const char *key, *text;
} trained_setting;

/* Sees that r->directory/name is a complete run of these settings, and writes its path. A run of others there: AD_INVALID. Ctrl-C:
   AD_CANCELLED, with a checkpoint. */
ad_status trained_score(repro *r, const char *name, int n, const trained_setting set[],
                        char path[REPRO_PATH]);

#endif
