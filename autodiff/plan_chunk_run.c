/* plan_chunk_run.c - a plan in chunks executed (see plan_chunk.c). A lane is an ad_work that shares the block of the whole and has
   its own bases, pointing at the rows of the chunk it is at, and its own room. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "plan_internal.h"
#include "threads_pool.h"

static long chunks_of(const ad_plan *p, long n)
{
    return n > p->chunk ? (n + p->chunk - 1) / p->chunk : 1;
}

ad_status ad_plan_lanes_new(ad_work *w, size_t bases)
{
    const ad_plan *p      = w->plan;
    long           chunks = chunks_of(p, p->capacity);
    w->lanes              = ad_threads();
    if (w->lanes > chunks) w->lanes = (int)chunks;
    w->sums = ad_alloc((size_t)chunks * p->sums + AD_PAD);
    w->lane = ad_alloc(sizeof *w->lane * (size_t)w->lanes);
    if (!w->sums || !w->lane) return AD_NO_MEMORY;
    size_t local = (p->local + AD_ALIGN - 1) / AD_ALIGN * AD_ALIGN;
    for (int i = 0; i < w->lanes; i++) {
        ad_work *l = &w->lane[i];
        l->plan    = p;
        l->base    = ad_alloc(sizeof *l->base * bases);
        l->block   = ad_alloc(local + p->temps + AD_PAD);
        if (!l->base || !l->block) return AD_NO_MEMORY;
    }
    return AD_OK;
}

void ad_plan_lanes_free(ad_work *w)
{
    for (int i = 0; w->lane && i < w->lanes; i++) {
        ad_free(w->lane[i].base);
        ad_free(w->lane[i].block);
    }
    ad_free(w->lane);
    ad_free(w->sums);
}

typedef struct chunks {
    const ad_plan *p;
    ad_work       *w;
    ad_args        a;
    atomic_flag    told;
    ad_status      status; /* a failure, and its sentence: texts belong to threads */
    char           text[256];
} chunks;

static ad_status store(const ad_work *w, const ad_args *a, int batched, long n)
{
    const section *s = &w->plan->store;
    for (const step *i = s->step, *end = i + s->count; i < end; i++)
        if (!i->size.batched == !batched) AD_TRY(ad_plan_run_steps(w, i, i + 1, a, n));
    return AD_OK;
}

static void bind_lane(const ad_plan *p, const ad_work *w, ad_work *l, int number)
{
    l->row = number * p->chunk;
    for (int i = 0, n = ad_plan_bases(p); i < n; i++)
        l->base[i] = w->base[i] ? w->base[i] + (size_t)l->row * p->row[i] : NULL;
    l->base[BASE_LOCAL] = l->block;
    l->base[BASE_TEMP]  = l->block + (p->local + AD_ALIGN - 1) / AD_ALIGN * AD_ALIGN;
    l->base[BASE_SUMS]  = w->sums + (size_t)number * p->sums;
}

static void run_chunk(int number, int worker, void *ctx)
{
    chunks        *c = ctx;
    const ad_plan *p = c->p;
    ad_work       *l = &c->w->lane[worker];
    const step    *s = p->main.step;
    bind_lane(p, c->w, l, number);
    long      n = c->a.n - l->row < p->chunk ? c->a.n - l->row : p->chunk;
    ad_status e = ad_plan_run_steps(l, s + p->first_in_chunk, s + p->first_after, &c->a, n);
    if (!e) e = store(l, &c->a, 1, n);
    if (!e || atomic_flag_test_and_set(&c->told)) return;
    c->status = e;
    snprintf(c->text, sizeof c->text, "%s", ad_message());
}

/* Sums that something reads: those of the chunks, added in their order. */
static void add_sums(const ad_plan *p, const ad_work *w, long count)
{
    for (int i = p->first_in_chunk; i < p->first_after; i++) {
        const step *s = &p->main.step[i];
        if ((s->kind != S_ROWDOT && s->kind != S_ROWSUM) || s->keep) continue;
        char *to = w->base[s->b.base] + s->b.off, *from = w->sums + s->y.off;
        if (s->kind == S_ROWDOT)
            ad_dotrows_store(s->type, s->k, s->n, from, to);
        else
            ad_sumrows_store(s->type, s->n, from, to);
        for (long c = 1; c < count; c++) {
            from += p->sums;
            if (s->kind == S_ROWDOT)
                ad_dotrows_flush(s->type, s->k, s->n, from, to);
            else
                ad_sumrows_flush(s->type, s->n, from, to);
        }
    }
}

ad_status ad_plan_run_chunks(const ad_plan *p, ad_work *w, const ad_args *a)
{
    const step *s       = p->main.step;
    long        count   = chunks_of(p, a->n);
    int         workers = ad_threads();
    chunks      c       = { .p = p, .w = w, .a = *a, .told = ATOMIC_FLAG_INIT };
    if (!c.a.divisor) c.a.divisor = a->n;
    if (workers > w->lanes) workers = w->lanes;
    AD_TRY(ad_plan_run_steps(w, s, s + p->first_in_chunk, &c.a, a->n));
    ad_parallel((int)count, workers, run_chunk, &c);
    if (c.status) return ad_fail(c.status, "%s", c.text);
    add_sums(p, w, count);
    AD_TRY(ad_plan_run_steps(w, s + p->first_after, s + p->main.count, &c.a, a->n));
    return store(w, &c.a, 0, a->n);
}

/* The kept sums of step s, chunk by chunk, to where they are wanted; NULL: forgotten. */
void ad_plan_flush_chunks(const ad_plan *p, ad_work *w, const step *s, void *to)
{
    char *from = w->sums + s->y.off;
    for (long c = chunks_of(p, p->capacity); c > 0; c--, from += p->sums) {
        if (!to)
            memset(from, 0, (size_t)s->m);
        else if (s->kind == S_ROWDOT)
            ad_dotrows_flush_rows(s->type, s->k, s->n, from, to, s->width ? s->width : s->n);
        else
            ad_sumrows_flush(s->type, s->n, from, to);
    }
}
