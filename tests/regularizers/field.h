/* field.h - the field of the regularizers' tests, and a solve with terms.

   Two tanh layers with time in both, the shape of the network of Pal et al. 2021:

       f(t, y) = tanh(W2 tanh(W1 y + v1 t + b1) + v2 t + b2).                                                 (1) */
#ifndef COSTATE_TESTS_REGULARIZERS_FIELD_H
#define COSTATE_TESTS_REGULARIZERS_FIELD_H

#include <criterion/criterion.h>

#include <costate/autodiff/layers.h>
#include <costate/regularizers/regularizer.h>

#include "../support.h"

#define ok(call) cr_assert_eq((call), AD_OK, "%s", ad_message())

enum { DIM = 3, HIDDEN = 5, BATCH = 3, STATE = BATCH * DIM, TIMES = 3, MOST_WEIGHTS = 64 };

static inline ad_var with_time(const nde_point *at, ad_var x, const char *name, const char *time,
                               long width)
{
    ad_var v = ad_param(at->g, at->theta, time, ad_vector(width), AD_INIT_VALUE, 0.5);
    return ad_add(ad_dense(x, at->theta, name, width), ad_mul(ad_cast(at->t, at->type), v));
}

static inline ad_var network(const nde_point *at, void *ctx)
{
    (void)ctx;
    ad_var h = ad_tanh(with_time(at, at->y, "hidden", "hidden.time", HIDDEN));
    return ad_tanh(with_time(at, h, "out", "out.time", DIM));
}

/* A problem, its numbers, and a solver for terms. */
typedef struct regularized {
    nde_ode     ode;
    nde_options o;
    reg_solver *s;
    reg_term    term[REG_MOST];
    int         terms;
    long        weights;
    uint64_t    draw;
    double      t[TIMES], y0[STATE], y[TIMES * STATE], w[TIMES * STATE];
    double      theta[MOST_WEIGHTS], theta_bar[MOST_WEIGHTS], y0_bar[STATE];
} regularized;

static inline ad_status regularized_try(regularized *p, const char *terms, const adj_options *a)
{
    reg_solver_spec spec = {
        .ode = &p->ode, .solve = &p->o, .adjoint = a, .term = p->term, .capacity = BATCH
    };
    ad_status e = reg_parse(terms, REG_MOST, p->term, &p->terms);
    spec.terms  = p->terms;
    return e ? e : reg_solver_new(&p->s, &spec);
}

/* o: what differs from tsit5, rtol = atol = 1e-3 and steps of the controller's own. */
static inline void regularized_start(regularized *p, const char *terms, const nde_options *o,
                                     const adj_options *a)
{
    uint64_t seed = 11;
    *p            = (regularized){
                   .ode = { .field = network, .dim = DIM }, .o = *o, .draw = 5, .t = { 0, 0.55, 1.5 }
    };
    if (p->o.rtol == 0) p->o.rtol = p->o.atol = 1e-3;
    ok(ad_params_new(&p->ode.theta, AD_F64));
    for (int i = 0; i < STATE; i++) p->y0[i] = draw(&seed, -1, 1);
    for (int i = 0; i < TIMES * STATE; i++) p->w[i] = draw(&seed, -1, 1);
    ok(regularized_try(p, terms, a));
    p->weights = ad_params_count(p->ode.theta);
    cr_assert_leq(p->weights, MOST_WEIGHTS);
    for (int i = 0; i < p->weights; i++) p->theta[i] = draw(&seed, -1.5, 1.5);
}

static inline void regularized_stop(regularized *p)
{
    reg_solver_free(p->s);
    ad_params_free(p->ode.theta);
}

/* Another solver for the same terms. */
static inline void regularized_again(regularized *p, const char *terms, const adj_options *a)
{
    reg_solver_free(p->s);
    p->s = NULL;
    ok(regularized_try(p, terms, a));
}

static inline nde_solve_args regularized_args(regularized *p)
{
    return (nde_solve_args){
        .n = BATCH, .times = TIMES, .t = p->t, .y0 = p->y0, .theta = p->theta, .y = p->y
    };
}

/* L = data w . y + sum lambda R of the solve as it stands; data: 0 leaves the first away. */
static inline double regularized_loss(regularized *p, double data)
{
    nde_solve_args a   = regularized_args(p);
    double         sum = 0;
    ok(reg_solve(p->s, &a, (reg_progress){ 0, 0 }, p->draw));
    for (int i = 0; i < TIMES * STATE; i++) sum += data * p->w[i] * p->y[i];
    return sum + reg_value(p->s);
}

static inline void regularized_pull(regularized *p, int data)
{
    adj_cotangents c = { .y_bar     = data ? p->w : NULL,
                         .y0_bar    = p->y0_bar,
                         .theta_bar = p->theta_bar };
    memset(p->theta_bar, 0, sizeof p->theta_bar);
    ok(reg_pullback(p->s, &c));
}

/* The five-point difference of loss by *x: error O(d^4) and 1e-16 / d of rounding, 1e-12 at d = 1e-4. (At 1e-3 some
   differences straddle a kink of max(|y|, |y1|).) */
static inline double regularized_difference(regularized *p, double *x, double data)
{
    const double d = 1e-4, weight[] = { 1, -8, 8, -1 }, by[] = { -2, -1, 1, 2 };
    double       at = *x, sum = 0;
    for (int k = 0; k < 4; k++) {
        *x = at + by[k] * d;
        sum += weight[k] * regularized_loss(p, data);
    }
    *x = at;
    return sum / (12 * d);
}

#endif
