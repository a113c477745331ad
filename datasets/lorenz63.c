#include <costate/datasets/generate.h>

/* Lorenz 1963: sigma = 10, rho = 28, beta = 8/3, from the start of Hairer, Norsett and
   Wanner's LRNZ, which lies near the attractor. */
static void field(const double *y, double *dy)
{
    dy[0] = 10 * (y[1] - y[0]);
    dy[1] = y[0] * (28 - y[2]) - y[1];
    dy[2] = y[0] * y[1] - 8.0 / 3 * y[2];
}

static const ds_system lorenz63 = {
    .name   = "lorenz63",
    .dim    = 3,
    .column = { "x", "y", "z" },
    .field  = field,
    .y0     = { -8, 8, 27 },
    .low    = { -15, -15, 10 },
    .high   = { 15, 15, 40 },
    .t1     = 20,
    .n      = 1001,
};

ad_status ds_fill_lorenz63(ds_series_set **out, const ds_make_options *o)
{
    return ds_generate(out, &lorenz63, o);
}
