/* plan_fuse.c - steps that one pass does instead of two, with the same bits. */
#include <string.h>

#include "plan_place.h"

/* The one step that reads node `id`, or -1. */
static int only_user(const builder *b, int nout, int id, int *user)
{
    int uses = 0;
    for (int i = 0; i < nout; i++) uses += ad_build_root(b, b->out_id[i]) == id;
    for (int u = 0; u < b->size; u++) {
        const ad_node *n = ad_node_of(b->g, u);
        for (int i = 0; i < n->nin; i++) {
            if (ad_build_root(b, n->in[i]) != id || n->op == AD_OP_reshape ||
                n->op == AD_OP_stop_gradient)
                continue;
            uses++;
            *user = u;
        }
    }
    return uses == 1 && *user >= 0 ? b->info[*user].step : -1;
}

static int same_place(operand a, operand b)
{
    return a.base == b.base && a.off == b.off;
}

/* x (1 - t^2) in the registers of the product that made x. The result goes where x would have gone, or outside the block,
   where nothing of this step can lie; t is there before the product. */
static int try_tail(builder *b, int nout, int at)
{
    step          *s = &b->p->main.step[at];
    const ad_node *n = ad_node_of(b->g, b->main.item[at].node[0]);
    int user = -1, to = s->has_bias ? -1 : only_user(b, nout, b->main.item[at].node[0], &user);
    ad_product_fn *fused = ad_product_tanh_back(s->type, s->pack, s->k, s->n);
    if (to < 0 || !fused || b->p->main.step[to].kind != S_STRIPS) return 0;
    step *strips = &b->p->main.step[to];
    for (int i = strips->first; i < strips->first + strips->count; i++) {
        instr *pair = &b->p->instr[i];
        if (pair->kind != I_PAIR || !same_place(pair->x[0], s->y)) continue;
        const ad_node *mul  = ad_node_of(b->g, user);
        int            omsq = ad_build_root(b,
                                            mul->in[ad_build_root(b, mul->in[0]) == b->main.item[at].node[0]]);
        int            t    = ad_build_root(b, ad_node_of(b->g, omsq)->in[0]);
        if (b->info[t].step >= at && !b->info[t].once) return 0;
        if (same_place(pair->d, pair->x[1]) || pair->x[1].step == 0 || n->type != pair->type)
            return 0;
        if (!same_place(pair->d, s->y) &&
            (pair->d.base == BASE_BLOCK || pair->d.base == BASE_TEMP || pair->d.base == BASE_LOCAL))
            return 0;
        if (pair->d.base >= BASE_ARGS && !ad_build_exact(b, n)) return 0;
        s->y        = pair->d;
        s->bias     = pair->x[1];
        s->has_bias = s->back = 1;
        s->product            = fused;
        memmove(pair, pair + 1, sizeof *pair * (size_t)(strips->first + strips->count - i - 1));
        strips->count--;
        return 1;
    }
    return 0;
}

/* Drops the steps that have nothing left to do; what is flushed is listed first. (Running a product and the strips behind it
   by blocks of rows, of 32 to 512 KiB, gained nothing at 4096 x 512 and lost 10 % to reading the matrix again.) */
ad_status ad_place_join_tails(builder *b, int nout)
{
    section *s     = &b->p->main;
    int      count = 0;
    for (int at = 0; at < s->count; at++)
        if (s->step[at].kind == S_PRODUCT) try_tail(b, nout, at);
    for (int at = 0; at < s->count; at++) {
        if (s->step[at].keep && !ad_place_add_step(&b->p->flush, s->step[at])) return AD_NO_MEMORY;
        if (s->step[at].joined || (s->step[at].kind == S_STRIPS && s->step[at].count == 0))
            continue;
        s->step[count++] = s->step[at];
    }
    s->count = count;
    return AD_OK;
}

/* Is row sum number r one of a factor of row product number d? */
static int sums_factor(const builder *b, int d, int r)
{
    const step    *dot = &b->p->main.step[d], *sum = &b->p->main.step[r];
    const ad_node *x = ad_node_of(b->g, b->main.item[d].node[0]),
                  *y = ad_node_of(b->g, b->main.item[r].node[0]);
    int side         = ad_dotrows_sums(dot->type, dot->k, dot->n);
    if (side < 0 || sum->n != (side ? dot->n : dot->k) || sum->type != dot->type ||
        sum->count != dot->count)
        return 0;
    for (int i = 0; i < sum->count; i++)
        if (ad_build_root(b, x->in[2 * i + side]) != ad_build_root(b, y->in[i])) return 0;
    return 1;
}

/* The gradients of a weight and of its bias in one pass. Kept ones only: nobody reads them before the flush. */
void ad_place_join_sums(builder *b)
{
    for (int r = 0; r < b->p->main.count; r++) {
        step *sum = &b->p->main.step[r];
        if (sum->kind != S_ROWSUM || !sum->keep) continue;
        for (int d = 0; d < b->p->main.count && !sum->joined; d++) {
            step *dot = &b->p->main.step[d];
            if (dot->kind != S_ROWDOT || dot->has_bias || !sums_factor(b, d, r)) continue;
            dot->has_bias = 1;
            dot->bias     = sum->y;
            sum->joined   = 1;
        }
    }
}
