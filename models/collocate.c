#include <math.h>
#include <string.h>

#include <costate/autodiff/optim.h>
#include <costate/autodiff/schedule.h>

#include "linear.h"
#include "points.h"

void mdl_to_steps(const mdl_model *m, void *theta, void *theta_bar)
{
    ad_type type = m->ode.type;
    for (long i = 0; i < m->count; i++) {
        double s = m->step[i];
        if (s != 0 && s != 1) mdl_put(type, theta, i, mdl_get(type, theta, i) / s);
        if (s != 1) mdl_put(type, theta_bar, i, mdl_get(type, theta_bar, i) * s);
    }
}

void mdl_from_steps(const mdl_model *m, void *theta)
{
    ad_type type = m->ode.type;
    for (long i = 0; i < m->count; i++) {
        double s = m->step[i], x = mdl_get(type, theta, i);
        if (s != 0 && s != 1) x *= s;
        if (x < m->lo[i]) x = m->lo[i];
        if (x > m->hi[i]) x = m->hi[i];
        mdl_put(type, theta, i, x);
    }
}

void mdl_collocation_point(const mdl_model *m, const mdl_data *d, const mdl_track *k, long r,
                           double *state, double *slope)
{
    const double *s = k->smooth + r * d->cols, *ds = k->slope + r * d->cols;
    mdl_model_start(m, s, ds, state);
    for (int c = 0; c < m->dim; c++) slope[c] = NAN;
    for (int j = 0; j < m->cols; j++) {
        slope[m->shown[j]] = ds[j];
        if (!m->system && m->cols + j < m->dim) slope[m->cols + j] = k->curve[r * d->cols + j];
    }
}

static ad_status descend(mdl_points *p, const mdl_data *d, ad_optim *optim, long iterations,
                         double *loss)
{
    ad_schedule schedule;
    AD_TRY(ad_schedule_parse(&schedule, "cosine:0.01", iterations));
    for (long i = 0; i < iterations; i++) {
        long n = mdl_points_draw(p, d, i);
        AD_TRY(mdl_points_gradient(p, d, n, loss));
        mdl_to_steps(p->m, p->m->theta, p->theta_bar);
        ad_status s = ad_optim_step(optim, ad_schedule_factor(&schedule, i), p->m->theta,
                                    p->theta_bar);
        mdl_from_steps(p->m, p->m->theta);
        if (s == AD_NONFINITE_STATE)
            return AD_OK; /* theta is what it was: the solves go on from there */
        AD_TRY(s);
    }
    return AD_OK;
}

/* (1) at the points of the validation part. */
static ad_status validate(mdl_points *p, const mdl_data *d, double *loss)
{
    p->validating = 1;
    long n        = mdl_points_draw(p, d, 0);
    return n ? mdl_points_gradient(p, d, n, loss) : AD_OK;
}

/* --- constants alone: Gauss and Newton with Levenberg's damping, whatever their size --- */

typedef struct newton {
    int     n;  /* unknown constants */
    long   *at; /* in theta          */
    double *jtj, *jtr, *a, *b, *base, *kept;
} newton;

/* Half the sum of squares of (1) at theta. */
static double cost(mdl_points *p, const mdl_data *d, long n)
{
    double sum = 0;
    if (mdl_points_field(p, d, n)) return INFINITY;
    for (long i = 0; i < n * p->m->dim; i++) {
        if (p->weight[i] == 0) continue;
        double e = p->value[i] - p->slope[i];
        sum += e * e / 2;
    }
    return isnan(sum) ? INFINITY : sum;
}

/* J by differences of the field, a column a constant. */
static ad_status normal_equations(mdl_points *p, const mdl_data *d, long n, newton *w,
                                  double *jacobian)
{
    mdl_model *m    = p->m;
    ad_type    type = m->ode.type;
    long       all  = n * m->dim;
    AD_TRY(mdl_points_field(p, d, n));
    memcpy(w->base, p->value, (size_t)all * sizeof(double));
    for (int k = 0; k < w->n; k++) {
        double x = mdl_get(type, m->theta, w->at[k]),
               h = (type == AD_F32 ? 1e-3 : 1e-6) * (fabs(x) + m->step[w->at[k]]);
        mdl_put(type, m->theta, w->at[k], x + h);
        h           = mdl_get(type, m->theta, w->at[k]) - x;
        ad_status s = mdl_points_field(p, d, n);
        mdl_put(type, m->theta, w->at[k], x);
        AD_TRY(s);
        for (long i = 0; i < all; i++)
            jacobian[k * all + i] = p->weight[i] == 0 ? 0 : (p->value[i] - w->base[i]) / h;
    }
    for (int k = 0; k < w->n; k++) {
        w->jtr[k] = 0;
        for (long i = 0; i < all; i++)
            if (p->weight[i] != 0) w->jtr[k] -= jacobian[k * all + i] * (w->base[i] - p->slope[i]);
        for (int l = 0; l <= k; l++) {
            double sum = 0;
            for (long i = 0; i < all; i++) sum += jacobian[k * all + i] * jacobian[l * all + i];
            w->jtj[k * w->n + l] = sum;
        }
    }
    return AD_OK;
}

