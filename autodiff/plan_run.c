/* plan_run.c - a plan executed: one pass over its steps, nothing allocated. */
#include <string.h>

#include <cblas.h>

#include "plan_internal.h"

static inline char *at(const ad_work *w, operand o)
{
    return w->base[o.base] + o.off;
}

static inline long count(extent e, long n)
{
    return e.batched ? e.each * n : e.each;
}

/* --- strip programs ----------------------------------------------------------------------------------------------------- */

static inline char *tile_at(char *const *base, operand o, long from)
{
    return base[o.base] + o.off + from * o.step;
}

static void run_lincomb(char *const *base, const instr *i, long from, long n)
{
    const void *x[LINCOMB_MOST];
    for (int j = 0; j < i->m; j++) x[j] = tile_at(base, i->xs[j], from);
    i->lincomb(tile_at(base, i->d, from), i->m, i->k, x, n);
}

static void run_fill(char *const *base, const instr *i, long from, long n)
{
    void       *d = tile_at(base, i->d, from);
    const void *x = tile_at(base, i->x[0], 0);
    if (i->type == AD_F32)
        for (long j = 0; j < n; j++) ((float *)d)[j] = *(const float *)x;
    else
        for (long j = 0; j < n; j++) ((double *)d)[j] = *(const double *)x;
}

/* Numbers from .. from + n of a broadcast: rows' numbers repeated, or a row again and again (ad_build_spread()). */
static void run_spread(char *const *base, const instr *i, long from, long n)
{
    char  *d      = tile_at(base, i->d, from);
    long   period = *i->attr > 0 ? *i->attr : -*i->attr, e = from % period, row = from / period;
    size_t size = ad_type_size(i->type);
    for (long m; n > 0; n -= m, d += (size_t)m * size, e = 0, row++) {
        const char *x = tile_at(base, i->x[0], 0) + (size_t)(*i->attr > 0 ? e : row) * size;
        m             = period - e < n ? period - e : n;
        if (*i->attr > 0)
            memcpy(d, x, (size_t)m * size);
        else if (i->type == AD_F32)
            for (long j = 0; j < m; j++) ((float *)d)[j] = *(const float *)x;
        else
            for (long j = 0; j < m; j++) ((double *)d)[j] = *(const double *)x;
    }
}

/* Operands that an instruction does not have are the block's front: three resolved without a branch. */
static inline void run_tile(char *const *base, const instr *i, const instr *end, long from, long n)
{
    ad_strip_args s = { .n = n };
    for (; i < end; i++) {
        switch (i->kind) {
        case I_PAIR:
        case I_STRIP:
            s.d    = tile_at(base, i->d, from);
            s.x[0] = tile_at(base, i->x[0], from);
            s.x[1] = tile_at(base, i->x[1], from);
            s.x[2] = tile_at(base, i->x[2], from);
            s.k    = i->k;
            s.attr = i->attr;
            i->fn(&s);
            break;
        case I_LINCOMB: run_lincomb(base, i, from, n); break;
        case I_CAST: i->cast(tile_at(base, i->d, from), tile_at(base, i->x[0], from), n); break;
        case I_SPREAD: run_spread(base, i, from, n); break;
        case I_FILL: run_fill(base, i, from, n);
        }
    }
}

static void run_strips(const ad_work *w, const step *s, long n)
{
    const instr *first = w->plan->instr + s->first, *end = first + s->count;
    long         total = count(s->size, n), from = 0;
    if (total == 1) {
        ad_plan_run_one(w->base, first, end);
        return;
    }
    if (total <= FEW) {
        while ((first = ad_plan_run_few(w->base, first, end, total)) < end) {
            run_tile(w->base, first, first + 1, 0, total);
            first++;
        }
        return;
    }
    if (total <= TILE) {
        run_tile(w->base, first, end, 0, total);
        return;
    }
    for (; from < total; from += TILE)
        run_tile(w->base, first, end, from, total - from < TILE ? total - from : TILE);
}

/* --- products, sums, copies ------------------------------------------------------------------------------------------------ */

/* Only where an own kernel has no hardware for its multiply-adds (ad_product_prefers_blas()). OpenBLAS runs with as many
   threads as its user has set: nothing global is changed here. */
