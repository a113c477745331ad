/* cnf_field.c - f of cnf.h and the trace of its Jacobian. */
#include <stdio.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "cnf_internal.h"
#include "timed.h"

static ad_var field(const nde_point *at, void *ctx)
{
    const mdl_cnf_field *c = ctx;
    ad_var               h = at->y;
    char                 name[32];
    for (long i = 0; i <= c->depth; i++) {
        long out = i < c->depth ? c->hidden : c->dim;
        snprintf(name, sizeof name, "field.%ld", i);
        h = c->squash ? mdl_squash_dense(at, name, h, out)
                      : mdl_timed_dense(at, name, h, out, AD_INIT_KAIMING);
        if (i < c->depth) h = c->activation(h);
    }
    return h;
}

/* (df/dz) v */
static ad_var tangent(const nde_point *at, ad_var v, ad_var f)
{
    ad_var    f_dot = AD_NONE;
    ad_status s     = ad_jvp(1, &at->y, &v, 1, &f, &f_dot);
    return s ? ad_graph_fail(at->g, s, "the trace of a flow: %s", ad_message()) : f_dot;
}

/* (2): e_i' (df/dz) e_i, column by column. */
static ad_var exact_trace(const mdl_cnf_field *c, const nde_point *at, ad_var f)
{
    ad_var   sum  = AD_NONE;
    double  *e    = ad_alloc((size_t)c->dim * sizeof *e);
    ad_shape flat = ad_vector(c->dim);
    if (!e) return ad_graph_fail(at->g, AD_NO_MEMORY, "no memory for a trace");
    for (long i = 0; i < c->dim; i++) {
        e[i]     = 1;
        ad_var v = ad_broadcast(ad_const_array(at->g, at->type, flat, e), ad_rows(c->dim));
        ad_var d = ad_slice(tangent(at, v, f), 1, i, i + 1);
        sum      = i ? ad_add(sum, d) : d;
        e[i]     = 0;
    }
    ad_free(e);
    return sum;
}

static void flow(const nde_point *at, ad_var *dy, void *ctx)
{
    const mdl_cnf_field *c = ctx;
    dy[0]                  = field(at, ctx);
    if (c->trace == MDL_CNF_EXACT) {
        dy[1] = exact_trace(c, at, dy[0]);
        return;
    }
    ad_var eps = at->args[0];
    dy[1]      = ad_sum(ad_mul(eps, tangent(at, eps, dy[0])), 1 << 1, 1);
}

static ad_status choose(mdl_cnf_field *c, const mdl_cnf_options *o)
{
    static const char *const trace[] = { "exact", "rademacher", "gaussian" };
    c->trace                         = -1;
    for (int i = 0; i < 3; i++)
        if (!strcmp(o->trace, trace[i])) c->trace = i;
    if (c->trace < 0)
        return ad_fail(AD_INVALID,
                       "a flow's trace is exact, or estimated with rademacher or gaussian noise; "
                       "'%.40s' is none of them",
                       o->trace);
    c->squash = !strcmp(o->field, "squash");
    if (!c->squash && strcmp(o->field, "plain"))
        return ad_fail(AD_INVALID, "a flow's field is squash or plain, not '%.40s'", o->field);
    c->activation = ad_activation_find(o->activation);
    if (!c->activation) return AD_INVALID;
    return ad_params_new(&c->params, o->type);
}

ad_status mdl_cnf_field_new(mdl_cnf_field **out, const mdl_cnf_options *o)
{
    mdl_cnf_field *c = *out = ad_alloc(sizeof *c);
    if (!c) return AD_NO_MEMORY;
    c->dim      = o->dim;
    c->hidden   = o->hidden;
    c->depth    = o->depth;
    ad_status s = choose(c, o);
    c->part[0]  = (nde_part){ .name = "z", .shape = ad_rows(c->dim) };
    c->part[1]  = (nde_part){ .name = "log_density", .shape = ad_rows(1) };
    c->eps      = (nde_arg){ .name = "eps", .shape = ad_rows(c->dim) };
    c->flow     = (nde_ode){ .field_parts = flow,
                             .ctx         = c,
                             .type        = o->type,
                             .parts       = 2,
                             .part        = c->part,
                             .nargs       = c->trace != MDL_CNF_EXACT,
                             .args        = &c->eps,
                             .theta       = c->params };
    c->paths    = (nde_ode){
           .field = field, .ctx = c, .type = o->type, .dim = c->dim, .theta = c->params
    };
    if (!s) return AD_OK;
    mdl_cnf_field_free(c);
    *out = NULL;
    return s;
}

void mdl_cnf_field_free(mdl_cnf_field *c)
{
    if (!c) return;
    ad_params_free(c->params);
    ad_free(c);
}

static ad_status range(const char *what, double x, double least, double most)
{
    if (x >= least && x <= most) return AD_OK;
    return ad_fail(AD_INVALID, "a flow's %s is %g; it must lie in [%g, %g]", what, x, least, most);
}

ad_status mdl_cnf_defaults(mdl_cnf_options *o, nde_options *solve)
{
    if (!o->hidden) o->hidden = 64;
    if (!o->depth) o->depth = 2;
    if (!o->field) o->field = "squash";
    if (!o->activation) o->activation = "tanh";
    if (!o->trace) o->trace = "exact";
    if (!o->type) o->type = AD_F32;
    if (o->t1 == 0) o->t1 = 1;
    if (!o->batch) o->batch = 256;
    *solve   = o->solve ? *o->solve : (nde_options){ .rtol = 1e-5, .atol = 1e-5 };
    o->solve = solve;
    AD_TRY(range("dimension", (double)o->dim, 1, 1e6));
    AD_TRY(range("hidden width", (double)o->hidden, 1, 1e6));
    AD_TRY(range("depth", (double)o->depth, 1, 100));
    return range("batch", (double)o->batch, 1, 1e9);
}
