/* From data to noise: every sampler that takes `invert` follows the probability-flow ODE backwards, with the order that it has forwards.

   Exact endpoints go back to where they came from, x_T of unit size. The order is that of 192 against 384 steps; 0.35 is allowed, for
   a multistep method's start of low order now stands where the flow is bent. */
#include "registry.h"

static double back(const registry *r, const dpm_method *m, const double *data, long steps)
{
    double      out[REGISTRY_ALL], sum = 0;
    registry    from = *r;
    dpm_options o    = registry_options(r, m, steps);
    o.invert         = 1;
    o.singlestep     = registry_takes(m, "singlestep") ? "fixed" : NULL;
    o.zeta           = registry_takes(m, "zeta") ? 0.5 : 0;
    memcpy(from.x, data, sizeof from.x);
    ok(registry_run(&from, &o, out));
    for (int i = 0; i < REGISTRY_ALL; i++) sum += (out[i] - r->x[i]) * (out[i] - r->x[i]);
    return sqrt(sum / REGISTRY_ALL);
}

Test(samplers_invert, goes_back_to_the_start)
{
    const dpm_method *m;
    registry          r;
    double            data[REGISTRY_ALL];
    int               judged = 0;
    registry_start(&r);
    ok(dpm_mixture_flow(r.mixture, r.vp, 1, 1e-3, REGISTRY_ROWS, r.x, data));
    for (int i = 0; (m = registry_next(&i));) {
        if (!registry_takes(m, "invert") || m->true_order == 0) continue;
        double few = back(&r, m, data, 192), many = back(&r, m, data, 384);
        double order = log2(few / many);
        cr_expect_geq(order, m->true_order - 0.35, "%s: order %.2f backwards, %g forwards", m->name,
                      order, m->true_order);
        cr_expect_lt(many, 0.02, "%s: %g away", m->name, many);
        judged++;
    }
    cr_expect_geq(judged, 15);
    registry_stop(&r);
}
