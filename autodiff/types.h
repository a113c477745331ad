/* types.h - number types and shapes. */
#ifndef COSTATE_AUTODIFF_TYPES_H
#define COSTATE_AUTODIFF_TYPES_H

#include <costate/autodiff/base.h>

COSTATE_BEGIN_DECLS

typedef enum ad_type { AD_F32 = 1, AD_F64 = 2 } ad_type;

enum { AD_RANK = 6 };

typedef struct ad_shape {
    int  rank;
    int  batched;      /* the leading extent is dim[0] * n, n known at run time */
    long dim[AD_RANK]; /* entries from rank on are 0                            */
} ad_shape;

size_t ad_type_size(ad_type t); /* 4 or 8 */
/* Number i of an array of either type. */
double ad_get(ad_type t, const void *x, long i);
void   ad_put(ad_type t, void *x, long i, double value);

ad_shape ad_scalar(void);                 /* [1], shared                            */
ad_shape ad_vector(long d);               /* [d], shared                            */
ad_shape ad_matrix(long rows, long cols); /* [rows, cols], shared                   */
ad_shape ad_rows(long d);                 /* [n, d], batched                        */
ad_shape ad_dims(int rank, const long dim[], int batched);
long     ad_elements(ad_shape s); /* product of dim[] (for one sample if batched) */
int      ad_shape_equal(ad_shape a, ad_shape b);
/* Writes "[n,50]" into text; returns text. */
char *ad_shape_text(ad_shape s, char *text, size_t size);

COSTATE_END_DECLS
#endif
