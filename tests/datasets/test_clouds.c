/* Points of the plane: densities integrate to 1 and are those of the points; figures without a density keep their shape. */
#include <costate/datasets/samples.h>

#include "texts.h"

static ds_samples *make(const char *spec)
{
    ds_samples *s = NULL;
    cr_assert_eq(ds_samples_make_spec(&s, spec, NULL), AD_OK, "%s: %s", spec, ad_message());
    return s;
}

static ds_log_density *density(const char *name)
{
    return ds_samples_find(name)->log_density;
}

typedef struct plane {
    const char *name;
    double      noise, half; /* of the side of a square around 0 that holds all but 1e-9 */
} plane;

static const plane planes[] = {
    { "eight-gaussians", 0, 5.5 }, { "eight-gaussians", 0.6, 7 },
    { "rings", 0, 3.6 },           { "rings", 0.3, 5 },
    { "circles", 0, 1.5 },         { "circles", 0.2, 2.4 },
    { "checkerboard", 0.25, 6 },   { "checkerboard", DS_NO_NOISE, 5 },
};

enum { PLANES = sizeof planes / sizeof planes[0], CELLS = 20, FINE = 12, DRAWN = 40000 };

/* The mass of a cell of the grid: midpoints, FINE of them a side. */
static double mass_of(const plane *p, int i, int j)
{
    ds_samples_options o    = { .noise = p->noise };
    double             side = 2 * p->half / CELLS, h = side / FINE, sum = 0;
    for (int a = 0; a < FINE; a++)
        for (int b = 0; b < FINE; b++) {
            double x[2] = { -p->half + i * side + (a + 0.5) * h,
                            -p->half + j * side + (b + 0.5) * h };
            sum += exp(density(p->name)(&o, x));
        }
    return sum * h * h;
}

/* Midpoints are spectrally accurate for what is smooth and vanishes at the border: h is at most half the deviation s, so
   they miss 2 exp(-2 (pi s / h)^2) < 1e-30; the checkerboard's edges lie on the grid, and there they are exact. */
static void check(const plane *p)
{
    char   spec[96];
    double total = 0, chi = 0, few = 0, few_seen = 0;
    long   seen[CELLS][CELLS] = { 0 };
    int    cells              = 0;
    snprintf(spec, sizeof spec, "%s:n=%d,noise=%g,seed=11", p->name, DRAWN,
             p->noise > 0 ? p->noise : 0);
    if (p->noise == 0) snprintf(spec, sizeof spec, "%s:n=%d,seed=11", p->name, DRAWN);
    ds_samples *s = make(spec);
    for (long k = 0; k < s->n; k++) {
        int i = (int)floor((s->real[2 * k] / p->half + 1) * CELLS / 2),
            j = (int)floor((s->real[2 * k + 1] / p->half + 1) * CELLS / 2);
        cr_assert(i >= 0 && i < CELLS && j >= 0 && j < CELLS);
        seen[i][j]++;
    }
    for (int i = 0; i < CELLS; i++)
        for (int j = 0; j < CELLS; j++) {
            double m = mass_of(p, i, j), want = m * DRAWN;
            total += m;
            if (want < 10) {
                few += want, few_seen += (double)seen[i][j];
            } else {
                chi += pow((double)seen[i][j] - want, 2) / want;
                cells++;
            }
        }
    cr_expect_float_eq(total, 1, 1e-8, "%s: %.12g", p->name, total);
    /* chi^2 of `cells` terms has deviation sqrt(2 cells): five of those. */
    cr_expect_lt(chi, cells + 5 * sqrt(2 * cells), "%s, noise %g: %g over %d cells", p->name,
                 p->noise, chi, cells);
    cr_expect_leq(fabs(few - few_seen), 5 * sqrt(few + 1), "%s: %g, %g", p->name, few, few_seen);
    ds_samples_free(s);
}

Test(clouds, densities_are_those_of_the_points)
{
    for (int i = 0; i < PLANES; i++) check(&planes[i]);
}

/* The two branches of the Bessel function meet where z = r R / sigma^2 = 100. */
Test(clouds, density_of_a_circle)
{
    ds_samples_options o = { .noise = 0.1 };
    double             x[2], last = 0;
    for (int k = -3; k <= 3; k++) {
        x[0] = 1 + k * 1e-9, x[1] = 0;
        double now = density("circles")(&o, x);
        /* the slope there is about -1/2: steps of 1e-9 move the value by less than 2e-9 */
        if (k > -3) cr_expect_float_eq(now, last, 2e-9);
        last = now;
    }
    x[0]    = 0;
    o.noise = 0.5; /* at the centre z = 0 and p = (exp(-2) + exp(-1/2)) / (2 2 pi / 4) */
    cr_expect_float_eq(density("circles")(&o, x), log((exp(-2) + exp(-0.5)) / acos(-1)), 1e-15);
    x[0] = 1e3;
    cr_expect(isfinite(density("circles")(&o, x)));
    o.noise = DS_NO_NOISE;
    cr_expect(isnan(density("circles")(&o, x)));
    cr_expect(isnan(density("eight-gaussians")(&o, x)));
}

