#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/datasets/number.h>
#include <costate/datasets/samples_read_internal.h>

enum { NUMBERS = 100000, WORDS = 1000, LETTERS = 80 };

static int is_class(double v)
{
    return v >= 0 && v < NUMBERS && v == floor(v);
}

static void set_number(ds_samples *s, long i, double v)
{
    s->label[i] = (int)v;
    if (s->label[i] >= s->classes) s->classes = s->label[i] + 1;
}

ad_status ds_samples_numbers(ds_samples *s, const char *name, const double *value)
{
    s->label = ad_alloc((size_t)s->n * sizeof *s->label);
    if (!s->label) return AD_NO_MEMORY;
    for (long i = 0; i < s->n; i++) {
        if (!is_class(value[i]))
            return ad_fail(AD_BAD_FILE,
                           "%s: label %ld is %g; labels are whole numbers from 0 to %d", name,
                           i + 1, value[i], NUMBERS - 1);
        set_number(s, i, value[i]);
    }
    return AD_OK;
}

static int is_word(const char *word, ds_cell c)
{
    return strlen(word) == (size_t)c.n && !memcmp(word, c.s, (size_t)c.n);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static ad_status add_word(ds_samples *s, ds_table *t, long row, int col)
{
    char    where[DS_WHERE], word[LETTERS + 1] = "";
    ds_cell c = ds_table_cell(t, row, col);
    for (int k = 0; k < s->classes; k++)
        if (is_word(s->class_name[k], c)) return AD_OK;
    int missing = ds_is_missing(c.s, (size_t)c.n);
    if (missing || c.n > LETTERS || s->classes == WORDS)
        return ad_fail(AD_BAD_FILE,
                       "%s, %s, column '%s': %s; a label is a word of up to %d letters, or a whole "
                       "number from 0, and there are at most %d different words",
                       t->name, ds_table_where(t, row, where), t->column[col],
                       missing               ? "the label is missing"
                       : s->classes == WORDS ? "too many different labels"
                                             : "the label is too long",
                       LETTERS, WORDS);
    memcpy(word, c.s, (size_t)c.n);
    s->class_name[s->classes] = ad_strdup(word);
    if (!s->class_name[s->classes]) return AD_NO_MEMORY;
    s->classes++;
    return AD_OK;
}

static ad_status read_words(ds_samples *s, ds_table *t, int col)
{
    s->classes    = 0;
    s->class_name = ad_alloc(WORDS * sizeof *s->class_name);
    if (!s->class_name) return AD_NO_MEMORY;
    for (long i = 0; i < s->n; i++) AD_TRY(add_word(s, t, i, col));
    qsort(s->class_name, (size_t)s->classes, sizeof *s->class_name, by_text);
    for (long i = 0; i < s->n; i++) {
        ds_cell c = ds_table_cell(t, i, col);
        while (!is_word(s->class_name[s->label[i]], c)) s->label[i]++;
    }
    return AD_OK;
}

ad_status ds_samples_column(ds_samples *s, ds_table *t, int col)
{
    double v;
    s->label = ad_alloc((size_t)s->n * sizeof *s->label);
    if (!s->label) return AD_NO_MEMORY;
    for (long i = 0; i < s->n; i++) {
        if (ds_table_number(t, i, col, &v) != DS_VALUE || !is_class(v)) {
            memset(s->label, 0, (size_t)s->n * sizeof *s->label);
            return read_words(s, t, col);
        }
        set_number(s, i, v);
    }
    return AD_OK;
}
