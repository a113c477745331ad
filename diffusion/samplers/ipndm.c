/* ipndm, ipndm-v - Adams and Bashforth's methods on dy/drho = eps, of order 1 .. 4, from low order on.

   ipndm has the weights of equal steps, whatever the steps are (Zhang, Chen 2023, appendix H.2): of order 2 on other grids than
   those with equal steps of rho. ipndm-v has the weights of the steps as they are: lms by another name.

   The official ipndm-v (diff-sampler, ipndm_v_sampler) divides its differences wrongly. With h_k the k-th last step and the backward
   divided differences in units of them, the polynomial's second and third differences are weighted
       right       A2 = (1/2 - h0 / (6 (h0 + h1))) h0 (h0 + h1) / (h1 (h1 + h2))
       published   A2 = 1/2 - h0 / (6 (h0 + h1)) h0 (h0 + h1) / (h1 (h1 + h2))
   and A3's inner sum has a plus, where a minus is needed; even for equal steps A3 is 11/24, not 3/8. So order 3 where neighbouring
   steps are equal up to O(h), and none where the steps jump. */
#include "adams.h"

static void equal_steps(const dpm_build *b, const dpm_point *t, int n,
                        const dpm_point *const node[], double w[])
{
    static const double adams[5][4] = {
        [2] = { 3 / 2.0, -1 / 2.0 },
        [3] = { 23 / 12.0, -16 / 12.0, 5 / 12.0 },
        [4] = { 55 / 24.0, -59 / 24.0, 37 / 24.0, -9 / 24.0 },
    };
    double step = dpm_moment(DPM_EPSILON, node[0], t, 0);
    (void)b;
    for (int j = 0; j < n; j++) w[j] = step * adams[n][j];
}

/* Newton's form: eps_0 + A1 D1 + A2 D2 + A3 D3, with
       D1 = e0 - e1,   D2 = D1 - (h1 / h2) (e1 - e2),   D3 = D2 - r ((e1 - e2) - (h2 / h3) (e2 - e3)),
       r = h1 (h1 + h2) / (h2 (h2 + h3)), but for the (h1 / h2) that multiplies the last. */
static void published(const dpm_build *b, const dpm_point *t, int n, const dpm_point *const node[],
                      double w[])
{
    double h[4] = { 0, 1, 1, 1 }, r = 1, last = 0, step = dpm_moment(DPM_EPSILON, node[0], t, 0);
    (void)b;
    h[0] = t->rho - node[0]->rho;
    for (int j = 1; j < n; j++) h[j] = node[j - 1]->rho - node[j]->rho;
    double a = h[0] / (h[0] + h[1]), a1 = 0.5 * h[0] / h[1], a2 = 0, a3 = 0, q = 0;
    if (n > 2) {
        q  = h[1] / h[2];
        a2 = 0.5 * (1 - a / 3 * (h[0] * (h[0] + h[1])) / (h[1] * (h[1] + h[2])));
    }
    if (n > 3) {
        double sum = h[0] + h[1] + h[2];
        a3         = 0.5 * (1 - a / 3) + (1 - 0.5 * a) * h[0] / (6 * sum);
        a3 *= h[0] * (h[0] + h[1]) * sum / (h[1] * (h[1] + h[2]) * (h[1] + h[2] + h[3]));
        r    = h[1] * (h[1] + h[2]) / (h[2] * (h[2] + h[3]));
        last = r * h[2] / h[3];
    }
    w[0] = step * (1 + a1 + a2 + a3);
    w[1] = -step * (a1 + (1 + q) * a2 + (1 + q + r) * a3);
    if (n > 2) w[2] = step * (q * a2 + (q + r + last) * a3);
    if (n > 3) w[3] = -step * r * q * a3;
}

static void make_ipndm(dpm_build *b)
{
    dpm_adams(b, b->order, 0, equal_steps);
}

static void make_ipndm_v(dpm_build *b)
{
    dpm_adams(b, b->order, 0, b->o->published ? published : dpm_adams_in_rho);
}

const dpm_method dpm_method_ipndm = {
    .name       = "ipndm",
    .about      = "Adams-Bashforth weights of equal steps, on any grid",
    .cite       = "Zhang, Chen 2023, appendix H.2; Liu, Ren, Lin, Zhao 2022",
    .aliases    = "IPNDMScheduler ipndm_sampler",
    .order      = 4,
    .order_most = 4,
    .true_order = 2,
    .form       = DPM_EPSILON,
    .flags      = DPM_TO_ZERO | DPM_ORDERS,
    .takes      = "lower-order-final invert",
    .make       = make_ipndm,
};

const dpm_method dpm_method_ipndm_v = {
    .name            = "ipndm-v",
    .about           = "Adams-Bashforth weights of the steps as they are",
    .cite            = "Zhang, Chen 2023; Hairer, Norsett, Wanner 1993, III.5",
    .aliases         = "ipndm_v_sampler",
    .order           = 4,
    .order_most      = 4,
    .true_order      = 4,
    .published_order = 3,
    .form            = DPM_EPSILON,
    .flags           = DPM_TO_ZERO | DPM_ORDERS,
    .takes           = "lower-order-final invert compat",
    .make            = make_ipndm_v,
};