Test(clouds, checkerboard_is_exact)
{
    ds_samples_options o       = { .noise = 0 };
    double             in[][2] = { { 1, 1 }, { -1, -1 }, { 3, -1 }, { -3.5, 1 }, { -3, -3 } },
           out[][2] = { { 1, -1 }, { -1, 1 }, { 3, 1 }, { 5, 5 }, { -5, -5 }, { 1, 4.5 } };
    for (int i = 0; i < 5; i++) cr_expect_eq(density("checkerboard")(&o, in[i]), -log(32));
    for (int i = 0; i < 6; i++) cr_expect_eq(density("checkerboard")(NULL, out[i]), -INFINITY);
    ds_samples *s = make("checkerboard:n=5000");
    for (long i = 0; i < s->n; i++)
        cr_assert_eq(density("checkerboard")(&o, s->real + 2 * i), -log(32));
    ds_samples_free(s);
}

/* Without noise each point lies on its half circle, in the frame's 2 (x, y) - (1, 0.2). */
Test(clouds, moons_without_noise_are_half_circles)
{
    ds_samples *s = make("two-moons:noise=0,n=3000");
    for (long i = 0; i < s->n; i++) {
        double x = (s->real[2 * i] + 1) / 2, y = (s->real[2 * i + 1] + 0.2) / 2;
        int    in = s->label[i];
        cr_assert_float_eq(hypot(in ? x - 1 : x, in ? y - 0.5 : y), 1, 1e-15);
        cr_assert(in ? y <= 0.5 + 1e-15 : y >= -1e-15);
    }
    ds_samples_free(s);
}

/* (x, y) / 2 is (r, t) turned by -(2 pi k / 5 + exp(r) / 4): turned back by its own angle's guess, r^2 + t^2 has mean
   1 + 0.3^2 + 0.1^2 = 1.1; its deviation is below 0.7, known to 0.7 / sqrt(n). */
Test(clouds, pinwheel_has_five_equal_arms)
{
    ds_samples *s = make("pinwheel:n=20000"), *bare = make("pinwheel:n=200,noise=0");
    double      mean = 0, one = acos(-1) * 2 / 5;
    double      arm[5][2] = { { 0 } };
    long        count[5]  = { 0 };
    for (long i = 0; i < s->n; i++) {
        const double *x = s->real + 2 * i;
        int           k = s->label[i];
        double        c = cos(k * one), w = sin(k * one);
        mean += (x[0] * x[0] + x[1] * x[1]) / 4 / (double)s->n;
        arm[k][0] += c * x[0] - w * x[1];
        arm[k][1] += w * x[0] + c * x[1];
        count[k]++;
    }
    cr_expect_float_eq(mean, 1.1, 5 * 0.7 / sqrt(20000));
    for (int k = 0; k < 5;
         k++) { /* turned onto the first; each has some 4000 points of deviation below 0.7 */
        cr_expect_float_eq((double)count[k], 4000, 5 * sqrt(4000 * 0.8));
        for (int j = 0; j < 2; j++)
            cr_expect_float_eq(arm[k][j] / (double)count[k], arm[0][j] / (double)count[0],
                               5 * 0.7 * sqrt(2. / 3700), "arm %d", k);
    }
    for (long i = 0; i < bare->n; i++) {
        double a = bare->label[i] * one + 0.25 * exp(1);
        cr_expect_float_eq(bare->real[2 * i], 2 * cos(a), 1e-14);
        cr_expect_float_eq(bare->real[2 * i + 1], -2 * sin(a), 1e-14);
    }
    ds_samples_free(s);
    ds_samples_free(bare);
}

/* Without noise each point is 1/3 of the arm's a (-cos a, sin a) plus a box of side 1/6, and the other arm mirrors it. */
Test(clouds, spirals_without_noise_lie_beside_their_arm)
{
    ds_samples *s    = make("two-spirals:noise=0,n=1000");
    double      mean = 0;
    for (long i = 0; i < s->n; i++) {
        double sign = s->label[i] ? -3 : 3, x = sign * s->real[2 * i],
               y = sign * s->real[2 * i + 1];
        double r = hypot(x, y), near = 10;
        for (int k = 0; k <= 2000; k++) {
            double a = 3 * acos(-1) * k / 2000, dx = x + a * cos(a), dy = y - a * sin(a);
            double over = fmax(fmax(-dx, dx - 0.5), fmax(-dy, dy - 0.5));
            near        = fmin(near, over);
        }
        cr_assert_lt(near, 0.025, "%g %g", x, y); /* half of a step of the search along the arm */
        mean += r * r / (double)s->n;
    }
    /* E a^2 = (3 pi)^2 / 2 = 44.41, deviation 25.6; the box adds at most some 2 r / 4 at the ends of the waves */
    cr_expect_float_eq(mean, 44.41 + 0.167, 5 * 25.6 / sqrt(1000) + 1);
    ds_samples_free(s);
}
