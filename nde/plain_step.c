/* plain_step.c - the same steps for a right-hand side that is a plain C function: solve only, no gradient. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "rk_trace.h"

typedef struct plain_step {
    nde_step    base;
    nde_ode     ode;
    nde_options o;
    long        capacity;
    char       *g, *sum, *user_y, *user_dy, *extra; /* states; extra: the dense stages' k */
} plain_step;

static void plain_free(nde_step *base)
{
    plain_step *s = (plain_step *)base;
    ad_free(s->g);
    ad_free(s->sum);
    ad_free(s->user_y);
    ad_free(s->user_dy);
    ad_free(s->extra);
    ad_free(s);
}

static ad_status evaluate(plain_step *s, long n, double t, const char *y, char *dy)
{
    const nde_layout *l = s->base.layout;
    nde_layout_store(l, n, y, s->user_y);
    if (s->ode.field_plain(t, n, s->user_y, s->user_dy, s->ode.ctx))
        return ad_fail(AD_NONFINITE_FIELD, "the right-hand side reported a failure at t = %.9g", t);
    nde_layout_load(l, n, s->user_dy, dy);
    return AD_OK;
}

static double stage_time(const plain_step *s, const nde_attempt_io *io, double c)
{
    double t = io->t[0] + c * io->h[0];
    return s->o.nbreaks ? fmin(fmax(t, io->lo[0]), io->hi[0]) : t;
}

/* to = y + h sum_j w[j] k[j] */
static void advance(plain_step *s, const nde_attempt_io *io, int n, const double w[], char *to)
{
    const nde_layout *l = s->base.layout;
    nde_layout_copy(l, io->n, io->y, to);
    for (int j = 0; j < n; j++)
        if (w[j] != 0) nde_layout_axpy(l, io->n, to, io->h[0] * w[j], io->k[j]);
}

static double number(ad_type t, const char *p, long i)
{
    return t == AD_F32 ? ((const float *)p)[i] : ((const double *)p)[i];
}

static void column(plain_step *s, const nde_attempt_io *io, int c, const double w[])
{
    const nde_layout *l = s->base.layout;
    nde_layout_zero(l, io->n, s->sum);
    for (int j = 0; j < s->base.stages; j++)
        if (w[j] != 0) nde_layout_axpy(l, io->n, s->sum, io->h[0] * w[j], io->k[j]);
    memset(io->rows[c], 0, sizeof(double) * (size_t)io->n);
    long first = 0;
    for (int p = 0; p < l->parts; first += l->size[p], p++) {
        if (s->ode.part[p].no_error) continue;
        for (long i = 0; i < l->size[p] * io->n; i++) {
            const char *y = io->y + l->offset[p], *y1 = io->y1 + l->offset[p];
            double      v = number(l->type, s->sum + l->offset[p], i);
            double      a = fabs(number(l->type, y, i)), b = fabs(number(l->type, y1, i));
            double      atol = s->o.atol_each ? s->o.atol_each[first + i % l->size[p]] : s->o.atol;
            if (c < 2) v /= atol + s->o.rtol * (a > b || isnan(a) ? a : b);
            io->rows[c][i / l->size[p]] += v * v;
        }
    }
}

static ad_status plain_forward(nde_step *base, const nde_attempt_io *io)
{
    plain_step        *s = (plain_step *)base;
    const nde_tableau *m = base->method;
    for (int i = base->has_carry; i < m->stages; i++) {
        advance(s, io, i, m->a[i], s->g);
        AD_TRY(evaluate(s, io->n, stage_time(s, io, m->c[i]), s->g, io->k[i]));
    }
    advance(s, io, m->stages, m->b, io->y1);
    if (base->columns & 1) column(s, io, 0, m->e);
    if (base->columns & 2) column(s, io, 1, m->e2);
    return AD_OK;
}

static ad_status plain_start(nde_step *base, const nde_attempt_io *io)
{
    return evaluate((plain_step *)base, io->n, io->t[0], io->y, io->carry1);
}

