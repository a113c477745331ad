#include <costate/datasets/generate.h>

/* x'' = -x - 0.2 x': x(t) = e^(-t/10) (cos w t + sin w t / (10 w)), w = sqrt(0.99), from (1, 0). */
static void field(const double *y, double *dy)
{
    dy[0] = y[1];
    dy[1] = -y[0] - 0.2 * y[1];
}

static const ds_system damped_oscillator = {
    .name   = "damped-oscillator",
    .dim    = 2,
    .column = { "x", "v" },
    .field  = field,
    .y0     = { 1, 0 },
    .low    = { -2, -2 },
    .high   = { 2, 2 },
    .t1     = 30,
    .n      = 151,
};

ad_status ds_fill_damped_oscillator(ds_series_set **out, const ds_make_options *o)
{
    return ds_generate(out, &damped_oscillator, o);
}
