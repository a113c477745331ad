/* score_levels.c - noise for the rows of a batch: levels, what the network is to predict there, and how much that counts. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <costate/autodiff/random.h>
#include <costate/autodiff/text.h>
#include <costate/models/model.h>
#include <costate/models/score_residual.h>

#include "score_internal.h"

static const uint64_t stream_of_noise = 0x6e6f697365u, stream_of_levels = 0x6c6576656c73u,
                      stream_of_classes = 0x636c617373u;
static const double two_pi = 6.283185307179586477, most_lambda = 12;

static ad_status choose(const char *what, const char *text, int n, const char *const name[],
                        int *out)
{
    for (*out = 0; *out < n; ++*out)
        if (!strcmp(text, name[*out])) return AD_OK;
    const char *near     = ad_nearest(text, n, name);
    char        all[128] = "";
    for (int i = 0; i < n; i++)
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", name[i]);
    return ad_fail(AD_INVALID, "no %s is called '%.40s'; %s%s%sthere are %s", what, text,
                   near ? "did you mean '" : "", near ? near : "", near ? "'? " : "", all);
}

ad_status mdl_scorer_choices(const mdl_scorer_options *o, int *level, int *weight)
{
    static const char *const levels[]    = { "t", "lambda", "normal" };
    static const char *const weighting[] = {
        "own", "epsilon", "x0", "v", "flow", "edm", "min-snr"
    };
    AD_TRY(choose("way to draw noise levels", o->levels, 3, levels, level));
    return choose("weighting of the loss", o->weighting, 7, weighting, weight);
}

/* --- levels -------------------------------------------------------------------------------------------------------- */

static double within(double x, double a, double b)
{
    return fmin(fmax(x, fmin(a, b)), fmax(a, b));
}

/* u in (0, 1) says where; v is a second one, for the angle of Box and Muller 1958. */
static dpm_point level(const mdl_scorer *s, double u, double v)
{
    const dpm_schedule *k     = s->o.schedule;
    double              begin = k->o.t_begin, end = k->o.t_end;
    if (s->levels == SCORE_IN_T) return dpm_schedule_at(k, end + u * (begin - end));
    double from = within(dpm_schedule_at(k, end).lambda, -most_lambda, most_lambda);
    double to   = within(dpm_schedule_at(k, begin).lambda, -most_lambda, most_lambda);
    if (s->levels == SCORE_IN_LAMBDA) return dpm_schedule_at_lambda(k, from + u * (to - from));
    double z = sqrt(-2 * log(u)) * cos(two_pi * v);
    return dpm_schedule_at_lambda(k,
                                  within(-(s->o.level_mean + s->o.level_deviation * z), from, to));
}

/* Of row i of n: a draw of its own, or the i-th part of (0, 1) from a common start (Kingma et al. 2021, section I.1). */
static double place(const mdl_scorer *s, long i, long n, uint64_t draw)
{
    double u;
    ad_random_uniform(AD_F64, draw, stream_of_levels, s->o.scattered ? (uint64_t)(2 * i) : 0, 1,
                      &u);
    return s->o.scattered ? u : ((double)i + u) / (double)n;
}

/* --- targets --------------------------------------------------------------------------------------------------------- */

/* want = a x0 + b e, the network's input is cin x, and k of (2). */
typedef struct target {
    double a, b, cin, k;
} target;

static target target_of(const mdl_scorer *s, const dpm_point *p)
{
    double alpha = p->alpha, sigma = p->sigma, rho = p->rho, d = s->net.sigma_data;
    double root = sqrt(rho * rho + d * d);
    switch (s->net.prediction) {
    case DPM_X0: return (target){ 1, 0, 1, rho };
    case DPM_V: return (target){ -sigma, alpha, 1, (alpha * alpha + sigma * sigma) / alpha };
    case DPM_SCORE: return (target){ 0, -1 / sigma, 1, 1 / sigma };
    case DPM_FLOW: return (target){ -1, 1, 1, 1 + rho };
    case DPM_EDM: /* (x0 - c_skip (x0 + rho e)) / c_out = (rho x0 / d - d e) / root */
        return (target){ rho / (d * root), -d / root, 1 / (alpha * root), root / d };
    default: return (target){ 0, 1, 1, 1 };
    }
}

static double weight(const mdl_scorer *s, const dpm_point *p, double k)
{
    double rho = p->rho, one = (p->alpha * p->alpha + p->sigma * p->sigma) / p->alpha, w = 1,
           d = s->net.sigma_data;
    switch (s->weighting) {
    case SCORE_OWN: return s->net.prediction == DPM_SCORE ? 1 / (k * k) : 1;
    case SCORE_EPSILON: break;
    case SCORE_X0: w = rho * rho; break;
    case SCORE_V: w = one * one; break;
    case SCORE_FLOW: w = (1 + rho) * (1 + rho); break;
    case SCORE_EDM: w = 1 + rho * rho / (d * d); break;
    case SCORE_MIN_SNR: w = fmin(1, 5 * rho * rho); break;
    }
    return w / (k * k);
}

static void put_place(mdl_scorer *s, long i, const dpm_point *p)
{
    double **in = (double **)s->rows.in, drift = 0, speed = 0;
    in[SCORE_T][i]      = p->t;
    in[SCORE_ALPHA][i]  = p->alpha;
    in[SCORE_SIGMA][i]  = p->sigma;
    in[SCORE_LAMBDA][i] = p->lambda;
    in[SCORE_RHO][i]    = p->rho;
    if (s->o.fokker_planck > 0) mdl_score_slopes(s->o.schedule, p->lambda, &drift, &speed);
    in[SCORE_DRIFT][i] = drift;
    in[SCORE_SPEED][i] = speed;
}

static void put_row(mdl_scorer *s, long i, const dpm_point *p, const double *x0, const double *e)
{
    target  t    = target_of(s, p);
    long    d    = s->o.dim;
    ad_type type = s->o.type;
    for (long j = 0; j < d; j++) {
        double x = p->alpha * x0[j] + p->sigma * e[j];
        mdl_put(type, s->rows.in[SCORE_X], i * d + j, t.cin * x);
        mdl_put(type, s->rows.in[SCORE_WANT], i * d + j, t.a * x0[j] + t.b * e[j]);
        mdl_put(type, s->rows.in[SCORE_STATE], i * d + j, x);
    }
    mdl_put(type, s->rows.in[SCORE_WEIGHT], i, weight(s, p, t.k));
    put_place(s, i, p);
}

static double class_of(const mdl_scorer *s, long i, const int *label, uint64_t draw, int keep)
{
    double u;
    if (!label || label[i] < 0) return (double)s->o.classes;
    ad_random_uniform(AD_F64, draw, stream_of_classes, (uint64_t)i, 1, &u);
    return !keep && u < s->o.dropout ? (double)s->o.classes : label[i];
}

void mdl_scorer_draw(mdl_scorer *s, long n, const double *x, const int *label, uint64_t draw,
                     int keep)
{
    long d = s->o.dim;
    ad_random_normal(AD_F64, draw, stream_of_noise, 0, n * d, s->noise);
    for (long i = 0; i < n; i++) {
        double v;
        ad_random_uniform(AD_F64, draw, stream_of_levels, (uint64_t)(2 * i + 1), 1, &v);
        dpm_point p = level(s, place(s, i, n, draw), v);
        put_row(s, i, &p, x + i * d, s->noise + i * d);
        mdl_put(s->o.type, s->rows.in[SCORE_LABEL], i, class_of(s, i, label, draw, keep));
    }
}
