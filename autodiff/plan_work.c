/* plan_work.c - the scratch that a thread brings to a run, and what a plan tells of itself. */
#include "plan_internal.h"

static void write_constant(char *to, const constant *c)
{
    for (long i = 0; i < c->elements; i++) {
        double v = c->node->k[c->node->op == AD_OP_full ? 0 : i];
        if (c->node->type == AD_F32)
            ((float *)to)[i] = (float)v;
        else
            ((double *)to)[i] = v;
    }
}

int ad_plan_bases(const ad_plan *p)
{
    return BASE_ARGS + p->nin + p->nout + p->nresidual;
}

static int most_inputs(const section *s, int most)
{
    for (int i = 0; i < s->count; i++)
        if (s->step[i].kind == S_RUN && s->step[i].node->nin > most) most = s->step[i].node->nin;
    return most;
}

ad_status ad_work_new(ad_work **out, const ad_plan *p)
{
    *out       = NULL;
    ad_work *w = ad_alloc(sizeof *w);
    if (!w) return AD_NO_MEMORY;
    size_t bases = (size_t)(ad_plan_bases(p) + most_inputs(&p->once, most_inputs(&p->main, 0)));
    w->plan      = p;
    w->base      = ad_alloc(sizeof *w->base * bases);
    w->block     = ad_alloc(p->block + AD_ALIGN + p->temps + AD_PAD);
    if (!w->base || !w->block || (p->chunk && ad_plan_lanes_new(w, bases))) {
        ad_work_free(w);
        return AD_NO_MEMORY;
    }
    w->base[BASE_BLOCK] = w->block;
    w->base[BASE_TEMP]  = w->block + (p->block + AD_ALIGN - 1) / AD_ALIGN * AD_ALIGN;
    for (int i = 0; i < p->nconstants; i++)
        write_constant(w->block + p->constants[i].off, &p->constants[i]);
    *out = w;
    return AD_OK;
}

void ad_work_free(ad_work *w)
{
    if (!w) return;
    ad_plan_lanes_free(w);
    ad_free(w->base);
    ad_free(w->block);
    ad_free(w);
}

size_t ad_plan_residual_bytes(const ad_plan *p)
{
    return p->residual;
}
size_t ad_plan_block_bytes(const ad_plan *p)
{
    long chunks = p->chunk ? (p->capacity + p->chunk - 1) / p->chunk : 0;
    return p->block + p->temps + p->local + (size_t)chunks * p->sums;
}
int ad_plan_row_independent(const ad_plan *p)
{
    return p->row_independent;
}
