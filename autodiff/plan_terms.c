/* plan_terms.c - a parameter's cotangent is *added* to theta_bar, and so may be its terms, each by itself: those of

       W_bar = pad(A) + pad(B),        W used as W[:, :k] and W[:, k],                                      (1)

   are columns of the wider matrix. The product over rows A then stays in its accumulator until the flush; as a node it would be
   written, padded and summed at every run. */
#include "plan_internal.h"

enum { DEEP = 8 }; /* sums of sums that are looked into: paths, not nodes, are walked */

static int is_sum(const ad_graph *g, const ad_node *n)
{
    int sum = n->op == AD_OP_add || n->op == AD_OP_lincomb;
    for (int i = 0; sum && i < n->nin; i++)
        sum = (n->op == AD_OP_add || n->k[i] == 1) &&
              ad_shape_equal(ad_node_of(g, n->in[i])->shape, n->shape);
    return sum;
}

/* Is a piece of the parameter among the terms? Others are better summed first. */
static int has_pad(const ad_graph *g, const ad_node *n, int depth)
{
    int found = n->op == AD_OP_pad && n->shape.rank == 2;
    for (int i = 0; !found && depth < DEEP && is_sum(g, n) && i < n->nin; i++)
        found = has_pad(g, ad_node_of(g, n->in[i]), depth + 1);
    return found;
}

static int split(binding bar, binding *out, int depth)
{
    const ad_graph *g   = bar.v.g;
    const ad_node  *n   = ad_node_of(g, bar.v.id);
    int             all = 0;
    if (depth < DEEP && is_sum(g, n) && has_pad(g, n, depth)) {
        for (int i = 0; i < n->nin; i++) {
            binding term = bar;
            term.v       = ad_in(bar.v, i);
            all += split(term, out ? out + all : NULL, depth + 1);
        }
        return all;
    }
    if (n->op == AD_OP_pad && n->shape.rank == 2 && !bar.width) {
        long width = n->shape.dim[1];
        bar.at.off += (size_t)(n->attr[1] * (n->attr[0] ? 1 : width));
        bar.width = n->attr[0] ? width : 0;
        bar.v     = ad_in(bar.v, 0);
        return split(bar, out, depth);
    }
    if (out) *out = bar;
    return 1;
}

int ad_plan_terms(binding bar, binding *out)
{
    return split(bar, out, 0);
}
