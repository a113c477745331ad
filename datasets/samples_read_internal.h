/* samples_read_internal.h - a text's part of samples_read.h (internal). */
#ifndef COSTATE_DATASETS_SAMPLES_READ_INTERNAL_H
#define COSTATE_DATASETS_SAMPLES_READ_INTERNAL_H

#include <costate/datasets/samples_read.h>
#include <costate/datasets/table.h>

/* samples_text.c; takes over text. */
ad_status ds_samples_text(ds_samples **out, const char *name, char *text, size_t n,
                          const ds_samples_read_options *o);

/* samples_labels.c: s->label, s->classes and s->class_name from a column. */
ad_status ds_samples_column(ds_samples *s, ds_table *t, int col);

/* From numbers that stand in an array of its own. */
ad_status ds_samples_numbers(ds_samples *s, const char *name, const double *value);

#endif
