/* graph_text.c - graphs and plans as text that reads like mathematics. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plan_internal.h"

typedef struct text {
    char  *p;
    size_t used, room;
    int    failed;
} text;

static void put(text *w, const char *format, ...) COSTATE_PRINTF(2, 3);

static void put(text *w, const char *format, ...)
{
    va_list args;
    if (w->room - w->used < 512) {
        char *more = ad_realloc(w->p, w->used, 2 * w->room + 4096);
        if (!more) {
            w->failed = 1;
            return;
        }
        w->p    = more;
        w->room = 2 * w->room + 4096;
    }
    va_start(args, format);
    int n = vsnprintf(w->p + w->used, 500, format, args);
    va_end(args);
    w->used += (size_t)(n < 500 ? n : 499);
}

static void put_var(text *w, const ad_graph *g, int id)
{
    const ad_node *n = ad_node_of(g, id);
    if (n->op == AD_OP_full)
        put(w, "%.9g", n->k[0]);
    else if (n->op == AD_OP_param || (n->op == AD_OP_input && n->name))
        put(w, "%s", n->name);
    else
        put(w, "%%%d", id);
    if (n->op == AD_OP_input) put(w, "%d", id);
}

static void put_lincomb(text *w, const ad_graph *g, const ad_node *n)
{
    for (int i = 0; i < n->nin; i++) {
        double c = n->k[i];
        put(w, i ? (c < 0 ? " - " : " + ") : (c < 0 ? "-" : ""));
        if (c != 1 && c != -1) put(w, "%.6g ", c < 0 ? -c : c);
        put_var(w, g, n->in[i]);
    }
}

static void put_call(text *w, const ad_graph *g, const ad_node *n)
{
    put(w, "%s(", ad_op_row(n->op)->name);
    for (int i = 0; i < n->nin; i++) {
        if (i) put(w, ", ");
        put_var(w, g, n->in[i]);
    }
    for (int i = 0; i < n->nattr; i++) put(w, i ? ", %ld" : "; %ld", n->attr[i]);
    for (int i = 0; n->op != AD_OP_array && i < n->nk; i++)
        put(w, i ? ", %.9g" : "; %.9g", n->k[i]);
    put(w, ")");
}

/* a' b + bias */
static void put_matmul(text *w, const ad_graph *g, const ad_node *n)
{
    put_var(w, g, n->in[0]);
    put(w, n->attr[0] ? "' @ " : " @ ");
    put_var(w, g, n->in[1]);
    put(w, n->attr[1] ? "'" : "");
    if (n->nin < 3) return;
    put(w, " + ");
    put_var(w, g, n->in[2]);
}

static void put_shift(text *w, const ad_graph *g, const ad_node *n)
{
    put_var(w, g, n->in[0]);
    put(w, n->k[0] < 0 ? " - %.9g" : " + %.9g", n->k[0] < 0 ? -n->k[0] : n->k[0]);
}

/* "x0 f32[n,2]: input" */
static void put_leaf(text *w, const ad_graph *g, int id)
{
    const ad_node *n = ad_node_of(g, id);
    char           s[64];
    put_var(w, g, id);
    put(w, " %s%s: %s", n->type == AD_F32 ? "f32" : "f64", ad_shape_text(n->shape, s, sizeof s),
        ad_op_row(n->op)->name);
    if (n->op == AD_OP_param) put(w, " at %ld", n->attr[0]);
    put(w, "\n");
}

static void put_node(text *w, const ad_graph *g, int id)
{
    const ad_node *n = ad_node_of(g, id);
    const char    *t = ad_op_row(n->op)->text;
    char           s[64];
    if (n->op == AD_OP_input || n->op == AD_OP_param) {
        put_leaf(w, g, id);
        return;
    }
    put(w, "%%%d %s%s = ", id, n->type == AD_F32 ? "f32" : "f64",
        ad_shape_text(n->shape, s, sizeof s));
    if (n->op == AD_OP_lincomb || n->op == AD_OP_scale)
        put_lincomb(w, g, n);
    else if (n->op == AD_OP_matmul)
        put_matmul(w, g, n);
    else if (n->op == AD_OP_shift)
        put_shift(w, g, n);
    else if (!t || n->nin == 0)
        put_call(w, g, n);
    else
        for (; *t; t++) {
            if (*t != '%' || t[1] < '0' || t[1] > '9' || t[1] - '0' >= n->nin)
                put(w, "%c", *t);
            else
                put_var(w, g, n->in[*++t - '0']);
        }
    put(w, "\n");
}

