/* What a reg_solver gives beside gradients: values by hand, states at their own times, costs, norms, failures. */
#include "field.h"

static const nde_options none = { 0 };

/* Plain solve and gradient of the same problem. */
static void plain(regularized *p, double *y, double *theta_bar, nde_stats *stats)
{
    adj_solver *s;
    ok(adj_solver_new(&s, &p->ode, &p->o, NULL, BATCH));
    nde_solve_args a = regularized_args(p);
    a.y              = y;
    ok(adj_solve(s, &a));
    memset(theta_bar, 0, sizeof(double) * MOST_WEIGHTS);
    ok(adj_pullback(s, &(adj_cotangents){ .y_bar = p->w, .theta_bar = theta_bar }));
    *stats = *adj_solver_stats(s);
    adj_solver_free(s);
}

/* The states are those of the plain problem, to the bit, whatever is carried along. */
Test(solver, states_are_the_plain_ones)
{
    const char *terms[] = { "none", "error:1", "taynode3:1,jacobian:2", "kinetic:0,error:0" };
    for (int i = 0; i < 4; i++) {
        regularized p;
        double      y[TIMES * STATE], theta_bar[MOST_WEIGHTS];
        nde_stats   stats;
        regularized_start(&p, terms[i], &none, NULL);
        plain(&p, y, theta_bar, &stats);
        regularized_loss(&p, 1);
        cr_expect_arr_eq(p.y, y, sizeof y, "%s", terms[i]);
        regularized_pull(&p, 1);
        if (i == 0 || i == 3) cr_expect_leq(distance(p.weights, p.theta_bar, theta_bar), 1e-14);
        nde_solve_args a = regularized_args(&p);
        memset(p.y, 0, sizeof p.y);
        ok(reg_evaluate(p.s, &a));
        cr_expect_arr_eq(p.y, y, sizeof y, "%s, evaluated", terms[i]);
        regularized_stop(&p);
    }
}

/* Section 8 of Pal et al.'s derivation: (s - 1) N + 1 vjps with an error term, one more than without. */
Test(solver, an_error_term_costs_one_vjp)
{
    regularized p;
    double      y[TIMES * STATE], theta_bar[MOST_WEIGHTS];
    nde_stats   stats;
    regularized_start(&p, "error:1", &none, NULL);
    p.t[1] = p.t[0]; /* no output inside a step, which would need its own stages */
    plain(&p, y, theta_bar, &stats);
    regularized_loss(&p, 1);
    regularized_pull(&p, 1);
    const nde_stats *with = adj_solver_stats(reg_adjoint(p.s));
    cr_expect_eq(with->accepted, stats.accepted);
    cr_expect_eq(with->nvjp, 6 * with->accepted + 1, "%ld vjps, %ld steps", with->nvjp,
                 with->accepted);
    cr_expect_leq(with->nvjp - stats.nvjp, 1, "%ld without, %ld with", stats.nvjp, with->nvjp);
    regularized_stop(&p);
}

/* mean E h and its variants, by hand */
Test(solver, values)
{
    const char *terms[] = { "error:3",         "error+sum:3",   "error+max:3",
                            "error+squares:3", "error+floor:3", "error+nostep:3" };
    for (int k = 0; k < 6; k++) {
        regularized p;
        regularized_start(&p, terms[k], &none, NULL);
        regularized_loss(&p, 0);
        adj_solver   *a   = reg_adjoint(p.s);
        long          n   = adj_steps(a);
        double        sum = 0, most = 0, squares = 0, bare = 0;
        const double *e = adj_step_error(a), *h = adj_step_h(a);
        for (long i = 0; i < n; i++) {
            sum += e[i] * h[i], squares += e[i] * h[i] * e[i] * h[i], bare += e[i];
            most = fmax(most, e[i] * h[i]);
        }
        double want[] = { sum / n, sum, most, squares, sum / (n + 1), bare / n };
        cr_expect_float_eq(reg_result_of(p.s, 0)->value, want[k], 1e-14 * want[k], "%s", terms[k]);
        cr_expect_float_eq(reg_value(p.s), 3 * want[k], 1e-14 * want[k]);
        regularized_stop(&p);
    }
}

/* y' = a y: d^3 y / dt^3 = a^3 y, and int a^6 e^(2 a t) dt = a^5 (e^(2 a T) - 1) / 2; |a|^2 for kinetic energy and Jacobian. */
static ad_var linear(const nde_point *at, void *ctx)
{
    (void)ctx;
    return ad_scale(at->y, 0.7);
}

