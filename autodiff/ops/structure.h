/* structure.h - what the builders and kernels of structural operations share (internal). */
#ifndef COSTATE_AUTODIFF_OPS_STRUCTURE_H
#define COSTATE_AUTODIFF_OPS_STRUCTURE_H

#include <costate/autodiff/op.h>

/* A shape as text, for a sentence. */
#define SHAPE_TEXT(shape) ad_shape_text(shape, (char[96]){ 0 }, 96)

/* The graph of operands that are all alive, of one graph and one type; NULL otherwise, the mistake recorded. */
ad_graph *ad_operands(const char *what, int n, const ad_var x[]);

/* Adds a node of any number of inputs. */
ad_var ad_build(ad_opcode op, ad_type type, ad_shape shape, int n, const ad_var x[], int nattr,
                const long attr[]);

/* Axis counted from 0; -1 if there is none such. */
int ad_axis(ad_shape s, int axis);

/* --- dense arrays at run time ------------------------------------------------------------------------------------- */

/* A batched shape [c n, ...] is the dense array [c, n, ...]: its leading axis becomes two. */
typedef struct ad_view {
    int  rank;
    long dim[AD_RANK + 1], stride[AD_RANK + 1];
} ad_view;

ad_view ad_view_of(ad_shape s, long n);
/* The axis of the view that slicing, joining and padding along an axis of the shape work on (c for axis 0). */
int ad_view_axis(ad_shape s, int axis);

/* dst[i . dst] = src[i . src] for all i within dim, strides in elements (0 repeats). */
typedef struct ad_copy {
    int  rank;
    long dim[AD_RANK + 1], dst[AD_RANK + 1], src[AD_RANK + 1];
} ad_copy;

void ad_copy_run(const ad_copy *c, ad_type type, void *dst, const void *src);

static inline void *ad_at(const void *p, ad_type type, long element)
{
    return (char *)p + element * (long)ad_type_size(type);
}

/* Visits a nest of axes: index[] starts at zero; returns 0 after the last. */
static inline int ad_next(int rank, const long dim[], const long stride[], long index[],
                          long *offset)
{
    for (int i = rank - 1; i >= 0; i--) {
        *offset += stride[i];
        if (++index[i] < dim[i]) return 1;
        *offset -= stride[i] * dim[i];
        index[i] = 0;
    }
    return 0;
}

#endif
