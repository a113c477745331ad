/* solver.c - a solver made and unmade. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "../autodiff/debug.h"
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

static long state_dim(const nde_ode *ode)
{
    long dim = 0;
    for (int p = 0; p < ode->parts; p++) dim += ad_elements(ode->part[p].shape);
    return dim;
}

static const double *copy_list(double **to, int n, const double *list)
{
    const double *copy = *to;
    if (n) memcpy(*to, list, sizeof **to * (size_t)n);
    *to += n;
    return copy;
}

/* The caller's lists may go once the solver is made (not the given step points, which every solve reads anew). One block,
   break points first. */
static ad_status copy_lists(nde_solver *s, const nde_options *o)
{
    nde_options *w    = &s->o;
    int          each = w->atol_each ? (int)state_dim(&s->ode) : 0;
    double      *to   = ad_alloc(sizeof *to * (size_t)(w->nbreaks + each + 1));
    if (!to) return AD_NO_MEMORY;
    w->breaks = copy_list(&to, w->nbreaks, w->nbreaks ? o->breaks : NULL);
    if (each) w->atol_each = copy_list(&to, each, o->atol_each);
    return AD_OK;
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
    s->debug = ad_debug_level() > 0;
    w->timing |= s->debug;
    return copy_lists(s, o);
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

/* A chunk of the record: some steps, but no more untouched memory than a large frame takes anyway. */
enum { POOL_LEAST = 1 << 18, POOL_MOST = 1 << 22 };

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
        size_t chunk = each * 32 < POOL_MOST ? each * 32 : POOL_MOST;
        nde_pool_start(&s->record->pool, chunk > POOL_LEAST ? chunk : POOL_LEAST);
    }
    return s->o.batching == NDE_PER_SAMPLE ? nde_lanes_new(s) : AD_OK;
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
    nde_lanes_free(s->lanes);
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
