/* What samplers refuse: options, orders and forms that are not theirs, a model that returns what is no number. */
#include "registry.h"

static const struct {
    const char *name;
    dpm_options set;
} asked[] = {
    { "solver-type", { .solver_type = "taylor" } },
    { "singlestep", { .singlestep = "fast" } },
    { "variant", { .variant = "bh1" } },
    { "lower-order-final", { .lower_order_final = 1 } },
    { "no-corrector", { .no_corrector = 1 } },
    { "eta", { .eta = 0.5 } },
    { "churn", { .churn = 1 } },
    { "gamma", { .gamma = 1 } },
    { "mixing", { .mixing = 0.9 } },
    { "zeta", { .zeta = 0.9 } },
    { "tableau", { .tableau = &nde_heun2 } },
    { "rtol", { .rtol = 1e-3 } },
    { "atol", { .atol = 1e-3 } },
    { "statistics", { .statistics = "none.json" } },
    { "skip-most", { .skip_most = 2 } },
    { "noise-level", { .noise_level = 1 } },
};

Test(samplers_refused, options_that_it_does_not_take_are_refused)
{
    const dpm_method *m;
    registry          r;
    registry_start(&r);
    for (int i = 0; (m = registry_next(&i));)
        for (size_t k = 0; k < sizeof asked / sizeof *asked; k++) {
            dpm_options  o = asked[k].set;
            dpm_sampler *s;
            if (registry_takes(m, asked[k].name)) continue;
            o.sampler    = m->name;
            o.schedule   = r.vp;
            o.grid.steps = registry_steps(m);
            cr_expect_eq(dpm_sampler_new(&s, &r.model, &o, 1), AD_INVALID, "%s takes %s", m->name,
                         asked[k].name);
            cr_expect(mentions(m->name) && mentions(asked[k].name), "%s", ad_message());
        }
    registry_stop(&r);
}

Test(samplers_refused, orders_and_forms_beyond_its_own_are_refused)
{
    const dpm_method *m;
    registry          r;
    registry_start(&r);
    for (int i = 0; (m = registry_next(&i));) {
        double      out[REGISTRY_ALL];
        dpm_options o = registry_options(&r, m, registry_steps(m));
        o.order       = m->flags & DPM_ORDERS ? m->order_most + 1 : 9;
        cr_expect_eq(registry_run(&r, &o, out), AD_INVALID, "%s, order %d", m->name, o.order);
        cr_expect(mentions(m->name) && mentions("order"), "%s", ad_message());
        o.order = 0;
        for (int form = DPM_EPSILON; form <= DPM_X0; form++) {
            int own      = m->flags & DPM_FORM || form == (int)m->form;
            o.prediction = form;
            cr_expect_eq(registry_run(&r, &o, out), own ? AD_OK : AD_INVALID, "%s, form %d: %s",
                         m->name, form, ad_message());
        }
        o.prediction = DPM_NATIVE;
        for (o.order = 1; o.order <= m->order_most; o.order++)
            cr_expect_eq(registry_run(&r, &o, out), AD_OK, "%s: %s", m->name, ad_message());
    }
    registry_stop(&r);
}

/* --- what is no number ---------------------------------------------------------------------------------------------------- */

typedef struct broken {
    const dpm_mixture *mixture;
    double             below; /* the time under which it breaks */
} broken;

/* eps + 0 sqrt(t - below) */
static ad_var broken_network(const dpm_at *at, void *ctx)
{
    const broken *b   = ctx;
    ad_var        bad = ad_scale(ad_sqrt(ad_shift(at->t, -b->below)), 0);
    return ad_add(dpm_mixture_network(at, (void *)b->mixture), ad_cast(bad, at->type));
}

/* The model breaks between points 4 and 5 of 8: in step 5 where it is asked inside the step or at its end, else in step 6. Single-step
   methods of orders that change from step to step count their steps otherwise. */
static void tells_the_step(const dpm_method *m)
{
    const char *at    = strstr(ad_message(), ", step ");
    long        step  = at ? strtol(at + strlen(", step "), NULL, 10) : 0;
    long        first = registry_takes(m, "singlestep") ? 1 : 5;
    cr_expect(step >= first && step <= 6 && mentions(" of 8 "), "%s", ad_message());
}

Test(samplers_refused, a_model_that_breaks_is_told_with_its_step)
{
    const dpm_method *m;
    registry          r;
    registry_start(&r);
    for (int i = 0; (m = registry_next(&i));) {
        double       out[REGISTRY_ALL];
        dpm_options  o = registry_options(&r, m, 8);
        dpm_sampler *s;
        if (m->flags & DPM_LIVE || m->min_steps > 8) continue; /* they choose their own points */
        ok(dpm_sampler_new(&s, &r.model, &o, REGISTRY_ROWS));
        const dpm_point *p = dpm_sampler_points(s);
        broken           b = { .mixture = r.mixture, .below = 0.5 * (p[4].t + p[5].t) };
        dpm_sampler_free(s);
        registry with      = r;
        with.model.network = broken_network;
        with.model.ctx     = &b;
        cr_expect_eq(registry_run(&with, &o, out), AD_NONFINITE_FIELD, "%s", m->name);
        cr_expect(mentions(m->name) && mentions("not finite"), "%s", ad_message());
        tells_the_step(m);
    }
    registry_stop(&r);
}

Test(samplers_refused, a_start_that_is_no_number)
{
    const dpm_method *m;
    registry          r;
    registry_start(&r);
    r.x[3] = NAN;
    for (int i = 0; (m = registry_next(&i));) {
        double      out[REGISTRY_ALL];
        dpm_options o = registry_options(&r, m, registry_steps(m));
        cr_expect_eq(registry_run(&r, &o, out), AD_NONFINITE_STATE, "%s", m->name);
    }
    registry_stop(&r);
}