static void gemm(ad_type type, int ta, int tb, long m, long n, long k, const void *a, long lda,
                 const void *b, long ldb, double beta, void *c)
{
    CBLAS_TRANSPOSE TA = ta ? CblasTrans : CblasNoTrans, TB = tb ? CblasTrans : CblasNoTrans;
    if (type == AD_F32)
        cblas_sgemm(CblasRowMajor, TA, TB, (int)m, (int)n, (int)k, 1.0f, a, (int)lda, b, (int)ldb,
                    (float)beta, c, (int)n);
    else
        cblas_dgemm(CblasRowMajor, TA, TB, (int)m, (int)n, (int)k, 1.0, a, (int)lda, b, (int)ldb,
                    beta, c, (int)n);
}

static void run_gemm(const ad_work *w, const step *s, long rows)
{
    char  *y     = at(w, s->y);
    size_t bytes = (size_t)s->n * ad_type_size(s->type);
    for (long r = 0; s->has_bias && r < rows; r++)
        memcpy(y + (size_t)r * bytes, at(w, s->bias), bytes);
    gemm(s->type, 0, s->tb, rows, s->n, s->k, at(w, s->x), s->k, at(w, s->b), s->tb ? s->k : s->n,
         s->has_bias, y);
}

static void run_rows(const ad_work *w, const step *s, long n)
{
    enum { AT_ONCE = 32 };
    void *c = at(w, s->y), *sum = s->has_bias ? at(w, s->bias) : NULL;
    int   dot  = s->kind == S_ROWDOT;
    long  rows = count(s->size, n);
    if (!s->keep) memset(c, 0, (size_t)s->m);
    for (int from = 0; from < s->count; from += AT_ONCE) {
        ad_segment part[AT_ONCE];
        int        m = s->count - from < AT_ONCE ? s->count - from : AT_ONCE;
        for (int i = 0; i < m; i++) {
            int j   = from + i;
            part[i] = dot ? (ad_segment){ at(w, s->in[2 * j]), at(w, s->in[2 * j + 1]), rows }
                          : (ad_segment){ NULL, at(w, s->in[j]), rows };
        }
        if (dot)
            ad_dotrows(s->type, m, part, s->k, s->n, c, sum);
        else
            ad_sumrows(s->type, m, part, s->n, c);
    }
    if (s->keep || s->y.base == BASE_SUMS) return; /* read at the flush; behind the last chunk */
    if (dot)
        ad_dotrows_store(s->type, s->k, s->n, c, at(w, s->b));
    else
        ad_sumrows_store(s->type, s->n, c, at(w, s->b));
}

static ad_status run_plain(const ad_work *w, const step *s, const ad_args *a, long n)
{
    enum { SOME = 16 };
    const void *some[SOME], **in = some;
    if (s->node->nin > SOME) { /* many inputs (concat of many parts): room kept behind the bases */
        in = (const void **)(w->base + ad_plan_bases(w->plan));
    }
    for (int i = 0; i < s->node->nin; i++) in[i] = at(w, s->in[i]);
    ad_call_args c = { .g       = w->plan->g,
                       .node    = s->node,
                       .n       = n,
                       .divisor = a->divisor ? a->divisor : n,
                       .out     = at(w, s->y),
                       .in      = in,
                       .seed    = a->seed,
                       .row     = w->row };
    return ad_op_row(s->node->op)->run(&c);
}

/* n numbers, or with width rows of `columns` that lie so far apart */
static void add_to(ad_type type, void *to, const void *x, long n, long columns, long width)
{
    size_t size = ad_type_size(type);
    for (long i = 0; width && i < n / columns; i++)
        add_to(type, (char *)to + (size_t)(i * width) * size,
               (const char *)x + (size_t)(i * columns) * size, columns, 0, 0);
    if (width) return;
    if (type == AD_F32)
        for (long i = 0; i < n; i++) ((float *)to)[i] += ((const float *)x)[i];
    else
        for (long i = 0; i < n; i++) ((double *)to)[i] += ((const double *)x)[i];
}

/* y[r] = sum_j x[r, j], accumulated in float64 in order */
static void run_sum(const ad_work *w, const step *s, long rows)
{
    const char *x = at(w, s->in[0]);
    char       *y = at(w, s->y);
    for (long r = 0; r < rows; r++) {
        double sum = 0;
        if (s->type == AD_F32) {
            for (long j = 0; j < s->n; j++) sum += ((const float *)x)[r * s->n + j];
            ((float *)y)[r] = (float)sum;
        } else {
            for (long j = 0; j < s->n; j++) sum += ((const double *)x)[r * s->n + j];
            ((double *)y)[r] = sum;
        }
    }
}

