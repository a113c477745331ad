/* 02_spiral.c - learn y' = f(y; theta) from pieces of a spiral (Chen et al. 2018, section 3). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <costate/costate.h>

enum { DIM = 2, HIDDEN = 50, BATCH = 20, TIMES = 10, STATES = TIMES * BATCH * DIM };
enum { WEIGHTS = HIDDEN * (DIM + 1) + DIM * (HIDDEN + 1) };

static ad_var field(const nde_point *at, void *ctx) /* traced once, when the solver is built */
{
    (void)ctx;
    ad_var h = ad_tanh(ad_dense(ad_powi(at->y, 3), at->theta, "hidden", HIDDEN));
    return ad_dense(h, at->theta, "out", DIM);
}

static void must(ad_status status)
{
    if (status) fprintf(stderr, "%s\n", ad_message()), exit(1);
}

/* BATCH pieces of TIMES points; the first points are the start states. */
static void draw_batch(const ds_series *s, uint64_t step, double want[TIMES][BATCH][DIM])
{
    for (uint64_t b = 0; b < BATCH; b++) {
        long from = (long)(ad_random_bits(0, step, 2 * b) % (uint64_t)(s->len - TIMES));
        for (int i = 0; i < TIMES; i++)
            memcpy(want[i][b], s->y + (from + i) * DIM, sizeof want[i][b]);
    }
}

int main(void)
{
    static double  want[TIMES][BATCH][DIM], y[STATES], y_bar[STATES], theta[WEIGHTS], loss;
    ds_series_set *data;
    ad_params     *layout;
    adj_solver    *solver;
    ad_optim      *adam;
    must(ds_make(&data, "spiral", NULL));
    must(ad_params_new(&layout, AD_F64));
    nde_ode ode = { .field = field, .dim = DIM, .theta = layout };
    must(adj_solver_new(&solver, &ode, &(nde_options){ .rtol = 1e-5 }, NULL, BATCH));
    must(ad_optim_new(&adam, ad_optimizer_find("adam"), layout,
                      &(ad_optim_options){ .rate = 0.01 }));
    ad_params_init(layout, 0, theta);

    nde_solve_args args = { BATCH, TIMES, data->series->t, .y0 = want, .theta = theta, .y = y };
    for (int step = 1; step <= 500; step++) {
        double theta_bar[WEIGHTS] = { 0 };
        draw_batch(data->series, step, want);
        must(adj_solve(solver, &args));
        loss = ad_mse(AD_F64, STATES, y, want, y_bar);
        must(adj_pullback(solver, &(adj_cotangents){ .y_bar = y_bar, .theta_bar = theta_bar }));
        must(ad_optim_step(adam, 1, theta, theta_bar));
        if (step == 1 || step % 100 == 0) printf("step %3d: loss %.1e\n", step, loss);
    }
    ad_optim_free(adam), adj_solver_free(solver), ad_params_free(layout), ds_series_set_free(data);
    return loss > 1e-3;
}
