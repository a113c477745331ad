/* `costate solve --json`: what the object holds. */
#include <unistd.h>

#include <sys/stat.h>

#include <costate/autodiff/checkpoint.h>
#include <costate/nde/text.h>

#include "../support.h"
#include "solve_command.h"

#define LV                                                                                    \
    "a = 1.5\nb = 1\nc = 3\nd = 1\nx' = a*x - b*x*y\ny' = -c*y + d*x*y\nx(0) = 1\ny(0) = 1\n" \
    "t = 0 .. 10\nloss = ((x - 1)^2 + (y - 1)^2)/2\n"

Test(solve, every_accepted_step_without_at)
{
    json_t *r = solved(LV, "--rtol", "1e-6");
    int     n = items(r, "t", NULL);
    cr_assert_eq(n, (int)number(r, "stats", "accepted") + 1);
    cr_assert(items(r, "y", "x") == n && items(r, "y", "y") == n);
    cr_assert_eq(item(r, "t", NULL, 0), 0);
    cr_assert_eq(item(r, "t", NULL, n - 1), 10);
    cr_assert_eq(item(r, "y", "x", 0), 1);
    for (int i = 1; i < n; i++) cr_assert_gt(item(r, "t", NULL, i), item(r, "t", NULL, i - 1));
    cr_assert_eq(number(r, "stats", "nfe"),
                 2 + 6 * (number(r, "stats", "accepted") + number(r, "stats", "rejected")));
    cr_assert_gt(number(r, "stats", "seconds"), 0);
    cr_assert_gt(number(r, "stats", "bytes"), 0);
    json_t *end = solved(LV, "--rtol", "1e-6", "--at", "10"); /* the same steps, the same number */
    cr_assert_eq(item(end, "y", "x", 0), item(r, "y", "x", n - 1));
    json_t *g = solved(LV, "--rtol", "1e-6", "--gradient");
    cr_assert(json_equal(json_object_get(g, "y"), json_object_get(r, "y")));
    json_decref(g);
    json_decref(end);
    json_decref(r);
}

Test(solve, each_way_of_stepping_has_its_rows)
{
    static const char *const ways[][4] = {
        { "--method", "bosh3", "--rtol", "1e-4" },
        { "--method", "dop853", "--rtol", "1e-4" },
        { "--method", "rk4", "--fixed-step", "0.3" },
        { "--method", "heun2", "--controller", "pid" },
        { "--batching", "per-sample", "--rtol", "1e-4" },
        { "--precision", "float32", "--h0", "0.01" },
        { "--method", "euler", "--fixed-step", "0.01" },
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        json_t *r = solved(LV, ways[i][0], ways[i][1], ways[i][2], ways[i][3]);
        int     n = items(r, "t", NULL);
        cr_expect_eq(n, (int)number(r, "stats", "accepted") + 1, "%s", ways[i][1]);
        cr_expect_eq(item(r, "t", NULL, n - 1), 10);
        cr_expect_eq(items(r, "y", "y"), n);
        json_decref(r);
    }
}

Test(solve, at_lists_and_ranges)
{
    json_t *r = solved("x' = 2*t\nx(0) = 0\nt = 0 .. 1\n", "--at", "0:0.1:1");
    cr_assert_eq(items(r, "t", NULL), 11);
    cr_assert_eq(item(r, "t", NULL, 3), 3 * 0.1); /* a + i h, not a sum */
    cr_assert_eq(item(r, "t", NULL, 10), 1);
    for (int i = 0; i <= 10; i++)
        cr_assert(fabs(item(r, "y", "x", i) - 0.01 * i * i) < 1e-12); /* a quadratic: exact */
    json_decref(r);
    r = solved("x' = 2*t\nx(0) = 0\nt = 0 .. 1\n", "--at",
               "0:0.3:1"); /* the end is no whole step */
    cr_assert_eq(items(r, "t", NULL), 5);
    cr_assert(item(r, "t", NULL, 3) == 3 * 0.3 && item(r, "t", NULL, 4) == 1);
    json_decref(r);
    r = solved("x' = 2*t\nx(1) = 1\nt = 1 .. -1\n", "--at", "1,0.5", "--at",
               "0:-0.5:-1"); /* back */
    cr_assert_eq(items(r, "t", NULL), 5);
    cr_assert(fabs(item(r, "y", "x", 2)) < 1e-12 && fabs(item(r, "y", "x", 4) - 1) < 1e-12);
    json_decref(r);
    r = solved("x' = 2*t\nx(0) = 3\nt = 0 .. 1\n", "--at", "0,0"); /* the start, twice */
    cr_assert(items(r, "t", NULL) == 2 && item(r, "y", "x", 1) == 3);
    json_decref(r);
}

