/* spiral.c - a neural ODE solve and its gradient: the race of the peers' spiral.py.

       f(y) = tanh(y^3 W1' + b1) W2' + b2,    batch 20, 2-50-2, float32,                                (1)
       L = mean of y(t_i)^2,  10 outputs in [0, 25];  dL/d(W1, b1, W2, b2, y0),

   dopri5 with torchdiffeq's error weights and controller, rtol 1e-7, atol 1e-9, jointly. */
#include "measure.h"

enum { BATCH = 20, TIMES = 10, ALL = TIMES * BATCH * 2 };

typedef struct race {
    nde_solver    *plain;
    adj_solver    *recorded;
    nde_solve_args args;
    adj_cotangents bar;
    float          y[ALL], y_bar[ALL], y0_bar[BATCH * 2], theta_bar[WEIGHTS];
    double         loss;
} race;

static double mean_square(const race *r, float *y_bar)
{
    double sum = 0;
    for (int i = 0; i < ALL; i++) {
        sum += (double)r->y[i] * r->y[i];
        if (y_bar) y_bar[i] = 2 * r->y[i] / ALL;
    }
    return sum / ALL;
}

static void forward(void *ctx)
{
    race *r = ctx;
    must(nde_solve(r->plain, &r->args));
    r->loss = mean_square(r, NULL);
}

static void gradient(void *ctx)
{
    race *r = ctx;
    must(adj_solve(r->recorded, &r->args));
    r->loss = mean_square(r, r->y_bar);
    memset(r->theta_bar, 0, sizeof r->theta_bar);
    must(adj_pullback(r->recorded, &r->bar));
}

int main(int argc, char **argv)
{
    static race  r;
    static float input[2 * 100 + 40], theta[WEIGHTS];
    double       t[TIMES];
    read_input(argc, argv, "spiral", "spiral.bin", input, sizeof *input, 240);
    spaced(TIMES, 0, 25, t);

    nde_ode     ode     = { .field = spiral_field, .dim = 2, .type = AD_F32 };
    nde_options options = { .method     = nde_method("torchdiffeq:dopri5"),
                            .controller = nde_controller_named("torchdiffeq"),
                            .rtol       = 1e-7,
                            .atol       = 1e-9 };
    must(ad_params_new(&ode.theta, AD_F32));
    must(nde_solver_new(&r.plain, &ode, &options, BATCH));
    must(adj_solver_new(&r.recorded, &ode, &options, NULL, BATCH));
    spiral_weights(ode.theta, input, input + 100, theta);

    r.args = (nde_solve_args){
        .n = BATCH, .times = TIMES, .t = t, .y0 = input + 200, .theta = theta, .y = r.y
    };
    r.bar = (adj_cotangents){ .y_bar = r.y_bar, .y0_bar = r.y0_bar, .theta_bar = r.theta_bar };
    times_taken times = measure(gradient, &r);
    print_line(&(line){ "spiral/gradient", &times, adj_solver_stats(r.recorded), .value = r.loss });
    times = measure(forward, &r);
    print_line(&(line){ "spiral/forward", &times, nde_solver_stats(r.plain), .value = r.loss });
    adj_solver_free(r.recorded);
    nde_solver_free(r.plain);
    ad_params_free(ode.theta);
    return 0;
}
