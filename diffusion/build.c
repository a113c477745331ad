/* Emitting instructions: the functions of method.h. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "program.h"

/* What a sampler sees is the head of this. */
typedef struct builder {
    dpm_build        b;
    dpm_program     *p;
    const dpm_model *model;
    const dpm_live  *live;
    ad_status        status;
    long             step;
    uint64_t         draws;
    int              done; /* DPM_LIVE: instructions that have been run */
} builder;

enum { SENTENCE = 400 };

void dpm_build_fail(dpm_build *b, ad_status code, const char *format, ...)
{
    builder *u = (builder *)b;
    if (u->status) return;
    char    text[SENTENCE];
    va_list a;
    va_start(a, format);
    vsnprintf(text, sizeof text, format, a);
    va_end(a);
    u->status = ad_fail(code, "%s", text);
}

int dpm_build_failed(const dpm_build *b)
{
    return ((const builder *)b)->status != AD_OK;
}

static dpm_slot no_memory(dpm_build *b)
{
    dpm_build_fail(b, AD_NO_MEMORY, "sampler %s: no memory for its instructions", b->method->name);
    return -1;
}

static int usable(const builder *u, dpm_slot v)
{
    return !u->status && v >= 0 && v < u->p->slots;
}

/* An instruction with its slot; NULL: failed. */
static dpm_op *emit(builder *u, dpm_op_kind kind)
{
    int     slot = dpm_program_slot(u->p);
    dpm_op *op   = slot < 0 ? NULL : dpm_program_op(u->p);
    if (!op) {
        no_memory(&u->b);
        return NULL;
    }
    op->kind = kind;
    op->dst  = slot;
    op->step = u->step;
    return op;
}

static dpm_slot evaluate(builder *u, dpm_slot v, const dpm_point *at, dpm_prediction want)
{
    dpm_prediction net = u->model->prediction ? u->model->prediction : DPM_EPSILON;
    double         s   = u->model->sigma_data ? u->model->sigma_data : 0.5;
    dpm_affine     a;
    ad_status      code = dpm_affine_make(net, want, at, s, &a);
    if (code) {
        u->status = ad_fail_at(code, "sampler %s, step %ld: ", u->b.method->name, u->step + 1);
        return -1;
    }
    dpm_place *place = dpm_program_place(u->p);
    dpm_op    *op    = place ? emit(u, DPM_OP_EVAL) : NULL;
    if (!op) return no_memory(&u->b);
    *place    = (dpm_place){ .at = *at, .a = a, .want = want };
    op->src   = v;
    op->place = u->p->places - 1;
    return op->dst;
}

dpm_slot dpm_eval(dpm_build *b, dpm_slot v, const dpm_point *at, dpm_prediction want)
{
    builder *u = (builder *)b;
    if (!usable(u, v)) return -1;
    if (want == DPM_NATIVE) want = b->form;
    if (!b->o->clip && !(b->o->threshold > 0)) return evaluate(u, v, at, want);
    /* cut where it is the data that is predicted, then back to what is wanted */
    dpm_slot x0 = evaluate(u, v, at, DPM_X0);
    dpm_op  *op = usable(u, x0) ? emit(u, DPM_OP_PROJECT) : NULL;
    if (!op) return -1;
    op->src      = x0;
    dpm_slot cut = op->dst;
    if (want == DPM_X0) return cut;
    dpm_affine a;
    ad_status  code = dpm_affine_make(DPM_X0, want, at, 0.5, &a);
    if (code) {
        u->status = ad_fail_at(code, "sampler %s, step %ld: ", b->method->name, u->step + 1);
        return -1;
    }
    return dpm_lin2(b, a.p, v, a.q, cut);
}

/* each: NULL, or one pointer a term */
static dpm_slot linear(dpm_build *b, int n, const double c[], const double *const each[],
                       const dpm_slot v[])
{
    builder *u = (builder *)b;
    for (int i = 0; i < n; i++) {
        if (!usable(u, v[i])) return -1;
        if (c && !isfinite(c[i])) {
            dpm_build_fail(b, AD_INVALID,
                           "sampler %s, step %ld: coefficient %d is %g; the grid goes there from t "
                           "= %g to %g, lambda %g to %g: "
                           "a sampler that can end at sigma = 0, or another grid, is needed",
                           b->method->name, u->step + 1, i, c[i], b->point[u->step].t,
                           b->point[u->step + 1].t, b->point[u->step].lambda,
                           b->point[u->step + 1].lambda);
            return -1;
        }
    }
    dpm_op *op = emit(u, DPM_OP_LIN);
    if (!op) return -1;
    int at    = u->p->ops - 1;
    op->first = u->p->terms;
    for (int i = 0; i < n; i++) {
        if (c && c[i] == 0 && n > 1 && (u->p->terms > op->first || i < n - 1)) continue;
        if (dpm_program_term(u->p, v[i], c ? c[i] : 1, each ? each[i] : NULL) < 0)
            return no_memory(b);
        op = &u->p->op[at];
        op->terms++;
    }
    return op->dst;
}

dpm_slot dpm_lin(dpm_build *b, int n, const double c[], const dpm_slot v[])
{
    return linear(b, n, c, NULL, v);
}

dpm_slot dpm_lin_each(dpm_build *b, int n, const double *const c[], const dpm_slot v[])
{
    return linear(b, n, NULL, c, v);
}

