/* What samplers refuse: options, orders and forms that are not theirs, a model that returns what is no number. */
#include <limits.h>

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

/* --- numbers, models and modes that there are not --------------------------------------------------------------------------- */

static void refused(const registry *r, dpm_options o, const char *part)
{
    dpm_sampler *s;
    o.schedule = r->vp;
    if (!o.grid.steps) o.grid.steps = 5;
    cr_expect_eq(dpm_sampler_new(&s, &r->model, &o, 1), AD_INVALID, "%s", part);
    cr_expect(mentions(part), "%s: %s", part, ad_message());
}

Test(samplers_refused, numbers)
{
    registry r;
    registry_start(&r);
    refused(&r, (dpm_options){ .sampler = "ddim", .eta = NAN }, "--eta is");
    refused(&r, (dpm_options){ .sampler = "ddim", .eta = -0.5 }, "--eta is -0.5");
    refused(&r, (dpm_options){ .sampler = "heun", .churn = -3 }, "--churn is -3");
    refused(&r, (dpm_options){ .sampler = "dpm-adaptive-12", .rtol = -7 }, "--rtol is -7");
    refused(&r, (dpm_options){ .clip = 1, .clip_range = -7 }, "--clip is -7");
    refused(&r, (dpm_options){ .threshold = 7 }, "--threshold is 7");
    refused(&r, (dpm_options){ .lower_order_final = 9 }, "lower_order_final is 9");
    refused(&r, (dpm_options){ .prediction = 99 }, "integrates epsilon or x0");
    refused(&r, (dpm_options){ .adjoint = 77 }, "no adjoint mode 77");
    refused(&r, (dpm_options){ .grid.steps = LONG_MAX }, "at most 10000000");
    registry_stop(&r);
}

Test(samplers_refused, models)
{
    registry r;
    registry_start(&r);
    dpm_model    good = r.model;
    dpm_options  o    = { .schedule = r.vp, .grid.steps = 5 };
    dpm_sampler *s;
    r.model.network = NULL;
    refused(&r, (dpm_options){ 0 }, "no network");
    r.model      = good;
    r.model.type = 99;
    refused(&r, (dpm_options){ 0 }, "type 99");
    r.model            = good;
    r.model.prediction = 77;
    refused(&r, (dpm_options){ 0 }, "prediction 77");
    r.model            = good;
    r.model.sigma_data = -1;
    refused(&r, (dpm_options){ 0 }, "sigma_data is -1");
    cr_expect_eq(dpm_sampler_new(&s, &good, &o, LONG_MAX), AD_INVALID);
    cr_expect(mentions("more than can be counted"), "%s", ad_message());
    registry_stop(&r);
}

/* What the continuous adjoint and the reversible one cannot do is said before anything is run. */
Test(samplers_refused, adjoints)
{
    registry r;
    registry_start(&r);
    refused(&r, (dpm_options){ .sampler = "ddim", .eta = 1, .adjoint = DPM_ADJOINT_CONTINUOUS },
            "draws noise");
    refused(&r, (dpm_options){ .sampler = "heun", .churn = 5, .adjoint = DPM_ADJOINT_CONTINUOUS },
            "draws noise");
    refused(&r, (dpm_options){ .sampler = "bdia", .inpaint = 1, .adjoint = DPM_ADJOINT_REVERSIBLE },
            "inpainting");
    registry_stop(&r);
}

Test(samplers_refused, the_continuous_adjoint_about_a_mean)
{
    double   mean[REGISTRY_ALL] = { 1 }, out[REGISTRY_ALL], x_bar[REGISTRY_ALL];
    registry r;
    registry_start(&r);
    dpm_sampler *s;
    ok(dpm_sampler_new(&s, &r.model,
                       &(dpm_options){ .sampler    = "mr-sampler",
                                       .schedule   = r.vp,
                                       .grid.steps = 8,
                                       .adjoint    = DPM_ADJOINT_CONTINUOUS },
                       REGISTRY_ROWS));
    for (int about = 0; about < 2; about++) {
        ok(dpm_sample(s, &(dpm_run){ .n      = REGISTRY_ROWS,
                                     .x      = r.x,
                                     .mean   = about ? mean : NULL,
                                     .out    = out,
                                     .record = 1 }));
        cr_expect_eq(dpm_pullback(s, &(dpm_cotangents){ .out_bar = r.x, .x_bar = x_bar }),
                     about ? AD_UNSUPPORTED : AD_OK, "%s", ad_message());
        cr_expect(!about == !isnan(x_bar[0]));
    }
    dpm_sampler_free(s);
    registry_stop(&r);
}

Test(samplers_refused, evaluations_of_a_list)
{
    double   times[] = { 1, 0.5, 0.1 };
    long     steps;
    registry r;
    registry_start(&r);
    dpm_options o = { .schedule = r.vp, .grid = { .name = "list", .list = times } };
    cr_expect_eq(dpm_steps_for(&o, 10, &steps), AD_INVALID);
    cr_expect(mentions("'list'"), "%s", ad_message());
    cr_expect_eq(dpm_steps_for(&(dpm_options){ 0 }, 10, &steps), AD_INVALID);
    cr_expect(mentions("no noise schedule"), "%s", ad_message());
    registry_stop(&r);
}
