/* steer.c - random end times, STEER (Ghosh, Behl, Dupont, Torr, Namboodiri 2020):

       t1' ~ U(t1 - b, t1 + b)   or, gaussian,   t1' ~ N(t1, b^2),                                             (1)

   once a solve, the same for all samples. Option outputs: every time after the first moves, by b times half the way to its nearer
   neighbour (as latent ODEs of Pal et al. 2021 had it with b = 1). It costs nothing and has no value of its own. */
#include <math.h>

#include "kind.h"

enum { GAUSSIAN, OUTPUTS };
enum { STREAM = 0x7374 };

/* A draw of mean 0 for time i: uniform in (-1, 1) or normal. */
static double moved(const reg_state *t, const reg_run *r, int i)
{
    if (reg_has(t, GAUSSIAN)) return reg_normal(r->draw, STREAM, (uint64_t)i);
    return 2 * reg_uniform(r->draw, STREAM, (uint64_t)i) - 1;
}

/* Half the way from time i to its nearer neighbour. */
static double reach(const double *t, int times, int i)
{
    double back = fabs(t[i] - t[i - 1]), on = i + 1 < times ? fabs(t[i + 1] - t[i]) : back;
    return 0.5 * fmin(back, on);
}

/* From the last to the second, so that neighbours are where they were: each moves less than half the way (uniform), and a normal
   draw is cut there. */
static void move_outputs(const reg_state *t, const reg_run *r, const double *from, double *to)
{
    for (int i = r->a->times - 1; i > 0; i--) {
        double most = reach(from, r->a->times, i), by = t->lambda * most * moved(t, r, i);
        to[i] = from[i] + fmin(fmax(by, -0.999 * most), 0.999 * most);
    }
}

static ad_status move_end(const reg_state *t, const reg_run *r, long row, double *to)
{
    int    end  = r->a->times - 1;
    double left = fabs(to[end] - to[end - 1]), by = t->lambda * moved(t, r, end),
           sign = reg_sign(r, row);
    if (!reg_has(t, GAUSSIAN) && t->lambda >= left)
        return ad_fail(AD_INVALID,
                       "steer moves the end, t = %.6g, by up to %.6g, and that may pass the time "
                       "before it, %.6g; make it less than %.6g, or use steer+outputs",
                       to[end], t->lambda, to[end - 1], left);
    to[end] += sign * fmax(sign * by, -0.999 * left);
    return AD_OK;
}

static ad_status times(reg_state *t, reg_run *r)
{
    for (long row = 0; row < (r->a->t_each ? r->a->n : 1); row++) {
        double       *to   = r->t + row * r->a->times;
        const double *from = r->a->t + row * r->a->times;
        if (reg_has(t, OUTPUTS))
            move_outputs(t, r, from, to);
        else
            AD_TRY(move_end(t, r, row, to));
    }
    return AD_OK;
}

const reg_kind reg_kind_steer = {
    .about  = { "steer", "random end time, at most so far from the given one (STEER)",
                "gaussian outputs", "Ghosh, Behl, Dupont, Torr, Namboodiri 2020, eq. 5" },
    .number = "half-width",
    .size   = sizeof(reg_state),
    .times  = times,
};
