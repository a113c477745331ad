#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/datasets/series.h>

ad_status ds_series_set_new(ds_series_set **out, const char *source, const char *time, int cols,
                            int count)
{
    *out             = NULL;
    ds_series_set *s = ad_alloc(sizeof *s);
    if (!s) return AD_NO_MEMORY;
    s->cols   = cols;
    s->count  = count;
    s->source = ad_strdup(source);
    s->time   = ad_strdup(time);
    s->note   = ad_strdup("");
    s->column = ad_alloc((size_t)cols * sizeof *s->column);
    s->series = ad_alloc((size_t)count * sizeof *s->series);
    if (!s->source || !s->time || !s->note || !s->column || !s->series) {
        ds_series_set_free(s);
        return AD_NO_MEMORY;
    }
    *out = s;
    return AD_OK;
}

void ds_series_set_free(ds_series_set *s)
{
    if (!s) return;
    for (int i = 0; s->series && i < s->count; i++) {
        ad_free(s->series[i].name);
        ad_free(s->series[i].t);
        ad_free(s->series[i].y);
    }
    for (int i = 0; s->column && i < s->cols; i++) ad_free(s->column[i]);
    ad_free(s->series);
    ad_free(s->column);
    ad_free(s->note);
    ad_free(s->time);
    ad_free(s->source);
    ad_free(s);
}

ad_status ds_series_new(ds_series_set *set, int i, const char *name, long len)
{
    ds_series *s = &set->series[i];
    s->name      = ad_strdup(name);
    s->t         = ad_alloc((size_t)len * sizeof *s->t);
    s->y         = ad_alloc((size_t)len * (size_t)set->cols * sizeof *s->y);
    s->len       = len;
    return s->name && s->t && s->y ? AD_OK : AD_NO_MEMORY;
}

ad_status ds_series_set_like(ds_series_set **out, const ds_series_set *set, int count)
{
    ds_series_set *s;
    AD_TRY(ds_series_set_new(out, set->source, set->time, set->cols, count));
    s        = *out;
    s->clock = set->clock;
    for (int i = 0; i < set->cols; i++) {
        s->column[i] = ad_strdup(set->column[i]);
        if (!s->column[i]) {
            ds_series_set_free(s);
            *out = NULL;
            return AD_NO_MEMORY;
        }
    }
    return AD_OK;
}

ad_status ds_note(ds_series_set *set, const char *format, ...)
{
    char    text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t old = strlen(set->note), more = strlen(text);
    char  *note = ad_realloc(set->note, old, old + more + 2);
    if (!note) return AD_NO_MEMORY;
    if (old) note[old++] = '\n';
    memcpy(note + old, text, more + 1);
    set->note = note;
    return AD_OK;
}

long ds_rows(const ds_series_set *set)
{
    long rows = 0;
    for (int i = 0; i < set->count; i++) rows += set->series[i].len;
    return rows;
}

long ds_missing(const ds_series_set *set)
{
    long missing = 0;
    for (int i = 0; i < set->count; i++)
        for (long j = 0; j < set->series[i].len * set->cols; j++)
            missing += isnan(set->series[i].y[j]) != 0;
    return missing;
}

/* The step of rank k (from 0) among all: bisection over the values between the least and the greatest needs no room
   and 60 passes. */
static long steps_up_to(const ds_series_set *set, double most, double *greatest)
{
    long n    = 0;
    *greatest = -INFINITY;
    for (int i = 0; i < set->count; i++)
        for (long j = 1; j < set->series[i].len; j++) {
            double step = set->series[i].t[j] - set->series[i].t[j - 1];
            if (step > most) continue;
            n++;
            if (step > *greatest) *greatest = step;
        }
    return n;
}

double ds_spacing(const ds_series_set *set)
{
    double greatest, low = 0, high;
    long   n = steps_up_to(set, INFINITY, &high);
    if (n == 0) return NAN;
    for (int i = 0; i < 200 && low < high; i++) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high) break;
        if (steps_up_to(set, middle, &greatest) >= (n + 1) / 2)
            high = greatest;
        else
            low = middle;
    }
    return high;
}