Test(solver, integrals_in_closed_form)
{
    const double a = 0.7, grown = (exp(2 * a * 1.5) - 1) / (2 * a);
    const char  *terms[] = { "taynode2:1", "taynode3:1", "taynode5:1", "kinetic:1", "jacobian:1" };
    const double want[]  = { pow(a, 4) * grown, pow(a, 6) * grown, pow(a, 10) * grown,
                             a * a * grown / 2, a * a * 1.5 };
    for (int k = 0; k < 5; k++)
        for (int per = 0; per < 2; per++) {
            regularized p;
            nde_options o = { .rtol     = 1e-10,
                              .atol     = 1e-10,
                              .batching = per ? NDE_PER_SAMPLE : NDE_JOINT };
            regularized_start(&p, terms[k], &o, NULL);
            p.ode.field = linear, p.ode.theta = (ad_params_free(p.ode.theta), NULL);
            regularized_again(&p, terms[k], NULL);
            double y0[] = { 1, -1, 1, -1, 1, 1, -1, 1, 1 };
            memcpy(p.y0, y0, sizeof y0);
            regularized_loss(&p, 0);
            cr_expect_float_eq(reg_value(p.s), want[k], 1e-8 * want[k], "%s: %.12g for %.12g",
                               terms[k], reg_value(p.s), want[k]);
            regularized_stop(&p);
        }
}

/* E[|e' J|^2] = |J|^2: the mean over many draws. */
static ad_var shear(const nde_point *at, void *ctx)
{
    static const double m[] = { 0.5, 2, 0, 0, -0.5, 1, 0.3, 0, 0.1 };
    (void)ctx;
    return ad_matmul(at->y, ad_const_array(at->g, AD_F64, ad_matrix(DIM, DIM), m), 0, 0);
}

Test(solver, probes_are_unbiased)
{
    const double norm    = (0.25 + 4 + 0.25 + 1 + 0.09 + 0.01) / DIM * 1.5;
    const char  *terms[] = { "jacobian:1", "jacobian+gaussian:1", "jacobian+jvp:1" };
    for (int k = 0; k < 3; k++) {
        regularized p;
        regularized_start(&p, terms[k], &none, NULL);
        p.ode.field = shear, p.ode.theta = (ad_params_free(p.ode.theta), NULL);
        regularized_again(&p, terms[k], NULL);
        double sum = 0, squares = 0;
        enum { MANY = 400 };
        for (int i = 0; i < MANY; i++) {
            p.draw   = (uint64_t)i;
            double r = regularized_loss(&p, 0);
            sum += r, squares += r * r;
        }
        double mean = sum / MANY, error = sqrt((squares / MANY - mean * mean) / MANY);
        cr_expect_lt(error, 0.1 * norm);
        cr_expect_float_eq(mean, norm, 4 * error, "%s: %g +- %g for %g", terms[k], mean, error,
                           norm);
        regularized_stop(&p);
    }
}

/* Per sample, R is the mean of the samples' own. */
Test(solver, per_sample_is_the_mean_of_samples_alone)
{
    const char *terms[] = { "error:50", "stiffness:2", "taynode3:0.1" };
    for (int k = 0; k < 3; k++) {
        regularized p, q;
        double      sum[MOST_WEIGHTS] = { 0 }, value = 0;
        nde_options o = { .batching = NDE_PER_SAMPLE };
        regularized_start(&p, terms[k], &o, NULL);
        regularized_loss(&p, 0);
        regularized_pull(&p, 0);
        regularized_start(&q, terms[k], &none, NULL);
        for (int i = 0; i < BATCH; i++) {
            nde_solve_args a = regularized_args(&q);
            a.n = 1, a.y0 = p.y0 + i * DIM;
            ok(reg_solve(q.s, &a, (reg_progress){ 0, 0 }, q.draw));
            value += reg_value(q.s) / BATCH;
            regularized_pull(&q, 0);
            for (long j = 0; j < q.weights; j++) sum[j] += q.theta_bar[j] / BATCH;
        }
        double one = reg_value(p.s);
        cr_expect_float_eq(one, value, 1e-12 * fabs(value), "%s: %.15g for %.15g", terms[k], one,
                           value);
        cr_expect_leq(distance(p.weights, p.theta_bar, sum), 1e-11, "%s", terms[k]);
        regularized_stop(&p);
        regularized_stop(&q);
    }
}

