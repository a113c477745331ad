#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/datasets/choose.h>

/* FNV-1a. */
static uint64_t hash(ds_cell c)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (int i = 0; i < c.n; i++) h = (h ^ (unsigned char)c.s[i]) * UINT64_C(1099511628211);
    return h;
}

/* Open addressing over a power of two; a slot holds 1 + the id's number. */
typedef struct id_table {
    size_t   slots;
    int     *slot;
    ds_cell *id;
} id_table;

static int id_number(id_table *ids, ds_cell c, int *count)
{
    size_t i = (size_t)hash(c) & (ids->slots - 1);
    for (; ids->slot[i]; i = (i + 1) & (ids->slots - 1)) {
        ds_cell k = ids->id[ids->slot[i] - 1];
        if (k.n == c.n && !memcmp(k.s, c.s, (size_t)c.n)) return ids->slot[i] - 1;
    }
    ids->id[*count] = c;
    ids->slot[i]    = ++*count;
    return *count - 1;
}

/* The series of each row. */
static ad_status number_rows(ds_choice *c, ds_table *t, int *series)
{
    id_table ids = { .slots = 16 };
    while (ids.slots < 2 * (size_t)t->rows) ids.slots *= 2;
    ids.slot         = ad_alloc(ids.slots * sizeof *ids.slot);
    ids.id           = ad_alloc((size_t)t->rows * sizeof *ids.id);
    ad_status status = ids.slot && ids.id ? AD_OK : AD_NO_MEMORY;
    for (long row = 0; row < t->rows && !status; row++) {
        ds_cell cell = ds_table_cell(t, row, c->id);
        char    where[DS_WHERE];
        if (cell.n)
            series[row] = id_number(&ids, cell, &c->count);
        else
            status = ad_fail(AD_BAD_FILE, "%s, %s: the id in column '%s' is empty", t->name,
                             ds_table_where(t, row, where), t->column[c->id]);
    }
    ad_free(ids.slot);
    ad_free(ids.id);
    return status;
}

/* The same for an array's column of ids, which are numbers, and for arrays of several series. */
static ad_status number_array_rows(ds_choice *c, const ds_table *t, int *series)
{
    if (t->per_series) {
        c->count = (int)(t->rows / t->per_series);
        for (long row = 0; row < t->rows; row++) series[row] = (int)(row / t->per_series);
        return AD_OK;
    }
    c->count = 1;
    return AD_OK;
}

/* Whether the k-th row of a series (from 0) is asked for. */
static int is_kept(const ds_read_options *o, long k)
{
    long from = o->from > 1 ? o->from - 1 : 0, stride = o->stride > 1 ? o->stride : 1;
    return k >= from && (!o->to || k < o->to) && (k - from) % stride == 0;
}

/* Counting sort by series: how many rows each keeps, where it begins, then the rows themselves. */
static ad_status sort_rows(ds_choice *c, const ds_table *t, const ds_read_options *o,
                           const int *series)
{
    long *seen = ad_alloc((size_t)c->count * sizeof *seen),
         *next = ad_alloc((size_t)c->count * sizeof *next);
    c->start   = ad_alloc(((size_t)c->count + 1) * sizeof *c->start);
    c->row     = ad_alloc((size_t)t->rows * sizeof *c->row);
    int good   = seen && next && c->start && c->row;
    if (good) {
        for (long row = 0; row < t->rows; row++)
            c->start[series[row] + 1] += is_kept(o, seen[series[row]]++);
        for (int i = 0; i < c->count; i++) c->start[i + 1] += c->start[i];
        for (int i = 0; i < c->count; i++) {
            next[i] = c->start[i];
            seen[i] = 0;
        }
        for (long row = 0; row < t->rows; row++)
            if (is_kept(o, seen[series[row]]++)) c->row[next[series[row]]++] = row;
    }
    ad_free(seen);
    ad_free(next);
    return good ? AD_OK : AD_NO_MEMORY;
}

ad_status ds_group_rows(ds_choice *c, ds_table *t, const ds_read_options *o)
{
    if (!t->rows) return ad_fail(AD_BAD_FILE, "%s has no rows; at least two are needed", t->name);
    int *series = ad_alloc((size_t)t->rows * sizeof *series);
    if (!series) return AD_NO_MEMORY;
    ad_status status = AD_OK;
    if (t->text && c->id >= 0)
        status = number_rows(c, t, series);
    else
        status = number_array_rows(c, t, series);
    if (!status) status = sort_rows(c, t, o, series);
    ad_free(series);
    return status;
}
