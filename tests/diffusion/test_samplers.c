/* What every sampler of the registry does: its names, its limits, its count of evaluations. */
#include "registry.h"

/* --- names --------------------------------------------------------------------------------------------------------------- */

static void finds(const char *name, const dpm_method *m)
{
    cr_expect_eq(dpm_method_find(name), m, "'%s' does not find %s", name, m->name);
}

Test(samplers, names_and_aliases_find_their_row)
{
    for (int i = 0; i < dpm_method_count(); i++) {
        const dpm_method *m = dpm_method_row(i);
        finds(m->name, m);
        cr_expect(*m->about && *m->cite, "%s tells what and from where", m->name);
        for (const char *p = m->aliases; *p; p += strcspn(p, " "), p += *p == ' ') {
            char   alias[64] = "";
            size_t n         = strcspn(p, " ");
            cr_assert_lt(n, sizeof alias);
            memcpy(alias, p, n);
            finds(alias, m);
        }
    }
}

Test(samplers, an_unknown_name_is_told_the_nearest)
{
    cr_expect_null(dpm_method_find("ddimm"));
    cr_expect(mentions("did you mean 'ddim'"), "%s", ad_message());
    cr_expect_null(dpm_method_find("dpm-2-ancestrall"));
    cr_expect(mentions("dpm-2-ancestral"), "%s", ad_message());
    cr_expect_null(dpm_method_find("quux"));
    cr_expect(mentions("costate list samplers"), "%s", ad_message());
}

