/* The peers' gradient problems of ../shared/reference/gradients.txt by `costate solve --gradient`. */
#include "../support.h"
#include "solve_command.h"

/* The number behind `key` ("dL/da", "d/dk1", "L") in the block whose title holds `title`: tokens are key=number or
   key(remark)=..=number. */
static double reference(const char *title, const char *key)
{
    char        path[1024], line[1024];
    const char *file   = shared_file("reference/gradients.txt", path, sizeof path);
    FILE       *f      = fopen(file, "r");
    int         inside = 0;
    double      value  = NAN;
    while (fgets(line, sizeof line, f)) {
        if (strncmp(line, "## ", 3) == 0) inside = strstr(line, title) != NULL;
        for (char *at = inside && *line != '#' ? strtok(line, " \n") : NULL; at;
             at       = strtok(NULL, " \n")) {
            size_t n = strlen(key);
            if (isnan(value) && !strncmp(at, key, n) && (at[n] == '=' || at[n] == '('))
                value = atof(strrchr(at, '=') + 1);
        }
    }
    fclose(f);
    cr_assert(isfinite(value), "%s: no %s", title, key);
    return value;
}

static int absent(void)
{
    char path[1024];
    return !shared_file("reference/gradients.txt", path, sizeof path);
}
#define NEEDS_REFERENCE \
    if (absent()) cr_skip_test("no shared reference data (COSTATE_SHARED)")

typedef struct entry {
    const char *ours, *theirs;
} entry;

static void agree(const json_t *got, const char *title, const char *value, int n, const entry e[],
                  double tolerance)
{
    double L = reference(title, value);
    cr_expect(fabs(number(got, "loss", NULL) - L) <= tolerance * fabs(L),
              "%s: loss %.17g, not %.17g", title, number(got, "loss", NULL), L);
    for (int i = 0; i < n; i++) {
        double a = number(got, "gradient", e[i].ours), b = reference(title, e[i].theirs);
        cr_expect(fabs(a - b) <= tolerance * fabs(b), "%s: d/d%s is %.17g, not %.17g (%.1e)", title,
                  e[i].ours, a, b, fabs(a / b - 1));
    }
}

/* Both adjoints replay the same steps: equal to rounding. */
static void same_gradient(const json_t *a, const json_t *b)
{
    const char *key;
    json_t     *x;
    json_object_foreach(json_object_get(a, "gradient"), key, x)
    {
        if (json_is_array(x)) continue;
        double u = value_of(x), v = number(b, "gradient", key);
        cr_expect(fabs(u - v) <= 1e-12 * fabs(u), "%s: %.17g and %.17g", key, u, v);
    }
}

static void check(const char *text, const char *at, const char *rtol, const char *atol,
                  const char *title, const char *value, int n, const entry e[], double tolerance)
{
    static const char *const methods[] = { "dop853", "tsit5" };
    for (int m = 0; m < 2; m++) {
        const char *keep[] = { "--gradient", "--method",         methods[m], "--rtol",
                               rtol,         "--atol",           atol,       "--adjoint",
                               "store-all",  at ? "--at" : NULL, at,         NULL };
        json_t     *stored = solved_list(text, keep);
        keep[8]            = "recompute";
        json_t *recomputed = solved_list(text, keep);
        agree(stored, title, value, n, e, tolerance);
        same_gradient(stored, recomputed);
        json_decref(stored);
        json_decref(recomputed);
    }
}
#define CHECK(text, at, rtol, atol, title, value, e, tolerance) \
    check(text, at, rtol, atol, title, value, sizeof(e) / sizeof *(e), e, tolerance)

