/* registry.h - the samplers of the registry on mixtures: for tests that go over all of them.

       registry r;
       registry_start(&r);
       for (int i = 0; (m = registry_next(&i)) != NULL;)
           registry_run(&r, &(dpm_options){ .sampler = m->name, .grid.steps = 8 }, out)      */
#ifndef COSTATE_TESTS_DIFFUSION_REGISTRY_H
#define COSTATE_TESTS_DIFFUSION_REGISTRY_H

#include <criterion/criterion.h>

#include <costate/autodiff/random.h>
#include <costate/diffusion/method.h>
#include <costate/diffusion/mixture.h>
#include <costate/diffusion/sample.h>

#include "support.h"

enum { REGISTRY_DIM = 2, REGISTRY_ROWS = 8, REGISTRY_ALL = REGISTRY_DIM * REGISTRY_ROWS };

static inline void ok(ad_status s)
{
    cr_assert_eq(s, AD_OK, "%s", ad_message());
}

/* Does the last sentence hold this? */
static inline int mentions(const char *part)
{
    return strstr(ad_message(), part) != NULL;
}

/* Three Gaussians that overlap: smooth, so that orders show early, and no Gaussian, for which errors cancel (flow.c). */
static inline dpm_mixture *registry_mixture(void)
{
    dpm_mixture *m;
    ok(dpm_mixture_new(&m, 3, REGISTRY_DIM, (double[]){ .3, .3, .4 },
                       (double[]){ .5, .2, -.4, .5, -.1, -.6 },
                       (double[]){ .3, .36, .24, .42, .33, .3 }));
    return m;
}

typedef struct registry {
    dpm_mixture  *mixture;
    dpm_schedule *vp; /* vp-linear, t from 1 to 1e-3 */
    dpm_model     model;
    double        x[REGISTRY_ALL]; /* sigma_T z */
} registry;

static inline void registry_start(registry *r)
{
    r->mixture = registry_mixture();
    ok(dpm_schedule_new(&r->vp, &(dpm_schedule_options){ .name = "vp-linear" }));
    r->model = dpm_mixture_model(r->mixture, AD_F64);
    ad_random_normal(AD_F64, 3, 0, 0, REGISTRY_ALL, r->x);
    for (int i = 0; i < REGISTRY_ALL; i++) r->x[i] *= dpm_schedule_at(r->vp, 1).sigma;
}

static inline void registry_stop(registry *r)
{
    dpm_mixture_free(r->mixture);
    dpm_schedule_free(r->vp);
}

/* Row *i and those behind it that can run; *i is then behind what is returned. NULL: no more. */
static inline const dpm_method *registry_next(int *i)
{
    while (*i < dpm_method_count()) {
        const dpm_method *m = dpm_method_row((*i)++);
        if (m->make) return m;
    }
    return NULL;
}

static inline int registry_takes(const dpm_method *m, const char *option)
{
    size_t n = strlen(option);
    for (const char *p = m->takes; (p = strstr(p, option)); p += n)
        if ((p == m->takes || p[-1] == ' ') && (p[n] == ' ' || p[n] == 0)) return 1;
    return 0;
}

/* Steps that every sampler can take. */
static inline long registry_steps(const dpm_method *m)
{
    return m->min_steps > 8 ? m->min_steps : 8;
}

static inline dpm_options registry_options(const registry *r, const dpm_method *m, long steps)
{
    return (dpm_options){ .sampler = m->name, .schedule = r->vp, .grid.steps = steps };
}

/* All rows of r from r->x, into out [ROWS, DIM]. */
static inline ad_status registry_run(const registry *r, const dpm_options *o, double *out)
{
    dpm_sampler *s;
    AD_TRY(dpm_sampler_new(&s, &r->model, o, REGISTRY_ROWS));
    ad_status status = dpm_sample(
        s, &(dpm_run){ .n = REGISTRY_ROWS, .x = r->x, .out = out, .seed = 1 });
    dpm_sampler_free(s);
    return status;
}

#endif
