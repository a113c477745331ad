/* solver.c - a solver made and unmade; what both loops share. */
#include <math.h>
#include <string.h>
#include <time.h>

#include <costate/autodiff/memory.h>

#include "solver.h"

/* --- making ---------------------------------------------------------------------------------------------------------------- */

static ad_status check_problem(const nde_ode *ode)
{
    int fields = !!ode->field + !!ode->field_parts + !!ode->field_plain;
    if (fields != 1)
        return ad_fail(AD_INVALID, "a problem has exactly one field, this one has %d", fields);
    if (ode->parts == 0 && ode->dim <= 0)
        return ad_fail(AD_INVALID, "a problem without a state: give dim, or parts");
    for (int p = 0; p < ode->parts; p++) {
        ad_shape s = ode->part[p].shape;
        if (!s.batched || s.dim[0] != 1 || ad_elements(s) < 1)
            return ad_fail(
                AD_BAD_SHAPE,
                "the part '%s' of the state is not [n, dim...]: use ad_rows() or a batched shape",
                ode->part[p].name);
    }
    if (ode->field && ode->parts > 1)
        return ad_fail(AD_INVALID, "a state of %d parts wants field_parts", ode->parts);
    if (ode->theta && ad_params_type(ode->theta) != (ode->type ? ode->type : AD_F64))
        return ad_fail(AD_BAD_SHAPE,
                       "parameters and state are of different types; both float32 or both float64");
    return AD_OK;
}

static ad_status copy_problem(nde_solver *s, const nde_ode *ode)
{
    s->ode         = *ode;
    s->ode.parts   = ode->parts ? ode->parts : 1;
    s->ode.type    = ode->type ? ode->type : AD_F64;
    nde_part *part = ad_alloc(sizeof *part * (size_t)s->ode.parts);
    nde_arg  *args = ad_alloc(sizeof *args * (size_t)(ode->nargs + 1));
    s->ode.part = part, s->ode.args = args;
    if (!part || !args) return AD_NO_MEMORY;
    if (ode->parts)
        memcpy(part, ode->part, sizeof *part * (size_t)ode->parts);
    else
        part[0] = (nde_part){ "y", ad_rows(ode->dim), 0 };
    if (ode->nargs) memcpy(args, ode->args, sizeof *args * (size_t)ode->nargs);
    for (int p = 0; p < s->ode.parts; p++)
        if (!part[p].no_error) s->error_dim += ad_elements(part[p].shape);
    return AD_OK;
}

static double or_default(double v, double d)
{
    return v == 0 ? d : v == NDE_ZERO ? 0 : v;
}

static ad_status fill_options(nde_solver *s, const nde_options *o)
{
    nde_options *w = &s->o;
    if (o) *w = *o;
    w->breaks = NULL; /* owned below: nothing of the caller's to free after a mistake */
    if (!w->method) w->method = &nde_tsit5;
    if (!w->controller) w->controller = nde_controller_at(0);
    w->rtol = or_default(w->rtol, 1e-3);
    w->atol = or_default(w->atol, 1e-6);
    if (!w->max_steps) w->max_steps = 100000;
    if (w->rtol < 0 || w->atol < 0 || !isfinite(w->rtol) || !isfinite(w->atol))
        return ad_fail(AD_INVALID, "tolerances rtol = %g, atol = %g: both must be numbers >= 0",
                       w->rtol, w->atol);
    if (w->fixed_step < 0)
        return ad_fail(
            AD_INVALID,
            "the fixed step is %g; give its size, time's direction follows from the times",
            w->fixed_step);
    if (w->method->error_order == 0 && !(w->fixed_step > 0) && !w->nsteps_given)
        return ad_fail(
            AD_UNSUPPORTED,
            "%s has no error estimate to choose steps by: give a fixed step, or use tsit5",
            w->method->name);
    double *breaks = ad_alloc(sizeof *breaks * (size_t)(w->nbreaks + 1));
    if (!breaks) return AD_NO_MEMORY;
    if (w->nbreaks) memcpy(breaks, o->breaks, sizeof *breaks * (size_t)w->nbreaks);
    w->breaks = breaks;
    return AD_OK;
}

