/* controllers.c - the registry of controllers: numbers for equation (1) of controller.h. */
#include <stdio.h>
#include <strings.h>

#include <costate/autodiff/text.h>
#include <costate/nde/controller.h>

static const nde_controller table[] = {
    /* factor = 0.9 E_n^(-1/k): what an error that goes as h^k asks for. */
    { .name           = "i",
      .cite           = "Hairer, Norsett, Wanner I, II.4",
      .beta1          = 1,
      .relative       = 1,
      .safety         = 0.9,
      .min_factor     = 0.2,
      .max_factor     = 10,
      .steady_lo      = 1,
      .steady_hi      = 1,
      .previous_floor = 1e-4 },

    /* factor = 0.9 E_n^(-0.7/k) E_{n-1}^(0.4/k): Gustafsson's, smoother where stability bounds the step. */
    { .name             = "pi",
      .cite             = "Gustafsson 1991; Hairer, Wanner II, IV.2",
      .beta1            = 0.7,
      .beta2            = 0.4,
      .relative         = 1,
      .safety           = 0.9,
      .min_factor       = 0.2,
      .max_factor       = 10,
      .steady_lo        = 1,
      .steady_hi        = 1,
      .previous_floor   = 1e-4,
      .previous_start   = 1,
      .reject_plain     = 1,
      .max_after_reject = 1 },

    /* factor = 0.9 E_n^(-0.58/k) E_{n-1}^(0.21/k) E_{n-2}^(-0.1/k): in Diffrax's letters, where beta1 = P + I + D,
       beta2 = P + 2 D, beta3 = D, it is P = 0.01, I = 0.47, D = 0.1. */
    { .name             = "pid",
      .cite             = "Soederlind 1998; Kennedy, Carpenter 2003; ARKODE's defaults",
      .beta1            = 0.58,
      .beta2            = 0.21,
      .beta3            = 0.1,
      .relative         = 1,
      .safety           = 0.9,
      .min_factor       = 0.2,
      .max_factor       = 10,
      .steady_lo        = 1,
      .steady_hi        = 1,
      .previous_floor   = 1e-4,
      .previous_start   = 1,
      .reject_plain     = 1,
      .max_after_reject = 1 },

    /* dopri5.f: h / factor = E_n^(0.2 - 0.75 beta) / facold^beta / 0.9 with beta = 0.04, facold = max(E_{n-1}, 1e-4); after
       a rejection facold is left out, and the step after it does not grow. As multiples of 1/k, which are dopri5.f's at
       k = 5, so that the law scales with the order. (dop853.f has beta = 0, which is "i".) */
    { .name               = "hairer",
      .cite               = "Hairer, Norsett, Wanner I, II.4; dopri5.f",
      .beta1              = 0.85,
      .beta2              = 0.2,
      .relative           = 1,
      .safety             = 0.9,
      .min_factor         = 0.2,
      .max_factor         = 10,
      .steady_lo          = 1,
      .steady_hi          = 1,
      .previous_floor     = 1e-4,
      .reject_plain       = 1,
      .max_after_reject   = 1,
      .initial_step_order = 1 },

    /* OrdinaryDiffEq 5: q = E_n^beta1 / qold^beta2 / gamma within [1/qmax, 1/qmin] divides the step; beta1 = 7/(10 k),
       beta2 = 2/(5 k), gamma = 0.9, qold = max(E_{n-1}, 1e-4); a rejection uses E_n^beta1 / gamma. */
    { .name               = "ordinarydiffeq",
      .cite               = "OrdinaryDiffEq.jl 5, PIController",
      .beta1              = 0.7,
      .beta2              = 0.4,
      .relative           = 1,
      .safety             = 0.9,
      .min_factor         = 0.2,
      .max_factor         = 10,
      .steady_lo          = 1,
      .steady_hi          = 1,
      .previous_floor     = 1e-4,
      .reject_plain       = 1,
      .initial_step_order = 1 },

    /* torchdiffeq: the I law with ifactor = 10, dfactor = 0.2, which is 1 when E_n < 1. */
    { .name               = "torchdiffeq",
      .cite               = "torchdiffeq, rk_common",
      .beta1              = 1,
      .relative           = 1,
      .safety             = 0.9,
      .min_factor         = 0.2,
      .max_factor         = 10,
      .min_accepted       = 1,
      .steady_lo          = 1,
      .steady_hi          = 1,
      .previous_floor     = 1e-4,
      .initial_step_order = 1 },
};

enum { CONTROLLERS = sizeof table / sizeof *table };

int nde_controller_count(void)
{
    return CONTROLLERS;
}

const nde_controller *nde_controller_at(int i)
{
    return i >= 0 && i < CONTROLLERS ? &table[i] : NULL;
}

static void unknown(const char *name)
{
    const char *names[CONTROLLERS];
    char        all[32 * CONTROLLERS];
    size_t      end = 0;
    for (int i = 0; i < CONTROLLERS; i++) {
        names[i] = table[i].name;
        end += (size_t)snprintf(all + end, sizeof all - end, "%s%s", i ? ", " : "", names[i]);
    }
    const char *nearest = ad_nearest(name, CONTROLLERS, names);
    if (nearest)
        ad_fail(AD_INVALID, "no controller is called \"%s\"; did you mean \"%s\"? There are %s",
                name, nearest, all);
    else
        ad_fail(AD_INVALID, "no controller is called \"%s\"; there are %s", name, all);
}

const nde_controller *nde_controller_named(const char *name)
{
    for (int i = 0; i < CONTROLLERS; i++)
        if (name && strcasecmp(name, table[i].name) == 0) return &table[i];
    unknown(name ? name : "");
    return NULL;
}
