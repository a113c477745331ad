/* layout.h - how a state of named parts lies in one buffer (internal).

   Part-major: each part [n, dim...] contiguous at a fixed offset, 64-byte aligned, with AD_PAD slack behind it, so that
   kernels work on the parts in place. Users' arrays have the parts one right behind the other. */
#ifndef COSTATE_NDE_LAYOUT_H
#define COSTATE_NDE_LAYOUT_H

#include <costate/nde/ode.h>

typedef struct nde_layout {
    ad_type type;
    int     parts;
    long    capacity, dim; /* dim: numbers of one sample, all parts together */
    long   *size;          /* numbers of one sample, each part               */
    size_t *offset;
    size_t  bytes;
} nde_layout;

ad_status nde_layout_new(nde_layout **l, ad_type type, int parts, const nde_part *part,
                         long capacity);
void      nde_layout_free(nde_layout *l);

void nde_layout_load(const nde_layout *l, long n, const void *user, char *state);
void nde_layout_store(const nde_layout *l, long n, const char *state, void *user);
void nde_layout_copy(const nde_layout *l, long n, const char *from, char *to);
void nde_layout_zero(const nde_layout *l, long n, char *state);
/* to += x, and to += c x */
void   nde_layout_add(const nde_layout *l, long n, char *to, const char *x);
void   nde_layout_axpy(const nde_layout *l, long n, char *to, double c, const char *x);
double nde_layout_dot(const nde_layout *l, long n, const char *x, const char *y);
/* rows: to[i] = from[index[i]], n rows; scatter: to[index[i]] = from[i] */
void nde_layout_gather(const nde_layout *l, long n, const long *index, const char *from, char *to);
void nde_layout_scatter(const nde_layout *l, long n, const long *index, const char *from, char *to);
/* First number that is not finite: 1, with sample, part and component; 0: all are finite. */
int nde_layout_nonfinite(const nde_layout *l, long n, const char *state, long *sample, int *part,
                         long *component);

#endif