Test(solve, numbers_are_what_they_are)
{
    json_t *r = solved("x' = 0\nx(0) = 0.1\nt = 0 .. 1\n", "--precision", "float32", "--at", "1");
    cr_assert_eq(item(r, "y", "x", 0), (double)0.1f);
    json_decref(r);
    r = solved("a = 1\nx' = 0\nx(0) = 0.1\nt = 0 .. 1\nloss = 1e300*a*1e300\n", "--gradient");
    cr_assert(isnan(number(r, "loss", NULL)), "infinity is null");
    json_decref(r);
}

Test(solve, set_and_seed)
{
    json_t *r = solved("a = 1\nk = 2*a\nx' = k\ny' = 0\nx(0) = k\ny(0) = a\nt = 0 .. 1\n", "--set",
                       "a=2,y(0)=7", "--set", "a=3", "--at", "0,1");
    cr_assert(item(r, "y", "x", 0) == 6 && fabs(item(r, "y", "x", 1) - 12) < 1e-12);
    cr_assert(item(r, "y", "y", 1) == 7);
    json_decref(r);
    static const char net[] = "f = nn(x; 8)\nx' = f[0]\nx(0) = 1\nt = 0 .. 1\n";
    json_t           *a     = solved(net, "--seed", "1", "--at", "1"),
           *b               = solved(net, "--seed", "1", "--at", "1"),
           *c               = solved(net, "--seed", "2", "--at", "1");
    cr_assert_eq(item(a, "y", "x", 0), item(b, "y", "x", 0));
    cr_assert_neq(item(a, "y", "x", 0), item(c, "y", "x", 0));
    json_decref(a), json_decref(b), json_decref(c);
}

/* x = x0 e^(k (t - t0)) with x0 = m^2 from m, L = t x + m: all by hand. */
Test(solve, gradient_reaches_everything)
{
    static const char text[] =
        "k = 0.5\nm = 1.5\nx' = k*x\ny' = 0*y\nx(t0) = m^2\ny(2) = 4\nt = 2 .. 5\n"
        "loss = t*x + m + y*t\n";
    double  e = 2.25 * exp(1.5);
    json_t *r = solved(text, "--gradient", "--rtol", "1e-10", "--atol", "1e-12");
    cr_expect_float_eq(number(r, "loss", NULL), 5 * e + 1.5 + 20, 1e-7);
    cr_expect_float_eq(number(r, "gradient", "k"), 5 * 3 * e, 1e-6);
    cr_expect_float_eq(number(r, "gradient", "m"), 5 * e / 2.25 * 3 + 1, 1e-6);
    cr_expect_float_eq(number(r, "gradient", "y(0)"), 5, 1e-12);
    cr_expect_null(json_object_get(json_object_get(r, "gradient"), "x(0)"));
    cr_expect_null(json_object_get(json_object_get(r, "gradient"), "y(2)"));
    cr_expect_float_eq(number(r, "gradient", "t0"), -5 * 0.5 * e, 1e-6);
    cr_expect_float_eq(number(r, "gradient", "t1"), 5 * 0.5 * e + e + 4,
                       1e-6); /* t itself counts */
    cr_expect_eq(items(r, "gradient", "t"), 0);
    json_decref(r);
}

/* --- times are numbers of their own --- */

enum { MOVED = 4 };

/* x' = 0.3 x + sin t from x(start) = 1 to 3, L = sum x^2 t over at[] */
static json_t *moved(double start, const double at[MOVED])
{
    char text[256], list[128];
    snprintf(text, sizeof text, "x' = 0.3*x + sin(t)\nx(t0) = 1\nt = %.17g .. 3\nloss = x^2*t\n",
             start);
    snprintf(list, sizeof list, "%.17g,%.17g,%.17g,%.17g", at[0], at[1], at[2], at[3]);
    return solved(text, "--gradient", "--rtol", "1e-11", "--atol", "1e-12", "--at", list);
}

/* dL/dx by three points on one side: x may not leave the interval on the other. */
static double one_sided(double start, const double at[MOVED], int which, double side)
{
    double L[3], d = 1e-5 * side;
    for (int k = 0; k < 3; k++) {
        double there[MOVED];
        memcpy(there, at, sizeof there);
        if (which >= 0) there[which] += k * d;
        json_t *r = moved(which < 0 ? start + k * d : start, there);
        L[k]      = number(r, "loss", NULL);
        json_decref(r);
    }
    return (-3 * L[0] + 4 * L[1] - L[2]) / (2 * d);
}