Test(solver, steer_moves_the_end)
{
    regularized p;
    double      least = INFINITY, most = 0, sum = 0;
    enum { MANY = 300 };
    regularized_start(&p, "steer:0.4", &none, NULL);
    for (int i = 0; i < MANY; i++) {
        p.draw = (uint64_t)i;
        regularized_loss(&p, 0);
        double t1 = adj_solver_stats(reg_adjoint(p.s))->t_reached;
        least = fmin(least, t1), most = fmax(most, t1), sum += t1;
    }
    cr_expect(least >= 1.1 && least < 1.13 && most <= 1.9 && most > 1.87, "%g to %g", least, most);
    cr_expect_float_eq(sum / MANY, 1.5, 4 * 0.4 / sqrt(3.0 * MANY));
    p.draw = 3;
    regularized_loss(&p, 0);
    nde_solve_args a = regularized_args(&p);
    ok(reg_evaluate(p.s, &a)); /* not when evaluated */
    cr_expect_float_eq(adj_solver_stats(reg_adjoint(p.s))->t_reached, 1.5, 0);
    regularized_again(&p, "steer:1.2", NULL);
    cr_expect_eq(reg_solve(p.s, &a, (reg_progress){ 0, 0 }, 1), AD_INVALID);
    cr_expect(strstr(ad_message(), "less than 0.95"), "%s", ad_message());
    regularized_stop(&p);
}

/* The parts of the gradient add up to the whole. */
Test(solver, norms)
{
    regularized p;
    double      data[MOST_WEIGHTS], whole[MOST_WEIGHTS];
    regularized_start(&p, "error:50,kinetic:0.3", &none, NULL);
    regularized_loss(&p, 1);
    regularized_pull(&p, 1);
    memcpy(whole, p.theta_bar, sizeof whole);
    ok(reg_measure(p.s));
    double norm[2] = { reg_result_of(p.s, 0)->norm, reg_result_of(p.s, 1)->norm };
    cr_expect(norm[0] > 0 && norm[1] > 0);
    regularized_pull(&p, 1); /* measuring has disturbed nothing */
    cr_expect_leq(distance(p.weights, p.theta_bar, whole), 0);
    for (int k = 0; k < 2; k++) { /* |g(both) - g(the other alone)| */
        double sum = 0;
        regularized_again(&p, k ? "error:50,kinetic:0" : "error:0,kinetic:0.3", NULL);
        regularized_loss(&p, 1);
        regularized_pull(&p, 1);
        memcpy(data, p.theta_bar, sizeof data);
        for (long i = 0; i < p.weights; i++) sum += (whole[i] - data[i]) * (whole[i] - data[i]);
        cr_expect_float_eq(norm[k], sqrt(sum), 1e-10 * norm[k]);
    }
    regularized_stop(&p);
}

/* From the second gradient on nothing is allocated. */
Test(solver, allocates_nothing)
{
    counting    c = { 0 };
    regularized p;
    counting_start(&c);
    regularized_start(&p, "error:50,taynode2:0.1,steer:0.2,jacobian:0.1", &none, NULL);
    for (int i = 0; i < 6; i++) {
        p.draw = 9; /* the same end, so that no longer record is needed */
        regularized_loss(&p, 1);
        regularized_pull(&p, 1);
        if (i == 1) c.count = 0;
    }
    cr_expect_eq(c.count, 0, "%ld", c.count);
    regularized_stop(&p);
    cr_expect_eq(c.live, 0);
    counting_stop();
}

static ad_status build_and_run(void *arg)
{
    (void)arg;
    regularized     p    = { .ode = { .field = network, .dim = DIM },
                             .t   = { 0, 0.5, 1 },
                             .o   = { .rtol = 1e-2, .atol = 1e-2 } };
    reg_solver_spec spec = { .ode = &p.ode, .solve = &p.o, .term = p.term, .capacity = BATCH };
    ad_status       e    = ad_params_new(&p.ode.theta, AD_F64);
    if (!e) e = reg_parse("error:1,taynode2:0.1,jacobian:1", REG_MOST, p.term, &spec.terms);
    if (!e) e = reg_solver_new(&p.s, &spec);
    nde_solve_args a = regularized_args(&p);
    if (!e) e = reg_solve(p.s, &a, (reg_progress){ 0, 0 }, 1);
    if (!e) e = reg_measure(p.s);
    if (!e) e = reg_pullback(p.s, &(adj_cotangents){ .y_bar = p.w, .theta_bar = p.theta_bar });
    regularized_stop(&p);
    return e;
}

Test(solver, every_allocation_may_fail, .timeout = 120)
{
    long runs;
    cr_expect(every_allocation_fails_cleanly(build_and_run, NULL, &runs));
    cr_expect_gt(runs, 50);
}
