#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "layout.h"

ad_status nde_layout_new(nde_layout **out, ad_type type, int parts, const nde_part *part,
                         long capacity)
{
    *out          = NULL;
    nde_layout *l = ad_alloc(sizeof *l);
    if (!l) return AD_NO_MEMORY;
    l->size   = ad_alloc(sizeof *l->size * (size_t)parts);
    l->offset = ad_alloc(sizeof *l->offset * (size_t)parts);
    if (!l->size || !l->offset) {
        nde_layout_free(l);
        return AD_NO_MEMORY;
    }
    l->type = type, l->parts = parts, l->capacity = capacity;
    for (int p = 0; p < parts; p++) {
        l->size[p]   = ad_elements(part[p].shape);
        l->offset[p] = l->bytes;
        size_t bytes = (size_t)(l->size[p] * capacity) * ad_type_size(type);
        l->bytes += bytes <= 8 ? 8
                               : (bytes + AD_ALIGN - 1) / AD_ALIGN * AD_ALIGN +
                                     AD_PAD; /* one number: written exactly */
        l->dim += l->size[p];
    }
    l->bytes = (l->bytes + AD_ALIGN - 1) / AD_ALIGN * AD_ALIGN + AD_PAD;
    *out     = l;
    return AD_OK;
}

void nde_layout_free(nde_layout *l)
{
    if (!l) return;
    ad_free(l->size);
    ad_free(l->offset);
    ad_free(l);
}

static size_t part_bytes(const nde_layout *l, long n, int p)
{
    return (size_t)(l->size[p] * n) * ad_type_size(l->type);
}

void nde_layout_load(const nde_layout *l, long n, const void *user, char *state)
{
    const char *from = user;
    for (int p = 0; p < l->parts; p++) {
        memcpy(state + l->offset[p], from, part_bytes(l, n, p));
        from += part_bytes(l, n, p);
    }
}

void nde_layout_store(const nde_layout *l, long n, const char *state, void *user)
{
    char *to = user;
    for (int p = 0; p < l->parts; p++) {
        memcpy(to, state + l->offset[p], part_bytes(l, n, p));
        to += part_bytes(l, n, p);
    }
}

void nde_layout_copy(const nde_layout *l, long n, const char *from, char *to)
{
    for (int p = 0; p < l->parts; p++)
        memcpy(to + l->offset[p], from + l->offset[p], part_bytes(l, n, p));
}

void nde_layout_zero(const nde_layout *l, long n, char *state)
{
    for (int p = 0; p < l->parts; p++) memset(state + l->offset[p], 0, part_bytes(l, n, p));
}

void nde_layout_axpy(const nde_layout *l, long n, char *to, double c, const char *x)
{
    for (int p = 0; p < l->parts; p++) {
        long m = l->size[p] * n;
        if (l->type == AD_F32) {
            float       *d = (float *)(to + l->offset[p]), s = (float)c;
            const float *a = (const float *)(x + l->offset[p]);
            for (long i = 0; i < m; i++) d[i] += s * a[i];
        } else {
            double       *d = (double *)(to + l->offset[p]);
            const double *a = (const double *)(x + l->offset[p]);
            for (long i = 0; i < m; i++) d[i] += c * a[i];
        }
    }
}

void nde_layout_add(const nde_layout *l, long n, char *to, const char *x)
{
    nde_layout_axpy(l, n, to, 1, x);
}

double nde_layout_dot(const nde_layout *l, long n, const char *x, const char *y)
{
    double s = 0;
    for (int p = 0; p < l->parts; p++) {
        long m = l->size[p] * n;
        if (l->type == AD_F32) {
            const float *a = (const float *)(x + l->offset[p]),
                        *b = (const float *)(y + l->offset[p]);
            for (long i = 0; i < m; i++) s += (double)a[i] * b[i];
        } else {
            const double *a = (const double *)(x + l->offset[p]),
                         *b = (const double *)(y + l->offset[p]);
            for (long i = 0; i < m; i++) s += a[i] * b[i];
        }
    }
    return s;
}

static void copy_row(char *to, const char *from, size_t bytes)
{
    if (bytes == 8)
        memcpy(to, from, 8);
    else if (bytes == 4)
        memcpy(to, from, 4);
    else
        memcpy(to, from, bytes);
}

void nde_layout_gather(const nde_layout *l, long n, const long *index, const char *from, char *to)
{
    for (int p = 0; p < l->parts; p++) {
        size_t row = part_bytes(l, 1, p);
        for (long i = 0; i < n; i++)
            copy_row(to + l->offset[p] + (size_t)i * row,
                     from + l->offset[p] + (size_t)index[i] * row, row);
    }
}

void nde_layout_scatter(const nde_layout *l, long n, const long *index, const char *from, char *to)
{
    for (int p = 0; p < l->parts; p++) {
        size_t row = part_bytes(l, 1, p);
        for (long i = 0; i < n; i++)
            copy_row(to + l->offset[p] + (size_t)index[i] * row,
                     from + l->offset[p] + (size_t)i * row, row);
    }
}

int nde_layout_nonfinite(const nde_layout *l, long n, const char *state, long *sample, int *part,
                         long *component)
{
    for (int p = 0; p < l->parts; p++)
        for (long i = 0; i < l->size[p] * n; i++) {
            const char *at = state + l->offset[p];
            double      v  = l->type == AD_F32 ? ((const float *)at)[i] : ((const double *)at)[i];
            if (isfinite(v)) continue;
            *part      = p;
            *sample    = i / l->size[p];
            *component = i % l->size[p];
            return 1;
        }
    return 0;
}
