#include "structure.h"

ad_graph *ad_operands(const char *what, int n, const ad_var x[])
{
    ad_graph *g = NULL;
    for (int i = 0; i < n && !g; i++) g = x[i].g;
    for (int i = 0; i < n; i++) {
        if (x[i].id < 0 || !x[i].g) return NULL;
        if (x[i].g != g) {
            ad_graph_fail(
                g, AD_INVALID,
                "%s: operands belong to different graphs; ad_inline() copies between them", what);
            return NULL;
        }
        if (ad_type_of(x[i]) != ad_type_of(x[0])) {
            ad_graph_fail(g, AD_BAD_SHAPE, "%s: %s meets %s; cast one of them", what,
                          ad_type_of(x[0]) == AD_F32 ? "float32" : "float64",
                          ad_type_of(x[i]) == AD_F32 ? "float32" : "float64");
            return NULL;
        }
    }
    return g;
}

ad_var ad_build(ad_opcode op, ad_type type, ad_shape shape, int n, const ad_var x[], int nattr,
                const long attr[])
{
    enum { FEW = 16 };
    ad_graph *g = x[0].g;
    int       few[FEW], *in = few;
    if (!g) return AD_NONE;
    if (n > FEW && !(in = ad_arena_alloc(ad_graph_arena(g), sizeof *in * (size_t)n)))
        return ad_graph_fail(g, AD_NO_MEMORY, "out of memory while building a graph of %d nodes",
                             ad_graph_size(g));
    for (int i = 0; i < n; i++) in[i] = x[i].id;
    ad_node node = {
        .op = op, .type = type, .shape = shape, .nin = n, .in = in, .nattr = nattr, .attr = attr
    };
    return ad_node_add(g, &node);
}

int ad_axis(ad_shape s, int axis)
{
    if (axis < 0) axis += s.rank;
    return axis >= 0 && axis < s.rank ? axis : -1;
}

ad_view ad_view_of(ad_shape s, long n)
{
    ad_view v = { .rank = 0 };
    for (int i = 0; i < s.rank; i++) {
        v.dim[v.rank++] = s.dim[i];
        if (i == 0 && s.batched) v.dim[v.rank++] = n;
    }
    long stride = 1;
    for (int i = v.rank - 1; i >= 0; i--) {
        v.stride[i] = stride;
        stride *= v.dim[i];
    }
    return v;
}

int ad_view_axis(ad_shape s, int axis)
{
    return axis == 0 ? 0 : axis + s.batched;
}
