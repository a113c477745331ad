/* What a judgement of forecasts is, against the same forecasts made one by one and their errors added by hand. */
#include <criterion/criterion.h>
#include <math.h>

#include "task.h"

enum { ROWS = 80, TRAIN = 60, COLS = 2, HORIZON = 5, ORIGINS = 4, STEP = 5, GAP = 66 };

/* Neither a wave nor a line, so that every origin has errors of its own; one value of the held-out part is missing. */
static void write_rows(const char *path)
{
    FILE *f = fopen(path, "w");
    fprintf(f, "t,a,b\n");
    for (int i = 0; i < ROWS; i++) {
        fprintf(f, "%d,%.17g,", i, sin(0.3 * i) + 0.001 * i * i);
        if (i != GAP) fprintf(f, "%.17g", 40 * cos(0.2 * i) + 1e-4 * pow(i, 3));
        fputc('\n', f);
    }
    fclose(f);
}

typedef struct sums {
    double square[HORIZON], count[HORIZON];
} sums;

static void add(sums *s, const mdl_data *d, long r, const double *y)
{
    for (int i = 0; i < HORIZON; i++)
        for (int c = 0; c < COLS; c++) {
            double want = d->track[0].y[(r + 1 + i) * COLS + c];
            if (isnan(want)) continue;
            s->square[i] += pow((y[i * COLS + c] - want) / d->scale[c], 2);
            s->count[i] += 1;
        }
}

/* The same sums in another order: some 1e-14. */
static void same(const mdl_score *s, int method, const sums *by_hand)
{
    double square = 0, count = 0;
    for (int i = 0; i < HORIZON; i++) {
        double want = sqrt(by_hand->square[i] / by_hand->count[i]);
        cr_expect_float_eq(s->curve[method][i], want, 1e-12 * want, "method %d, %d ahead: %g, %g",
                           method, i + 1, s->curve[method][i], want);
        square += by_hand->square[i], count += by_hand->count[i];
    }
    double want = sqrt(square / count);
    cr_expect_float_eq(s->error[method], want, 1e-12 * want, "method %d: %g, %g", method,
                       s->error[method], want);
}

Test(evaluate, errors_by_hand)
{
    char                path[256], data[300];
    mdl_task           *t;
    mdl_forecaster     *f;
    mdl_autoregression *a;
    mdl_score          *s;
    write_rows(scratch(path, sizeof path, "judged.csv"));
    snprintf(data, sizeof data, "data=%s", path);
    cr_assert_eq(TASK(&t, data, "holdout=0.25", "augment=0"), AD_OK, "%s", ad_message());
    const mdl_data  *d = t->data;
    const mdl_track *k = &d->track[0];
    cr_assert(k->len == ROWS && k->train == TRAIN);
    cr_assert_eq(mdl_forecaster_new(&f, t->model, d, t->config), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_autoregression_fit(&a, d), AD_OK, "%s", ad_message());
    mdl_judging how = { MDL_HELD_OUT, HORIZON, ORIGINS, 3 };
    cr_assert_eq(mdl_judge_forecasts(&s, f, a, d, &how), AD_OK, "%s", ad_message());
    cr_assert(s->origins == ORIGINS && s->horizon == HORIZON && s->failed == 0);

    /* 16 origins fit into the held-out part: of these the first, the last and evenly between, rows 59, 64, 69, 74 */
    sums   sum[MDL_METHODS] = { 0 };
    double y0[COLS], y[HORIZON * COLS];
    for (long r = TRAIN - 1; r < TRAIN - 1 + ORIGINS * STEP; r += STEP) {
        cr_assert_eq(mdl_forecast_start(f, k, r, 3, y0), AD_OK);
        cr_assert_eq(mdl_forecast(f, k->t[r], y0, HORIZON, k->t + r + 1, y, NULL), AD_OK);
        add(&sum[MDL_MODEL], d, r, y);
        for (int i = 0; i < HORIZON; i++) /* no value is missing at these rows */
            for (int c = 0; c < COLS; c++) y[i * COLS + c] = k->y[r * COLS + c];
        add(&sum[MDL_PERSISTENCE], d, r, y);
        cr_assert_eq(mdl_autoregression_forecast(a, d, k, r, HORIZON, k->t + r + 1, y), AD_OK);
        add(&sum[MDL_AUTOREGRESSION], d, r, y);
    }
    for (int m = 0; m < MDL_METHODS; m++) same(s, m, &sum[m]);
    mdl_score_free(s);
    mdl_autoregression_free(a);
    mdl_forecaster_free(f);
    mdl_task_free(t);
    remove(path);
}
