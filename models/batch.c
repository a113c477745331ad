#include <math.h>
#include <string.h>

#include "batch.h"

int mdl_data_is_regular(const mdl_data *d)
{
    for (int i = 0; i < d->count; i++)
        for (long r = 1; r < d->track[i].len; r++) {
            double h = d->track[i].t[r] - d->track[i].t[r - 1];
            if (fabs(h - d->spacing) > 1e-6 * d->spacing) return 0;
        }
    return 1;
}

ad_status mdl_batch_new(mdl_batch **out, const mdl_model *m, const mdl_data *d, long capacity,
                        long rows, int joint)
{
    *out         = NULL;
    mdl_batch *b = ad_alloc(sizeof *b);
    if (!b) return AD_NO_MEMORY;
    size_t n = (size_t)capacity, h = (size_t)rows, x = sizeof(double),
           size = ad_type_size(m->ode.type);
    size_t dim = (size_t)m->dim, seen = n * h * (size_t)m->cols * x;
    b->m = m, b->d = d, b->capacity = capacity, b->rows = rows, b->joint = joint;
    b->at       = ad_alloc(n * sizeof *b->at);
    b->t        = ad_alloc(n * h * x);
    b->start    = ad_alloc(n * dim * x);
    b->row      = ad_alloc(n * dim * x);
    b->want     = ad_alloc(seen);
    b->weight   = ad_alloc(seen);
    b->seen     = ad_alloc(seen);
    b->seen_bar = ad_alloc(seen);
    b->y0       = ad_alloc(n * dim * size);
    b->y0_bar   = ad_alloc(n * dim * size);
    b->y        = ad_alloc(n * dim * h * size);
    b->y_bar    = ad_alloc(n * dim * h * size);
    if (b->at && b->t && b->start && b->row && b->want && b->weight && b->seen && b->seen_bar &&
        b->y0 && b->y0_bar && b->y && b->y_bar) {
        *out = b;
        return AD_OK;
    }
    mdl_batch_free(b);
    return AD_NO_MEMORY;
}

void mdl_batch_free(mdl_batch *b)
{
    if (!b) return;
    ad_free(b->at);
    ad_free(b->t);
    ad_free(b->start);
    ad_free(b->row);
    ad_free(b->want);
    ad_free(b->weight);
    ad_free(b->seen);
    ad_free(b->seen_bar);
    ad_free(b->y0);
    ad_free(b->y0_bar);
    ad_free(b->y);
    ad_free(b->y_bar);
    ad_free(b);
}

/* Where the series has ended, times go on at its spacing and nothing is wanted. */
static double time_of(const mdl_batch *b, const mdl_track *k, long row)
{
    if (row < k->len) return k->t[row];
    return k->t[k->len - 1] + (double)(row - k->len + 1) * b->d->spacing;
}

static void gather_times(mdl_batch *b, long i)
{
    const mdl_track *k    = &b->d->track[b->at[i].series];
    double           from = b->m->absolute ? 0 : time_of(b, k, b->at[i].row);
    if (b->joint && i > 0) return;
    for (long r = 0; r < b->h; r++) {
        double *t = b->joint ? &b->t[r] : &b->t[i * b->h + r];
        if (b->joint && !b->m->absolute)
            *t = (double)r * b->d->spacing;
        else
            *t = time_of(b, k, b->at[i].row + r) - from;
    }
}

static void gather_want(mdl_batch *b, long i, long last, int weigh_start)
{
    const mdl_track *k    = &b->d->track[b->at[i].series];
    int              cols = b->d->cols;
    for (long r = 0; r < b->h; r++)
        for (int j = 0; j < cols; j++) {
            long   row = b->at[i].row + r, at = (r * b->n + i) * cols + j;
            double y      = row < last ? k->y[row * cols + j] : NAN;
            b->want[at]   = y / b->d->scale[j];
            b->weight[at] = !isnan(y) && (r > 0 || weigh_start);
        }
}

void mdl_batch_gather(mdl_batch *b, long n, long h, const long *last, int weigh_start)
{
    const mdl_model *m = b->m;
    b->n               = n;
    b->h               = h;
    b->state           = (size_t)(n * m->dim) * ad_type_size(m->ode.type);
    for (long i = 0; i < n; i++) {
        gather_times(b, i);
        gather_want(b, i, last[b->at[i].series], weigh_start);
    }
    mdl_pack(m, n, b->start, b->y0);
}

nde_solve_args mdl_batch_args(const mdl_batch *b, const void *theta)
{
    return (nde_solve_args){ .n      = b->n,
                             .times  = (int)b->h,
                             .t      = b->t,
                             .t_each = !b->joint,
                             .y0     = b->y0,
                             .theta  = theta,
                             .y      = b->y };
}

double mdl_batch_loss(mdl_batch *b, ad_loss loss, int gradient)
{
    const mdl_model *m = b->m;
    long             n = b->n, cols = b->d->cols;
    for (long r = 0; r < b->h; r++) {
        mdl_unpack(m, n, (char *)b->y + (size_t)r * b->state, b->row);
        for (long i = 0; i < n; i++)
            for (int j = 0; j < cols; j++)
                b->seen[(r * n + i) * cols + j] = b->row[i * m->dim + m->shown[j]] / b->d->scale[j];
    }
    ad_loss_args a     = { .loss  = loss,
                           .type  = AD_F64,
                           .n     = b->h * n * cols,
                           .y     = b->seen,
                           .want  = b->want,
                           .w     = b->weight,
                           .y_bar = gradient ? b->seen_bar : NULL };
    double       value = ad_loss_value(&a);
    for (long r = 0; gradient && r < b->h; r++) {
        memset(b->row, 0, (size_t)(n * m->dim) * sizeof *b->row);
        for (long i = 0; i < n; i++)
            for (int j = 0; j < cols; j++)
                b->row[i * m->dim + m->shown[j]] = b->seen_bar[(r * n + i) * cols + j] /
                                                   b->d->scale[j];
        mdl_pack(m, n, b->row, (char *)b->y_bar + (size_t)r * b->state);
    }
    return value;
}