static ad_status run_step(const ad_work *w, const step *s, const ad_args *a, long n)
{
    switch (s->kind) {
    case S_STRIPS: run_strips(w, s, n); return AD_OK;
    case S_PRODUCT:
        s->product(count(s->size, n), s->k, s->n, at(w, s->x), at(w, s->b),
                   s->has_bias ? at(w, s->bias) : NULL, at(w, s->y));
        return AD_OK;
    case S_GEMM: run_gemm(w, s, count(s->size, n)); return AD_OK;
    case S_ROWSUM:
    case S_ROWDOT: run_rows(w, s, n); return AD_OK;
    case S_PACK:
        ad_pack(s->type, s->pack, at(w, s->x), s->tb, s->k, s->n, at(w, s->y));
        return AD_OK;
    case S_RUN: return run_plain(w, s, a, n);
    case S_SUM: run_sum(w, s, count(s->size, n)); return AD_OK;
    case S_COPY:
        if (w->base[s->y.base])
            memcpy(at(w, s->y), at(w, s->x), (size_t)count(s->size, n) * ad_type_size(s->type));
        return AD_OK;
    case S_ADD:
        if (a->theta_bar)
            add_to(s->type, (char *)a->theta_bar + (size_t)s->offset * ad_type_size(s->type),
                   at(w, s->x), count(s->size, n), s->n, s->width);
        return AD_OK;
    }
    return AD_OK;
}

static ad_status run_section(const ad_work *w, const section *s, const ad_args *a, long n)
{
    for (const step *i = s->step, *end = i + s->count; i < end; i++) {
        ad_status e = run_step(w, i, a, n);
        if (e) return e;
    }
    return AD_OK;
}

ad_status ad_plan_run_steps(const ad_work *w, const step *s, const step *end, const ad_args *a,
                            long n)
{
    return run_section(w, &(section){ (step *)s, (int)(end - s) }, a, n);
}

/* --- the calls -------------------------------------------------------------------------------------------------------------- */

static void bind(const ad_plan *p, ad_work *w, const ad_args *a)
{
    w->base[BASE_THETA]    = (char *)a->theta;
    w->base[BASE_RESIDUAL] = a->residual;
    for (int i = 0; i < p->nin; i++) w->base[BASE_ARGS + i] = a->in ? (char *)a->in[i] : NULL;
    for (int i = 0; i < p->nout; i++) w->base[BASE_ARGS + p->nin + i] = a->out ? a->out[i] : NULL;
    for (int i = 0; i < p->nresidual; i++)
        w->base[BASE_ARGS + p->nin + p->nout + i] = (char *)a->residual + p->residual_at[i];
}

static ad_status check_batch(const ad_plan *p, const ad_args *a)
{
    if (a->n >= 0 && a->n <= p->capacity) return AD_OK;
    return ad_fail(AD_INVALID, "%s: a batch of %ld, the plan was compiled for at most %ld", p->name,
                   a->n, p->capacity);
}

ad_status ad_prepare(const ad_plan *p, ad_work *w, const ad_args *a)
{
    bind(p, w, a);
    AD_TRY(run_section(w, &p->load_once, a, 1));
    return run_section(w, &p->once, a, 1);
}

ad_status ad_run(const ad_plan *p, ad_work *w, const ad_args *a)
{
    long n = a->n;
    AD_TRY(check_batch(p, a));
    bind(p, w, a);
    if (p->chunk) return ad_plan_run_chunks(p, w, a);
    if (p->load.count) AD_TRY(run_section(w, &p->load, a, n));
    AD_TRY(run_section(w, &p->main, a, n));
    return p->store.count ? run_section(w, &p->store, a, n) : AD_OK;
}

ad_status ad_flush(const ad_plan *p, ad_work *w, const ad_args *a)
{
    for (const step *s = p->flush.step, *end = s + p->flush.count; s < end; s++) {
        void *to = a->theta_bar ? (char *)a->theta_bar + (size_t)s->offset * ad_type_size(s->type)
                                : NULL;
        if (s->y.base == BASE_SUMS) {
            ad_plan_flush_chunks(p, w, s, to);
            continue;
        }
        if (!to) {
            memset(at(w, s->y), 0, (size_t)s->m);
            continue;
        }
        if (s->kind == S_ROWDOT)
            ad_dotrows_flush_rows(s->type, s->k, s->n, at(w, s->y), to, s->width ? s->width : s->n);
        else
            ad_sumrows_flush(s->type, s->n, at(w, s->y), to);
    }
    return AD_OK;
}

ad_status ad_execute(const ad_plan *p, ad_work *w, const ad_args *a)
{
    AD_TRY(ad_prepare(p, w, a));
    AD_TRY(ad_run(p, w, a));
    return ad_flush(p, w, a);
}
