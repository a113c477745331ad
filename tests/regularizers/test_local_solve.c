/* Local regularizers around a solve: what they are the value of, where they look, their gradient with every adjoint, what they
   cost, and what cannot carry them. test_local.c has the expression. */
#include "field.h"

#include <float.h>

#include <costate/autodiff/random.h>

#include "regularizers/local.h"

static const nde_options joint = { 0 };

static nde_options with(const nde_tableau *m, nde_batching b)
{
    return (nde_options){ .method = m, .batching = b };
}

/* Two sums that differ in rounding: e.k loses digits, so that r = h E is off by some eps h^2 |k| / tolerance, |k| < 2, h < 0.5. */
static double rounding(const regularized *p)
{
    return 4 * DBL_EPSILON * 0.5 / p->o.rtol;
}

/* --- values --------------------------------------------------------------------------------------------------------------- */

typedef struct first {
    int    seen;
    double h, error;
} first;

static int watch(const nde_attempt *a, void *ctx)
{
    first *f = ctx;
    if (!f->seen++) f->h = a->h, f->error = a->error;
    return 0;
}

/* h and E of the first attempt of a solve of n samples from (t, y) to end, stepped as one, as OrdinaryDiffEq would start. */
static first attempt(const regularized *p, const nde_tableau *m, long n, double t, double end,
                     const double *y)
{
    first       f = { 0 };
    nde_solver *s;
    nde_options o = { .method      = m,
                      .rtol        = p->o.rtol,
                      .atol        = p->o.atol,
                      .controller  = nde_controller_named("ordinarydiffeq"),
                      .observe     = watch,
                      .observe_ctx = &f };
    ok(nde_solver_new(&s, &p->ode, &o, n));
    ok(nde_solve(s,
                 &(nde_solve_args){
                     .n = n, .times = 2, .t = (double[]){ t, end }, .y0 = y, .theta = p->theta }));
    nde_solver_free(s);
    return f;
}

/* y at one time inside, by the solver's own dense output. */
static void state_at(const regularized *p, long n, double t, const double *y0, double *y)
{
    nde_solver *s;
    double      all[3 * STATE];
    ok(nde_solver_new(&s, &p->ode, &p->o, n));
    ok(nde_solve(s, &(nde_solve_args){ .n     = n,
                                       .times = 3,
                                       .t     = (double[]){ p->t[0], t, p->t[TIMES - 1] },
                                       .y0    = y0,
                                       .theta = p->theta,
                                       .y     = all }));
    memcpy(y, all + n * DIM, sizeof *y * (size_t)(n * DIM));
    nde_solver_free(s);
}

static double uniform(const regularized *p, long i)
{
    double u;
    ad_random_uniform(AD_F64, p->draw, REG_LOCAL_STREAM, (uint64_t)i, 1, &u);
    return u;
}

/* h E of the first attempt of a solve that begins at the drawn time. */
static double unbiased_by_hand(const regularized *p, const nde_tableau *m)
{
    double y[STATE], sum = 0, end = p->t[TIMES - 1];
    long   rows = p->o.batching == NDE_PER_SAMPLE ? BATCH : 1, n = BATCH / rows;
    for (long i = 0; i < rows; i++) {
        double t = p->t[0] + (end - p->t[0]) * uniform(p, i);
        state_at(p, n, t, p->y0 + i * DIM, y);
        first f = attempt(p, m, n, t, end, y);
        sum += fabs(f.h) * f.error;
    }
    return sum / (double)rows;
}

Test(local_solve, unbiased_is_the_first_attempt_from_a_random_time)
{
    for (int k = 0; k < 8; k++) {
        regularized p;
        nde_options o = with(k & 4 ? &nde_dopri5 : &nde_tsit5, k & 1 ? NDE_PER_SAMPLE : NDE_JOINT);
        regularized_start(&p, k & 4 ? "local-unbiased+tsit5:1" : "local-unbiased:1", &o, NULL);
        for (int i = 0; k & 2 && i < TIMES; i++) p.t[i] = -p.t[i];
        for (p.draw = 1; p.draw < 6; p.draw++) {
            double r = regularized_loss(&p, 0), want = unbiased_by_hand(&p, &nde_tsit5);
            cr_expect_gt(want, 1000 * rounding(&p));
            cr_expect_float_eq(r, want, rounding(&p), "%.17g, by hand %.17g", r, want);
        }
        regularized_stop(&p);
    }
}

