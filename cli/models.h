/* models.h - the models of models.def: each is a verb of its own behind `train`. */
#ifndef COSTATE_CLI_MODELS_H
#define COSTATE_CLI_MODELS_H

#include "args.h"

typedef struct cli_model {
    const char     *name;  /* as config.json has it: "ode-classifier"                          */
    const char     *about; /* for `costate list models`                                        */
    const cli_verb *train; /* its name is "train NAME"                                         */
    ad_status (*info)(const char *directory); /* what `costate info` tells of a run           */
    int (*evaluate)(const cli_args *a, const char *directory); /* NULL: there is no such thing */
} cli_model;

#define MODEL(name) extern const cli_model cli_model_##name;
#include "models.def"
#undef MODEL

int              cli_models(void); /* how many */
const cli_model *cli_model_at(int i);
const cli_model *cli_model_find(const char *name); /* NULL: none, without a sentence */

/* The model of a run, from its config.json; NULL with a sentence. */
const cli_model *cli_model_of_run(const char *directory);

#endif
