#include <costate/datasets/generate.h>

/* Lotka 1925, Volterra 1926: u' = a u - b u v, v' = d u v - c v with a = 1.5, b = 1, c = 3, d = 1. */
static void field(const double *y, double *dy)
{
    dy[0] = 1.5 * y[0] - y[0] * y[1];
    dy[1] = y[0] * y[1] - 3 * y[1];
}

static const ds_system lotka_volterra = {
    .name   = "lotka-volterra",
    .dim    = 2,
    .column = { "prey", "predator" },
    .field  = field,
    .y0     = { 1, 1 },
    .low    = { 0.5, 0.5 },
    .high   = { 4, 3 },
    .t1     = 10,
    .n      = 101,
};

ad_status ds_fill_lotka_volterra(ds_series_set **out, const ds_make_options *o)
{
    return ds_generate(out, &lotka_volterra, o);
}
