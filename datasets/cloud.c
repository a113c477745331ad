#include <math.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>
#include <costate/datasets/cloud.h>

enum { DRAWN = 2000, STREAM = 0x636c };

double ds_cloud_noise(const ds_cloud *c, const ds_samples_options *o)
{
    double noise = o ? o->noise : 0;
    return noise == DS_NO_NOISE ? 0 : noise > 0 ? noise : c->noise;
}

/* Of the seed's streams two a part, that no other draw with the seed (weights, orders) shares. */
static void draw_all(ds_samples *s, const ds_cloud *c, const ds_samples_options *o)
{
    double   noise  = ds_cloud_noise(c, o);
    uint64_t stream = STREAM + 2 * (uint64_t)o->part;
    for (long i = 0; i < s->n; i++) {
        ds_cloud_draw d;
        ad_random_uniform(AD_F64, o->seed, stream, 4 * (uint64_t)i, 4, d.u);
        ad_random_normal(AD_F64, o->seed, stream + 1, 2 * (uint64_t)i, 2, d.z);
        d.z[0] *= noise;
        d.z[1] *= noise;
        int label = c->point(&d, s->real + 2 * i);
        if (s->label) s->label[i] = label;
    }
}

ad_status ds_cloud_make(ds_samples **out, const ds_cloud *c, const ds_samples_options *o)
{
    ds_samples *s;
    *out = NULL;
    AD_TRY(ds_samples_new(&s, c->name, o->n ? o->n : DRAWN, 1, (const long[]){ 2 }));
    ad_status status = ds_samples_note(s, "drawn: %ld points, noise %g, seed %llu, %s part", s->n,
                                       ds_cloud_noise(c, o), (unsigned long long)o->seed,
                                       o->part == DS_TEST ? "test" : "training");
    s->classes       = c->classes;
    s->real          = ad_alloc((size_t)s->n * 2 * sizeof *s->real);
    if (c->classes) s->label = ad_alloc((size_t)s->n * sizeof *s->label);
    if (!s->real || (c->classes && !s->label)) status = AD_NO_MEMORY;
    if (status) {
        ds_samples_free(s);
        return status;
    }
    draw_all(s, c, o);
    *out = s;
    return AD_OK;
}

double ds_log_mean_exp(int n, const double a[])
{
    double most = -INFINITY, sum = 0;
    for (int k = 0; k < n; k++) most = fmax(most, a[k]);
    if (most == -INFINITY) return most + a[0]; /* all -inf, or all NaN, which fmax passes over */
    for (int k = 0; k < n; k++) sum += exp(a[k] - most);
    return most + log(sum / n);
}

/* log of e^-z I_0(z). The mean of e^(z (cos phi - 1)) over N angles misses it by some 2 e^(-N^2 / 2z) < 1e-20 relative;
   for large z, Hankel's expansion (Abramowitz and Stegun 9.7.1) with terms up to z^-7, the next being below 1e-15. */
static double log_bessel(double z)
{
    if (z >= 100) {
        double sum = 0, term = 1;
        for (int k = 1; k <= 7; k++) sum += term *= (2 * k - 1) * (2 * k - 1) / (8 * k * z);
        return log1p(sum) - 0.5 * log(2 * DS_PI * z);
    }
    int    half = 16 + (int)(5 * sqrt(z)); /* of the angles: the others mirror them */
    double sum  = 0.5 * (1 + exp(-2 * z));
    for (int k = 1; k < half; k++) sum += exp(z * (cos(DS_PI * k / half) - 1));
    return log(sum / half);
}

/* p(x) = exp(-(r - R)^2 / 2 sigma^2) e^-z I_0(z) / (2 pi sigma^2), z = r R / sigma^2: the Gaussian's mean over the
   circle. */
double ds_log_ring(double radius, double sigma, const double x[2])
{
    double s = sigma * sigma, r = hypot(x[0], x[1]), d = r - radius;
    return -d * d / (2 * s) - log(2 * DS_PI * s) + log_bessel(r * radius / s);
}