static ad_status scratch_new(nde_solver *s)
{
    nde_scratch *w     = &s->w;
    size_t       bytes = s->layout->bytes, n = (size_t)s->capacity;
    int          ok = 1;
    for (int i = 0; i < 2; i++)
        ok &= (w->y[i] = ad_alloc(bytes)) && (w->carry[i] = ad_alloc(bytes));
    ok = ok && (w->stages = ad_alloc(bytes * (size_t)s->step->stages)) &&
         (w->k = ad_alloc(sizeof *w->k * (size_t)s->step->stages)) &&
         (w->point = ad_alloc(bytes)) &&
         (w->coefficient = ad_alloc(sizeof *w->coefficient * (size_t)s->step->degree));
    for (int i = 0; ok && i < s->step->degree; i++)
        ok = (w->coefficient[i] = ad_alloc(bytes)) != NULL;
    for (int c = 0; ok && c < NDE_COLUMNS; c++)
        ok = (w->rows[c] = ad_alloc(sizeof(double) * n)) != NULL;
    ok = ok && (w->t = ad_alloc(sizeof(double) * n)) && (w->h = ad_alloc(sizeof(double) * n)) &&
         (w->lo = ad_alloc(sizeof(double) * n)) && (w->hi = ad_alloc(sizeof(double) * n));
    s->args = ok ? ad_alloc(sizeof *s->args * (size_t)(s->ode.nargs + 1)) : NULL;
    for (int i = 0; s->args && i < s->ode.nargs; i++) {
        ad_type t  = s->ode.args[i].type ? s->ode.args[i].type : s->ode.type;
        s->args[i] = ad_alloc((size_t)ad_elements(s->ode.args[i].shape) *
                              (s->ode.args[i].shape.batched ? n : 1) * ad_type_size(t));
        if (!s->args[i]) ok = 0;
    }
    if (s->step->residual) ok = ok && (w->frame = ad_alloc(s->step->residual));
    if (!ok || !s->args) return AD_NO_MEMORY;
    s->step->ports.args = (const void *const *)s->args;
    s->stats.bytes      = s->step->bytes + bytes * (size_t)(6 + s->step->stages + s->step->degree);
    return AD_OK;
}

static ad_status solver_fill(nde_solver *s, const nde_ode *ode, const nde_options *o, int gradient,
                             int keep_frames)
{
    AD_TRY(check_problem(ode));
    AD_TRY(copy_problem(s, ode));
    AD_TRY(fill_options(s, o));
    AD_TRY(nde_layout_new(&s->layout, s->ode.type, s->ode.parts, s->ode.part, s->capacity));
    nde_step_spec spec = { &s->ode, &s->o, s->layout, s->capacity, gradient };
    AD_TRY(s->ode.field_plain ? nde_plain_step_new(&s->step, &spec)
                              : nde_rk_step_new(&s->step, &spec));
    AD_TRY(scratch_new(s));
    if (gradient) {
        s->record = ad_alloc(sizeof *s->record);
        if (!s->record) return AD_NO_MEMORY;
        s->record->keep_frames = keep_frames;
        size_t each            = 2 * (s->layout->bytes + 2 * AD_PAD) +
                      (keep_frames ? s->step->residual + 2 * AD_PAD : 0);
        nde_pool_start(&s->record->pool, each * 32 > (1u << 18) ? each * 32 : (1u << 18));
    }
    return s->o.batching == NDE_PER_SAMPLE ? lanes_new(s) : AD_OK;
}

ad_status nde_solver_build(nde_solver **out, const nde_ode *ode, const nde_options *o,
                           long capacity, int gradient, int keep_frames)
{
    *out          = NULL;
    nde_solver *s = ad_alloc(sizeof *s);
    if (!s) return AD_NO_MEMORY;
    s->capacity = capacity > 0 ? capacity : 1;
    ad_status e = solver_fill(s, ode, o, gradient, keep_frames);
    if (e) {
        nde_solver_free(s);
        return e;
    }
    *out = s;
    return AD_OK;
}

