#include <costate/datasets/generate.h>

/* van der Pol 1926: x'' = mu (1 - x^2) x' - x with mu = 2. */
static void field(const double *y, double *dy)
{
    dy[0] = y[1];
    dy[1] = 2 * (1 - y[0] * y[0]) * y[1] - y[0];
}

static const ds_system van_der_pol = {
    .name   = "van-der-pol",
    .dim    = 2,
    .column = { "x", "v" },
    .field  = field,
    .y0     = { 2, 0 },
    .low    = { -3, -3 },
    .high   = { 3, 3 },
    .t1     = 20,
    .n      = 201,
};

ad_status ds_fill_van_der_pol(ds_series_set **out, const ds_make_options *o)
{
    return ds_generate(out, &van_der_pol, o);
}
