#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/datasets/number.h>
#include <costate/datasets/samples_read_internal.h>

/* -1: none. */
static ad_status find_label(const ds_table *t, const char *label, int *col)
{
    static const char *const usual[] = { "label", "class", "target" };
    *col                             = -1;
    if (label && !strcmp(label, "none")) return AD_OK;
    if (label && !strcmp(label, "last")) *col = t->cols - 1;
    if (label && *col < 0) return ds_table_find(t, label, strlen(label), col);
    for (int k = 0; k < 3 && *col < 0; k++)
        for (int j = 0; j < t->cols && *col < 0; j++)
            if (ds_same_word(t->column[j], strlen(t->column[j]), usual[k])) *col = j;
    return AD_OK;
}

static ad_status bad_cell(ds_table *t, long row, int col, ds_value kind)
{
    char    where[DS_WHERE];
    ds_cell c = ds_table_cell(t, row, col);
    if (kind == DS_MISSING)
        return ad_fail(AD_BAD_FILE,
                       "%s, %s, column '%s': the value is missing; samples must be complete, fill "
                       "it in or leave the row out",
                       t->name, ds_table_where(t, row, where), t->column[col]);
    return ad_fail(AD_BAD_FILE,
                   "%s, %s, column '%s': '%.*s' is not a finite number; if these are the classes, "
                   "name the column as the label",
                   t->name, ds_table_where(t, row, where), t->column[col], c.n < 40 ? c.n : 40,
                   c.s);
}

static ad_status read_rows(ds_samples *s, ds_table *t, int label)
{
    s->real = ad_alloc((size_t)s->n * (size_t)s->dim * sizeof *s->real);
    if (!s->real) return AD_NO_MEMORY;
    double *x = s->real;
    for (long i = 0; i < s->n; i++)
        for (int j = 0; j < t->cols; j++) {
            if (j == label) continue;
            ds_value kind = ds_table_number(t, i, j, x);
            if (kind != DS_VALUE || !isfinite(*x)) return bad_cell(t, i, j, kind);
            x++;
        }
    return label < 0 ? AD_OK : ds_samples_column(s, t, label);
}

static ad_status from_table(ds_samples **out, ds_table *t, const ds_samples_read_options *o)
{
    int label;
    AD_TRY(find_label(t, o->label, &label));
    if (t->cols - (label >= 0) < 1)
        return ad_fail(AD_BAD_FILE, "%s has no column beside the label's", t->name);
    if (o->n > t->rows || !t->rows)
        return ad_fail(AD_BAD_FILE, "%s holds %ld samples; n=%ld were asked for", t->name, t->rows,
                       o->n);
    AD_TRY(ds_samples_new(out, t->name, o->n ? o->n : t->rows, 1,
                          (const long[]){ t->cols - (label >= 0) }));
    AD_TRY(read_rows(*out, t, label));
    AD_TRY(ds_samples_note(*out, "%s", t->note));
    return ds_samples_note(*out, label < 0 ? "no labels" : "labels: column '%s', %d classes",
                           label < 0 ? "" : t->column[label], (*out)->classes);
}

ad_status ds_samples_text(ds_samples **out, const char *name, char *text, size_t n,
                          const ds_samples_read_options *o)
{
    ds_table        t;
    ds_read_options how = { 0 };
    if (o->text) {
        how.delimiter = o->text->delimiter;
        how.decimal   = o->text->decimal;
        how.header    = o->text->header;
    }
    *out        = NULL;
    ad_status s = ds_table_text(&t, name, text, n, &how);
    if (!s && o->labels)
        s = ad_fail(AD_INVALID, "%s is a text: its labels are a column of it, not a file", name);
    if (!s) s = from_table(out, &t, o);
    ds_table_clear(&t);
    if (s) {
        ds_samples_free(*out);
        *out = NULL;
    }
    return s;
}
