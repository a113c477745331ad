/* solve.c - a solve asked for: what both loops share, checks, norms, outputs, statistics. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "../autodiff/debug.h"
#include "solver.h"

ad_status nde_solver_check(const nde_solver *s, const nde_solve_args *a)
{
    if (a->n < 1 || a->n > s->capacity)
        return ad_fail(AD_INVALID, "a batch of %ld samples; this solver was made for 1 to %ld",
                       a->n, s->capacity);
    if (a->times < 2)
        return ad_fail(AD_INVALID, "%d times: a solve needs at least a start and an end", a->times);
    if (!a->y0 || !a->t) return ad_fail(AD_INVALID, "a solve needs y0 and t");
    if (s->ode.nargs && !a->args)
        return ad_fail(AD_INVALID, "the problem has %d args and got none", s->ode.nargs);
    if (s->ode.theta && ad_params_count(s->ode.theta) && !a->theta)
        return ad_fail(AD_INVALID, "the problem has %ld parameters and got none",
                       ad_params_count(s->ode.theta));
    if (a->t_each && s->o.batching != NDE_PER_SAMPLE)
        return ad_fail(AD_UNSUPPORTED, "times of each sample's own need per-sample batching");
    long rows = a->t_each ? a->n : 1;
    for (long r = 0; r < rows; r++) {
        const double *t   = a->t + r * a->times;
        double        dir = t[a->times - 1] - t[0];
        for (int i = 0; i < a->times; i++) {
            if (!isfinite(t[i])) return ad_fail(AD_INVALID, "time %d is %g", i, t[i]);
            if (i && (t[i] - t[i - 1]) * dir < 0)
                return ad_fail(AD_INVALID,
                               "times must go one way: t[%d] = %.17g comes after t[%d] = %.17g", i,
                               t[i], i - 1, t[i - 1]);
        }
    }
    return AD_OK;
}

ad_status nde_solver_load_args(nde_solver *s, const nde_solve_args *a)
{
    for (int i = 0; i < s->ode.nargs; i++) {
        ad_shape shape = s->ode.args[i].shape;
        ad_type  t     = s->ode.args[i].type ? s->ode.args[i].type : s->ode.type;
        memcpy(s->args[i], a->args[i],
               (size_t)(ad_elements(shape) * (shape.batched ? a->n : 1)) * ad_type_size(t));
    }
    s->step->ports.theta = a->theta;
    s->step->ports.seed  = a->seed;
    return s->step->ops->prepare(s->step);
}

void nde_solver_bind_stages(nde_solver *s, const char *carry, char *carry1)
{
    int last = s->step->stages - 1;
    for (int i = 0; i <= last; i++) s->w.k[i] = s->w.stages + (size_t)i * s->layout->bytes;
    if (!s->step->has_carry) return;
    s->w.k[0]    = (char *)carry;
    s->w.k[last] = carry1;
}

void nde_piece(const nde_options *o, double t, double end, double *lo, double *hi, double *stop)
{
    double dir = end >= t ? 1 : -1, from = -INFINITY * dir, to = end;
    int    to_break = 0;
    for (int i = 0; i < o->nbreaks; i++) {
        double b = o->breaks[i];
        if (b == t)
            from = nextafter(t, end);
        else if ((b - t) * dir > 0 && (b - to) * dir <= 0)
            to = b, to_break = 1;
    }
    double inside = to_break ? nextafter(to, t) : INFINITY * dir;
    *lo           = dir > 0 ? from : inside;
    *hi           = dir > 0 ? inside : from;
    *stop         = to;
}

void nde_solver_piece(const nde_solver *s, double t, double end, double *lo, double *hi,
                      double *stop)
{
    nde_piece(&s->o, t, end, lo, hi, stop);
}

static double at_type(ad_type t, const char *p, long i)
{
    return t == AD_F32 ? ((const float *)p)[i] : ((const double *)p)[i];
}

double nde_solver_norm(const nde_solver *s, long row, long n, const char *x, const char *x0,
                       const char *y)
{
    const nde_layout *l   = s->layout;
    double            sum = 0;
    long              c0  = 0;
    for (int p = 0; p < l->parts; c0 += l->size[p], p++) {
        if (s->ode.part[p].no_error) continue;
        size_t off = l->offset[p] + (size_t)(row * l->size[p]) * ad_type_size(l->type);
        for (long i = 0; i < l->size[p] * n; i++) {
            double atol = s->o.atol_each ? s->o.atol_each[c0 + i % l->size[p]] : s->o.atol;
            double v    = at_type(l->type, x + off, i) - (x0 ? at_type(l->type, x0 + off, i) : 0);
            v /= atol + s->o.rtol * fabs(at_type(l->type, y + off, i));
            sum += v * v;
        }
    }
    return sqrt(sum / (double)(s->error_dim * n));
}

void nde_solver_interpolate(const nde_solver *s, long row, long n, const char *y, double x,
                            char *out)
{
    const nde_layout *l = s->layout;
    for (int p = 0; p < l->parts; p++) {
        size_t off = l->offset[p] + (size_t)(row * l->size[p]) * ad_type_size(l->type);
        long   m   = n * l->size[p];
        for (long i = 0; i < m; i++) {
            double v = 0;
            for (int q = s->step->degree - 1; q >= 0; q--)
                v = x * (at_type(l->type, s->w.coefficient[q] + off, i) + v);
            v += at_type(l->type, y + off, i);
            if (l->type == AD_F32)
                ((float *)(out + l->offset[p]))[i] = (float)v;
            else
                ((double *)(out + l->offset[p]))[i] = v;
        }
    }
}

int nde_solver_error_order(const nde_solver *s)
{
    int k = s->step->method->error_order + 1, order = s->step->method->order;
    return k < order ? k : order;
}

ad_status nde_solver_nonfinite(const nde_solver *s, long n, double t, double h, long step,
                               const char *y, const char *f, const long *sample_of)
{
    long sample, component;
    int  part;
    if (nde_layout_nonfinite(s->layout, n, y, &sample, &part, &component))
        return ad_fail(AD_NONFINITE_STATE,
                       "the state is no longer finite: '%s' component %ld of sample %ld at t = "
                       "%.9g, step %ld; the "
                       "solution may blow up, or the tolerance is too loose",
                       s->ode.part[part].name, component, sample_of ? sample_of[sample] : sample, t,
                       step);
    if (f && nde_layout_nonfinite(s->layout, n, f, &sample, &part, &component))
        return ad_fail(AD_NONFINITE_FIELD,
                       "the field returned NaN or infinity for '%s' component %ld of sample %ld at "
                       "t = %.9g (step "
                       "%ld); is it defined there?",
                       s->ode.part[part].name, component, sample_of ? sample_of[sample] : sample, t,
                       step);
    return ad_fail(AD_NONFINITE_FIELD,
                   "the field returned NaN or infinity in a stage of every step from t = %.9g down "
                   "to h = %.3g "
                   "(step %ld); is it defined beyond that time or state?",
                   t, h, step);
}

/* NFE as others count the same steps: torchdiffeq k1 and the initial step's; OrdinaryDiffEq one more. */
void nde_solver_count(nde_solver *s, long starts)
{
    long attempts            = s->stats.accepted + s->stats.rejected;
    s->stats.nfe             = starts + attempts * s->step->evaluations;
    s->stats.nfe_torchdiffeq = 2 + attempts * s->step->evaluations;
    s->stats.nfe_julia       = 3 + attempts * s->step->evaluations;
}