/* Drawn often enough, every accepted step but the first is looked at, and no other: with s steps the chance that 40 s draws leave
   one out is below s exp(-40). */
Test(local_solve, biased_looks_at_accepted_steps)
{
    enum { STEPS = 64 };
    for (int b = 0; b < 2; b++) {
        regularized p;
        nde_options o = with(&nde_tsit5, b ? NDE_PER_SAMPLE : NDE_JOINT);
        double      r[STEPS], y[STATE];
        int         seen[STEPS] = { 0 }, some = 0;
        o.rtol = o.atol = 1e-5;
        regularized_start(&p, "local-biased:1", &o, NULL);
        regularized_loss(&p, 0);
        adj_solver *a = reg_adjoint(p.s);
        long        s = adj_steps(a), n = b ? 1 : BATCH;
        const long *lane = adj_step_sample(a);
        cr_assert(s > 5 && s < STEPS);
        for (long j = 0; j < s; j++) {
            ok(adj_step_state(a, j, y));
            first f = attempt(&p, &nde_tsit5, n, adj_step_t(a)[j], p.t[TIMES - 1], y);
            r[j]    = f.h * f.error;
        }
        if (b) { /* the mean over samples, each with a step of its own */
            int hits = 0;
            for (p.draw = 1; p.draw < 20; p.draw++) {
                double is = regularized_loss(&p, 0);
                for (long i = 0; i < s; i++)
                    for (long j = 0; j < s; j++)
                        for (long k = 0; k < s; k++)
                            hits += lane[i] == 0 && lane[j] == 1 && lane[k] == 2 &&
                                    fabs((r[i] + r[j] + r[k]) / 3 - is) < rounding(&p);
            }
            cr_expect_geq(hits, 19);
        } else {
            for (p.draw = 1; p.draw < (uint64_t)(40 * s); p.draw++) {
                double is   = regularized_loss(&p, 0);
                long   step = -1;
                for (long j = 0; j < s; j++)
                    if (fabs(r[j] - is) < rounding(&p)) step = j;
                cr_assert_geq(step, 0, "no step has %g", is);
                seen[step]++;
            }
            for (long j = 0; j < s; j++) some += seen[j] > 0;
            cr_expect_eq(seen[0], 0);
            cr_expect_eq(some, s - 1, "%d of %ld steps", some, s);
        }
        regularized_stop(&p);
    }
}

/* A solve of one step: its start. Of two steps: the second's. */
Test(local_solve, biased_where_there_are_few_steps)
{
    regularized p;
    double      grid[] = { 0, 0.5, 1.5 };
    nde_options o      = { .nsteps_given = 2, .steps_given = (double[]){ 0, 1.5 } };
    regularized_start(&p, "local-biased:1", &o, NULL);
    first  f = attempt(&p, &nde_tsit5, BATCH, 0, 1.5, p.y0);
    double r = regularized_loss(&p, 0);
    cr_expect_float_eq(r, f.h * f.error, rounding(&p));
    p.o.nsteps_given = 3, p.o.steps_given = grid;
    regularized_again(&p, "local-biased:1", NULL);
    for (p.draw = 0; p.draw < 5; p.draw++) {
        double y[STATE];
        r = regularized_loss(&p, 0);
        ok(adj_step_state(reg_adjoint(p.s), 1, y));
        f = attempt(&p, &nde_tsit5, BATCH, 0.5, 1.5, y);
        cr_expect_float_eq(r, f.h * f.error, rounding(&p));
    }
    regularized_stop(&p);
}

/* --- gradients -------------------------------------------------------------------------------------------------------------- */

