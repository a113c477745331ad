#include <costate/autodiff/memory.h>
#include <costate/regularizers/fokker_planck.h>

static ad_var over_columns(ad_var x)
{
    return ad_sum(x, 1 << 1, 1);
}

static ad_var tangent(ad_var x, ad_var v, ad_var s)
{
    ad_var    s_dot  = AD_NONE;
    ad_status status = ad_jvp(1, &x, &v, 1, &s, &s_dot);
    return status ? ad_graph_fail(x.g, status, "a divergence: %s", ad_message()) : s_dot;
}

ad_var reg_divergence(ad_var x, ad_var s, ad_var probe)
{
    if (x.id < 0 || s.id < 0) return s;
    if (probe.id >= 0) return over_columns(ad_mul(probe, tangent(x, probe, s)));
    long    d   = ad_shape_of(x).dim[1];
    ad_var  sum = AD_NONE;
    double *e   = ad_alloc((size_t)d * sizeof *e);
    if (!e) return ad_graph_fail(x.g, AD_NO_MEMORY, "no memory for a divergence");
    for (long i = 0; i < d; i++) {
        e[i]        = 1;
        ad_var v    = ad_const_array(x.g, ad_type_of(x), ad_vector(d), e);
        ad_var part = ad_slice(tangent(x, ad_broadcast(v, ad_rows(d)), s), 1, i, i + 1);
        sum         = i ? ad_add(sum, part) : part;
        e[i]        = 0;
    }
    ad_free(e);
    return sum;
}

ad_var reg_fokker_planck_residual(const reg_fokker_planck *p)
{
    ad_var spread = ad_add(reg_divergence(p->x, p->s, p->probe), over_columns(ad_square(p->s)));
    ad_var drift  = ad_mul(p->f, over_columns(ad_mul(p->x, p->s)));
    ad_var inside = ad_sub(ad_mul(ad_scale(p->g2, 0.5), spread), drift);
    if (inside.id < 0) return inside;
    ad_var    one = ad_full(p->x.g, ad_type_of(inside), ad_rows(1), 1), gradient = AD_NONE;
    ad_status s = ad_vjp(1, &inside, &one, 1, &p->x, &gradient);
    if (s) return ad_graph_fail(p->x.g, s, "a Fokker-Planck residual: %s", ad_message());
    return ad_sub(p->s_t, gradient);
}
