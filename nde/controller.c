#include <float.h>
#include <math.h>

#include <costate/nde/controller.h>

static double log_of_previous(const nde_controller *c, double e)
{
    return log(fmax(fmax(e, c->previous_floor), DBL_MIN));
}

static double clamp(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

void nde_controller_start(const nde_controller *c, nde_controller_state *s)
{
    s->log_e1 = s->log_e2 = log_of_previous(c, c->previous_start);
    s->rejected           = 0;
}

double nde_controller_exponent(const nde_controller *c, const nde_controller_state *s, int k,
                               double log_e, int accepted)
{
    double past = accepted || !c->reject_plain ? c->beta2 * s->log_e1 - c->beta3 * s->log_e2 : 0;
    double x    = past - c->beta1 * log_e;
    return c->relative ? x / k : x;
}

static double accepted_factor(const nde_controller *c, const nde_controller_state *s, double e,
                              double factor)
{
    double lo = e < 1 && c->min_accepted > c->min_factor ? c->min_accepted : c->min_factor;
    factor    = clamp(factor, lo, c->max_factor);
    if (s->rejected && c->max_after_reject > 0 && factor > c->max_after_reject)
        factor = c->max_after_reject;
    return factor >= c->steady_lo && factor <= c->steady_hi ? 1 : factor;
}

double nde_controller_finish(const nde_controller *c, nde_controller_state *s, double e,
                             double log_e, double power, int accepted)
{
    if (!(e >= 0 && e <= DBL_MAX)) {
        s->rejected = 1;
        return c->min_factor;
    }
    double factor = e > 0 ? c->safety * power : c->max_factor;
    if (!accepted) {
        s->rejected = 1;
        return clamp(factor, c->min_factor, c->safety);
    }
    factor      = accepted_factor(c, s, e, factor);
    s->log_e2   = s->log_e1;
    s->log_e1   = e > c->previous_floor && e >= DBL_MIN ? log_e : log_of_previous(c, e);
    s->rejected = 0;
    return factor;
}

double nde_controller_factor(const nde_controller *c, nde_controller_state *s, int k, double e,
                             int accepted)
{
    double log_e = e > 0 && e <= DBL_MAX ? log(e) : 0;
    double power = exp(nde_controller_exponent(c, s, k, log_e, accepted));
    return nde_controller_finish(c, s, e, log_e, power, accepted);
}

double nde_controller_pullback(const nde_controller_call *at, double factor_bar, double log_bar[2])
{
    const nde_controller *c     = at->c;
    nde_controller_state  after = at->before;
    double factor = nde_controller_factor(c, &after, at->k, at->e, at->accepted), log_e_bar;
    double e = at->e > 0 && at->e <= DBL_MAX ? at->e : 0, log_e = e > 0 ? log(e) : 0;
    double power = exp(nde_controller_exponent(c, &at->before, at->k, log_e, at->accepted));
    int    bound = e == 0 || factor != c->safety * power; /* by a limit, or steady */
    double x_bar = bound ? 0 : factor_bar * factor / (c->relative ? at->k : 1);
    log_e_bar    = -c->beta1 * x_bar;
    if (at->accepted) { /* log e becomes log_e1, which becomes log_e2 */
        if (e > c->previous_floor && e >= DBL_MIN) log_e_bar += log_bar[0];
        log_bar[0] = log_bar[1];
        log_bar[1] = 0;
    }
    if (at->accepted || !c->reject_plain)
        log_bar[0] += c->beta2 * x_bar, log_bar[1] -= c->beta3 * x_bar;
    return e > 0 ? log_e_bar / e : 0;
}

/* The guess makes an explicit Euler step change y by a hundredth. */
double nde_initial_guess(double d0, double d1)
{
    double h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * (d0 / d1);
    return h0 > 0 && h0 <= DBL_MAX ? h0 : 1e-6; /* an overflow in d0 or d1 */
}

double nde_initial_step(double h0, double d1, double d2, int order)
{
    double d = fmax(d1, d2);
    double h = d <= 1e-15 ? fmax(1e-6, h0 * 1e-3) : pow(0.01 / d, 1.0 / order);
    return h > 0 && d2 <= DBL_MAX ? fmin(100 * h0, h) : h0 * 1e-3; /* the Euler step overflowed */
}
