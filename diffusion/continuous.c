/* AdjointDPM (Pan, Liew, Tan, Feng, Yan 2024, section 3): the adjoint of the probability-flow ODE, by itself a solve.

   In y = x / alpha and rho = sigma / alpha, with a = dL/dy, from the data's end rho_0 to the noise's rho_T:
       dy/drho       = eps(y, rho)                     y(rho_0) = x_0 / alpha_0
       da/drho       = -(d eps/dy)' a                  a(rho_0) = alpha_0 dL/dx_0                              (1)
       da_theta/drho = -(d eps/dtheta)' a              a_theta(rho_0) = 0, and so for arguments
   dL/dx_T = a(rho_T) / alpha_T. States are not kept but solved again, by any explicit method of nde/, on the sampler's own grid or
   adaptively. It is the derivative of the ODE's solution as far as both solves are accurate, not that of the numbers that the
   sampler computed (docs/diffusion.md has how far the two are apart). */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "sampler.h"

enum { MOST_ARGS = 8 };

/* The state of (1) as one vector: y, a, theta, then every argument, then w. */
typedef struct augmented {
    dpm_sampler *s;
    long  n, theta, args, count; /* numbers of y; of theta; of all arguments and w; of everything */
    void *v, *m, *m_bar, *v_bar; /* padded states */
    void *theta_bar, *args_bar[MOST_ARGS];
    double    w_bar;
    ad_status status;
} augmented;

static long arg_numbers(const augmented *u, int i)
{
    const nde_arg *a = &u->s->model.args[i];
    return ad_elements(a->shape) * (a->shape.batched ? u->s->run.n : 1);
}

static ad_type arg_type(const augmented *u, int i)
{
    return u->s->model.args[i].type ? u->s->model.args[i].type : u->s->model.type;
}

/* eps(v) and its products with m_bar, added up into theta_bar, args_bar and w_bar */
static ad_status evaluate(augmented *u, const dpm_place *place)
{
    dpm_sampler *s     = u->s;
    size_t       bytes = dpm_evaluator_residual_bytes(s->evaluator);
    int          want  = u->theta ? DPM_WANT_THETA : u->args ? DPM_WANT_ARGS : DPM_WANT_V;
    AD_TRY(dpm_kept_size(&s->frame, 1));
    AD_TRY(dpm_kept_need(&s->frame, 0, bytes, &s->stats.bytes_kept));
    if (u->theta) memset(u->theta_bar, 0, (size_t)u->theta * ad_type_size(s->model.type));
    AD_TRY(dpm_evaluator_begin(s->evaluator, want, u->theta_bar));
    AD_TRY(dpm_evaluate(s->evaluator, place, u->v, u->m, s->frame.block[0]));
    AD_TRY(
        dpm_evaluate_back(s->evaluator, place, u->v, s->frame.block[0], u->m_bar, u->v_bar, NULL));
    s->stats.nvjp++;
    s->stats.nfe_again++;
    return dpm_evaluator_end(s->evaluator, u->args_bar, &u->w_bar);
}

/* the right-hand side of (1) */
static ad_status field(augmented *u, double rho, const void *y, void *dy)
{
    dpm_sampler *s     = u->s;
    ad_type      t     = s->model.type;
    dpm_place    place = { .at   = dpm_schedule_at_lambda(s->o.schedule, -log(rho)),
                           .want = DPM_EPSILON };
    AD_TRY(dpm_affine_make(s->model.prediction, DPM_EPSILON, &place.at,
                           s->model.sigma_data ? s->model.sigma_data : 0.5, &place.a));
    for (long i = 0; i < u->n; i++) {
        ad_put(t, u->v, i, place.at.alpha * ad_get(t, y, i));
        ad_put(t, u->m_bar, i, ad_get(t, y, u->n + i));
    }
    AD_TRY(evaluate(u, &place));
    for (long i = 0; i < u->n; i++) {
        ad_put(t, dy, i, ad_get(t, u->m, i));
        ad_put(t, dy, u->n + i, -place.at.alpha * ad_get(t, u->v_bar, i));
    }
    long at = 2 * u->n;
    for (long i = 0; i < u->theta; i++) ad_put(t, dy, at++, -ad_get(t, u->theta_bar, i));
    for (int k = 0; u->args && k < s->model.nargs; k++)
        for (long i = 0; i < arg_numbers(u, k); i++)
            ad_put(t, dy, at++, -ad_get(arg_type(u, k), u->args_bar[k], i));
    if (u->args) ad_put(t, dy, at, -u->w_bar);
    return AD_OK;
}

static int plain(double t, long n, const void *y, void *dy, void *ctx)
{
    augmented *u = ctx;
    (void)n;
    u->status = field(u, t, y, dy);
    return u->status != AD_OK;
}

