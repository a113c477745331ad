/* What a reg_solver refuses, and the edges of what it takes. */
#include "field.h"

static const nde_options none = { 0 }, per_sample = { .batching = NDE_PER_SAMPLE };

static ad_status solve(regularized *p, nde_solve_args a)
{
    return reg_solve(p->s, &a, (reg_progress){ 0, 0 }, p->draw);
}

/* Neither a gradient nor norms; and what was asked for is NaN. */
static void nothing_to_pull(regularized *p, const char *after)
{
    adj_cotangents c = { .y_bar = p->w, .y0_bar = p->y0_bar, .theta_bar = p->theta_bar };
    p->theta_bar[0] = p->y0_bar[STATE - 1] = 0;
    cr_expect_eq(reg_pullback(p->s, &c), AD_INVALID, "after %s", after);
    cr_expect(strstr(ad_message(), "reg_solve"), "after %s: %s", after, ad_message());
    cr_expect(isnan(p->theta_bar[0]) && isnan(p->y0_bar[STATE - 1]), "after %s", after);
    cr_expect_eq(reg_measure(p->s), AD_INVALID, "after %s", after);
}

Test(mistakes, only_a_solve_is_pulled_back)
{
    const char *terms[] = { "error:2", "local-biased+state:1", "kinetic:1,local-unbiased+state:1",
                            "stiffness+sum:1", "steer:0.1" };
    for (int k = 0; k < 5; k++) {
        regularized p;
        regularized_start(&p, terms[k], &none, NULL);
        nde_solve_args a = regularized_args(&p);
        cr_expect_eq(reg_pullback(p.s, &(adj_cotangents){ .y_bar = p.w }), AD_INVALID);
        regularized_loss(&p, 1);
        regularized_pull(&p, 1);
        ok(reg_evaluate(p.s, &a));
        nothing_to_pull(&p, "an evaluation");
        regularized_loss(&p, 1);
        a.args = NULL, a.theta = NULL; /* refused by the solver below */
        cr_expect_eq(solve(&p, a), AD_INVALID);
        nothing_to_pull(&p, "a refused solve");
        cr_expect(k != 2 || isnan(p.y[0]), "an old state");
        regularized_loss(&p, 1);
        regularized_pull(&p, 1);
        regularized_stop(&p);
    }
}

Test(mistakes, a_term_that_refuses_a_solve)
{
    regularized p;
    regularized_start(&p, "steer:0.5,error:1", &none, NULL);
    regularized_loss(&p, 1);
    p.t[1] = 1.4;
    cr_expect_eq(solve(&p, regularized_args(&p)), AD_INVALID);
    nothing_to_pull(&p, "a refused time");
    regularized_stop(&p);
}

/* More samples than there is room for: before a term writes any. */
Test(mistakes, batches_and_arrays)
{
    const char *terms[] = { "jacobian:1", "local-unbiased:1", "none" };
    for (int k = 0; k < 3; k++) {
        regularized    p;
        static double  y0[1000 * DIM], y[TIMES * 1000 * DIM];
        nde_solve_args a;
        regularized_start(&p, terms[k], &per_sample, NULL);
        a   = regularized_args(&p);
        a.n = 1000, a.y0 = y0, a.y = y;
        cr_expect_eq(solve(&p, a), AD_INVALID);
        cr_expect(strstr(ad_message(), "1000 samples"), "%s", ad_message());
        a   = regularized_args(&p);
        a.n = 0;
        cr_expect_eq(solve(&p, a), AD_INVALID);
        a    = regularized_args(&p);
        a.y0 = NULL;
        cr_expect_eq(solve(&p, a), AD_INVALID);
        a       = regularized_args(&p);
        a.times = 1;
        cr_expect_eq(reg_evaluate(p.s, &a), AD_INVALID);
        regularized_stop(&p);
    }
}

static ad_var driven(const nde_point *at, void *ctx)
{
    (void)ctx;
    return ad_tanh(ad_mul(at->y, at->args[0]));
}

Test(mistakes, args_that_are_missing_and_lists_that_are_gone)
{
    regularized p;
    nde_arg     arg     = { "drive", ad_scalar(), AD_F64 };
    double      drive   = 0.7, drive_bar[1], want;
    const void *list[1] = { &drive };
    regularized_start(&p, "none", &none, NULL);
    p.ode.field = driven, p.ode.theta = (ad_params_free(p.ode.theta), NULL);
    p.ode.nargs = 1, p.ode.args = &arg;
    regularized_again(&p, "kinetic:1,jacobian:1,local-biased+state+k1+step:1", NULL);
    arg              = (nde_arg){ 0 }; /* the solver below has a copy, and so has this one */
    nde_solve_args a = regularized_args(&p);
    cr_expect_eq(solve(&p, a), AD_INVALID);
    cr_expect(strstr(ad_message(), "args"), "%s", ad_message());
    a.args = list;
    ok(solve(&p, a));
    list[0]          = NULL; /* the arrays are still there, their list is not */
    adj_cotangents c = { .y_bar = p.w, .args_bar = (void *[]){ drive_bar } };
    ok(reg_pullback(p.s, &c));
    want    = drive_bar[0];
    list[0] = &drive;
    ok(solve(&p, a));
    ok(reg_pullback(p.s, &c));
    cr_expect_eq(drive_bar[0], want);
    regularized_stop(&p);
}

