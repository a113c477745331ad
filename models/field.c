#include <costate/autodiff/plan.h>
#include <costate/models/field.h>

static ad_status trace(const mdl_model *m, ad_graph *g, int parts, ad_var *in, ad_var *out)
{
    in[0] = ad_input(g, "t", AD_F64, ad_scalar());
    for (int i = 0; i < parts; i++)
        in[1 + i] = ad_input(g, "y", m->ode.type, ad_rows(m->parts ? 1 : m->dim));
    nde_point at = { .g     = g,
                     .t     = in[0],
                     .y     = in[1],
                     .parts = parts,
                     .part  = in + 1,
                     .theta = m->ode.theta,
                     .type  = m->ode.type };
    if (m->ode.field)
        out[0] = m->ode.field(&at, m->ode.ctx);
    else
        m->ode.field_parts(&at, out, m->ode.ctx);
    return ad_graph_status(g);
}

static ad_status run(ad_plan *plan, const ad_args *a)
{
    ad_work *work;
    AD_TRY(ad_work_new(&work, plan));
    ad_status s = ad_execute(plan, work, a);
    ad_work_free(work);
    return s;
}

ad_status mdl_field_at(const mdl_model *m, double t, long n, const double *y, double *dy)
{
    int          parts = m->parts ? m->dim : 1;
    size_t       k = (size_t)parts, bytes = (size_t)(n * m->dim) * sizeof(double);
    size_t       part = (size_t)(m->parts ? n : n * m->dim) * ad_type_size(m->ode.type);
    ad_graph    *g    = NULL;
    ad_plan     *plan = NULL;
    ad_var      *in   = ad_alloc((2 * k + 1) * sizeof *in);
    void        *a = ad_alloc(bytes), *b = ad_alloc(bytes);
    const void **from = ad_alloc((k + 1) * sizeof *from);
    void       **to   = ad_alloc(k * sizeof *to);
    ad_status    s    = in && a && b && from && to ? ad_graph_new(&g) : AD_NO_MEMORY;
    if (!s) s = trace(m, g, parts, in, in + k + 1);
    if (!s)
        s = ad_plan_new(&plan, parts + 1, in, parts, in + k + 1,
                        &(ad_plan_options){ .name = "field", .capacity = n });
    if (!s) {
        from[0] = &t;
        for (int i = 0; i < parts; i++) {
            from[1 + i] = (char *)a + (size_t)i * part;
            to[i]       = (char *)b + (size_t)i * part;
        }
        mdl_pack(m, n, y, a);
        s = run(plan, &(ad_args){ .n = n, .in = from, .out = to, .theta = m->theta });
    }
    if (!s) mdl_unpack(m, n, b, dy);
    ad_plan_free(plan);
    ad_graph_free(g);
    ad_free(in);
    ad_free(a);
    ad_free(b);
    ad_free(from);
    ad_free(to);
    return s;
}