dpm_slot dpm_lin1(dpm_build *b, double c, dpm_slot v)
{
    return dpm_lin(b, 1, &c, &v);
}

dpm_slot dpm_lin2(dpm_build *b, double c0, dpm_slot v0, double c1, dpm_slot v1)
{
    return dpm_lin(b, 2, (const double[]){ c0, c1 }, (const dpm_slot[]){ v0, v1 });
}

dpm_slot dpm_lin3(dpm_build *b, double c0, dpm_slot v0, double c1, dpm_slot v1, double c2,
                  dpm_slot v2)
{
    return dpm_lin(b, 3, (const double[]){ c0, c1, c2 }, (const dpm_slot[]){ v0, v1, v2 });
}

dpm_slot dpm_ones(dpm_build *b)
{
    return dpm_build_failed(b) ? -1 : DPM_SLOT_ONES;
}

dpm_slot dpm_mean(dpm_build *b)
{
    return dpm_build_failed(b) ? -1 : DPM_SLOT_MEAN;
}

dpm_slot dpm_noise(dpm_build *b)
{
    builder *u  = (builder *)b;
    dpm_op  *op = u->status ? NULL : emit(u, DPM_OP_NOISE);
    if (!op) return -1;
    op->stream = u->draws++;
    return op->dst;
}

/* Inpainting (Lugmayr et al. 2022, eq. 8): what is known is put in at the noise level that has been reached,
       x <- mask x + (1 - mask) (alpha known + sigma z). */
static dpm_slot paint(builder *u, const dpm_point *at, dpm_slot x)
{
    dpm_slot known = at->sigma > 0
                         ? dpm_lin2(&u->b, at->alpha, DPM_SLOT_KNOWN, at->sigma, dpm_noise(&u->b))
                         : DPM_SLOT_KNOWN;
    dpm_op  *op    = usable(u, known) ? emit(u, DPM_OP_BLEND) : NULL;
    if (!op) return -1;
    op->src   = x;
    op->other = known;
    return op->dst;
}

dpm_slot dpm_step(dpm_build *b, long i, dpm_slot x)
{
    builder *u = (builder *)b;
    if (!usable(u, x)) return -1;
    if (b->o->inpaint) x = paint(u, &b->point[i + 1], x);
    if (i < 0 || i >= u->p->steps || x < 0) return -1;
    u->p->step_end[i]  = u->p->ops;
    u->p->step_slot[i] = x;
    u->step            = i + 1;
    return x;
}

void dpm_recover(dpm_build *b, dpm_slot dst, dpm_slot v)
{
    builder *u = (builder *)b;
    if (!usable(u, dst)) return;
    for (int i = u->p->ops - 1; i >= 0; i--) {
        dpm_op *op = &u->p->op[i];
        if (op->dst != dst) continue;
        for (int k = 0; op->kind == DPM_OP_LIN && k < op->terms; k++)
            if (u->p->term[op->first + k].slot == v && u->p->term[op->first + k].each < 0)
                op->recover = k;
        return;
    }
}

void dpm_results(dpm_build *b, int n, const dpm_slot x[])
{
    builder *u = (builder *)b;
    for (int i = 0; i < n && i < DPM_RESULTS; i++) {
        if (!usable(u, x[i])) return;
        u->p->result[i] = x[i];
        u->p->results   = i + 1;
    }
}

void dpm_result(dpm_build *b, dpm_slot x)
{
    dpm_results(b, 1, &x);
}

const void *dpm_look(dpm_build *b, dpm_slot v)
{
    builder *u = (builder *)b;
    if (!usable(u, v)) return NULL;
    if (!u->live) {
        dpm_build_fail(b, AD_UNSUPPORTED,
                       "sampler %s decides by values, which there are only while it runs",
                       b->method->name);
        return NULL;
    }
    ad_status s = u->live->run(u->live->ctx, u->p->ops);
    if (s) {
        u->status = s;
        return NULL;
    }
    return u->live->value(u->live->ctx, v);
}

long dpm_look_rows(const dpm_build *b)
{
    const builder *u = (const builder *)b;
    return u->live ? u->live->n : 0;
}

ad_status dpm_build_program(dpm_program **out, const dpm_method *m, const dpm_options *o,
                            const dpm_model *model, long steps, const dpm_point *point,
                            const dpm_live *live)
{
    builder u = { .b     = { .method   = m,
                             .o        = o,
                             .schedule = o->schedule,
                             .model    = model,
                             .steps    = steps,
                             .point    = point,
                             .order    = o->order ? o->order : m->order,
                             .form     = o->prediction ? o->prediction : m->form,
                             .dim      = model->dim,
                             .x        = DPM_SLOT_X },
                  .model = model,
                  .live  = live };
    /* A live build writes where its runner reads. */
    if (live)
        u.p = *out;
    else
        AD_TRY(dpm_program_new(&u.p, model->dim, steps));
    m->make(&u.b);
    if (!u.status && !u.p->results)
        dpm_build_fail(&u.b, AD_INVALID, "sampler %s has not said what it returns (dpm_result())",
                       m->name);
    if (!u.status) u.status = dpm_program_finish(u.p, !live);
    if (!u.status && !u.p->ended)
        dpm_build_fail(&u.b, AD_INVALID, "sampler %s has ended no step (dpm_step())", m->name);
    if (u.status && !live) {
        dpm_program_free(u.p);
        u.p = NULL;
    }
    *out = u.p;
    return u.status;
}
