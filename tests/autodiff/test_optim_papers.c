/* The optimizers against the papers' formulas in float64, written down as they stand there. */
#include "optim_machine.h"

enum { STEPS = 60 };

typedef struct reference {
    double theta[N], m[N], v[N];
    int    k;
} reference;

/* Kingma and Ba 2015, Algorithm 1, line by line; decoupled: Loshchilov and Hutter 2019, Algorithm 2, line 12 */
static void adam(reference *r, const ad_optim_options *o, int decoupled, double rate,
                 const double *gradient)
{
    r->k++;
    for (int i = 0; i < N; i++) {
        double g     = gradient[i] + (decoupled ? 0 : o->weight_decay * r->theta[i]);
        r->m[i]      = o->beta1 * r->m[i] + (1 - o->beta1) * g;
        r->v[i]      = o->beta2 * r->v[i] + (1 - o->beta2) * g * g;
        double m_hat = r->m[i] / (1 - pow(o->beta1, r->k));
        double v_hat = r->v[i] / (1 - pow(o->beta2, r->k));
        double decay = decoupled ? rate * o->weight_decay * r->theta[i] : 0;
        r->theta[i] -= rate * m_hat / (sqrt(v_hat) + o->eps) + decay;
    }
}

/* With u = -rate b the velocity of Sutskever et al. 2013: u' = mu u - rate g, theta' = theta + u'; Nesterov's method
   follows theta + mu u, where the gradient is asked (equations 3 and 4). */
static void sgd(reference *r, const ad_optim_options *o, double rate, const double *gradient)
{
    for (int i = 0; i < N; i++) {
        double g = gradient[i] + o->weight_decay * r->theta[i];
        double u = o->beta1 * r->v[i] - rate * g;
        r->theta[i] += o->nesterov ? o->beta1 * u - rate * g : u;
        r->v[i] = u;
    }
}

/* Kingma and Ba 2015, Algorithm 2, with eps where torch.optim.Adamax documents it */
static void adamax(reference *r, const ad_optim_options *o, double rate, const double *gradient)
{
    r->k++;
    for (int i = 0; i < N; i++) {
        double g = gradient[i] + o->weight_decay * r->theta[i];
        r->m[i]  = o->beta1 * r->m[i] + (1 - o->beta1) * g;
        r->v[i]  = fmax(o->beta2 * r->v[i], fabs(g) + o->eps);
        r->theta[i] -= rate * r->m[i] / ((1 - pow(o->beta1, r->k)) * r->v[i]);
    }
}

/* torch.optim.RMSprop as documented: m is its buffer b, which mu = 0 makes the plain direction */
static void rmsprop(reference *r, const ad_optim_options *o, double rate, const double *gradient)
{
    for (int i = 0; i < N; i++) {
        double g = gradient[i] + o->weight_decay * r->theta[i];
        r->v[i]  = o->beta2 * r->v[i] + (1 - o->beta2) * g * g;
        r->m[i]  = o->beta1 * r->m[i] + g / (sqrt(r->v[i]) + o->eps);
        r->theta[i] -= rate * r->m[i];
    }
}

/* Zhuang et al. 2020, Algorithm 2, line by line */
static void adabelief(reference *r, const ad_optim_options *o, double rate, const double *gradient)
{
    r->k++;
    for (int i = 0; i < N; i++) {
        double g     = gradient[i] + o->weight_decay * r->theta[i];
        r->m[i]      = o->beta1 * r->m[i] + (1 - o->beta1) * g;
        r->v[i]      = o->beta2 * r->v[i] + (1 - o->beta2) * (g - r->m[i]) * (g - r->m[i]) + o->eps;
        double m_hat = r->m[i] / (1 - pow(o->beta1, r->k));
        double s_hat = r->v[i] / (1 - pow(o->beta2, r->k));
        r->theta[i] -= rate * m_hat / (sqrt(s_hat) + o->eps);
    }
}