Test(gradients, linear_with_both_ends)
{
    NEEDS_REFERENCE;
    static const entry e[] = { { "x(0)", "dL/dy0_0" }, { "y(0)", "dL/dy0_1" }, { "a", "dL/da" },
                               { "b", "dL/db" },       { "c", "dL/dc" },       { "d", "dL/dd" },
                               { "t0", "dL/dt0" },     { "t1", "dL/dt1" } };
    CHECK("a = 0.1\nb = -1\nc = 1\nd = -0.1\nx' = a*x + b*y\ny' = c*x + d*y\nx(0.3) = 0.9\ny(0.3) "
          "= 5.4\n"
          "t = 0.3 .. 9.5\nloss = x + y\n",
          NULL, "1e-12", "1e-12", "diffrax test_adjoint linear", "L", e, 1e-8);
}

Test(gradients, lotka_volterra)
{
    NEEDS_REFERENCE;
    static const entry e[] = { { "x(0)", "dL/du0_1" }, { "y(0)", "dL/du0_2" }, { "p1", "dL/dp1" },
                               { "p2", "dL/dp2" },     { "p3", "dL/dp3" },     { "p4", "dL/dp4" } };
    CHECK("p1 = 1.5\np2 = 1\np3 = 3\np4 = 1\nx' = p1*x - p2*x*y\ny' = -p3*y + p4*x*y\nx(0) = "
          "1\ny(0) = 1\n"
          "t = 0 .. 10\nloss = ((1 - x)^2 + (1 - y)^2)/2\n",
          NULL, "1e-13", "1e-13", "LV T=10", "L", e, 1e-8);
}

/* The data are a second system, integrated along. */
Test(gradients, lotka_volterra_against_data)
{
    NEEDS_REFERENCE;
    static const entry e[] = {
        { "p1", "dL/dalpha" }, { "p2", "dL/dbeta" }, { "p3", "dL/ddelta" }, { "p4", "dL/dgamma" }
    };
    CHECK("p1 = 1.5\np2 = 1.2\np3 = 1.4\np4 = 1.6\nx' = p1*x - p2*x*y\ny' = -p3*y + p4*x*y\n"
          "u' = 1.5*u - u*v\nv' = -3*v + u*v\nx(0) = 1\ny(0) = 1\nu(0) = 1\nv(0) = 1\nt = 0 .. 10\n"
          "loss = (x - u)^2 + (y - v)^2\n",
          "0:0.5:10", "1e-12", "1e-12", "SciML stiff_adjoints", "L", e, 1e-8);
}

Test(gradients, sine_with_both_ends)
{
    NEEDS_REFERENCE;
    static const entry e[] = { { "y(0)", "dL/dy0" }, { "t0", "dL/dt0" }, { "t1", "dL/dt1" } };
    CHECK("y' = 2*y/t + t^4*sin(2*t) - t^2 + 4*t^3\ny(1) = 4.4502780761394196829\nt = 1 .. 8\nloss "
          "= y\n",
          NULL, "1e-12", "1e-12", "torchdiffeq SineODE", "L", e, 1e-8);
}

/* Each component's atol in its own scale: y2 is 3e-5. Steps at the edge of stability would show in the gradient long
   before they do in the solution (the transient's derivative grows, its value is zero), hence the tolerance. */
Test(gradients, robertson)
{
    NEEDS_REFERENCE;
    static const entry       e[]    = { { "k1", "d/dk1" }, { "k2", "d/dk2" }, { "k3", "d/dk3" } };
    static const char *const loss[] = { "y1", "y2", "y3" };
    for (int i = 0; i < 3; i++) {
        char text[512], title[64];
        snprintf(
            text, sizeof text,
            "k1 = .04\nk2 = 1e4\nk3 = 3e7\nr = k3*y2^2\ns = k2*y2*y3 - k1*y1\ny1' = s\n"
            "y2' = -s - r\ny3' = r\ny1(0) = 1\ny2(0) = 0\ny3(0) = 0\nt = 0 .. 0.4\nloss = %s\n",
            loss[i]);
        snprintf(title, sizeof title, "component %d", i + 1);
        CHECK(text, NULL, "1e-11", "1e-14,1e-18,1e-14", title, "y", e, 1e-6);
    }
}
