/* fit_checkpoint.c - all that going on bit for bit needs. */
#include <string.h>

#include <costate/autodiff/checkpoint.h>

#include "fit_internal.h"

enum { EXTRA = 3, COUNTERS = 4 };

typedef struct parts {
    ad_tensor     extra[EXTRA];
    ad_counter    counter[COUNTERS];
    ad_checkpoint c;
} parts;

/* The file's plain parameters are those kept; the ones that training goes on from are an extra array. */
static void describe(mdl_fit *f, parts *p)
{
    ad_tensor_type type = f->m->ode.type == AD_F32 ? AD_TENSOR_F32 : AD_TENSOR_F64;
    *p                  = (parts){
                         .extra   = { { "current", type, 1, { f->m->count }, f->m->theta },
                                      { "step", AD_TENSOR_F64, 1, { f->m->count }, f->m->step },
                                      { "progress", AD_TENSOR_F64, 1, { MDL_NUMBERS }, f->number } },
                         .counter = { { "iteration", &f->iteration },
                                      { "failures", &f->failures },
                                      { "failures-in-a-row", &f->in_a_row },
                                      { "since-best", &f->since_best } },
                         .c = { f->m->params, f->kept, f->optim, f->ema, &f->schedule, &f->seed, COUNTERS, NULL,
                                EXTRA, NULL, NULL },
    };
    p->c.counters = p->counter;
    p->c.extra    = p->extra;
}

ad_status mdl_fit_save(mdl_fit *f, const char *path, const char *config)
{
    parts p;
    describe(f, &p);
    p.c.config = config;
    return ad_checkpoint_save(path, &p.c);
}

ad_status mdl_fit_load(mdl_fit *f, const char *path)
{
    parts p;
    describe(f, &p);
    AD_TRY(ad_checkpoint_load(path, &p.c));
    /* Another number of iterations is another plan: what was done is that much of it. */
    if (f->c->iterations > 0 && f->number[FIT_PLANNED] != (double)f->c->iterations) {
        double p = f->number[FIT_FRACTION] * f->number[FIT_PLANNED] / (double)f->c->iterations;
        f->number[FIT_FRACTION] = p < 1 ? p : 1;
        f->number[FIT_PLANNED]  = (double)f->c->iterations;
    }
    if (f->number[FIT_WHOLE] != 0) mdl_fit_use_all(f);
    f->from        = f->iteration;
    f->p.iteration = (long)f->iteration;
    f->p.seconds   = f->number[FIT_SECONDS];
    return AD_OK;
}
