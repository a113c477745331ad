/* Losses of samples. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "tune.h"

/* mean [dim] and second moments [dim, dim] of n samples */
static void moments(long n, long dim, const double *x, double *mean, double *moment)
{
    memset(mean, 0, (size_t)dim * sizeof *mean);
    memset(moment, 0, (size_t)(dim * dim) * sizeof *moment);
    for (long i = 0; i < n; i++)
        for (long a = 0; a < dim; a++) {
            double v = x[i * dim + a] / (double)n;
            mean[a] += v;
            for (long b = 0; b < dim; b++) moment[a * dim + b] += v * x[i * dim + b];
        }
}

ad_status mdl_target_new(mdl_target *t, long m, long dim, const double *x)
{
    *t        = (mdl_target){ .dim = dim, .m = m, .x = x };
    t->mean   = ad_alloc((size_t)dim * sizeof(double));
    t->moment = ad_alloc((size_t)(dim * dim) * sizeof(double));
    if (!t->mean || !t->moment) {
        mdl_target_free(t);
        return AD_NO_MEMORY;
    }
    moments(m, dim, x, t->mean, t->moment);
    return AD_OK;
}

void mdl_target_free(mdl_target *t)
{
    ad_free(t->mean);
    ad_free(t->moment);
    t->mean = t->moment = NULL;
}

ad_status mdl_loss_match(long n, const double *x, double *loss, double *x_bar, void *ctx)
{
    const mdl_target *t = ctx;
    if (t->m != 1 && t->m != n)
        return ad_fail(AD_INVALID,
                       "%ld samples cannot be matched with %ld targets: give one, or as many", n,
                       t->m);
    double sum = 0, scale = 1 / (double)(n * t->dim);
    for (long i = 0; i < n * t->dim; i++) {
        double d = x[i] - t->x[t->m == 1 ? i % t->dim : i];
        sum += d * d;
        x_bar[i] = 2 * scale * d;
    }
    *loss = scale * sum;
    return AD_OK;
}

ad_status mdl_loss_mean(long n, const double *x, double *loss, double *x_bar, void *ctx)
{
    const mdl_target *t = ctx;
    *loss               = 0;
    for (long a = 0; a < t->dim; a++) {
        double mean = 0;
        for (long i = 0; i < n; i++) mean += x[i * t->dim + a] / (double)n;
        double d = mean - t->mean[a];
        *loss += d * d / (double)t->dim;
        for (long i = 0; i < n; i++) x_bar[i * t->dim + a] = 2 * d / (double)(t->dim * n);
    }
    return AD_OK;
}

/* dL/dx = 4 x (M - M*) / (n |M*|^2) */
ad_status mdl_loss_style(long n, const double *x, double *loss, double *x_bar, void *ctx)
{
    const mdl_target *t   = ctx;
    long              dim = t->dim;
    double *room = ad_alloc((size_t)(dim * dim + dim) * sizeof(double)), size = 0, sum = 0;
    if (!room) return AD_NO_MEMORY;
    double *m = room, *mean = room + dim * dim;
    moments(n, dim, x, mean, m);
    for (long a = 0; a < dim * dim; a++) {
        m[a] -= t->moment[a];
        sum += m[a] * m[a];
        size += t->moment[a] * t->moment[a];
    }
    for (long i = 0; i < n; i++)
        for (long a = 0; a < dim; a++) {
            double d = 0;
            for (long b = 0; b < dim; b++) d += m[a * dim + b] * x[i * dim + b];
            x_bar[i * dim + a] = 4 * d / ((double)n * size);
        }
    *loss = sum / size;
    ad_free(room);
    return size > 0 ? AD_OK : ad_fail(AD_INVALID, "the target's second moments are all zero");
}

/* logits of samples, then their gradient in place, then that of x */
typedef void logit_loss(long classes, long label, double *logits, double *loss);

static void towards(long classes, long label, double *logits, double *loss)
{
    double most = logits[0], sum = 0;
    for (long k = 1; k < classes; k++) most = fmax(most, logits[k]);
    for (long k = 0; k < classes; k++) sum += exp(logits[k] - most);
    *loss += log(sum) + most - logits[label];
    for (long k = 0; k < classes; k++) logits[k] = exp(logits[k] - most) / sum - (k == label);
}

static void away(long classes, long label, double *logits, double *loss)
{
    long other = label ? 0 : 1;
    for (long k = 0; k < classes; k++)
        if (k != label && logits[k] > logits[other]) other = k;
    double d = logits[label] - logits[other], slope = 1 / (1 + exp(-d));
    *loss += d > 0 ? d + log1p(exp(-d)) : log1p(exp(d));
    memset(logits, 0, (size_t)classes * sizeof *logits);
    logits[label] = slope;
    logits[other] = -slope;
}

static ad_status by_logits(long n, const double *x, double *loss, double *x_bar, mdl_target *t,
                           logit_loss *f)
{
    if (!t->judge)
        return ad_fail(AD_INVALID, "a loss by logits needs a classifier (mdl_target.judge)");
    long classes = mdl_judge_classes(t->judge);
    if (t->label < 0 || t->label >= classes)
        return ad_fail(AD_INVALID, "class %ld: the classifier knows 0 to %ld", t->label,
                       classes - 1);
    double *logits = ad_alloc((size_t)(n * classes) * sizeof *logits);
    if (!logits) return AD_NO_MEMORY;
    ad_status s = mdl_judge_look(t->judge, n, x, logits, NULL);
    *loss       = 0;
    for (long i = 0; !s && i < n; i++) f(classes, t->label, logits + i * classes, loss);
    for (long i = 0; !s && i < n * classes; i++) logits[i] /= (double)n;
    *loss /= (double)n;
    if (!s) s = mdl_judge_pull(t->judge, n, x, logits, x_bar);
    ad_free(logits);
    return s;
}

ad_status mdl_loss_towards(long n, const double *x, double *loss, double *x_bar, void *ctx)
{
    return by_logits(n, x, loss, x_bar, ctx, towards);
}

ad_status mdl_loss_away(long n, const double *x, double *loss, double *x_bar, void *ctx)
{
    return by_logits(n, x, loss, x_bar, ctx, away);
}
