/* optim_machine.h - an optimizer of either type with N parameters in two views: what the tests of optimizers drive. */
#ifndef COSTATE_TESTS_OPTIM_MACHINE_H
#define COSTATE_TESTS_OPTIM_MACHINE_H

#include <criterion/criterion.h>

#include <costate/autodiff/optim.h>

#include "support.h"

enum { N = 37 };

typedef struct machine {
    ad_params *p;
    ad_optim  *s;
    ad_type    type;
    double     theta[N]; /* of either type */
} machine;

static inline machine start(const char *name, ad_type type, const ad_optim_options *o,
                            const double *theta)
{
    machine m = { .type = type };
    cr_assert_eq(ad_params_new(&m.p, type), AD_OK);
    ad_params_add(m.p, "first", ad_vector(30), AD_INIT_ZERO, 0);
    ad_params_add(m.p, "second", ad_vector(N - 30), AD_INIT_ZERO, 0);
    cr_assert_eq(ad_optim_new(&m.s, ad_optimizer_find(name), m.p, o), AD_OK, "%s", ad_message());
    for (int i = 0; i < N; i++) {
        if (type == AD_F32)
            ((float *)m.theta)[i] = (float)theta[i];
        else
            m.theta[i] = theta[i];
    }
    return m;
}

static inline void stop(machine *m)
{
    ad_optim_free(m->s);
    ad_params_free(m->p);
}

static inline double value(const machine *m, int i)
{
    return m->type == AD_F32 ? ((const float *)m->theta)[i] : m->theta[i];
}

static inline ad_status take(machine *m, double factor, const double *gradient)
{
    double g[N];
    for (int i = 0; i < N; i++) {
        if (m->type == AD_F32)
            ((float *)g)[i] = (float)gradient[i];
        else
            g[i] = gradient[i];
    }
    return ad_optim_step(m->s, factor, m->theta, g);
}

/* numbers that float32 holds exactly, so that both types see the same */
static inline void numbers(uint64_t *state, double *x)
{
    for (int i = 0; i < N; i++) x[i] = (float)draw(state, -2, 2);
}

#endif
