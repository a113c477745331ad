/* local.c - local regularization (Pal, Edelman, Rackauckas 2023): equation (1) of local.h at one place of the solution,

       unbiased   at t ~ U(t0, t1), the dense output's y(t),
       biased     at the start of an accepted step, each but the first with the same chance (the first where there is no other),

   one place for the batch when it is stepped as one, else one a sample, and the mean over samples. It is a step beside the
   solve: any adjoint will do, and by default only theta's gradient is added to. Args of the problem are constants here. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "local.h"

/* --- a run ---------------------------------------------------------------------------------------------------------------------- */

static ad_args bind(reg_local_state *s, reg_run *r)
{
    const nde_ode *ode = r->c->ode;
    int            at  = 0;
    char          *y   = s->y;
    for (int i = 0; i < s->first; i++) s->in[at++] = reg_local_times(s, r, i);
    for (int p = 0; p < ode->parts; p++) {
        s->in[at++] = y;
        y += (size_t)(r->a->n * ad_elements(ode->part[p].shape)) * s->size;
    }
    for (int i = 0; i < ode->nargs; i++) s->in[at++] = r->a->args[i];
    return (ad_args){ .n        = r->a->n,
                      .in       = s->in,
                      .out      = s->out,
                      .theta    = r->a->theta,
                      .residual = s->residual,
                      .seed     = r->a->seed };
}

static ad_status after(reg_state *base, reg_run *r, double *value)
{
    reg_local_state *s    = (reg_local_state *)base;
    long             rows = reg_local_rows(s, r);
    double           sum  = 0;
    AD_TRY(reg_local_place(s, r));
    for (long i = 0; i < rows; i++) {
        double t0, t1, t = reg_local_times(s, r, REG_LOCAL_T)[i], stop;
        reg_local_ends(r, i, &t0, &t1);
        nde_trace_piece(s->trace, t, t1, reg_local_times(s, r, REG_LOCAL_LO) + i,
                        reg_local_times(s, r, REG_LOCAL_HI) + i, &stop);
        reg_local_times(s, r, REG_LOCAL_SIGN)[i] = t1 >= t0 ? 1 : -1;
        reg_local_times(s, r, REG_LOCAL_MOST)[i] = fabs(stop - t);
    }
    ad_args a = bind(s, r);
    s->out[0] = s->r;
    AD_TRY(ad_execute(s->forward, s->work, &a));
    for (long i = 0; i < rows; i++) {
        if (!isfinite(s->r[i]))
            return ad_fail(AD_NONFINITE_FIELD,
                           "%s: the step from t = %.9g%s gave NaN or infinity; is the field "
                           "defined around the solution?",
                           base->kind->about.name, reg_local_times(s, r, REG_LOCAL_T)[i],
                           s->per_sample ? " of a sample" : "");
        sum += s->r[i];
    }
    *value = sum / (double)rows;
    return AD_OK;
}

static ad_status seed_state(reg_local_state *s, reg_run *r)
{
    long n = r->a->n;
    if (!s->biased) {
        void *to = reg_asked_bar(r, s->request);
        for (long i = 0; i < n * s->dim; i++) {
            if (s->size == sizeof(float))
                ((float *)to)[i] += ((const float *)s->y_bar)[i];
            else
                ((double *)to)[i] += ((const double *)s->y_bar)[i];
        }
        return AD_OK;
    }
    if (!s->per_sample) return reg_seed_state(r, s->step[0], s->y_bar);
    for (long i = 0; i < n; i++) {
        reg_local_copy(s, r, i, s->one, s->y_bar, 0);
        AD_TRY(reg_seed_state(r, s->step[i], s->one));
    }
    return AD_OK;
}

/* Where only the state's cotangent is wanted, theta's goes nowhere. */
static ad_status scratch(reg_local_state *s, const reg_run *r, void **theta_bar)
{
    long many = r->c->ode->theta ? ad_params_count(r->c->ode->theta) : 0;
    if (*theta_bar || !many) return AD_OK;
    if (!s->theta_bar) s->theta_bar = ad_alloc((size_t)many * s->size);
    if (!s->theta_bar) return AD_NO_MEMORY;
    *theta_bar = memset(s->theta_bar, 0, (size_t)many * s->size);
    return AD_OK;
}

static ad_status seed(reg_state *base, reg_run *r, double lambda, reg_seeds *seeds)
{
    reg_local_state *s     = (reg_local_state *)base;
    int              state = reg_has(base, REG_LOCAL_STATE) != 0;
    long             rows  = reg_local_rows(s, r);
    if (!seeds->theta_bar && !state) return AD_OK;
    for (long i = 0; i < rows; i++) s->r_bar[i] = lambda / (double)rows;
    ad_args a     = bind(s, r);
    s->in[s->nin] = s->r_bar;
    memset(s->out, 0, (size_t)s->nin * sizeof *s->out);
    for (int i = s->first; state && i < s->first + r->c->ode->parts; i++)
        s->out[i] = s->y_bar + ((const char *)s->in[i] - s->y);
    a.theta_bar = seeds->theta_bar;
    AD_TRY(scratch(s, r, &a.theta_bar));
    AD_TRY(ad_execute(s->back, s->back_work, &a));
    return state ? seed_state(s, r) : AD_OK;
}

/* --- the four kinds ----------------------------------------------------------------------------------------------------------- */

static ad_status compile_kind(reg_state *t, reg_context *c)
{
    reg_local_state *s = (reg_local_state *)t;
    s->stiffness       = t->kind->check == reg_local_check_stiffness;
    s->biased          = t->kind->before == NULL;
    return reg_local_compile(s, c);
}

static const char error_options[]     = "tsit5 state k1 step unscaled nostep",
                  stiffness_options[] = "tsit5 state k1 step",
                  paper[]             = "Pal, Edelman, Rackauckas 2023";

const reg_kind reg_kind_local_unbiased = {
    .about   = { "local-unbiased", "error estimate of one step from a random time, times its size",
                 error_options, paper },
    .size    = sizeof(reg_local_state),
    .check   = reg_local_check_error,
    .compile = compile_kind,
    .before  = reg_local_ask,
    .after   = after,
    .seed    = seed,
    .free    = reg_local_clear,
};

const reg_kind reg_kind_local_biased = {
    .about   = { "local-biased",
                 "error estimate of one step from a random accepted step's start, times its size",
                 error_options, paper },
    .size    = sizeof(reg_local_state),
    .check   = reg_local_check_error,
    .compile = compile_kind,
    .after   = after,
    .seed    = seed,
    .free    = reg_local_clear,
};

const reg_kind reg_kind_local_stiffness_unbiased = {
    .about   = { "local-stiffness-unbiased", "stiffness estimate of one step from a random time",
                 stiffness_options, paper },
    .size    = sizeof(reg_local_state),
    .check   = reg_local_check_stiffness,
    .compile = compile_kind,
    .before  = reg_local_ask,
    .after   = after,
    .seed    = seed,
    .free    = reg_local_clear,
};

const reg_kind reg_kind_local_stiffness_biased = {
    .about   = { "local-stiffness-biased",
                 "stiffness estimate of one step from a random accepted step's start",
                 stiffness_options, paper },
    .size    = sizeof(reg_local_state),
    .check   = reg_local_check_stiffness,
    .compile = compile_kind,
    .after   = after,
    .seed    = seed,
    .free    = reg_local_clear,
};
