/* quadrature.c - integrals along the solution. */
#include <math.h>

#include <costate/autodiff/memory.h>

#include "internal.h"
#include "quadrature.h"

ad_status reg_quadrature_add(reg_state *t, reg_context *c, reg_problem *p, reg_integrand *r,
                             int controlled)
{
    reg_quadrature *q = (reg_quadrature *)t;
    q->parts          = c->parts;
    q->integral       = reg_add_integral(p, t, t->kind->about.name, r, controlled);
    return q->integral < 0 ? AD_NO_MEMORY : AD_OK;
}

ad_status reg_quadrature_after(reg_state *t, reg_run *r, double *value)
{
    const void *x   = reg_integral(r, ((reg_quadrature *)t)->integral);
    double      sum = 0;
    for (long i = 0; i < r->a->n; i++)
        sum += reg_sign(r, i) *
               (r->c->ode->type == AD_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i]);
    *value = sum / (double)r->a->n;
    return AD_OK;
}

ad_status reg_quadrature_seed(reg_state *t, reg_run *r, double lambda, reg_seeds *s)
{
    void *x_bar = reg_integral_bar(r, ((reg_quadrature *)t)->integral);
    (void)s;
    for (long i = 0; i < r->a->n; i++) {
        double c = lambda * reg_sign(r, i) / (double)r->a->n;
        if (r->c->ode->type == AD_F32)
            ((float *)x_bar)[i] += (float)c;
        else
            ((double *)x_bar)[i] += c;
    }
    return AD_OK;
}

ad_var reg_untraced(const nde_point *at, ad_status s)
{
    return s == AD_NO_MEMORY ? ad_graph_fail(at->g, s, "out of memory while tracing a regularizer")
                             : AD_NONE;
}

ad_var reg_mean_square(int parts, const ad_var x[])
{
    ad_var sum  = AD_NONE;
    long   size = 0;
    for (int p = 0; p < parts; p++) {
        ad_shape shape = ad_shape_of(x[p]);
        size += ad_elements(shape);
        ad_var q = ad_sum(ad_square(x[p]), ((1 << shape.rank) - 1) & ~1, 0);
        q        = ad_reshape(q, 2, (long[]){ 1, 1 });
        sum      = p ? ad_add(sum, q) : q;
    }
    return ad_scale(sum, 1 / (double)size);
}

ad_status reg_along(const nde_point *at, double t_dot, const ad_var y_dot[], int count,
                    const ad_var v[], ad_var v_dot[])
{
    ad_var *x     = ad_alloc(2 * sizeof *x * (size_t)(at->parts + 1)),
           *x_dot = x ? x + at->parts + 1 : NULL;
    if (!x) return AD_NO_MEMORY;
    x[0]     = at->t,
    x_dot[0] = t_dot != 0 ? ad_full(at->g, AD_F64, ad_shape_of(at->t), t_dot) : AD_NONE;
    for (int p = 0; p < at->parts; p++) x[1 + p] = at->part[p], x_dot[1 + p] = y_dot[p];
    ad_status s = ad_jvp(at->parts + 1, x, x_dot, count, v, v_dot);
    ad_free(x);
    return s;
}
