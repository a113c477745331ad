/* fit_check.c - validation: forecasts of the longest window from evenly spread rows of the validation part. */
#include <math.h>
#include <string.h>

#include "fit_internal.h"

void mdl_fit_choose_trials(mdl_fit *f)
{
    const mdl_data *d     = f->d;
    long            total = 0, want = f->batch->capacity;
    f->trials = 0;
    if (!d->validates || f->fitted) return;
    f->trial_rows = f->window;
    for (int i = 0; i < d->count; i++) {
        long rows = d->track[i].train - d->track[i].fit;
        if (rows > 1 && rows + 1 < f->trial_rows) f->trial_rows = rows + 1;
    }
    for (int i = 0; i < d->count; i++)
        if (d->track[i].train - d->track[i].fit > 1)
            total += d->track[i].train - d->track[i].fit + 2 - f->trial_rows;
    if (want > total) want = total;
    for (long i = 0; i < want; i++) {
        long k = i * total / want;
        for (int s = 0; s < d->count; s++) {
            long n = d->track[s].train - d->track[s].fit + 2 - f->trial_rows;
            if (d->track[s].train - d->track[s].fit <= 1) continue;
            if (k < n) {
                f->trial[f->trials++] = (mdl_window){ s, d->track[s].fit - 1 + k };
                break;
            }
            k -= n;
        }
    }
}

ad_status mdl_fit_validate(mdl_fit *f, double *loss)
{
    const mdl_model *m = f->m;
    memcpy(f->batch->at, f->trial, (size_t)f->trials * sizeof *f->trial);
    for (long i = 0; i < f->trials; i++) {
        const mdl_track *k  = &f->d->track[f->trial[i].series];
        long             at = f->trial[i].row * m->cols;
        mdl_model_start(m, k->smooth + at, k->slope + at, f->batch->start + i * m->dim);
    }
    mdl_batch_gather(f->batch, f->trials, f->trial_rows, f->all, 0);
    nde_solve_args a = mdl_batch_args(f->batch, f->average);
    ad_status      s = reg_evaluate(f->solver, &a);
    *loss            = s ? INFINITY : mdl_batch_loss(f->batch, f->loss, 0);
    return s == AD_NO_MEMORY ? s : AD_OK;
}

void mdl_fit_use_all(mdl_fit *f)
{
    memcpy(f->last, f->all, (size_t)f->d->count * sizeof *f->last);
    f->trials = 0;
}