Test(samplers, others_names)
{
    static const char *const pairs[][2] = {
        { "DDIMScheduler", "ddim" },
        { "DDPMScheduler", "ddpm" },
        { "PNDMScheduler", "pndm" },
        { "LMSDiscreteScheduler", "lms" },
        { "EulerDiscreteScheduler", "euler" },
        { "EulerAncestralDiscreteScheduler", "euler-ancestral" },
        { "HeunDiscreteScheduler", "heun" },
        { "KDPM2DiscreteScheduler", "dpm-2" },
        { "KDPM2AncestralDiscreteScheduler", "dpm-2-ancestral" },
        { "DEISMultistepScheduler", "deis-logrho" },
        { "IPNDMScheduler", "ipndm" },
        { "FlowMatchEulerDiscreteScheduler", "flow-euler" },
        { "FlowMatchHeunDiscreteScheduler", "flow-heun" },
        { "sample_dpm_2", "dpm-2" },
        { "sample_lms", "lms" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const dpm_method *m = dpm_method_find(pairs[i][0]);
        cr_expect(m && !strcmp(m->name, pairs[i][1]), "%s is %s", pairs[i][0], m ? m->name : "-");
    }
}

/* --- steps --------------------------------------------------------------------------------------------------------------- */

static int count_evaluation(long done, long all, void *ctx)
{
    long *seen = ctx;
    (void)all;
    cr_expect_eq(done, *seen + 1);
    *seen = done;
    return 0;
}

Test(samplers, evaluations_are_those_that_are_reported)
{
    const dpm_method *m;
    registry          r;
    registry_start(&r);
    for (int i = 0; (m = registry_next(&i));) {
        double       out[REGISTRY_ALL];
        long         seen = 0, all;
        dpm_options  o    = registry_options(&r, m, registry_steps(m));
        dpm_sampler *s;
        ok(dpm_sampler_new(&s, &r.model, &o, REGISTRY_ROWS));
        all = dpm_sampler_nfe(s);
        ok(dpm_sample(s, &(dpm_run){ .n         = REGISTRY_ROWS,
                                     .x         = r.x,
                                     .out       = out,
                                     .watch     = count_evaluation,
                                     .watch_ctx = &seen }));
        cr_expect_geq(seen, 1, "%s", m->name);
        cr_expect_eq(dpm_sampler_stats(s)->nfe, seen, "%s: %ld reported, %ld seen", m->name,
                     dpm_sampler_stats(s)->nfe, seen);
        if (!(m->flags & DPM_LIVE)) cr_expect_eq(all, seen, "%s", m->name);
        dpm_sampler_free(s);
    }
    registry_stop(&r);
}

Test(samplers, the_most_steps_for_a_budget)
{
    const dpm_method *m;
    registry          r;
    registry_start(&r);
    for (int i = 0; (m = registry_next(&i));) {
        dpm_options o = registry_options(&r, m, 0);
        long        steps;
        if (m->flags & DPM_LIVE) continue;
        ok(dpm_steps_for(&o, 24, &steps));
        cr_assert_geq(steps, 1, "%s", m->name);
        for (long more = 0; more < 2; more++) {
            dpm_sampler *s;
            o.grid.steps = steps + more;
            ok(dpm_sampler_new(&s, &r.model, &o, 1));
            cr_expect((dpm_sampler_nfe(s) <= 24) == !more, "%s: %ld steps are %ld evaluations",
                      m->name, o.grid.steps, dpm_sampler_nfe(s));
            dpm_sampler_free(s);
        }
    }
    registry_stop(&r);
}

/* Where a sampler has orders, those beyond the first may need more. */
Test(samplers, fewest_steps)
{
    const dpm_method *m;
    registry          r;
    registry_start(&r);
    for (int i = 0; (m = registry_next(&i));) {
        double      out[REGISTRY_ALL];
        long        least = m->min_steps ? m->min_steps : 1;
        dpm_options o     = registry_options(&r, m, least - 1);
        char        want[32];
        o.order = m->flags & DPM_ORDERS ? 1 : 0;
        cr_expect_eq(registry_run(&r, &o, out), AD_INVALID, "%s with %ld steps", m->name,
                     least - 1);
        snprintf(want, sizeof want, "at least %ld ", least);
        cr_expect(mentions(m->name) && mentions(want), "%s: %s", m->name, ad_message());
        o.grid.steps = least;
        ok(registry_run(&r, &o, out));
        for (int k = 0; k < REGISTRY_ALL; k++) cr_expect(isfinite(out[k]), "%s", m->name);
    }
    registry_stop(&r);
}

/* A sampler that decides by values decides for all rows at once. */
Test(samplers, a_row_is_the_same_alone)
{
    const dpm_method *m;
    registry          r;
    registry_start(&r);
    for (int i = 0; (m = registry_next(&i));) {
        double       out[REGISTRY_ALL], one[REGISTRY_DIM];
        dpm_options  o = registry_options(&r, m, registry_steps(m));
        dpm_sampler *s;
        if (m->flags & DPM_LIVE) continue;
        ok(registry_run(&r, &o, out));
        for (long row = 0; row < REGISTRY_ROWS; row += REGISTRY_ROWS - 1) {
            ok(dpm_sampler_new(&s, &r.model, &o, 1));
            ok(dpm_sample(
                s,
                &(dpm_run){
                    .n = 1, .x = r.x + row * REGISTRY_DIM, .out = one, .seed = 1, .first = row }));
            cr_expect_arr_eq(one, out + row * REGISTRY_DIM, sizeof one, "%s, row %ld", m->name,
                             row);
            dpm_sampler_free(s);
        }
    }
    registry_stop(&r);
}

/* --- the ends ------------------------------------------------------------------------------------------------------------ */

Test(samplers, sigma_zero_is_for_those_who_can)
{
    const dpm_method *m;
    registry          r;
    int               can = 0, cannot = 0;
    registry_start(&r);
    for (int i = 0; (m = registry_next(&i));) {
        double      out[REGISTRY_ALL];
        dpm_options o     = registry_options(&r, m, registry_steps(m));
        o.grid.final_zero = DPM_FINAL_APPENDED;
        ad_status s       = registry_run(&r, &o, out);
        if (m->flags & DPM_TO_ZERO) {
            cr_expect_eq(s, AD_OK, "%s: %s", m->name, ad_message());
            for (int k = 0; k < REGISTRY_ALL; k++) cr_expect(isfinite(out[k]), "%s", m->name);
            can++;
        } else {
            cr_expect_eq(s, AD_INVALID, "%s", m->name);
            cr_expect(mentions(m->name) && mentions("sigma = 0"), "%s", ad_message());
            cannot++;
        }
    }
    cr_expect(can > 5 && cannot > 0);
    registry_stop(&r);
}

/* A network that predicts the data, which epsilon cannot tell where alpha = 0. */
static ad_var data_network(const dpm_at *at, void *mixture)
{
    ad_var e = dpm_mixture_network(at, mixture), sigma = ad_cast(at->sigma, at->type);
    ad_var alpha = ad_cast(ad_shift(at->alpha, 1e-3), at->type);
    return ad_div(ad_sub(at->x, ad_mul(sigma, e)), alpha);
}

Test(samplers, alpha_zero_is_for_those_who_can)
{
    const dpm_method *m;
    registry          r;
    dpm_schedule     *flow;
    int               can = 0;
    registry_start(&r);
    ok(dpm_schedule_new(&flow, &(dpm_schedule_options){ .name = "flow", .t_begin = 1 }));
    cr_assert_eq(dpm_schedule_at(flow, 1).alpha, 0);
    dpm_model model  = r.model;
    model.network    = data_network;
    model.prediction = DPM_X0;
    r.model          = model;
    for (int i = 0; (m = registry_next(&i));) {
        double      out[REGISTRY_ALL];
        dpm_options o = registry_options(&r, m, registry_steps(m));
        o.schedule    = flow;
        o.grid        = (dpm_grid_options){
                   .name = "time-uniform", .steps = o.grid.steps, .t_begin = 1, .t_end = 0.1
        };
        ad_status s = registry_run(&r, &o, out);
        if (m->flags & DPM_FROM_ZERO) {
            cr_expect_eq(s, AD_OK, "%s: %s", m->name, ad_message());
            for (int k = 0; k < REGISTRY_ALL; k++) cr_expect(isfinite(out[k]), "%s", m->name);
            can++;
        } else {
            cr_expect_eq(s, AD_INVALID, "%s", m->name);
            cr_expect(mentions(m->name) && mentions("alpha = 0"), "%s", ad_message());
        }
    }
    cr_expect_gt(can, 3);
    dpm_schedule_free(flow);
    registry_stop(&r);
}