Test(solve, gradient_of_each_time)
{
    static const double at[MOVED] = { 0.5, 1, 2, 3 }, side[MOVED] = { 1, 1, -1, -1 };
    json_t             *r = moved(0.5, at);
    for (int i = 0; i < MOVED; i++) {
        double want = one_sided(0.5, at, i, side[i]);
        cr_expect(fabs(item(r, "gradient", "t", i) - want) <= 1e-5 * (1 + fabs(want)),
                  "t[%d]: %.10g, by differences %.10g", i, item(r, "gradient", "t", i), want);
    }
    double want = one_sided(0.5, at, -1, -1); /* an earlier start; the time 0.5 stays where it is */
    cr_expect(fabs(number(r, "gradient", "t0") - want) <= 1e-5 * (1 + fabs(want)),
              "t0: %.10g, by differences %.10g", number(r, "gradient", "t0"), want);
    cr_expect_eq(number(r, "gradient", "t1"), item(r, "gradient", "t", 3));
    json_decref(r);
}

Test(solve, gradient_of_equal_times_and_of_none_at_the_end)
{
    json_t *once = moved(0.5, (double[MOVED]){ 0.5, 1, 2, 2.5 });
    json_t *many = moved(0.5, (double[MOVED]){ 0.5, 0.5, 2.5, 2.5 });
    cr_expect_eq(number(once, "gradient", "t1"), 0); /* 3 is not among them */
    for (int i = 0; i < MOVED; i++) {
        double a = item(once, "gradient", "t", i < 2 ? 0 : 3), b = item(many, "gradient", "t", i);
        cr_expect(fabs(a - b) <= 1e-7 * fabs(a), "t[%d]: %.12g and %.12g", i, b, a);
    }
    json_decref(once);
    json_decref(many);
}

Test(solve, gradient_of_networks_in_nested_lists)
{
    static const char text[] =
        "a = 2\nf = nn(x, y; 3)\nx' = a*f[0]\ny' = -y\nx(0) = 1\ny(0) = 1\nt = 0 .. 1\n"
        "loss = x\n";
    json_t       *r = solved(text, "--gradient");
    const json_t *g = json_object_get(r, "gradient"), *w = json_object_get(g, "f.0.weight");
    cr_assert(json_array_size(w) == 3 && json_array_size(json_array_get(w, 2)) == 2);
    cr_assert(json_is_real(json_array_get(json_array_get(w, 2), 1)));
    cr_assert_eq(json_array_size(json_object_get(g, "f.0.bias")), 3);
    cr_assert(json_is_array(json_object_get(g, "f.1.bias")) &&
              json_is_number(json_object_get(g, "a")));
    json_decref(r);
}

/* A run directory as training leaves it, in either precision. */
Test(solve, run_takes_trained_numbers)
{
    static const char text[]   = "a = 1\nf = nn(x; 2)\nx' = f[0] + a\nx(0) = a\nt = 0 .. 1\n";
    char              folder[] = "/tmp/costate-test-XXXXXX", path[128];
    nde_system       *s;
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/checkpoint.safetensors", folder);
    cr_assert_eq(nde_system_parse(&s, "a.ode", text, strlen(text)), AD_OK);
    ad_params *p     = nde_system_params(s, AD_F32);
    float     *theta = ad_alloc((size_t)ad_params_count(p) * sizeof *theta);
    for (long i = 0; i < ad_params_count(p); i++) theta[i] = 0;
    theta[ad_params_view(p, 0)->offset]                             = 3;
    theta[ad_params_view(p, ad_params_find(p, "f.1.bias"))->offset] = 0.5f;
    cr_assert_eq(ad_checkpoint_save(path, &(ad_checkpoint){ .params = p, .theta = theta }), AD_OK,
                 "%s", ad_message());
    json_t *r = solved(text, "--run", folder, "--at", "0,1");
    cr_expect_eq(item(r, "y", "x", 0), 3);
    cr_expect_float_eq(item(r, "y", "x", 1), 6.5, 1e-12);
    json_decref(r);
    r = solved(text, "--run", folder, "--set", "a=1", "--at", "0,1", "--precision", "float32");
    cr_expect_eq(item(r, "y", "x", 0), 1);
    cr_expect_float_eq(item(r, "y", "x", 1), 2.5, 1e-6);
    json_decref(r);
    int     code;
    json_t *other = solving(&code, "b = 1\nx' = b\nx(0) = 1\nt = 0 .. 1\n", "--run", folder);
    cr_expect_eq(code, 1);
    cr_expect_str_eq(json_string_value(json_object_get(other, "status")), "bad-file");
    json_decref(other);
    unlink(path);
    rmdir(folder);
    ad_free(theta);
    nde_system_free(s);
}