static ad_status plain_dense(nde_step *base, const nde_attempt_io *io, char *const coefficient[])
{
    plain_step        *s = (plain_step *)base;
    const nde_layout  *l = base->layout;
    const nde_tableau *m = base->method;
    char              *k[NDE_STAGES];
    for (int i = 0; i < m->stages; i++) k[i] = io->k[i];
    nde_attempt_io all = *io;
    all.k              = k;
    if (m->dense_degree == 0) {
        if (!base->has_carry) AD_TRY(evaluate(s, io->n, stage_time(s, io, 1), io->y1, s->extra));
        const char  *f1      = base->has_carry ? k[m->stages - 1] : s->extra;
        const double w[3][4] = { { 0, 0, 1, 0 },
                                 { -3, 3, -2, -1 },
                                 { 2, -2, 1, 1 } }; /* of y, y1, h k1, h f1 */
        for (int q = 0; q < 3; q++) {
            nde_layout_zero(l, io->n, coefficient[q]);
            nde_layout_axpy(l, io->n, coefficient[q], w[q][0], io->y);
            nde_layout_axpy(l, io->n, coefficient[q], w[q][1], io->y1);
            nde_layout_axpy(l, io->n, coefficient[q], w[q][2] * io->h[0], k[0]);
            nde_layout_axpy(l, io->n, coefficient[q], w[q][3] * io->h[0], f1);
        }
        return AD_OK;
    }
    for (int i = m->stages; i < m->stages + m->dense_stages; i++) {
        k[i] = s->extra + (size_t)(i - m->stages) * l->bytes;
        advance(s, &all, i, m->a[i], s->g);
        AD_TRY(evaluate(s, io->n, stage_time(s, io, m->c[i]), s->g, k[i]));
    }
    for (int q = 0; q < base->degree; q++) {
        nde_layout_zero(l, io->n, coefficient[q]);
        for (int i = 0; i < m->stages + m->dense_stages; i++)
            if (m->dense[i][q + 1] != 0)
                nde_layout_axpy(l, io->n, coefficient[q], io->h[0] * m->dense[i][q + 1], k[i]);
    }
    return AD_OK;
}

static ad_status plain_prepare(nde_step *s)
{
    (void)s;
    return AD_OK;
}

static const nde_step_class plain_class = { .name    = "explicit Runge-Kutta of a plain function",
                                            .prepare = plain_prepare,
                                            .start   = plain_start,
                                            .forward = plain_forward,
                                            .dense   = plain_dense,
                                            .free    = plain_free };

ad_status nde_plain_step_new(nde_step **out, const nde_step_spec *spec)
{
    *out                 = NULL;
    const nde_tableau *m = spec->o->method;
    if (spec->gradient)
        return ad_fail(AD_UNSUPPORTED, "a field that is a plain C function has no derivative: "
                                       "write it over ad_ operations (nde_field), then its "
                                       "gradient comes by itself");
    if (spec->o->batching == NDE_PER_SAMPLE || spec->o->estimates || spec->ode->nargs)
        return ad_fail(AD_UNSUPPORTED, "a field that is a plain C function knows joint batching, "
                                       "no args and no estimates; use nde_field");
    plain_step *s = ad_alloc(sizeof *s);
    if (!s) return AD_NO_MEMORY;
    int fixed = spec->o->fixed_step > 0 || spec->o->nsteps_given > 0, two = 0;
    for (int i = 0; i < m->stages; i++) two |= m->e2[i] != 0;
    s->base     = (nde_step){ .ops               = &plain_class,
                              .method            = m,
                              .layout            = spec->layout,
                              .stages            = m->stages,
                              .has_carry         = nde_tableau_fsal(m),
                              .degree            = nde_rk_degree(m),
                              .columns           = fixed || !m->error_order ? 0
                                                   : two                    ? 3u
                                                                            : 1u,
                              .evaluations       = m->stages - nde_tableau_fsal(m),
                              .dense_evaluations = nde_rk_dense_evaluations(m) };
    s->ode      = *spec->ode;
    s->o        = *spec->o;
    size_t user = (size_t)(spec->layout->dim * spec->capacity) * ad_type_size(spec->layout->type);
    s->g        = ad_alloc(spec->layout->bytes);
    s->sum      = ad_alloc(spec->layout->bytes);
    s->user_y   = ad_alloc(user);
    s->user_dy  = ad_alloc(user);
    s->extra    = ad_alloc(spec->layout->bytes * (size_t)(m->dense_stages + 1));
    if (!s->g || !s->sum || !s->user_y || !s->user_dy || !s->extra) {
        plain_free(&s->base);
        return AD_NO_MEMORY;
    }
    *out = &s->base;
    return AD_OK;
}