static double clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

ad_status nde_solver_forward(nde_solver *s, const nde_attempt_io *io)
{
    if (!s->o.timing) return s->step->ops->forward(s->step, io);
    double    t = clock_now();
    ad_status e = s->step->ops->forward(s->step, io);
    s->stats.seconds_field += clock_now() - t;
    return e;
}

ad_status nde_solve(nde_solver *s, const nde_solve_args *a)
{
    AD_TRY(nde_solver_check(s, a));
    double t0 = clock_now();
    AD_TRY(nde_solver_load_args(s, a));
    s->stats.accepted = s->stats.rejected = s->stats.nfe = 0, s->stats.seconds_field = 0;
    ad_status e = s->o.batching == NDE_PER_SAMPLE ? nde_solve_lanes(s, a) : nde_solve_joint(s, a);
    s->stats.seconds = clock_now() - t0;
    if (s->record)
        s->stats.bytes = s->step->bytes + s->record->pool.total +
                         sizeof(nde_taken) * (size_t)s->record->capacity;
    if (s->debug)
        ad_debug("solve %s: %ld steps, %ld rejected, %ld evaluations, %.3g us (%.3g us in the "
                 "step), %zu bytes, %s\n",
                 s->step->method->name, s->stats.accepted, s->stats.rejected, s->stats.nfe,
                 1e6 * s->stats.seconds, 1e6 * s->stats.seconds_field, s->stats.bytes,
                 ad_status_name(e));
    return e;
}
