/* modes.c - the ways back, by name. */
#include <costate/adjoint/adjoint.h>

static const struct {
    const char *name, *about;
} modes[] = {
    [ADJ_STORE_ALL] = { "store-all", "exact; keeps every stage's residuals: one forward and one "
                                     "backward of the field a stage, "
                                     "memory grows with the steps" },
    [ADJ_RECOMPUTE] = { "recompute",
                        "exact, the same numbers to rounding; keeps the state of each step and "
                        "runs the step again "
                        "on the way back: one more forward, some tenth of the memory" },
};

enum { MODES = sizeof modes / sizeof *modes };

int adj_mode_count(void)
{
    return MODES;
}
const char *adj_mode_name(int i)
{
    return i >= 0 && i < MODES ? modes[i].name : NULL;
}
const char *adj_mode_about(int i)
{
    return i >= 0 && i < MODES ? modes[i].about : NULL;
}
