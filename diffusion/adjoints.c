/* Adjoints of sampling by name. */
#include <string.h>

#include <costate/autodiff/text.h>

#include "sample.h"

static const struct {
    const char *name, *about;
} adjoint[] = {
    [DPM_ADJOINT_POINTS] = { "points", "evaluation points are kept, each evaluation is run once "
                                       "more; exact" },
    [DPM_ADJOINT_TAPE]   = { "tape", "everything is kept, nothing is run again; exact" },
    [DPM_ADJOINT_CHECKPOINTS] = { "checkpoints",
                                  "some states are kept, under a budget of bytes; exact" },
    [DPM_ADJOINT_REVERSIBLE]  = { "reversible",
                                  "nothing is kept: bdia, o-belm, edict and rex walk back; exact" },
    [DPM_ADJOINT_LAST] = { "last", "through the last steps alone (DRaFT-K, Clark et al. 2024)" },
    [DPM_ADJOINT_CONTINUOUS] = { "continuous", "AdjointDPM's ODE backwards (Pan et al. 2024); not "
                                               "the sampler's gradient" },
};

enum { ADJOINTS = sizeof adjoint / sizeof *adjoint };

const char *dpm_adjoint_name(int i)
{
    return i >= 0 && i < ADJOINTS ? adjoint[i].name : NULL;
}

const char *dpm_adjoint_about(int i)
{
    return i >= 0 && i < ADJOINTS ? adjoint[i].about : NULL;
}

ad_status dpm_adjoint_parse(const char *text, dpm_adjoint *a)
{
    const char *known[ADJOINTS];
    for (int i = 0; i < ADJOINTS; i++) {
        known[i] = adjoint[i].name;
        if (strcmp(text, known[i]) == 0) {
            *a = (dpm_adjoint)i;
            return AD_OK;
        }
    }
    const char *near = ad_nearest(text, ADJOINTS, known);
    return ad_fail(AD_INVALID,
                   "there is no adjoint '%s' of sampling; %s%s%sthere are points, tape, "
                   "checkpoints, reversible, last, "
                   "continuous",
                   text, near ? "did you mean '" : "", near ? near : "", near ? "'? " : "");
}