/* With all three differentiable and the steps given R is a function of y0 and theta: its differences are the gradient. */
static void check_total(const char *terms, nde_batching b, adj_mode mode)
{
    static const double grid[] = { 0, 0.3, 0.75, 0.9, 1.5 };
    regularized         p;
    adj_options         a = { .mode = mode };
    nde_options         o = { .batching = b, .nsteps_given = 5, .steps_given = grid };
    double              want, largest = 0, apart = 0;
    o.rtol = o.atol = 1; /* a long local step: e.k keeps its digits */
    regularized_start(&p, terms, &o, &a);
    for (p.draw = 1; p.draw < 4; p.draw++) {
        regularized_loss(&p, 1);
        regularized_pull(&p, 1);
        double bar[MOST_WEIGHTS + STATE];
        memcpy(bar, p.theta_bar, sizeof p.theta_bar);
        memcpy(bar + p.weights, p.y0_bar, sizeof p.y0_bar);
        for (long i = 0; i < p.weights + STATE; i++) {
            double *x = i < p.weights ? p.theta + i : p.y0 + (i - p.weights);
            want      = regularized_difference(&p, x, 1);
            largest   = fmax(largest, fabs(want));
            apart     = fmax(apart, fabs(bar[i] - want));
        }
        cr_expect(apart <= 1e-7 * largest, "%s: %g of %g apart", terms, apart, largest);
    }
    regularized_stop(&p);
}

Test(local_solve, the_total_derivative)
{
    for (int k = 0; k < 4; k++) {
        nde_batching b = k & 1 ? NDE_PER_SAMPLE : NDE_JOINT;
        adj_mode     m = k & 2 ? ADJ_RECOMPUTE : ADJ_STORE_ALL;
        check_total("local-unbiased+state+k1+step:100", b, m);
        check_total("local-biased+state+k1+step:100", b, m);
        check_total("local-stiffness-unbiased+state+k1+step:10", b, m);
        check_total("local-stiffness-biased+state+k1+step:10", b, m);
        check_total("local-unbiased+state+k1+step+unscaled:10,local-biased+state+k1+step+nostep:10,"
                    "taynode2:1",
                    b, m);
    }
}

/* As published nothing goes through the solve: y0's gradient is that of the loss, and theta's is the same with every adjoint. */
Test(local_solve, by_default_the_solve_is_left_alone)
{
    static const char *const terms[] = { "local-unbiased:1", "local-biased:1",
                                         "local-stiffness-unbiased:1", "local-stiffness-biased:1" };
    for (int k = 0; k < 8; k++) {
        regularized p;
        nde_options o = with(&nde_tsit5, k & 1 ? NDE_PER_SAMPLE : NDE_JOINT);
        double      one[MOST_WEIGHTS], sum = 0;
        regularized_start(&p, terms[k / 2], &o, &(adj_options){ .mode = ADJ_STORE_ALL });
        regularized_loss(&p, 0);
        regularized_pull(&p, 0);
        memcpy(one, p.theta_bar, sizeof one);
        for (int i = 0; i < STATE; i++) cr_expect_eq(p.y0_bar[i], 0);
        for (long i = 0; i < p.weights; i++) sum += fabs(one[i]);
        cr_expect_gt(sum, 0);
        ok(reg_measure(p.s));
        double norm = 0;
        for (long i = 0; i < p.weights; i++) norm += one[i] * one[i];
        cr_expect_float_eq(reg_result_of(p.s, 0)->norm, sqrt(norm), 1e-12 * sqrt(norm));
        regularized_again(&p, terms[k / 2], &(adj_options){ .mode = ADJ_RECOMPUTE });
        regularized_loss(&p, 0);
        regularized_pull(&p, 0);
        cr_expect_arr_eq(one, p.theta_bar, sizeof one);
        regularized_stop(&p);
    }
}

/* An end that steer moves is the end that the time is drawn from. */
Test(local_solve, with_a_random_end)
{
    regularized p;
    regularized_start(&p, "local-unbiased:1,steer:0.5", &joint, NULL);
    for (p.draw = 1; p.draw < 4; p.draw++) {
        double kept = p.t[TIMES - 1], r = regularized_loss(&p, 0);
        p.t[TIMES - 1] = adj_solver_stats(reg_adjoint(p.s))->t_reached;
        cr_expect_neq(p.t[TIMES - 1], kept);
        cr_expect_float_eq(r, unbiased_by_hand(&p, &nde_tsit5), rounding(&p));
        p.t[TIMES - 1] = kept;
    }
    regularized_stop(&p);
}
