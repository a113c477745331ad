/* train_spiral.c - 500 Adam steps on the spiral as a whole process, the peers' train_spiral.py:

       data    y' = y^3 A, A = [-0.1 2; -2 -0.1], from (2, 0), 1000 points in [0, 25]                    (1)
       batch   20 pieces of 10 points, their starts from train_spiral.bin
       model   spiral.c's (1); dopri5, rtol 1e-7, atol 1e-9, jointly, float32
       loss    mean absolute error; Adam, rate 1e-2

   The value is the mean absolute error along the whole curve after training. */
#include "measure.h"

enum { POINTS = 1000, BATCH = 20, PIECE = 10, ALL = PIECE * BATCH * 2, STEPS = 500 };

static const float start[] = { 2, 0 };

static ad_var truth(const nde_point *at, void *ctx)
{
    (void)ctx;
    const double a[] = { -0.1, 2, -2, -0.1 };
    return ad_matmul(ad_powi(at->y, 3), ad_const_array(at->g, at->type, ad_matrix(2, 2), a), 0, 0);
}

static nde_options options(void)
{
    return (nde_options){ .method     = nde_method("torchdiffeq:dopri5"),
                          .controller = nde_controller_named("torchdiffeq"),
                          .rtol       = 1e-7,
                          .atol       = 1e-9 };
}

static void make_data(const double *t, float data[POINTS][2])
{
    nde_ode     ode = { .field = truth, .dim = 2, .type = AD_F32 };
    nde_options o   = options();
    nde_solver *s;
    must(nde_solver_new(&s, &ode, &o, 1));
    must(
        nde_solve(s, &(nde_solve_args){ .n = 1, .times = POINTS, .t = t, .y0 = start, .y = data }));
    nde_solver_free(s);
}

static void draw(float data[POINTS][2], const int32_t *from, float want[PIECE][BATCH][2])
{
    for (int i = 0; i < PIECE; i++)
        for (int b = 0; b < BATCH; b++) memcpy(want[i][b], data[from[b] + i], sizeof want[i][b]);
}

int main(int argc, char **argv)
{
    static float input[240], data[POINTS][2], want[PIECE][BATCH][2], y[ALL], y_bar[ALL],
        theta[WEIGHTS], theta_bar[WEIGHTS];
    static float   curve[POINTS][2];
    static int32_t from[STEPS][BATCH];
    static double  t[POINTS];
    /* from the start of the process: what loading took of the processor, and the time from here on */
    double      loading = clock_ms(CLOCK_PROCESS_CPUTIME_ID), began = now_ms(), first = 0;
    nde_ode     ode = { .field = spiral_field, .dim = 2, .type = AD_F32 };
    nde_options o   = options();
    adj_solver *s;
    ad_optim   *adam;
    read_input(argc, argv, "train-spiral", "spiral.bin", input, sizeof *input, 240);
    read_input(argc, argv, "train-spiral", "train_spiral.bin", from, sizeof(int32_t),
               STEPS * BATCH);
    spaced(POINTS, 0, 25, t);
    make_data(t, data);
    must(ad_params_new(&ode.theta, AD_F32));
    must(adj_solver_new(&s, &ode, &o, NULL, BATCH));
    must(ad_optim_new(&adam, ad_optimizer_find("adam"), ode.theta,
                      &(ad_optim_options){ .rate = 1e-2 }));
    spiral_weights(ode.theta, input, input + 100, theta);

    nde_solve_args args = {
        .n = BATCH, .times = PIECE, .t = t, .y0 = want, .theta = theta, .y = y
    };
    for (int step = 0; step < STEPS; step++) {
        draw(data, from[step], want);
        must(adj_solve(s, &args));
        ad_mae(AD_F32, ALL, y, want, y_bar);
        if (step == 0) first = loading + now_ms() - began;
        memset(theta_bar, 0, sizeof theta_bar);
        must(adj_pullback(s, &(adj_cotangents){ .y_bar = y_bar, .theta_bar = theta_bar }));
        must(ad_optim_step(adam, 1, theta, theta_bar));
    }
    must(adj_solve(s,
                   &(nde_solve_args){
                       .n = 1, .times = POINTS, .t = t, .y0 = start, .theta = theta, .y = curve }));
    print_line(&(line){ "train-spiral", .first = first,
                        .value = ad_mae(AD_F32, 2 * POINTS, curve, data, NULL) });
    ad_optim_free(adam);
    adj_solver_free(s);
    ad_params_free(ode.theta);
    return 0;
}
