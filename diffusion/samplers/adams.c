/* The loop of linear multistep methods. */
#include "adams.h"

void dpm_adams_in_rho(const dpm_build *b, const dpm_point *t, int n, const dpm_point *const node[],
                      double w[])
{
    dpm_weights(DPM_EPSILON, DPM_IN_RHO, b->schedule, node[0], t, n, node, w);
}

void dpm_adams(dpm_build *b, int values, int lower, dpm_adams_weights *weights)
{
    dpm_slot         x = b->x, term[1 + DPM_NODES] = { 0 }; /* x, then eps, newest first */
    const dpm_point *node[DPM_NODES] = { 0 };
    double           w[1 + DPM_NODES];
    if (b->o->lower_order_final) lower = b->o->lower_order_final > 0;
    for (long i = 0; i < b->steps; i++) {
        const dpm_point *t = &b->point[i + 1];
        int              n = dpm_values_at(b, i, values, lower);
        for (int j = values - 1; j > 0; j--) {
            node[j]     = node[j - 1];
            term[1 + j] = term[j];
        }
        node[0] = &b->point[i];
        term[1] = dpm_eval(b, x, node[0], DPM_EPSILON);
        term[0] = x;
        w[0]    = dpm_transfer(DPM_EPSILON, node[0], t);
        if (n == 1)
            w[1] = dpm_moment(DPM_EPSILON, node[0], t, 0);
        else
            weights(b, t, n, node, w + 1);
        x = dpm_step(b, i, dpm_lin(b, 1 + n, w, term));
    }
    dpm_result(b, x);
}