static void move(mdl_model *m, const newton *w, const double *by)
{
    for (int k = 0; k < w->n; k++) {
        double x = w->kept[k] + (by ? by[k] : 0);
        mdl_put(m->ode.type, m->theta, w->at[k], fmin(fmax(x, m->lo[w->at[k]]), m->hi[w->at[k]]));
    }
}

static ad_status iterate(mdl_points *p, const mdl_data *d, long n, newton *w, double *jacobian)
{
    double now = cost(p, d, n), damping = 1e-4;
    for (int i = 0; i < 30 && isfinite(now); i++) {
        double next = INFINITY;
        AD_TRY(normal_equations(p, d, n, w, jacobian));
        for (int k = 0; k < w->n; k++) w->kept[k] = mdl_get(p->m->ode.type, p->m->theta, w->at[k]);
        for (; damping < 1e8; damping *= 10) {
            memcpy(w->a, w->jtj, (size_t)(w->n * w->n) * sizeof(double));
            memcpy(w->b, w->jtr, (size_t)w->n * sizeof(double));
            if (!mdl_solve_spd(w->n, w->a, damping, 1, w->b)) continue;
            move(p->m, w, w->b);
            next = cost(p, d, n);
            if (next < now) break;
            move(p->m, w, NULL);
        }
        if (!(next < (1 - 1e-9) * now)) break;
        now = next;
        damping *= 0.1;
    }
    return AD_OK;
}

static ad_status solve_constants(mdl_points *p, const mdl_data *d)
{
    mdl_model *m    = p->m;
    int        most = nde_system_about(m->system)->parameters;
    long       n = mdl_points_draw(p, d, 0), all = n * m->dim;
    size_t     q     = (size_t)most;
    double    *block = ad_alloc((2 * q * q + 3 * q + (q + 1) * (size_t)all) * sizeof *block);
    newton     w     = { .at = ad_alloc((q + 1) * sizeof *w.at) };
    ad_status  s     = block && w.at ? AD_OK : AD_NO_MEMORY;
    for (int i = 0; !s && i < most; i++)
        if (nde_system_about(m->system)->parameter[i].fit)
            w.at[w.n++] = ad_params_view(m->params, i)->offset;
    if (!s) {
        w.jtj  = block;
        w.a    = w.jtj + q * q;
        w.jtr  = w.a + q * q;
        w.b    = w.jtr + q;
        w.kept = w.b + q;
        w.base = w.kept + q;
        if (w.n) s = iterate(p, d, n, &w, w.base + all);
    }
    ad_free(block);
    ad_free(w.at);
    return s;
}

ad_status mdl_collocate(mdl_model *m, const mdl_data *d, long iterations, double *loss)
{
    ad_optim  *optim = NULL;
    mdl_points p;
    *loss = NAN;
    if (iterations <= 0 || (m->system && m->hidden)) return AD_OK;
    if (!m->system && m->config->linear) AD_TRY(mdl_fit_linear_map(m, d));
    ad_status s      = mdl_points_new(&p, m);
    int       newton = m->system && nde_system_about(m->system)->networks == 0;
    if (!s && newton) s = solve_constants(&p, d);
    if (!s && !newton)
        s = ad_optim_new(&optim, ad_optimizer_find("adam"), m->params,
                         &(ad_optim_options){ .rate = 0.01, .clip = 10 });
    if (!s && !newton) s = descend(&p, d, optim, iterations, loss);
    if (!s && d->validates) s = validate(&p, d, loss);
    ad_optim_free(optim);
    mdl_points_clear(&p);
    if (!s) mdl_model_rescale(m);
    return s;
}