static ad_status make(augmented *u, const dpm_cotangents *c)
{
    dpm_sampler *s = u->s;
    u->n           = s->run.n * s->model.dim;
    u->theta       = c->theta_bar ? ad_params_count(s->model.theta) : 0;
    if (c->args_bar || c->guidance_bar) {
        u->args = 1;
        for (int i = 0; i < s->model.nargs; i++) u->args += arg_numbers(u, i);
    }
    u->count       = 2 * u->n + u->theta + u->args;
    void **block[] = { &u->v, &u->m, &u->m_bar, &u->v_bar };
    for (int i = 0; i < 4; i++)
        if (!(*block[i] = ad_alloc(dpm_state_bytes(s)))) return AD_NO_MEMORY;
    if (u->theta && !(u->theta_bar = ad_alloc((size_t)u->theta * ad_type_size(s->model.type))))
        return AD_NO_MEMORY;
    for (int i = 0; i < s->model.nargs; i++)
        if (!(u->args_bar[i] = ad_alloc((size_t)arg_numbers(u, i) * ad_type_size(arg_type(u, i)))))
            return AD_NO_MEMORY;
    return dpm_evaluator_differentiate(s->evaluator);
}

static void clear(augmented *u)
{
    void *block[] = { u->v, u->m, u->m_bar, u->v_bar, u->theta_bar };
    for (int i = 0; i < 5; i++) ad_free(block[i]);
    for (int i = 0; i < MOST_ARGS; i++) ad_free(u->args_bar[i]);
}

/* (1) from rho[0] to rho[steps]; state: two of them, the first filled in. */
static ad_status solve(augmented *u, const double *rho, long steps, char *state)
{
    dpm_sampler *s   = u->s;
    nde_ode      ode = { .field_plain = plain, .ctx = u, .type = s->model.type, .dim = u->count };
    nde_options  o   = { .method = s->o.continuous ? s->o.continuous : &nde_rk4 };
    if (s->o.continuous_rtol > 0)
        o.rtol = o.atol = s->o.continuous_rtol;
    else {
        o.nsteps_given = (int)steps + 1;
        o.steps_given  = rho;
    }
    nde_solver *solver;
    AD_TRY(nde_solver_new(&solver, &ode, &o, 1));
    const double t[]  = { rho[0], rho[steps] };
    ad_status    code = nde_solve(
           solver, &(nde_solve_args){ .n = 1, .times = 2, .t = t, .y0 = state, .y = state });
    if (code && u->status) code = u->status;
    if (code) code = ad_fail_at(code, "continuous adjoint: ");
    s->stats.bytes_kept = dpm_evaluator_residual_bytes(s->evaluator) +
                          2 * (size_t)u->count * ad_type_size(s->model.type) +
                          nde_solver_stats(solver)->bytes;
    nde_solver_free(solver);
    return code;
}

static void hand_out(const augmented *u, const dpm_cotangents *c, const char *state)
{
    dpm_sampler *s = u->s;
    ad_type      t = s->model.type;
    for (long i = 0; c->x_bar && i < u->n; i++)
        ad_put(t, c->x_bar, i, ad_get(t, state, u->n + i) / s->point[0].alpha);
    long at = 2 * u->n;
    for (long i = 0; i < u->theta; i++, at++)
        ad_put(t, c->theta_bar, i, ad_get(t, c->theta_bar, i) + ad_get(t, state, at));
    for (int k = 0; u->args && k < s->model.nargs; k++)
        for (long i = 0; i < arg_numbers(u, k); i++, at++)
            if (c->args_bar && c->args_bar[k])
                ad_put(arg_type(u, k), c->args_bar[k], i, ad_get(t, state, at));
    if (c->guidance_bar) *c->guidance_bar = ad_get(t, state, at);
    if (c->mean_bar) memset(c->mean_bar, 0, (size_t)u->n * ad_type_size(t));
}

static ad_status run(augmented *u, const dpm_cotangents *c, double *rho, char *state)
{
    dpm_sampler     *s     = u->s;
    ad_type          t     = s->model.type;
    const dpm_point *end   = &s->point[s->steps];
    const void      *x0    = dpm_value(s, s->program->result[0]);
    size_t           bytes = (size_t)u->count * ad_type_size(t);
    for (long i = 0; i <= s->steps; i++) rho[i] = s->point[s->steps - i].rho;
    for (long i = 0; i < u->n; i++) {
        ad_put(t, state, i, ad_get(t, x0, i) / end->alpha);
        ad_put(t, state, u->n + i, end->alpha * ad_get(t, c->out_bar, i));
    }
    AD_TRY(solve(u, rho, s->steps, state));
    hand_out(u, c, state + bytes);
    return AD_OK;
}

ad_status dpm_pullback_continuous(dpm_sampler *s, const dpm_cotangents *c)
{
    if (!c->out_bar || c->path_bar || c->coef_bar || c->time_bar)
        return ad_fail(AD_UNSUPPORTED, "the continuous adjoint pulls back the end of the path "
                                       "alone, to the start, weights, arguments and guidance");
    if (s->run.mean && s->program->last[DPM_SLOT_MEAN] >= 0)
        return ad_fail(AD_UNSUPPORTED,
                       "the continuous adjoint is that of a diffusion about 0, not about a mean; "
                       "the adjoint 'points' of %s has that gradient",
                       s->method->name);
    augmented u     = { .s = s };
    ad_status code  = make(&u, c);
    double   *rho   = code ? NULL : ad_alloc((size_t)(s->steps + 1) * sizeof *rho);
    char     *state = code ? NULL : ad_alloc(2 * (size_t)u.count * ad_type_size(s->model.type));
    if (!code) code = rho && state ? run(&u, c, rho, state) : AD_NO_MEMORY;
    ad_free(rho);
    ad_free(state);
    clear(&u);
    return code;
}
