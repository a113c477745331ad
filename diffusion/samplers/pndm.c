/* pndm, s-pndm - pseudo numerical methods on manifolds (Liu, Ren, Lin, Zhao 2022, algorithm 2).

   A mean of noises stands in the first-order transfer
       phi(x, e, s, t) = (alpha_t / alpha_s) x + alpha_t (rho_t - rho_s) e,                                     (1)
   with the weights that classical methods have for equal steps of time. F-PNDM starts with three steps of pseudo Runge-Kutta 4, then
   takes (55, -59, 37, -9) / 24; S-PNDM starts with pseudo Heun, then takes (3, -1) / 2. The middle of a step is that of its time.
   The transfer's own weight drho is not constant over a step, so that both are of order 2, whatever the weights' order is. */
#include "step.h"

static dpm_slot phi(dpm_build *b, const dpm_point *s, const dpm_point *t, dpm_slot x, dpm_slot e)
{
    return dpm_along(b, DPM_EPSILON, s, t, x, e);
}

/* (e1 + 2 e2 + 2 e3 + e4) / 6, all four transfers from x; *first is e1. */
static dpm_slot runge_kutta(dpm_build *b, const dpm_point *s, const dpm_point *t, dpm_slot x,
                            dpm_slot *first)
{
    const dpm_point middle = dpm_schedule_at(b->schedule, 0.5 * (s->t + t->t)), *m = &middle;
    dpm_slot        e1 = dpm_eval(b, x, s, DPM_EPSILON);
    dpm_slot        e2 = dpm_eval(b, phi(b, s, m, x, e1), m, DPM_EPSILON);
    dpm_slot        e3 = dpm_eval(b, phi(b, s, m, x, e2), m, DPM_EPSILON);
    dpm_slot        e4 = dpm_eval(b, phi(b, s, t, x, e3), t, DPM_EPSILON);
    *first             = e1;
    return dpm_lin(b, 4, (double[]){ 1 / 6.0, 1 / 3.0, 1 / 3.0, 1 / 6.0 },
                   (dpm_slot[]){ e1, e2, e3, e4 });
}

static dpm_slot heun(dpm_build *b, const dpm_point *s, const dpm_point *t, dpm_slot x,
                     dpm_slot *first)
{
    dpm_slot e1 = dpm_eval(b, x, s, DPM_EPSILON);
    dpm_slot e2 = dpm_eval(b, phi(b, s, t, x, e1), t, DPM_EPSILON);
    *first      = e1;
    return dpm_lin2(b, 0.5, e1, 0.5, e2);
}

typedef dpm_slot starter(dpm_build *b, const dpm_point *s, const dpm_point *t, dpm_slot x,
                         dpm_slot *first);

static void pseudo(dpm_build *b, int n, const double w[], starter *start)
{
    dpm_slot x = b->x, e[4]; /* newest first */
    for (long i = 0; i < b->steps; i++) {
        const dpm_point *s = &b->point[i], *t = &b->point[i + 1];
        dpm_slot         mean;
        for (int j = n - 1; j > 0; j--) e[j] = e[j - 1];
        if (i < n - 1 && t->sigma > 0)
            mean = start(b, s, t, x, &e[0]);
        else {
            e[0] = dpm_eval(b, x, s, DPM_EPSILON);
            mean = i < n - 1 ? e[0] : dpm_lin(b, n, w, e);
        }
        x = dpm_step(b, i, phi(b, s, t, x, mean));
    }
    dpm_result(b, x);
}

static void make_pndm(dpm_build *b)
{
    pseudo(b, 4, (double[]){ 55 / 24.0, -59 / 24.0, 37 / 24.0, -9 / 24.0 }, runge_kutta);
}

static void make_s_pndm(dpm_build *b)
{
    pseudo(b, 2, (double[]){ 1.5, -0.5 }, heun);
}

const dpm_method dpm_method_pndm = {
    .name       = "pndm",
    .about      = "F-PNDM: fourth-order weights in the first-order transfer",
    .cite       = "Liu, Ren, Lin, Zhao 2022, algorithm 2",
    .aliases    = "PNDMScheduler f-pndm",
    .order      = 2,
    .true_order = 2,
    .form       = DPM_EPSILON,
    .flags      = DPM_TO_ZERO,
    .takes      = "invert",
    .make       = make_pndm,
};

const dpm_method dpm_method_s_pndm = {
    .name       = "s-pndm",
    .about      = "S-PNDM: second-order weights in the first-order transfer",
    .cite       = "Liu, Ren, Lin, Zhao 2022, algorithm 2",
    .aliases    = "",
    .order      = 2,
    .true_order = 2,
    .form       = DPM_EPSILON,
    .flags      = DPM_TO_ZERO,
    .takes      = "invert",
    .make       = make_s_pndm,
};
