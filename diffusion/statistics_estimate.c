/* Model statistics by Monte Carlo (statistics.h, eqs. 1 and 2). */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>

#include "evaluate.h"
#include "statistics.h"

enum { NODES = 121 };
static const double DELTA =
    1e-3; /* of the central difference in lambda: its error is of order 1e-6 */

enum { X, F, F1, EPS, EPS_BACK, EPS_FORTH, ARRAYS }; /* [n, dim] each */

typedef struct estimate {
    const dpm_model              *m;
    const dpm_schedule           *schedule;
    const dpm_statistics_options *o;
    long                          n, all; /* n dim */
    const double                 *x0;
    dpm_statistics               *st;
    dpm_evaluator                *e;
    double                       *array[ARRAYS];
    void                         *v, *m_out, *sign, *v_bar, *residual; /* of the model's type */
} estimate;

static ad_status place_at(const estimate *u, const dpm_point *at, dpm_place *p)
{
    *p = (dpm_place){ .at = *at, .want = DPM_EPSILON };
    return dpm_affine_make(u->m->prediction, DPM_EPSILON, at, u->m->sigma_data, &p->a);
}

/* x at a node. The noise is the same at all of them: what the means err is then smooth in lambda, as f has to be. */
static void draw(estimate *u, const dpm_point *at)
{
    double *x = u->array[X];
    ad_random_normal(AD_F64, u->o->seed, 0, 0, u->all, x);
    for (long i = 0; i < u->all; i++) x[i] = at->alpha * u->x0[i] + at->sigma * x[i];
    for (long i = 0; i < u->all; i++) ad_put(u->m->type, u->v, i, x[i]);
}

/* l of node k: the mean of sigma z J'z. */
static ad_status linear_part(estimate *u, long k)
{
    dpm_point at = dpm_schedule_at_lambda(u->schedule, u->st->lambda[k]);
    dpm_place p;
    double   *l = u->st->l + k * u->st->dim;
    AD_TRY(place_at(u, &at, &p));
    draw(u, &at);
    ad_random_rademacher(u->m->type, u->o->seed, 1, 0, u->all, u->sign);
    AD_TRY(dpm_evaluate(u->e, &p, u->v, u->m_out, u->residual));
    AD_TRY(dpm_evaluator_begin(u->e, DPM_WANT_V, NULL));
    AD_TRY(dpm_evaluate_back(u->e, &p, u->v, u->residual, u->sign, u->v_bar, NULL));
    AD_TRY(dpm_evaluator_end(u->e, NULL, NULL));
    for (long i = 0; i < u->all; i++)
        l[i % u->st->dim] += at.sigma * ad_get(u->m->type, u->sign, i) *
                             ad_get(u->m->type, u->v_bar, i) / (double)u->n;
    return AD_OK;
}

/* eps h further in lambda, of y moved along the ODE, y' = -rho eps, from the node's point by Euler: even errors cancel in the
   difference. *reached: where the schedule has that point. */
static ad_status moved(estimate *u, const dpm_point *from, double h, double *eps, double *reached)
{
    dpm_point at = h == 0 ? *from : dpm_schedule_at_lambda(u->schedule, from->lambda + h);
    dpm_place p;
    h = *reached = at.lambda - from->lambda;
    AD_TRY(place_at(u, &at, &p));
    for (long i = 0; i < u->all; i++) {
        double y = u->array[X][i] / from->alpha;
        if (h != 0) y -= h * from->rho * u->array[EPS][i];
        ad_put(u->m->type, u->v, i, at.alpha * y);
    }
    AD_TRY(dpm_evaluate(u->e, &p, u->v, u->m_out, NULL));
    for (long i = 0; i < u->all; i++) eps[i] = ad_get(u->m->type, u->m_out, i);
    return AD_OK;
}

/* dl/dlambda of component d at node k: of the parabola through the three nodes at or beside it. */
static double slope(const dpm_statistics *s, long k, long d)
{
    long   last = s->nodes - 1, m = k == 0 ? 1 : k == last ? last - 1 : k, dim = s->dim;
    double h = s->lambda[1] - s->lambda[0];
    if (last < 2) return (s->l[dim + d] - s->l[d]) / h;
    const double *l = s->l + m * dim + d;
    return (l[dim] - l[-dim]) / (2 * h) + (double)(k - m) * (l[dim] - 2 * *l + l[-dim]) / h;
}

/* (2) for component d of node k, from f and f'. A variance that is nothing but rounding (a Gaussian's: eps is linear) gives s = 0. */
static void regress(estimate *u, long k, long d)
{
    double f = 0, f1 = 0, ff = 0, ff1 = 0, size = 0, n = (double)u->n;
    long   dim = u->st->dim;
    for (long i = d; i < u->all; i += dim) {
        f += u->array[F][i] / n;
        f1 += u->array[F1][i] / n;
    }
    for (long i = d; i < u->all; i += dim) {
        double e = u->array[F][i] - f, rho = exp(-u->st->lambda[k]);
        ff += e * e / n;
        ff1 += e * (u->array[F1][i] - f1) / n;
        size += pow(rho * u->array[EPS][i], 2) / n;
    }
    double s              = ff > (u->m->type == AD_F32 ? 1e-11 : 1e-20) * size ? ff1 / ff : 0;
    u->st->s[k * dim + d] = s;
    u->st->b[k * dim + d] = f1 - s * f;
}

