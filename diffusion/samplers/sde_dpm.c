/* sde-dpm-1, sde-dpm-2m, sde-dpmpp-1, sde-dpmpp-2m, sde-dpmpp-3m: the same multistep formulas for the reverse SDE.

   With the part eta of its noise the reverse SDE has, h = lambda_t - lambda_s, the exact solutions (Lu et al. 2022b, eq. 16 and
   appendix D at eta = 1; k-diffusion's eta)
       x0         x_t = T e^{-eta h} x_s + (1 + eta) sigma_t e^{-eta h} int e^{(1 + eta) ...} x0 + sigma_t sqrt(1 - e^{-2 eta h}) z
       epsilon    x_t = T x_s - (1 + eta) alpha_t int e^-lambda eps + sigma_t sqrt(eta (e^{2 h} - 1)) z                  (1)
   and hence the moments
       x0         M_k = (1 + eta) alpha_t h^{k+1} phi_{k+1}(-(1 + eta) h)                                               (2)
       epsilon    M_k = (1 + eta) times that of the ODE
   eta = 0 is the ODE. For the third order diffusers has another sign of M_2, and k-diffusion half of it (compat published). */
#include <math.h>

#include "dpm_solver.h"

static double moment(dpm_prediction form, const dpm_point *s, double eta, int k)
{
    const dpm_point *t = s + 1;
    if (form != DPM_X0) return (1 + eta) * dpm_moment(form, s, t, k);
    double h = t->lambda - s->lambda;
    if (k == 0) return -t->alpha * expm1(-(1 + eta) * h);
    return (1 + eta) * t->alpha * pow(h, k + 1) * dpm_phi(k + 1, -(1 + eta) * h);
}

static double noise(dpm_prediction form, const dpm_point *s, double eta)
{
    double h = s[1].lambda - s->lambda;
    return s[1].sigma * sqrt(form == DPM_X0 ? -expm1(-2 * eta * h) : eta * expm1(2 * h));
}

static void make(dpm_build *b)
{
    int      relaxed = dpm_family_options(b, b->order == 3 ? "taylor" : "dpmsolver");
    double   eta     = dpm_or(b->o->eta, 1);
    dpm_slot v[4]    = { b->x, -1, -1, -1 };
    for (long i = 0; i < b->steps; i++) {
        const dpm_point *s     = &b->point[i];
        int              order = dpm_order_at(b, i, b->order, 0);
        double           c[4]  = { dpm_transfer(b->form, s, s + 1) }, M[3];
        if (b->form == DPM_X0) c[0] *= exp(-eta * (s[1].lambda - s->lambda));
        for (int k = 0; k < order; k++) M[k] = moment(b->form, s, eta, k);
        dpm_difference_weights(s, order, relaxed, b->o->published, M, c + 1);
        v[3]       = v[2];
        v[2]       = v[1];
        v[1]       = dpm_eval(b, v[0], s, b->form);
        dpm_slot x = dpm_lin(b, order + 1, c, v);
        double   z = eta > 0 && s[1].sigma > 0 ? noise(b->form, s, eta) : 0;
        if (z > 0) x = dpm_lin2(b, 1, x, z, dpm_noise(b));
        v[0] = dpm_step(b, i, x);
    }
    dpm_result(b, v[0]);
}

const dpm_method dpm_method_sde_dpm_1 = {
    .name    = "sde-dpm-1",
    .about   = "SDE-DPM-Solver-1: the reverse SDE from the noise",
    .cite    = "Lu et al. 2022b, eq. 17",
    .aliases = "",
    .order   = 1,
    .form    = DPM_EPSILON,
    .flags   = DPM_STOCHASTIC,
    .takes   = "eta",
    .make    = make,
};

const dpm_method dpm_method_sde_dpm_2m = {
    .name      = "sde-dpm-2m",
    .about     = "SDE-DPM-Solver of order 2 in its drift, from the noise",
    .cite      = "Lu et al. 2022b, appendix D",
    .aliases   = "",
    .order     = 2,
    .form      = DPM_EPSILON,
    .min_steps = 2,
    .flags     = DPM_STOCHASTIC,
    .takes     = "eta solver-type lower-order-final",
    .make      = make,
};

const dpm_method dpm_method_sde_dpmpp_1 = {
    .name    = "sde-dpmpp-1",
    .about   = "SDE-DPM-Solver++-1: the reverse SDE from the data",
    .cite    = "Lu et al. 2022b, eq. 18",
    .aliases = "",
    .order   = 1,
    .form    = DPM_X0,
    .flags   = DPM_STOCHASTIC | DPM_TO_ZERO | DPM_FROM_ZERO,
    .takes   = "eta",
    .make    = make,
};

const dpm_method dpm_method_sde_dpmpp_2m = {
    .name      = "sde-dpmpp-2m",
    .about     = "SDE-DPM-Solver++(2M): order 2 in its drift, from the data",
    .cite      = "Lu et al. 2022b, eq. 19",
    .aliases   = "dpmpp-2m-sde sample_dpmpp_2m_sde k_dpmpp_2m_sde",
    .order     = 2,
    .form      = DPM_X0,
    .min_steps = 2,
    .flags     = DPM_STOCHASTIC | DPM_TO_ZERO | DPM_FROM_ZERO,
    .takes     = "eta solver-type lower-order-final",
    .make      = make,
};

const dpm_method dpm_method_sde_dpmpp_3m = {
    .name      = "sde-dpmpp-3m",
    .about     = "order 3 in its drift, from the data",
    .cite      = "k-diffusion, its second difference doubled",
    .aliases   = "dpmpp-3m-sde sample_dpmpp_3m_sde k_dpmpp_3m_sde",
    .order     = 3,
    .form      = DPM_X0,
    .min_steps = 3,
    .flags     = DPM_STOCHASTIC | DPM_TO_ZERO | DPM_FROM_ZERO,
    .takes     = "eta solver-type lower-order-final compat",
    .make      = make,
};
