#include "reproduce.h"

#define EXPERIMENT(name) extern const repro_experiment repro_experiment_##name;
#include "experiments.def"
#undef EXPERIMENT

static const repro_experiment *const table[] = {
#define EXPERIMENT(name) &repro_experiment_##name,
#include "experiments.def"
#undef EXPERIMENT
};

int repro_experiments(void)
{
    return sizeof table / sizeof table[0];
}
const repro_experiment *repro_experiment_at(int i)
{
    return table[i];
}
