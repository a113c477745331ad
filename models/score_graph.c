/* score_graph.c - (1) of score.h as a pair of plans. */
#include <costate/autodiff/memory.h>
#include <costate/models/score_residual.h>

#include "score_internal.h"

enum { EXACT = 8 }; /* up to so many columns the divergence is exact, beyond by Rademacher probes */

static const uint64_t stream_of_probes = 0x70726f626573u;

typedef struct build {
    const mdl_scorer *s;
    ad_graph         *g;
    ad_var            in[SCORE_INPUTS], condition;
} build;

static void inputs(build *b)
{
    static const char *const name[] = { "x",     "want",  "label",  "weight", "state", "t",
                                        "alpha", "sigma", "lambda", "rho",    "drift", "speed" };
    for (int i = 0; i < SCORE_INPUTS; i++) {
        int wide = i == SCORE_X || i == SCORE_WANT || i == SCORE_STATE;
        b->in[i] = ad_input(b->g, name[i], i < SCORE_T ? b->s->o.type : AD_F64,
                            ad_rows(wide ? b->s->o.dim : 1));
    }
    if (!b->s->net.classes) return;
    ad_var rows  = ad_gather_rows(mdl_score_classes(&b->s->net, b->g, b->s->net.params),
                                  b->in[SCORE_LABEL]);
    b->condition = ad_reshape(rows, 2, (long[]){ 1, b->s->net.embedding });
}

static dpm_at at_rows(const build *b, ad_var x)
{
    return (dpm_at){ .g      = b->g,
                     .x      = x,
                     .t      = b->in[SCORE_T],
                     .alpha  = b->in[SCORE_ALPHA],
                     .sigma  = b->in[SCORE_SIGMA],
                     .lambda = b->in[SCORE_LAMBDA],
                     .rho    = b->in[SCORE_RHO],
                     .nargs  = b->s->net.classes > 0,
                     .args   = &b->condition,
                     .theta  = b->s->net.params,
                     .type   = b->s->o.type };
}

/* The mean over rows and columns. */
static ad_var mean_square(ad_var r)
{
    return ad_mean(ad_mean(ad_square(r), 1 << 1, 1), 1 << 0, 0);
}

static ad_var data_loss(const build *b)
{
    dpm_model m  = mdl_score_network_model(&b->s->net);
    dpm_at    at = at_rows(b, b->in[SCORE_X]);
    ad_var    r  = ad_sub(m.network(&at, m.ctx), b->in[SCORE_WANT]);
    return ad_mean(ad_mul(ad_mean(ad_square(r), 1 << 1, 1), b->in[SCORE_WEIGHT]), 1 << 0, 0);
}

static ad_var residual_loss(const build *b)
{
    dpm_model m     = mdl_score_network_model(&b->s->net);
    dpm_at    at    = at_rows(b, b->in[SCORE_STATE]);
    ad_var    probe = b->s->o.dim <= EXACT
                          ? AD_NONE
                          : ad_rademacher(b->g, b->s->o.type, ad_rows(b->s->o.dim), stream_of_probes);
    ad_var    r     = mdl_score_residual(&m, &at, b->in[SCORE_DRIFT], b->in[SCORE_SPEED], probe);
    return r.id < 0 ? r : mean_square(r);
}

static ad_status compile(mdl_scorer_graph *g, const build *b, const ad_var out[])
{
    static const char want_in[SCORE_INPUTS], want_out[SCORE_OUTPUTS] = { 1 };
    ad_plan_options   o    = { .name = "score", .capacity = b->s->o.batch };
    ad_pullback       pull = { .want_in = want_in, .want_out = want_out, .want_params = 1 };
    ad_pair_spec      spec = { SCORE_INPUTS, SCORE_OUTPUTS, b->in, out, 1, &pull };
    AD_TRY(ad_graph_status(b->g));
    AD_TRY(ad_plan_pair(&g->forward, &g->backward, &spec, &o));
    AD_TRY(ad_work_new(&g->fw, g->forward));
    AD_TRY(ad_work_new(&g->bw, g->backward));
    g->residual = ad_alloc(ad_plan_residual_bytes(g->forward) + AD_PAD);
    return g->residual ? AD_OK : AD_NO_MEMORY;
}

ad_status mdl_scorer_graph_new(mdl_scorer_graph *g, const mdl_scorer *s)
{
    build b = { .s = s };
    AD_TRY(ad_graph_new(&b.g));
    inputs(&b);
    ad_var out[SCORE_OUTPUTS];
    out[SCORE_OUT_LOSS]    = data_loss(&b);
    out[SCORE_OUT_PENALTY] = ad_const(b.g, s->o.type, 0);
    out[SCORE_OUT_ALL]     = out[SCORE_OUT_LOSS];
    if (s->o.fokker_planck > 0) {
        out[SCORE_OUT_PENALTY] = ad_scale(residual_loss(&b), s->o.fokker_planck);
        out[SCORE_OUT_ALL]     = ad_add(out[SCORE_OUT_LOSS], out[SCORE_OUT_PENALTY]);
    }
    ad_status status = compile(g, &b, out);
    ad_graph_free(b.g);
    return status;
}

void mdl_scorer_graph_clear(mdl_scorer_graph *g)
{
    ad_work_free(g->fw);
    ad_work_free(g->bw);
    ad_plan_free(g->forward);
    ad_plan_free(g->backward);
    ad_free(g->residual);
}