char *ad_graph_text(const ad_graph *g, int nout, const ad_var outs[])
{
    int   size = ad_graph_size(g);
    text  w    = { 0 };
    char *need = ad_alloc((size_t)size + 1);
    if (!need) return NULL;
    for (int i = 0; i < nout; i++)
        if (outs[i].id >= 0) need[outs[i].id] = 1;
    for (int id = size - 1; nout && id >= 0; id--)
        for (int i = 0; need[id] && i < ad_node_of(g, id)->nin; i++)
            need[ad_node_of(g, id)->in[i]] = 1;
    put(&w, "%s", "");
    for (int id = 0; id < size; id++)
        if ((!nout || need[id]) && ad_node_of(g, id)->op != AD_OP_full) put_node(&w, g, id);
    ad_free(need);
    if (!w.failed && w.p) return w.p;
    ad_free(w.p);
    return NULL;
}

/* --- plans ---------------------------------------------------------------------------------------------------------------- */

static void put_operand(text *w, operand o)
{
    static const char *const base[] = { "block", "tile", "theta", "residual", "chunk", "sums" };
    if (o.base < BASE_ARGS)
        put(w, "%s+%zu", base[o.base], o.off);
    else
        put(w, "arg%d", o.base - BASE_ARGS);
}

static void put_extent(text *w, extent e)
{
    put(w, e.batched ? "[%ld n]" : "[%ld]", e.each);
}

static void put_instr(text *w, const instr *i)
{
    put(w, "      ");
    put_operand(w, i->d);
    put(w, " = %s(", i->kind == I_FILL ? "fill" : ad_op_row(i->op)->name);
    for (int j = 0; j < i->m; j++) {
        if (j) put(w, ", ");
        if (i->kind == I_LINCOMB) put(w, "%.6g ", i->k[j]);
        put_operand(w, i->kind == I_LINCOMB ? i->xs[j] : i->x[j]);
    }
    put(w, ")\n");
}

static void put_step(text *w, const ad_plan *p, const step *s)
{
    static const char *const kind[] = { "strips", "product", "gemm", "rowdot", "rowsum",
                                        "pack",   "run",     "copy", "add",    "sum" };
    put(w, "    %s ", kind[s->kind]);
    if (s->kind != S_RUN && s->kind != S_PACK) put_extent(w, s->size);
    if (s->kind == S_PRODUCT || s->kind == S_GEMM)
        put(w, " k=%ld n=%ld%s", s->k, s->n, s->back ? " *(1 - t^2)" : s->has_bias ? " +bias" : "");
    if (s->kind == S_ROWDOT || s->kind == S_ROWSUM)
        put(w, " %d segments p=%ld q=%ld%s", s->count, s->k, s->n, s->keep ? " kept" : "");
    if (s->kind == S_ROWDOT && s->has_bias) put(w, " and a row sum");
    if (s->kind == S_RUN) put(w, "%s", ad_op_row(s->node->op)->name);
    put(w, "\n");
    for (int i = 0; s->kind == S_STRIPS && i < s->count; i++) put_instr(w, &p->instr[s->first + i]);
}

char *ad_plan_text(const ad_plan *p)
{
    const section *part[]  = { &p->load_once, &p->once, &p->load, &p->main, &p->store };
    const char    *title[] = { "load once", "once", "load", "main", "store" };
    text           w       = { 0 };
    put(&w, "plan %s: capacity %ld, block %zu bytes, residual %zu bytes, %d nodes\n", p->name,
        p->capacity, p->block + p->temps, p->residual, ad_graph_size(p->g));
    for (int i = 0; i < 5; i++) {
        if (part[i]->count) put(&w, "  %s\n", title[i]);
        for (int j = 0; j < part[i]->count; j++) {
            if (p->chunk && part[i] == &p->main && j == p->first_in_chunk)
                put(&w, "  in chunks of %ld rows\n", p->chunk);
            if (p->chunk && part[i] == &p->main && j == p->first_after) put(&w, "  after them\n");
            put_step(&w, p, &part[i]->step[j]);
        }
    }
    if (!w.failed) return w.p;
    ad_free(w.p);
    return NULL;
}
