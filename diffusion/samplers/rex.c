/* Rex: any explicit Runge-Kutta method made exactly reversible (Blasingame, Liu 2025, by the coupling of McCallum and Foster
   2024).

   In y = x / alpha and rho, with Psi_h(rho, y) = h sum_j b_j k_j what a step of the tableau adds to y,
       y' = zeta y + (1 - zeta) z + Psi_h(rho, z),          z' = z - Psi_-h(rho + h, y')                       (1)
   keeps the tableau's order, and is solved for z, then for y. Going back, a step divides errors by zeta. The error is one thing
   below and another beyond N = 1 / (1 - zeta) steps, a thousand by default, and in between the two cancel in part: orders are
   seen on either side of it. */
#include "ddim_map.h"
#include "rk.h"

static void step(dpm_build *b, const nde_tableau *m, double zeta, const dpm_point *s,
                 const dpm_point *t, dpm_slot *y, dpm_slot *z)
{
    const double keep = ddim_keep(s, t), h = t->rho - s->rho;
    const int    n = dpm_rk_stages(m);
    double       c[NDE_STAGES + 2];
    dpm_slot     u[NDE_STAGES + 2];
    c[0] = zeta * keep, u[0] = *y;
    c[1] = (1 - zeta) * keep, u[1] = *z;
    dpm_rk_slopes(b, DPM_ALONG_RHO, m, s, t, *z, u + 2);
    for (int j = 0; j < n; j++) c[j + 2] = t->alpha * h * m->b[j];
    *y = dpm_lin(b, n + 2, c, u);
    dpm_recover(b, *y, u[0]);
    c[1] = keep, u[1] = *z;
    dpm_rk_slopes(b, DPM_ALONG_RHO, m, t, s, *y, u + 2);
    *z = dpm_lin(b, n + 1, c + 1, u + 1);
    dpm_recover(b, *z, u[1]);
}

static void make_with(dpm_build *b, const nde_tableau *m)
{
    const double zeta = dpm_or(b->o->zeta, 0.999);
    dpm_slot     y = b->x, z = b->x;
    if (!(zeta > 0 && zeta <= 1)) {
        dpm_build_fail(b, AD_INVALID, "rex's zeta is %g, but lies in (0, 1]; 0.999 is usual", zeta);
        return;
    }
    z = dpm_lin1(b, 1, b->x); /* a slot of its own, to be recovered on its own */
    for (long i = 0; i < b->steps; i++) {
        step(b, b->o->tableau ? b->o->tableau : m, zeta, &b->point[i], &b->point[i + 1], &y, &z);
        y = dpm_step(b, i, y);
    }
    dpm_results(b, 2, (dpm_slot[]){ y, z });
}

static void make_euler(dpm_build *b)
{
    make_with(b, &nde_euler);
}
static void make_heun(dpm_build *b)
{
    make_with(b, &nde_heun2);
}
static void make_rk4(dpm_build *b)
{
    make_with(b, &nde_rk4);
}

const dpm_method dpm_method_rex = {
    .name    = "rex",
    .about   = "any Runge-Kutta method (Euler's unless told) coupled to be exactly reversible",
    .cite    = "Blasingame, Liu 2025; McCallum, Foster 2024",
    .aliases = "rex-euler mccallum-foster",
    .order   = 1,
    .form    = DPM_EPSILON,
    .flags   = DPM_REVERSIBLE,
    .takes   = "zeta tableau invert",
    .make    = make_euler,
};

const dpm_method dpm_method_rex_heun = {
    .name       = "rex-heun",
    .about      = "Heun's method coupled to be exactly reversible",
    .cite       = "Blasingame, Liu 2025; McCallum, Foster 2024",
    .aliases    = "",
    .order      = 2,
    .true_order = 2,
    .form       = DPM_EPSILON,
    .flags      = DPM_REVERSIBLE,
    .takes      = "zeta invert",
    .make       = make_heun,
};

const dpm_method dpm_method_rex_rk4 = {
    .name       = "rex-rk4",
    .about      = "the classical fourth-order method coupled to be exactly reversible",
    .cite       = "Blasingame, Liu 2025; McCallum, Foster 2024",
    .aliases    = "",
    .order      = 4,
    .true_order = 4,
    .form       = DPM_EPSILON,
    .flags      = DPM_REVERSIBLE,
    .takes      = "zeta invert",
    .make       = make_rk4,
};