ad_status nde_solver_new(nde_solver **s, const nde_ode *ode, const nde_options *o, long capacity)
{
    return nde_solver_build(s, ode, o, capacity, 0, 0);
}

void nde_solver_free(nde_solver *s)
{
    if (!s) return;
    nde_scratch *w = &s->w;
    for (int i = 0; i < 2; i++) ad_free(w->y[i]), ad_free(w->carry[i]);
    for (int i = 0; w->coefficient && i < s->step->degree; i++) ad_free(w->coefficient[i]);
    for (int c = 0; c < NDE_COLUMNS; c++) ad_free(w->rows[c]);
    for (int i = 0; s->args && i < s->ode.nargs; i++) ad_free(s->args[i]);
    ad_free(w->stages), ad_free(w->k), ad_free(w->coefficient), ad_free(w->point),
        ad_free(w->frame);
    ad_free(w->t), ad_free(w->h), ad_free(w->lo), ad_free(w->hi);
    ad_free(s->args);
    ad_free((void *)s->ode.part);
    ad_free((void *)s->ode.args);
    ad_free((void *)s->o.breaks);
    lanes_free(s->lanes);
    nde_step_free(s->step);
    nde_layout_free(s->layout);
    nde_record_free(s->record);
    ad_free(s);
}

void nde_step_free(nde_step *s)
{
    if (s) s->ops->free(s);
}

long nde_solver_dim(const nde_solver *s)
{
    return s->layout->dim;
}
const nde_stats *nde_solver_stats(const nde_solver *s)
{
    return &s->stats;
}

/* --- shared by the loops ------------------------------------------------------------------------------------------------------ */

ad_status solver_check(const nde_solver *s, const nde_solve_args *a)
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

ad_status solver_load_args(nde_solver *s, const nde_solve_args *a)
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

void solver_bind_stages(nde_solver *s, const char *carry, char *carry1)
{
    int last = s->step->stages - 1;
    for (int i = 0; i <= last; i++) s->w.k[i] = s->w.stages + (size_t)i * s->layout->bytes;
    if (!s->step->has_carry) return;
    s->w.k[0]    = (char *)carry;
    s->w.k[last] = carry1;
}

void solver_piece(const nde_solver *s, double t, double end, double *lo, double *hi, double *stop)
{
    double dir = end >= t ? 1 : -1, from = -INFINITY * dir, to = end;
    int    to_break = 0;
    for (int i = 0; i < s->o.nbreaks; i++) {
        double b = s->o.breaks[i];
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

static double at_type(ad_type t, const char *p, long i)
{
    return t == AD_F32 ? ((const float *)p)[i] : ((const double *)p)[i];
}

double solver_norm(const nde_solver *s, long row, long n, const char *x, const char *x0,
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

void solver_interpolate(const nde_solver *s, long row, long n, const char *y, double x, char *out)
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

int solver_error_order(const nde_solver *s)
{
    int k = s->step->method->error_order + 1, order = s->step->method->order;
    return k < order ? k : order;
}

ad_status solver_nonfinite(const nde_solver *s, long n, double t, double h, long step,
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
void solver_count(nde_solver *s, long starts)
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

ad_status solver_forward(nde_solver *s, const nde_attempt_io *io)
{
    if (!s->o.timing) return s->step->ops->forward(s->step, io);
    double    t = clock_now();
    ad_status e = s->step->ops->forward(s->step, io);
    s->stats.seconds_field += clock_now() - t;
    return e;
}

ad_status nde_solve(nde_solver *s, const nde_solve_args *a)
{
    AD_TRY(solver_check(s, a));
    double t0 = clock_now();
    AD_TRY(solver_load_args(s, a));
    s->stats.accepted = s->stats.rejected = s->stats.nfe = 0, s->stats.seconds_field = 0;
    ad_status e      = s->o.batching == NDE_PER_SAMPLE ? solve_lanes(s, a) : solve_joint(s, a);
    s->stats.seconds = clock_now() - t0;
    if (s->record)
        s->stats.bytes = s->step->bytes + s->record->pool.total +
                         sizeof(nde_taken) * (size_t)s->record->capacity;
    return e;
}
