/* 03_csv.c - from a CSV to a forecast: 03_csv [FILE], rows at equal spacing. From all windows of ROWS
   rows of the first three quarters a network learns how the columns move; then it goes on alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <costate/costate.h>

enum { ROWS = 12, STEPS = 800, WEIGHTS = 5000, ALL = 100000 };

static ad_var field(const nde_point *at, void *ctx)
{
    return ad_mlp(at->y, at->theta, "f", 2, (const long[]){ 32, *(const int *)ctx }, ad_tanh);
}

static void must(ad_status status)
{
    if (status) fprintf(stderr, "%s\n", ad_message()), exit(1);
}

int main(int argc, char **argv)
{
    static double  theta[WEIGHTS], theta_bar[WEIGHTS], want[ALL], y[ALL], y_bar[ALL];
    ds_series_set *data, *train, *rest;
    ds_normalise  *units;
    must(ds_read(&data, argc > 1 ? argv[1] : "examples/pendulum.csv", NULL));
    must(ds_split_fraction(data, 0.25, &train, &rest));
    must(ds_normalise_fit(&units, train, DS_TIME_SPEED)); /* mean 0, deviation 1, speed 1 */
    must(ds_normalise_apply(units, data));

    const ds_series *s = data->series;
    const long       d = data->cols, m = rest->series->len, last = s->len - m - 1;
    const long       windows = last + 2 - ROWS, size = windows * d; /* one time of all windows */
    nde_ode          ode  = { .field = field, .ctx = &data->cols, .dim = d };
    ad_optim_options fast = { .rate = 0.01 };
    adj_solver      *solver;
    ad_optim        *adam;
    if (size * ROWS > ALL) return puts("too long for an example"), 1;
    must(ad_params_new(&ode.theta, AD_F64));
    must(adj_solver_new(&solver, &ode, NULL, NULL, windows));
    must(ad_optim_new(&adam, ad_optimizer_find("adam"), ode.theta, &fast));
    ad_params_init(ode.theta, 0, theta);
    nde_solve_args args = { windows, ROWS, s->t, .y0 = s->y, .theta = theta, .y = y };
    for (int i = 0; i < ROWS; i++) memcpy(want + i * size, s->y + i * d, size * sizeof *y);
    for (int step = 1; step <= STEPS; step++) {
        must(adj_solve(solver, &args));
        double loss = ad_mse(AD_F64, ROWS * size, y, want, y_bar);
        memset(theta_bar, 0, sizeof theta_bar);
        must(adj_pullback(solver, &(adj_cotangents){ .y_bar = y_bar, .theta_bar = theta_bar }));
        must(ad_optim_step(adam, 1, theta, theta_bar));
        if (step % 200 == 0) fprintf(stderr, "step %d: loss %.1e\n", step, loss);
    }
    args.n = 1, args.times = m + 1, args.t += last, args.y0 = s->y + last * d;
    must(adj_solve(solver, &args));
    ds_normalise_undo_rows(units, m, y + d, rest->series->y);
    must(ds_print_csv(stdout, rest)); /* the forecast, in the data's own units and times */
    ad_optim_free(adam), adj_solver_free(solver), ad_params_free(ode.theta);
    ds_normalise_free(units), ds_series_set_free(data);
    ds_series_set_free(train), ds_series_set_free(rest);
}
