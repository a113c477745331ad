#include <math.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/plan.h>
#include <costate/autodiff/random.h>
#include <costate/models/model.h>
#include <costate/models/score_residual.h>
#include <costate/regularizers/fokker_planck.h>

#include "score_network.h"

enum { STATE, T, ALPHA, SIGMA, LAMBDA, RHO, DRIFT, SPEED, INPUTS, BATCH = 500 };

static const uint64_t stream_of_noise = 0x726573696475u;
static const double   most_lambda     = 12;

void mdl_score_slopes(const dpm_schedule *s, double lambda, double *drift, double *speed)
{
    static const double c[] = { 1.0 / 12, -2.0 / 3, 2.0 / 3, -1.0 / 12 }, at[] = { -2, -1, 1, 2 };
    const double        h = 1e-3;
    *drift = *speed = 0;
    for (int i = 0; i < 4; i++) {
        dpm_point p = dpm_schedule_at_lambda(s, lambda + h * at[i]);
        *drift += c[i] / h * log(p.alpha);
        *speed += c[i] / h * p.t;
    }
}

/* s = -eps / sigma, and its derivative by lambda at fixed x: with q = d log alpha / d lambda,
   alpha' = alpha q, sigma' = sigma (q - 1), rho' = -rho, lambda' = 1. */
static void score_and_slope(const dpm_model *m, const dpm_at *at, ad_var q, ad_var speed, ad_var *s,
                            ad_var *slope)
{
    ad_var x[]    = { at->t, at->alpha, at->sigma, at->lambda, at->rho };
    ad_var dx[]   = { speed, ad_mul(at->alpha, q), ad_mul(at->sigma, ad_shift(q, -1)),
                      ad_full(at->g, AD_F64, ad_rows(1), 1), ad_neg(at->rho) };
    *s            = mdl_times(mdl_epsilon(m, at), ad_neg(ad_reciprocal(at->sigma)));
    ad_status bad = s->id < 0 ? AD_OK : ad_jvp(5, x, dx, 1, s, slope);
    if (bad) ad_graph_fail(at->g, bad, "the slope of a score: %s", ad_message());
}

/* Per unit of lambda the forward SDE has f = q and g^2 = d sigma^2 - 2 f sigma^2 = -2 sigma^2. */
ad_var mdl_score_residual(const dpm_model *m, const dpm_at *at, ad_var drift, ad_var speed,
                          ad_var probe)
{
    ad_var s, slope = AD_NONE;
    score_and_slope(m, at, drift, speed, &s, &slope);
    if (slope.id < 0) return slope;
    reg_fokker_planck p = { .x     = at->x,
                            .s     = s,
                            .s_t   = slope,
                            .f     = ad_cast(drift, at->type),
                            .g2    = ad_cast(ad_scale(ad_square(at->sigma), -2), at->type),
                            .probe = probe };
    return mdl_times(reg_fokker_planck_residual(&p), at->sigma);
}

/* --- of data ------------------------------------------------------------------------------------------------------------ */

typedef struct work {
    const dpm_model    *m;
    const dpm_schedule *schedule;
    ad_graph           *g;
    ad_plan            *plan;
    ad_work            *run;
    void               *in[INPUTS], *out;
    double             *noise;
} work;

static ad_status compile(work *w)
{
    ad_var  in[INPUTS];
    ad_type type = w->m->type;
    AD_TRY(ad_graph_new(&w->g));
    for (int i = 0; i < INPUTS; i++)
        in[i] = ad_input(w->g, "in", i == STATE ? type : AD_F64,
                         ad_rows(i == STATE ? w->m->dim : 1));
    dpm_at at = { .g      = w->g,
                  .x      = in[STATE],
                  .t      = in[T],
                  .alpha  = in[ALPHA],
                  .sigma  = in[SIGMA],
                  .lambda = in[LAMBDA],
                  .rho    = in[RHO],
                  .theta  = w->m->theta,
                  .type   = type };
    ad_var r  = mdl_score_residual(w->m, &at, in[DRIFT], in[SPEED], AD_NONE);
    AD_TRY(ad_graph_status(w->g));
    AD_TRY(ad_plan_new(&w->plan, INPUTS, in, 1, &r,
                       &(ad_plan_options){ .name = "residual", .capacity = BATCH }));
    AD_TRY(ad_work_new(&w->run, w->plan));
    size_t rows = BATCH * (size_t)w->m->dim;
    for (int i = 0; i < INPUTS; i++)
        if (!(w->in[i] = ad_alloc((i == STATE ? rows : BATCH) * sizeof(double))))
            return AD_NO_MEMORY;
    w->out   = ad_alloc(rows * sizeof(double));
    w->noise = ad_alloc(rows * sizeof(double));
    return w->out && w->noise ? AD_OK : AD_NO_MEMORY;
}

static double within(double x)
{
    return fmin(fmax(x, -most_lambda), most_lambda);
}

static void put_row(const work *w, long i, double u, const double *x0)
{
    const dpm_schedule *s    = w->schedule;
    long                d    = w->m->dim;
    double              from = within(dpm_schedule_at(s, s->o.t_end).lambda),
           to                = within(dpm_schedule_at(s, s->o.t_begin).lambda), drift, speed;
    dpm_point p              = dpm_schedule_at_lambda(s, from + u * (to - from));
    mdl_score_slopes(s, p.lambda, &drift, &speed);
    const double value[] = { 0, p.t, p.alpha, p.sigma, p.lambda, p.rho, drift, speed };
    for (int k = T; k < INPUTS; k++) ((double *)w->in[k])[i] = value[k];
    for (long j = 0; j < d; j++)
        mdl_put(w->m->type, w->in[STATE], i * d + j,
                p.alpha * x0[j] + p.sigma * w->noise[i * d + j]);
}

static ad_status sum_of(const work *w, const void *theta, long n, const double *x0, uint64_t seed,
                        double *sum)
{
    long d = w->m->dim;
    for (long at = 0; at < n; at += BATCH) {
        long  m     = n - at < BATCH ? n - at : BATCH;
        void *out[] = { w->out };
        ad_random_normal(AD_F64, seed, stream_of_noise, (uint64_t)(at * d), m * d, w->noise);
        /* neighbours in x0 are at levels far apart: a golden-ratio sequence */
        for (long i = 0; i < m; i++)
            put_row(w, i, fmod(0.5 + 0.61803398874989485 * (double)(at + i), 1), x0 + (at + i) * d);
        AD_TRY(ad_execute(
            w->plan, w->run,
            &(ad_args){ .n = m, .in = (const void *const *)w->in, .out = out, .theta = theta }));
        for (long i = 0; i < m * d; i++) *sum += pow(mdl_get(w->m->type, w->out, i), 2);
    }
    return AD_OK;
}

ad_status mdl_score_residual_rms(const dpm_model *m, const dpm_schedule *s, const void *theta,
                                 long n, const double *x0, uint64_t seed, double *rms)
{
    if (m->nargs) return ad_fail(AD_INVALID, "the residual is of a model without arguments");
    work      w      = { .m = m, .schedule = s };
    double    sum    = 0;
    ad_status status = compile(&w);
    if (!status) status = sum_of(&w, theta, n, x0, seed, &sum);
    *rms = sqrt(sum / (double)(n * m->dim));
    for (int i = 0; i < INPUTS; i++) ad_free(w.in[i]);
    ad_free(w.out);
    ad_free(w.noise);
    ad_work_free(w.run);
    ad_plan_free(w.plan);
    ad_graph_free(w.g);
    return status;
}
