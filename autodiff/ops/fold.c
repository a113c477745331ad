/* fold.c - the kernels of sums and maxima. */
#include <math.h>

#include "reduce.h"

enum { STRIP = 256 };

typedef struct axes {
    int  rank;
    long dim[AD_RANK + 1], stride[AD_RANK + 1];
} axes;

/* A reduction of a dense array. Neighbouring axes of one kind are joined. */
typedef struct fold {
    axes kept, reduced;
    int  max;
    int  run;   /* the last axis is a reduced one: kept holds all kept axes */
    long inner; /* else: the extent of the last axis, which is not in kept  */
} fold;

/* NaN if either is. */
static inline double larger(double m, double x)
{
    return (x > m) | (x != x) ? x : m;
}

#define REAL    float
#define R(name) name##32
#include "reduce_kernel.inc"
#undef REAL
#undef R
#define REAL    double
#define R(name) name##64
#include "reduce_kernel.inc"

static void append(axes *a, int join, long dim, long stride)
{
    if (join) {
        a->dim[a->rank - 1] *= dim;
        a->stride[a->rank - 1] = stride;
        return;
    }
    a->dim[a->rank]      = dim;
    a->stride[a->rank++] = stride;
}

static fold fold_of(ad_shape s, long n, int mask, int max)
{
    ad_view v    = ad_view_of(s, n);
    fold    f    = { .max = max };
    int     last = -1;
    for (int i = 0; i < v.rank; i++) {
        int kind = mask >> (i > 0 ? i - s.batched : 0) & 1;
        if (v.dim[i] == 1) continue;
        append(kind ? &f.reduced : &f.kept, kind == last, v.dim[i], v.stride[i]);
        last = kind;
    }
    if (f.reduced.rank == 0) append(&f.reduced, 0, 1, 0);
    f.run   = last == 1;
    f.inner = last == 0 ? f.kept.dim[--f.kept.rank] : 1;
    return f;
}

void ad_fold(const ad_call_args *c, ad_shape s, long n, int mask, int max)
{
    fold f = fold_of(s, n, mask, max);
    if (c->node->type == AD_F32)
        fold32(&f, c->in[0], c->out);
    else
        fold64(&f, c->in[0], c->out);
}

ad_status ad_rowsum_run(const ad_call_args *c)
{
    if (c->node->type == AD_F32)
        rowsum32(c, c->out);
    else
        rowsum64(c, c->out);
    return AD_OK;
}