static ad_status drift(estimate *u, long k)
{
    dpm_statistics *st = u->st;
    dpm_point       at = dpm_schedule_at_lambda(u->schedule, st->lambda[k]);
    double          here, back, forth;
    draw(u, &at);
    AD_TRY(moved(u, &at, 0, u->array[EPS], &here));
    AD_TRY(moved(u, &at, -DELTA, u->array[EPS_BACK], &back));
    AD_TRY(moved(u, &at, DELTA, u->array[EPS_FORTH], &forth));
    for (long i = 0; i < u->all; i++) {
        double l = st->l[k * st->dim + i % st->dim], y = u->array[X][i] / at.alpha;
        double eps      = u->array[EPS][i];
        double change   = (u->array[EPS_FORTH][i] - u->array[EPS_BACK][i]) / (forth - back);
        u->array[F][i]  = at.rho * eps - l * y;
        u->array[F1][i] = at.rho * (change + (l - 1) * eps) - slope(st, k, i % st->dim) * y;
    }
    for (long d = 0; d < st->dim; d++) regress(u, k, d);
    return AD_OK;
}

static ad_status room(estimate *u)
{
    size_t bytes   = (size_t)u->all * sizeof(double);
    void **block[] = { &u->v, &u->m_out, &u->sign, &u->v_bar };
    for (int i = 0; i < ARRAYS; i++)
        if (!(u->array[i] = ad_alloc(bytes))) return AD_NO_MEMORY;
    for (int i = 0; i < 4; i++)
        if (!(*block[i] = ad_alloc(bytes))) return AD_NO_MEMORY;
    u->residual = ad_alloc(dpm_evaluator_residual_bytes(u->e) + 1);
    return u->residual ? AD_OK : AD_NO_MEMORY;
}

static ad_status work(estimate *u, long nodes)
{
    const dpm_statistics_options *o  = u->o;
    double                        t0 = o->t_begin ? o->t_begin : u->schedule->o.t_begin;
    double                        t1 = o->t_end ? o->t_end : u->schedule->o.t_end;
    double a = dpm_schedule_at(u->schedule, t0).lambda, b = dpm_schedule_at(u->schedule, t1).lambda;
    if (!isfinite(a) || !isfinite(b) || !(a < b) || nodes < 2)
        return ad_fail(AD_INVALID,
                       "statistics at %ld values of lambda from %g to %g (t = %g to %g): both must "
                       "be finite, and 2 values or more",
                       nodes, a, b, t0, t1);
    AD_TRY(dpm_statistics_new(&u->st, nodes, u->m->dim));
    for (long k = 0; k < nodes; k++)
        u->st->lambda[k] = a + (b - a) * (double)k / (double)(nodes - 1);
    AD_TRY(dpm_evaluator_new(&u->e, u->m, u->n));
    AD_TRY(dpm_evaluator_load(u->e, u->n, o->args, o->theta, o->guidance ? o->guidance : 1, 1));
    AD_TRY(room(u));
    for (long k = 0; k < nodes; k++) AD_TRY(linear_part(u, k));
    for (long k = 0; k < nodes; k++) AD_TRY(drift(u, k));
    return AD_OK;
}

ad_status dpm_statistics_estimate(dpm_statistics **s, const dpm_model *m,
                                  const dpm_schedule *schedule, long n, const double *x0,
                                  const dpm_statistics_options *o)
{
    dpm_model model = *m;
    if (!model.prediction) model.prediction = DPM_EPSILON;
    if (model.sigma_data == 0) model.sigma_data = 0.5;
    if (!model.type) model.type = AD_F64;
    estimate  u    = { &model, schedule, o,    n,    n * m->dim, x0,   NULL,
                       NULL,   { NULL }, NULL, NULL, NULL,       NULL, NULL };
    ad_status code = n < 1 ? ad_fail(AD_INVALID, "statistics of %ld samples", n)
                           : work(&u, o->nodes ? o->nodes : NODES);
    for (int i = 0; i < ARRAYS; i++) ad_free(u.array[i]);
    ad_free(u.v);
    ad_free(u.m_out);
    ad_free(u.sign);
    ad_free(u.v_bar);
    ad_free(u.residual);
    dpm_evaluator_free(u.e);
    if (code) {
        dpm_statistics_free(u.st);
        u.st = NULL;
    }
    *s = u.st;
    return code;
}

ad_status dpm_statistics_mixture(dpm_statistics **s, const dpm_mixture *m,
                                 const dpm_schedule *schedule, long n,
                                 const dpm_statistics_options *o)
{
    static const dpm_statistics_options standard;
    dpm_model                           model = dpm_mixture_model(m, AD_F64);
    double *x0 = ad_alloc((size_t)(n > 0 ? n * m->dim : 1) * sizeof *x0);
    *s         = NULL;
    if (!x0) return AD_NO_MEMORY;
    if (n > 0) dpm_mixture_draw(m, (o ? o->seed : 0) + 1, 0, n, x0);
    ad_status code = dpm_statistics_estimate(s, &model, schedule, n, x0, o ? o : &standard);
    ad_free(x0);
    return code;
}