static void refer(const char *name, reference *r, const ad_optim_options *o, double rate,
                  const double *gradient)
{
    if (!strcmp(name, "sgd"))
        sgd(r, o, rate, gradient);
    else if (!strcmp(name, "adamax"))
        adamax(r, o, rate, gradient);
    else if (!strcmp(name, "rmsprop"))
        rmsprop(r, o, rate, gradient);
    else if (!strcmp(name, "adabelief"))
        adabelief(r, o, rate, gradient);
    else
        adam(r, o, !strcmp(name, "adamw"), rate, gradient);
}

/* A step adds rate |direction| <= about 10 rate in at most a dozen roundings, and theta <= 4 is rounded once or twice:
   after STEPS steps at most STEPS eps (2 * 4 + 12 * 10 rate). */
static void compare(const char *name, ad_type type, ad_optim_options o)
{
    uint64_t  state = 11;
    reference r     = { .k = 0 };
    numbers(&state, r.theta);
    machine m   = start(name, type, &o, r.theta);
    double  eps = type == AD_F32 ? 0x1p-24 : 0x1p-53;
    for (int k = 0; k < STEPS; k++) {
        double g[N], factor = k < 10 ? (k + 1) / 10.0 : 1;
        numbers(&state, g);
        cr_assert_eq(take(&m, factor, g), AD_OK);
        refer(name, &r, &m.s->o, factor * m.s->o.rate, g);
    }
    double bound = STEPS * eps * (8 + 120 * m.s->o.rate);
    for (int i = 0; i < N; i++)
        cr_assert_lt(fabs(value(&m, i) - r.theta[i]), bound,
                     "%s: number %d: %.17g, reference %.17g, bound %g", name, i, value(&m, i),
                     r.theta[i], bound);
    stop(&m);
}

Test(optim, adam_is_the_papers)
{
    for (int t = AD_F32; t <= AD_F64; t++) {
        compare("adam", (ad_type)t, (ad_optim_options){ 0 });
        compare("adam", (ad_type)t,
                (ad_optim_options){ .rate = 0.05, .beta1 = 0.8, .weight_decay = 0.1 });
        compare("adamw", (ad_type)t, (ad_optim_options){ .rate = 0.05 });
        compare("adamw", (ad_type)t, (ad_optim_options){ .weight_decay = 0.3, .eps = 1e-3 });
    }
}

/* Directions within the bound's 10: adamax's as adam's; adabelief's s_hat >= eps / (1 - beta2), 1 and 0.1 here, so at most
   2 / sqrt(0.1). rmsprop's start at 10, with this momentum at most 100, at a rate that makes 1.2 of the bound's 8. */
Test(optim, adamax_rmsprop_and_adabelief_are_the_papers)
{
    for (int t = AD_F32; t <= AD_F64; t++) {
        compare("adamax", (ad_type)t, (ad_optim_options){ 0 });
        compare(
            "adamax", (ad_type)t,
            (ad_optim_options){ .rate = 0.05, .beta1 = 0.8, .beta2 = 0.9, .weight_decay = 0.1 });
        compare("rmsprop", (ad_type)t, (ad_optim_options){ 0 });
        compare("rmsprop", (ad_type)t,
                (ad_optim_options){ .rate = 1e-3, .beta1 = 0.9, .weight_decay = 0.1 });
        compare("adabelief", (ad_type)t, (ad_optim_options){ .eps = 1e-3 });
        compare("adabelief", (ad_type)t,
                (ad_optim_options){ .eps = 1e-2, .beta1 = 0.8, .beta2 = 0.9, .weight_decay = 0.1 });
    }
}

/* Three steps of g = 1, 2, -1 from theta = 1 at rate 0.1, by hand.
   adamax:    m = 0.1, 0.29, 0.161;  u = 1, 2, 2 beta2 = 1.998;
   rmsprop:   v = 0.01, 0.0499, 0.059401;
   adabelief: (g - m)^2 = 0.9^2, 1.71^2, 1.161^2. */
