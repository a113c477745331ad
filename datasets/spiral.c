#include <costate/datasets/generate.h>

/* Chen et al. 2018 (their ode_demo): dy/dt = y^3 A for the row y, A = [-0.1 2; -2 -0.1], the cube
   taken of each component. */
static void field(const double *y, double *dy)
{
    double u = y[0] * y[0] * y[0], v = y[1] * y[1] * y[1];
    dy[0] = -0.1 * u - 2 * v;
    dy[1] = 2 * u - 0.1 * v;
}

static const ds_system spiral = {
    .name   = "spiral",
    .dim    = 2,
    .column = { "x", "y" },
    .field  = field,
    .y0     = { 2, 0 },
    .low    = { -2, -2 },
    .high   = { 2, 2 },
    .t1     = 25,
    .n      = 1000,
};

ad_status ds_fill_spiral(ds_series_set **out, const ds_make_options *o)
{
    return ds_generate(out, &spiral, o);
}
