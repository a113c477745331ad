#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <costate/datasets/file.h>
#include <costate/datasets/number.h>
#include <costate/datasets/read.h>

static void write_cell(FILE *f, const char *s)
{
    if (*s && !strpbrk(s, ",\"\n\r#%") && *s != ' ') {
        fputs(s, f);
        return;
    }
    fputc('"', f);
    for (; *s; s++) {
        if (*s == '"') fputc('"', f);
        fputc(*s, f);
    }
    fputc('"', f);
}

static void write_header(FILE *f, const ds_series_set *set)
{
    if (set->count > 1) fputs("series,", f);
    write_cell(f, set->time);
    for (int j = 0; j < set->cols; j++) {
        fputc(',', f);
        write_cell(f, set->column[j]);
    }
    fputc('\n', f);
}

static void write_row(FILE *f, const ds_series_set *set, const ds_series *s, long k)
{
    char text[DS_CLOCK_TEXT];
    if (set->count > 1) {
        write_cell(f, s->name);
        fputc(',', f);
    }
    fputs(ds_clock_text(&set->clock, s->t[k], text), f);
    for (int j = 0; j < set->cols; j++) {
        double y = s->y[k * set->cols + j];
        fputc(',', f);
        if (!isnan(y)) fputs(ds_number_text(y, text), f);
    }
    fputc('\n', f);
}

static void write_all(FILE *f, const ds_series_set *set)
{
    write_header(f, set);
    for (int i = 0; i < set->count; i++)
        for (long k = 0; k < set->series[i].len; k++) write_row(f, set, &set->series[i], k);
}

ad_status ds_print_csv(FILE *f, const ds_series_set *set)
{
    write_all(f, set);
    if (fflush(f) || ferror(f))
        return ad_fail(AD_IO, "the table could not be written: %s", strerror(errno));
    return AD_OK;
}

ad_status ds_write_csv(const char *path, const ds_series_set *set)
{
    ds_replacement r;
    AD_TRY(ds_replace_begin(&r, path));
    write_all(r.file, set);
    return ds_replace_commit(&r);
}