Test(mistakes, problems)
{
    regularized     p;
    reg_solver_spec spec = { .ode = &p.ode, .solve = &p.o, .term = p.term, .capacity = BATCH };
    regularized_start(&p, "kinetic:1", &none, NULL);
    reg_solver_free(p.s);
    p.s        = NULL;
    spec.terms = p.terms;
    for (int parts = -1; parts <= 2; parts += 3) {
        spec.parts = parts;
        cr_expect_eq(reg_solver_new(&p.s, &spec), AD_INVALID);
        cr_expect(strstr(ad_message(), "parts"), "%s", ad_message());
    }
    spec.parts  = 0;
    p.ode.field = NULL;
    cr_expect_eq(reg_solver_new(&p.s, &spec), AD_INVALID);
    cr_expect(strstr(ad_message(), "exactly one field"), "%s", ad_message());
    regularized_stop(&p);
}

Test(mistakes, names_with_something_behind_their_number)
{
    const char *wrong[] = { "taynode3x:1", "taynode3.5:1", "taynode3-:1" };
    reg_term    t[2];
    int         count;
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(reg_parse(wrong[i], 2, t, &count), AD_INVALID, "%s", wrong[i]);
        cr_expect(strstr(ad_message(), "taynode"), "%s", ad_message());
    }
}

/* --- edges ------------------------------------------------------------------------------------------------------------- */

enum { MANY = 20 };

static void decay(const nde_point *at, ad_var *dy, void *ctx)
{
    (void)ctx;
    for (int p = 0; p < at->parts; p++) dy[p] = ad_scale(at->part[p], -0.5);
}

/* A system with a part for each component, as those of a file have: more probes than any fixed list. J = -1/2. */
Test(edges, many_parts)
{
    nde_part        part[MANY];
    reg_term        term[1];
    reg_solver     *s;
    double          y0[MANY], y[2 * MANY];
    nde_options     o    = { .rtol = 1e-8, .atol = 1e-8 };
    nde_ode         ode  = { .field_parts = decay, .parts = MANY, .part = part };
    reg_solver_spec spec = { .ode = &ode, .solve = &o, .term = term, .capacity = 1 };
    for (int i = 0; i < MANY; i++) part[i] = (nde_part){ "x", ad_rows(1), 0 }, y0[i] = 1;
    ok(reg_parse("jacobian:1", 1, term, &spec.terms));
    ok(reg_solver_new(&s, &spec));
    nde_solve_args a = { .n = 1, .times = 2, .t = (double[]){ 0, 1 }, .y0 = y0, .y = y };
    ok(reg_solve(s, &a, (reg_progress){ 0, 0 }, 1));
    cr_expect_float_eq(reg_value(s), 0.25, 1e-12);
    reg_solver_free(s);
}

/* Samples that go different ways in time. */
Test(edges, times_of_each_sample_both_ways)
{
    const double t[]     = { 0, 0.5, 1.5, 1, 0.4, -0.2, 0, 0.1, 0.9 };
    const char  *terms[] = { "kinetic:1", "local-unbiased:1", "steer+gaussian:2" };
    for (int k = 0; k < 3; k++) {
        regularized p;
        double      sum = 0, sums[MOST_WEIGHTS] = { 0 };
        regularized_start(&p, terms[k], &per_sample, NULL);
        nde_solve_args a = regularized_args(&p);
        for (int i = 0; i < BATCH && k == 0; i++) {
            a.n = 1, a.t_each = 0, a.t = t + TIMES * i, a.y0 = p.y0 + DIM * i;
            ok(solve(&p, a));
            sum += reg_value(p.s) / BATCH;
            regularized_pull(&p, 0);
            for (long j = 0; j < p.weights; j++) sums[j] += p.theta_bar[j] / BATCH;
        }
        a   = regularized_args(&p);
        a.t = t, a.t_each = 1;
        for (int i = 0; i < (k == 2 ? 20 : 1); i++, p.draw++) ok(solve(&p, a));
        regularized_pull(&p, 0);
        if (k == 0) {
            cr_expect_float_eq(reg_value(p.s), sum, 1e-13 * sum);
            cr_expect_leq(distance(p.weights, p.theta_bar, sums), 1e-12);
        }
        regularized_stop(&p);
    }
}

/* Cotangents of the caller's own on top of the terms': of states at steps too. */
Test(edges, cotangents_of_steps)
{
    regularized p;
    double      state[STATE + BATCH], mine[MOST_WEIGHTS], both[MOST_WEIGHTS];
    regularized_start(&p, "local-biased+state:1,kinetic:1", &none, NULL);
    regularized_loss(&p, 0);
    cr_assert_gt(adj_steps(reg_adjoint(p.s)), 2);
    for (int i = 0; i < STATE + BATCH; i++) state[i] = i < STATE ? 1 + i : 0;
    adj_cotangents c = { .states     = 1,
                         .state_step = (long[]){ 2 },
                         .state_bar  = state,
                         .theta_bar  = memset(both, 0, sizeof both) };
    ok(reg_pullback(p.s, &c));
    c.theta_bar = memset(mine, 0, sizeof mine);
    ok(adj_pullback(reg_adjoint(p.s), &c));
    regularized_pull(&p, 0);
    for (long j = 0; j < p.weights; j++) mine[j] += p.theta_bar[j];
    cr_expect_leq(distance(p.weights, both, mine), 1e-13);
    regularized_stop(&p);
}

/* The floor is a sample like any other. */
Test(edges, the_floor_of_squares)
{
    regularized p, q;
    regularized_start(&p, "stiffness+squares:1", &none, NULL);
    regularized_start(&q, "stiffness+squares+floor:1", &none, NULL);
    double with = regularized_loss(&q, 0), without = regularized_loss(&p, 0);
    double floor = 1 / nde_tsit5.stability;
    cr_expect_float_eq(with - without, floor * floor, 1e-13 * with);
    regularized_stop(&p);
    regularized_stop(&q);
}
