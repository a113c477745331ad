/* list_sampling.c - rows of `costate list`: what diffusion models are sampled with. */
#include <stdio.h>
#include <string.h>

#include <costate/diffusion/method.h>

#include "list.h"

list_row list_sampler(int i, char *text, size_t size)
{
    const dpm_method *m         = dpm_method_row(i);
    char              order[80] = "";
    if (m->true_order > 0 && m->published_order > 0 && m->published_order != m->true_order)
        snprintf(order, sizeof order, "; order %g, %g as published", m->true_order,
                 m->published_order);
    else if (m->true_order > 0)
        snprintf(order, sizeof order, "; order %g", m->true_order);
    snprintf(text, size, "%s%s%s%s; %s%s%s%s%s", m->about, order,
             m->flags & DPM_STOCHASTIC ? "; draws noise" : "",
             m->flags & DPM_REVERSIBLE ? "; reversible" : "", m->cite, *m->takes ? "; takes " : "",
             m->takes, *m->aliases ? "; also " : "", m->aliases);
    return (list_row){ m->name, text };
}

list_row list_grid(int i, char *text, size_t size)
{
    const dpm_grid_kind *g = dpm_grid_row(i);
    snprintf(text, size, "%s%s%s%s%s", g->about, *g->cite ? "; " : "", g->cite,
             *g->aliases ? "; also " : "", g->aliases);
    return (list_row){ g->name, text };
}

int list_predictions(void)
{
    return DPM_EDM;
}

list_row list_prediction(int i, char *text, size_t size)
{
    static const char *const about[] = {
        [DPM_EPSILON] = "the noise e of x = alpha x0 + sigma e; also noise, eps",
        [DPM_X0]      = "the data x0; also data, sample",
        [DPM_V]       = "alpha e - sigma x0; Salimans, Ho 2022; also v_prediction",
        [DPM_SCORE]   = "grad log p = -e / sigma",
        [DPM_FLOW]    = "e - x0, the velocity of rectified flow; Liu et al. 2023; "
                        "also flow_prediction",
        [DPM_EDM]     = "F of x0 = c_skip x + c_out F(c_in x); Karras et al. 2022, table 1",
    };
    (void)text, (void)size;
    return (list_row){ dpm_prediction_name((dpm_prediction)(i + 1)), about[i + 1] };
}

/* "; beta_min 0.1" for a default that is not zero. */
static void standard(char *text, size_t size, const char *name, double x)
{
    size_t n = strlen(text);
    if (x != 0 && n < size) snprintf(text + n, size - n, ", %s %g", name, x == DPM_ZERO ? 0 : x);
}

list_row list_noise_schedule(int i, char *text, size_t size)
{
    const dpm_schedule_kind    *k = dpm_schedule_row(i);
    const dpm_schedule_options *d = &k->defaults;
    snprintf(text, size, "noise: %s; %s; defaults", k->about, k->cite);
    standard(text, size, "beta-min", d->beta_min);
    standard(text, size, "beta-max", d->beta_max);
    standard(text, size, "train-steps", (double)d->train_steps);
    standard(text, size, "sigma-min", d->sigma_min);
    standard(text, size, "sigma-max", d->sigma_max);
    standard(text, size, "sigma-inf", d->sigma_inf);
    standard(text, size, "schedule-shift", d->shift);
    standard(text, size, "t-begin", d->t_begin);
    standard(text, size, "t-end", d->t_end);
    char *first = strstr(text, "defaults,");
    if (first) memmove(first + 8, first + 9, strlen(first + 9) + 1);
    return (list_row){ k->name, text };
}
