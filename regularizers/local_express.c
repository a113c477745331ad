/* local_express.c - equation (1) of local.h in a graph. */
#include <costate/autodiff/memory.h>

#include "local.h"

static ad_var kept(const reg_local *w, int option, ad_var x)
{
    return w->options >> option & 1 ? x : ad_stop_gradient(x);
}

static ad_status express(const reg_local *w, ad_var y[], ad_var f[], ad_var k1[], ad_var *r)
{
    nde_trace_step at = w->at;
    ad_var         size;
    for (int p = 0; p < w->parts; p++) y[p] = kept(w, REG_LOCAL_STATE, w->at.y[p]);
    at.y = y;
    AD_TRY(nde_trace_field(w->trace, &at, f));
    at.k1 = f;
    AD_TRY(nde_trace_initial_step(w->trace, &at, w->sign, w->most, &size));
    size = kept(w, REG_LOCAL_STEP, size);
    for (int p = 0; p < w->parts; p++) k1[p] = kept(w, REG_LOCAL_K1, f[p]);
    at.k1 = k1, at.h = ad_mul(w->sign, size);
    AD_TRY(nde_trace_step_in(w->trace, &at));
    if (w->stiffness) {
        *r = ad_scale(at.stiffness, 1 / w->method->stability);
        return ad_graph_status(at.g);
    }
    *r = w->options >> REG_LOCAL_UNSCALED & 1 ? at.unscaled : at.error;
    if (!(w->options >> REG_LOCAL_NOSTEP & 1)) *r = ad_mul(size, *r);
    return ad_graph_status(at.g);
}

ad_status reg_local_express(const reg_local *w, ad_var *r)
{
    size_t    n = (size_t)w->parts;
    ad_var   *v = ad_alloc(3 * n * sizeof *v);
    ad_status e = v ? express(w, v, v + n, v + 2 * n, r) : AD_NO_MEMORY;
    ad_free(v);
    return e;
}