/* x = 1/(1 - t): there is no t = 2. */
Test(solve, failure_keeps_the_valid_prefix)
{
    static const char text[] = "a = 1\nx' = a*x^2\nx(0) = 1\nt = 0 .. 2\nloss = x\n";
    int               code;
    json_t           *r = solving(&code, text, "--at", "0:0.3:1.5", "--rtol", "1e-8", "--gradient");
    cr_assert_eq(code, 1);
    cr_assert_eq(items(r, "t", NULL), 4);
    cr_assert_eq(items(r, "y", "x"), 4);
    cr_assert_float_eq(item(r, "y", "x", 2), 2.5, 1e-4);
    cr_assert_str_neq(json_string_value(json_object_get(r, "status")), "ok");
    cr_assert_gt(strlen(json_string_value(json_object_get(r, "message"))), 20);
    cr_assert(isnan(number(r, "loss", NULL)) && isnan(number(r, "gradient", "a")));
    cr_assert(isnan(item(r, "gradient", "t", 5)) && isnan(number(r, "gradient", "t0")));
    json_decref(r);
    r = solving(&code, text, "--rtol", "1e-6");
    cr_assert_eq(code, 1);
    int n = items(r, "t", NULL);
    cr_assert_eq(n, (int)number(r, "stats", "accepted") + 1);
    cr_assert(n > 10 && item(r, "t", NULL, n - 1) <= 1.0001);
    cr_assert(isfinite(item(r, "y", "x", n - 1)));
    json_decref(r);
    r = solving(&code, "x' = -x\nx(0) = 1\nt = 0 .. 100\n", "--max-steps", "3");
    cr_assert(code == 1 && items(r, "t", NULL) <= 4 && items(r, "t", NULL) >= 2);
    cr_assert_str_eq(json_string_value(json_object_get(r, "status")), "step-limit");
    json_decref(r);
    r = solving(&code, "x' = 1/0*x\nx(0) = 1\nt = 0 .. 1\n", "--at", "0,1"); /* not one step */
    cr_assert(code == 1 && items(r, "t", NULL) == 1 && item(r, "y", "x", 0) == 1);
    cr_assert_str_eq(json_string_value(json_object_get(r, "status")), "nonfinite-field");
    json_decref(r);
    r = solving(&code, "x' = y\nx(0) = 1\nt = 0 .. 1\n", "--at", "0,1"); /* not a system */
    cr_assert(code == 1 && items(r, "t", NULL) == 0);
    cr_assert_str_eq(json_string_value(json_object_get(r, "status")), "bad-file");
    json_decref(r);
}

/* le(t, 1) and the break: without it the steps would stumble over the jump, with it they end there. */
Test(solve, break_points)
{
    static const char text[] = "x' = if(le(t, 1), 1, -3)\nx(0) = 0\nt = 0 .. 2\nbreak = 1\n";
    json_t           *r      = solved(text, "--at", "1,2");
    cr_assert_float_eq(item(r, "y", "x", 0), 1, 1e-14);
    cr_assert_float_eq(item(r, "y", "x", 1), -2, 1e-14);
    cr_assert_eq(number(r, "stats", "rejected"), 0);
    json_decref(r);
}

Test(solve, csv_holds_the_same_numbers)
{
    char   *csv = scratch_file("", ".csv"), head[64], line[256];
    json_t *r   = solved(LV, "--output", csv);
    FILE   *f   = fopen(csv, "r");
    cr_assert_not_null(fgets(head, sizeof head, f));
    cr_assert_str_eq(head, "t,x,y\n");
    for (int i = 0; i < items(r, "t", NULL); i++) {
        double t, x, y;
        cr_assert_not_null(fgets(line, sizeof line, f));
        cr_assert_eq(sscanf(line, "%lf,%lf,%lf", &t, &x, &y), 3);
        cr_assert(t == item(r, "t", NULL, i) && x == item(r, "y", "x", i) &&
                  y == item(r, "y", "y", i));
    }
    cr_assert_null(fgets(line, sizeof line, f));
    fclose(f);
    unlink(csv);
    free(csv);
    json_decref(r);
}

/* The n-th allocation fails, n growing by an eighth: a sentence, exit code 1, nothing left behind. */
Test(solve, failing_allocations, .timeout = 60)
{
    char *path   = scratch_file(LV "f = nn(x; 2)\nz' = f[0]\nz(0) = a/2\nbreak = 1\n", ".ode");
    char *argv[] = { "solve", path, "--gradient", "--at", "0,1,10", "--json" };
    long  failed = 0;
    int   code   = 1;
    for (long n = 1; code == 1; n += 1 + n / 8) {
        counting c = { .fail_at = n };
        counting_start(&c);
        free(output_of(&code, sizeof argv / sizeof *argv, argv));
        counting_stop();
        int reached = c.count >= n;
        cr_assert_eq(code, reached, "allocation %ld: exit code %d", n, code);
        cr_assert(c.live == 0 && c.blocks == 0, "allocation %ld: %ld blocks live", n, c.blocks);
        failed += reached;
    }
    cr_assert_gt(failed, 20);
    unlink(path);
    free(path);
}