Test(optim, three_steps_by_hand)
{
    const double g[3] = { 1, 2, -1 }, m[3] = { 0.1, 0.29, 0.161 }, u[3] = { 1, 2, 1.998 },
                 v[3]  = { 0.01, 0.0499, 0.059401 },
                 s[3]  = { 0.81e-3, 0.81e-3 * 0.999 + 2.9241e-3,
                           (0.81e-3 * 0.999 + 2.9241e-3) * 0.999 + 1.347921e-3 },
                 c1[3] = { 0.1, 0.19, 0.271 }, c2[3] = { 1e-3, 1.999e-3, 2.997001e-3 };
    const char *const names[3] = { "adamax", "rmsprop", "adabelief" };
    for (int row = 0; row < 3; row++) {
        double theta[N], all[N], want = 1;
        for (int i = 0; i < N; i++) theta[i] = 1;
        machine x = start(names[row], AD_F64, &(ad_optim_options){ .rate = 0.1 }, theta);
        for (int k = 0; k < 3; k++) {
            for (int i = 0; i < N; i++) all[i] = g[k];
            cr_assert_eq(take(&x, 1, all), AD_OK);
            want -= 0.1 * (row == 0   ? m[k] / c1[k] / u[k]
                           : row == 1 ? g[k] / sqrt(v[k])
                                      : m[k] / c1[k] / sqrt(s[k] / c2[k]));
            /* eps: 1e-8 beside u and sqrt(v) >= 0.1, in adabelief 1e-16 three times beside s >= 8e-4 */
            cr_assert_float_eq(value(&x, 0), want, 2e-7, "%s, step %d: %.12g, not %.12g",
                               names[row], k + 1, value(&x, 0), want);
        }
        stop(&x);
    }
}

/* v = 0.9 v + g, theta -= rate v, with today's rate: the past is not scaled by the rate it was met at. */
Test(optim, momentum_under_a_changing_rate)
{
    double   theta[N], b[N] = { 0 }, v[N] = { 0 }, velocity[N], g[N];
    uint64_t state = 6;
    numbers(&state, theta);
    memcpy(velocity, theta, sizeof velocity);
    machine m = start("sgd", AD_F64, &(ad_optim_options){ .rate = 0.1, .beta1 = 0.9 }, theta);
    for (int k = 0; k < STEPS; k++) {
        double factor = 1 / (1 + 1e-5 * k);
        numbers(&state, g);
        cr_assert_eq(take(&m, factor, g), AD_OK);
        for (int i = 0; i < N; i++) {
            b[i] = 0.9 * b[i] + g[i];
            theta[i] -= factor * 0.1 * b[i];
            v[i] = 0.9 * v[i] + factor * 0.1 * g[i];
            velocity[i] -= v[i];
        }
    }
    for (int i = 0; i < N; i++) {
        cr_assert_float_eq(value(&m, i), theta[i], STEPS * 0x1p-53 * (8 + 12 * 20 * 0.1));
        /* a term j steps back differs by 1e-5 j 0.9^j, of sum 9e-4 |g| rate a step at most */
        cr_assert_leq(fabs(theta[i] - velocity[i]), STEPS * 9e-4 * 2 * 0.1);
        cr_assert_neq(theta[i], velocity[i]);
    }
    stop(&m);
}

/* The velocity form of the reference scales a past step by the rate it was taken with, ours by today's: they agree for a
   constant rate only. So no warm-up here. */
Test(optim, sgd_is_the_papers_at_a_constant_rate)
{
    for (int t = AD_F32; t <= AD_F64; t++)
        for (int kind = 0; kind < 3; kind++) {
            ad_optim_options o     = { .rate         = 0.02,
                                       .beta1        = kind == 2 ? AD_OPTIM_ZERO : 0.9,
                                       .weight_decay = 0.1,
                                       .nesterov     = kind == 1 };
            uint64_t         state = 5;
            reference        r     = { .k = 0 };
            numbers(&state, r.theta);
            machine m   = start("sgd", (ad_type)t, &o, r.theta);
            double  eps = t == AD_F32 ? 0x1p-24 : 0x1p-53;
            for (int k = 0; k < STEPS; k++) {
                double g[N];
                numbers(&state, g);
                cr_assert_eq(take(&m, 1, g), AD_OK);
                sgd(&r, &m.s->o, 0.02, g);
            }
            for (int i = 0; i < N; i++)
                cr_assert_lt(fabs(value(&m, i) - r.theta[i]), STEPS * eps * (8 + 12 * 20 * 0.02));
            stop(&m);
        }
}
