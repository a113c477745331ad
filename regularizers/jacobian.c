/* jacobian.c - the Jacobian's Frobenius norm, of RNODE (Finlay, Jacobsen, Nurbekyan, Oberman 2020, eq. 9), by Hutchinson's
   estimate:

       R = int |e' df/dy|^2 / dim dt,    E[e e'] = 1,                                                          (1)

   e fixed for a solve (an arg of it: lanes and shards keep theirs), Rademacher or normal. Option jvp: |df/dy e|^2 instead. */
#include "quadrature.h"

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>

enum { GAUSSIAN, JVP, CONTROLLED };
enum { STREAM = 0x6a61 };

typedef struct jacobian_state {
    reg_quadrature base;
    int            arg; /* the first of `parts` args */
} jacobian_state;

/* v_p = (e' df/dy)_p or (df/dy e)_p over the regularized parts. */
static ad_status product(const nde_point *at, const ad_var f[], const ad_var e[], int parts,
                         int forward, ad_var v[])
{
    if (!forward) return ad_vjp(parts, f, e, parts, at->part, v);
    return ad_jvp(parts, at->part, e, parts, f, v);
}

static ad_var integrand(const nde_point *at, const ad_var f[], const ad_var args[],
                        const reg_state *t)
{
    int     parts = ((const reg_quadrature *)t)->parts;
    ad_var *v     = ad_alloc(sizeof *v * (size_t)parts);
    if (!v) return reg_untraced(at, AD_NO_MEMORY);
    ad_status s = product(at, f, args, parts, reg_has(t, JVP), v);
    ad_var    r = s ? reg_untraced(at, s) : reg_mean_square(parts, v);
    ad_free(v);
    return r;
}

static ad_status prepare(reg_state *t, reg_context *c, reg_problem *p)
{
    jacobian_state *s = (jacobian_state *)t;
    for (int i = 0; i < c->parts; i++) {
        nde_arg arg = { "probe", c->ode->part[i].shape, c->ode->type };
        int     at  = reg_add_arg(p, t, &arg);
        if (at < 0) return AD_NO_MEMORY;
        if (i == 0) s->arg = at;
    }
    return reg_quadrature_add(t, c, p, integrand, reg_has(t, CONTROLLED));
}

static ad_status before(reg_state *t, reg_run *r)
{
    const jacobian_state *s = (const jacobian_state *)t;
    for (int i = 0; i < s->base.parts; i++) {
        long     n      = r->a->n * ad_elements(r->c->ode->part[i].shape);
        uint64_t stream = STREAM + (uint64_t)i;
        if (reg_has(t, GAUSSIAN))
            ad_random_normal(r->c->ode->type, r->draw, stream, 0, n, reg_arg(r, s->arg + i));
        else
            ad_random_rademacher(r->c->ode->type, r->draw, stream, 0, n, reg_arg(r, s->arg + i));
    }
    return AD_OK;
}

const reg_kind reg_kind_jacobian = {
    .about   = { "jacobian",
                 "integral of the square of the field's Jacobian, by one probe a solve (RNODE)",
                 "gaussian jvp controlled", "Finlay, Jacobsen, Nurbekyan, Oberman 2020, eq. 9" },
    .size    = sizeof(jacobian_state),
    .prepare = prepare,
    .before  = before,
    .after   = reg_quadrature_after,
    .seed    = reg_quadrature_seed,
};
