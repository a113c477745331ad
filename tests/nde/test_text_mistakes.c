/* Systems as text, how they fail: the sentences, the limits, arbitrary input, no memory. */
#include "text_spot.h"

Test(text_mistakes, mistakes)
{
    static const char *const cases[][2] = {
        { "x' = -x\na = 3*)", "2:7: found ')', expected a number, a name or '('" },
        { "x' = (x", "1:8: found the end of the file, expected an operator or ')'" },
        { "x' = (x\n",
          "1:8: found the end of the line, expected an operator or ')'; a statement is one line" },
        { "x' = 2x",
          "1:7: found 'x', expected an operator or the end of the line; a product needs its '*'" },
        { "x'' = -x", "1:3: found a second ', expected '='; a second derivative is two equations: "
                      "x' = v on one line "
                      "and v' = ... on another, with v(0) for the start of x'" },
        { "dx/dt = 1",
          "1:3: found '/', expected '=', a prime or '('; a derivative is written x' = ..." },
        { "x'(t) = 1",
          "1:3: found '(', expected '='; an equation is written x' = ..., without (t)" },
        { "a = 1\nx' = a\na = 2", "3:1: 'a' is defined twice; first on line 1" },
        { "x' = 1\nx' = 2", "2:1: 'x' is defined twice; first on line 1" },
        { "x' = 1\nx = 2", "2:1: 'x' is defined twice; first on line 1" },
        { "f = nn(x; 3)\nf = nn(x; 4)\nx' = f[0]", "2:1: 'f' is defined twice; first on line 1" },
        { "sin = 3\nx' = 1", "1:1: 'sin' is reserved; choose another name, such as sin_" },
        { "nn' = 3", "1:1: 'nn' is reserved; choose another name, such as nn_" },
        { "lambda = 1\nx' = lamda*x", "2:6: nothing is called 'lamda'; did you mean 'lambda'?" },
        { "x' = q", "1:6: nothing is called 'q'" },
        { "x' = snh(x)", "1:6: 'snh' is no function; did you mean 'sinh'?" },
        { "a = 1\nx' = a(x)", "2:6: 'a' is no function; a product needs its '*'" },
        { "x' = sin + 1", "1:10: found '+', expected '(' and the function's arguments" },
        { "x' = atan2(x)", "1:6: atan2 takes 2 arguments, found 1" },
        { "x' = sin(x, x)", "1:6: sin takes 1 argument, found 2" },
        { "x' = sin()", "1:10: found ')', expected a number, a name or '('" },
        { "b = a\na = 2*x\nx' = b",
          "1:5: 'a' is used before line 2 defines it; auxiliaries are evaluated in order" },
        { "b = b + 1\nx' = b", "1:5: 'b' is defined by itself" },
        { "y(0) = 1\nx' = 1", "1:1: 'y' has no equation; a start value belongs to a state" },
        { "a = 1\na(0) = 1\nx' = a",
          "2:1: 'a' is no state: it has no equation, line 1 defines it; a start value belongs "
          "to a state" },
        { "x' = 1\nx(0) = 1\nx(0) = 2", "3:1: a second start value of x" },
        { "x' = 1\nx(0) = 2*t",
          "2:8: a start value is a number or an expression of parameters; it cannot depend on t, a "
          "state or a network" },
        { "x' = 1\nx(1) = 3\nt = 2 .. 3",
          "2:3: a start value at 1, but the interval starts at 2; write x(2) or x(0)" },
        { "x' = 1\nt = 0 .. 0", "2:1: the interval 0 .. 0 is empty" },
        { "x' = 1\nt = 0, 1", "2:6: found ',', expected an operator or '..', as in t = 0 .. 10" },
        { "a = 1\nx' = a\nt = 0 .. a",
          "3:10: the end of the interval must be a constant, but depends on a parameter; "
          "write its number" },
        { "x' = 1\nt = 0 .. 1\nt = 0 .. 2", "3:1: a second interval; one is enough" },
        { "x' = 1\nbreak = 1, 1/0", "2:12: a break point is inf, expected a finite number" },
        { "x' = 1\nbreak 1", "2:7: found '1', expected '=', a prime or '('" },
        { "a = 1\nx' = a\nfit = a in 3 .. 1",
          "3:12: the bounds 3 .. 1 are reversed; the smaller one comes first" },
        { "a = 1\nx' = a\nfit = a in 3 .. 4", "3:7: a = 1 lies outside its bounds 3 .. 4" },
        { "a = 1\nx' = a\nfit = a, a", "3:10: 'a' is fitted twice" },
        { "x' = 1\nfit = x",
          "2:7: 'x' is a state; fit names parameters: names given one signed number" },
        { "x' = 1\nobserve x",
          "2:10: found the end of the file, expected '=' and a state, as in observe Lynx = x" },
        { "x' = 1\nobserve = x",
          "2:9: found '=', expected a column of the data, as in observe Lynx = x" },
        { "x' = 1\nobserve A = y", "2:13: 'y' has no equation; a column shows a state" },
        { "x' = 1\ny' = 1\nobserve A = y\nobserve a = x",
          "4:9: column A is given to a state twice" },
        { "x' = f\nf = nn(x; 3)", "1:6: 'f' is a network; write f[0] for its first output" },
        { "x' = x[0]", "1:6: 'x' is no network; only networks have numbered outputs" },
        { "f = nn(x; 3)\nx' = 1", "1:5: network f is never used; its first output is f[0]" },
        { "x' = nn(x; 3)", "1:14: found the end of the file, expected '[' and the number of an "
                           "output, as in nn(...)[0]" },
        { "x' = nn(x; 0)[0]", "1:12: found 0, expected the width of a hidden layer, 1 to 100000" },
        { "x' = nn(x; 2)[1000]", "1:15: found 1000, expected the number of an output, 0 to 999" },
        { "x' = nn(x; 2)[0.5]", "1:15: found 0.5, expected the number of an output, 0 to 999" },
        { "x' = t0", "1:6: 't0' is reserved and has no value in an expression" },
        { "x' = x\nloss = x\nloss = 1", "3:1: a second loss; the first is on line 2" },
        { "x' = 1e999", "1:6: the number '1e999' is too large for a double" },
        { "x' = 1.5.2",
          "1:9: found '.2', expected an operator or the end of the line; a product needs its '*'" },
        { "x\xE2\x80\xB2 = 1",
          "1:2: found '\xE2\x80\xB2' (U+2032), which has no meaning here; a prime is '" },
        { "# \xC3\xA9\xC3\xA9\n# \xC3\xA9\xC3\xA9 \xC3",
          "2:6: byte 0xC3 is not UTF-8; this is a binary file, or text to be "
          "saved as UTF-8" },
        { "x' = 1 \x01",
          "1:8: found the control character 0x01; names are of letters A-Z, a-z, digits and _" },
        { "\xFF\xFEx", "1:1: this is UTF-16; save the file as UTF-8" },
        { "3 = x", "1:1: found '3', expected a statement, such as x' = -x, a = 1 or x(0) = 1" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nde_system *s;
        char        want[512];
        snprintf(want, sizeof want, "lv.ode:%s", cases[i][1]);
        cr_expect_eq(nde_system_parse(&s, "lv.ode", cases[i][0], strlen(cases[i][0])), AD_BAD_FILE,
                     "%s", cases[i][0]);
        cr_expect_null(s);
        cr_expect_str_eq(ad_message(), want, "%s\n%s", ad_message(), want);
    }
}

static const char *refusal(const char *text, size_t length)
{
    nde_system *s;
    cr_expect_eq(nde_system_parse(&s, "lv.ode", text, length), AD_BAD_FILE);
    cr_expect_null(s);
    return ad_message();
}

Test(text_mistakes, files_that_are_no_systems)
{
    nde_system *s;
    cr_expect_str_eq(refusal("", 0),
                     "lv.ode is empty, expected at least one equation, such as x' = -x");
    cr_expect_str_eq(refusal("a = 1\n", 6),
                     "lv.ode: found no equation, expected at least one, such as x' = -x");
    cr_expect_str_eq(refusal("x' = \0001", 7),
                     "lv.ode:1:6: a NUL byte; this is a binary file, not a system as text");
    cr_expect_eq(nde_system_read(&s, "/nowhere/lv.ode"), AD_BAD_FILE);
    cr_expect_str_eq(ad_message(), "cannot open /nowhere/lv.ode: No such file or directory");
    cr_expect_eq(nde_system_read(&s, "/"), AD_BAD_FILE);
    cr_expect_str_eq(ad_message(), "cannot read /: Is a directory");
}

/* open before, x, close behind: `count` times */
static char *nest(const char *before, const char *open, int count, const char *middle,
                  const char *close)
{
    char  *text = NULL;
    size_t size;
    FILE  *f = open_memstream(&text, &size);
    fputs(before, f);
    for (int i = 0; i < count; i++) fputs(open, f);
    fputs(middle, f);
    for (int i = 0; i < count; i++) fputs(close, f);
    fclose(f);
    return text;
}

static int parses(char *text)
{
    nde_system *s;
    ad_status   status = nde_system_parse(&s, "n.ode", text, strlen(text));
    nde_system_free(s);
    free(text);
    return status == AD_OK;
}

Test(text_mistakes, limits)
{
    cr_expect(parses(nest("x' = ", "(", 200, "x^2", ")")));
    cr_expect(!parses(nest("x' = ", "(", 201, "x", ")")));
    cr_expect_str_eq(
        ad_message(),
        "n.ode:1:206: nested deeper than 200; give the inner part a name on a line of its own");
    cr_expect(parses(nest("x' = ", "sin(", 200, "x", ")")));
    cr_expect(!parses(nest("x' = ", "sin(", 201, "x", ")")));
    cr_expect(!parses(nest("x' = ", "x^", 100000, "x", "")));
    cr_expect(parses(nest("x' = ", "-", 100000, "x", "")));
    cr_expect(parses(nest("x' = ", "x + ", 100000, "x", "")));
    cr_expect(!parses(nest("x' = x\nx", "y", 63, "' = 1", "")));

    char  *text = NULL;
    size_t size;
    FILE  *f = open_memstream(&text, &size);
    for (int i = 0; i < 1000; i++) fprintf(f, "x%d' = -x%d\n", i, i);
    fflush(f);
    nde_system *s;
    cr_expect_eq(nde_system_parse(&s, "n.ode", text, size), AD_OK, "%s", ad_message());
    cr_expect_eq(nde_system_about(s)->states, 1000);
    nde_system_free(s);
    fprintf(f, "y' = 1\n");
    fclose(f);
    cr_expect_eq(nde_system_parse(&s, "n.ode", text, size), AD_BAD_FILE);
    cr_expect_str_eq(ad_message(), "n.ode:1001:1: more than 1000 equations in one system");
    free(text);
}

/* --- no input crashes, no allocation leaks -------------------------------------------------------------------------- */

static const char *const seeds[] = {
    "a = 1.5\nb = 1\ns = x + y\nx' = a*x - b*x*y\ny' = -s + x^2\nx(0) = 1\ny(0) = a\nt = 0 .. "
    "10\nloss = (x - 1)^2\n",
    "f = nn(x, t; 32, 8)\nx' = f[0] + nn(x;3)[1]\nfit = a, b in 0..1\na=.5\nb=1e-1\nobserve Lynx = "
    "x\nbreak = 1, 2.5\n",
    "x' = if(le(t, 2), sin(x), min(x, -1)^2^3)\r\nx(2*1) = (((1)))\r\nt=2..pi\r\n# \xC3\xA9\n",
};

/* Mutations: a byte changed, some deleted, a piece of any seed inserted. */
static size_t mutate(uint64_t *state, char *text, size_t n, size_t most)
{
    static const char bytes[] = "()[]^*/+-=',;.# \n0123456789eEabxyt_\xC3\xFF\x01\r\t\0n";

    size_t at = (size_t)draw(state, 0, (double)n), some = (size_t)draw(state, 1, 12);
    switch ((int)draw(state, 0, 4)) {
    case 0: text[at] = bytes[(size_t)draw(state, 0, sizeof bytes)]; return n;
    case 1: text[at] = (char)draw(state, 0, 256); return n;
    case 2:
        if (at + some >= n) return n;
        memmove(text + at, text + at + some, n - at - some);
        return n - some;
    default: {
        const char *seed = seeds[(size_t)draw(state, 0, 3)];
        size_t      from = (size_t)draw(state, 0, (double)strlen(seed) - 12);
        if (n + some > most) return n;
        memmove(text + at + some, text + at, n - at);
        memcpy(text + at, seed + from, some);
        return n + some;
    }
    }
}

Test(text_mistakes, mutated_inputs)
{
    enum { INPUTS = 20000, BYTES = 600 };
    uint64_t state = 2024;
    counting c     = { 0 };
    int      good  = 0;
    counting_start(&c);
    for (int i = 0; i < INPUTS; i++) {
        char        text[BYTES];
        const char *seed = seeds[i % 3];
        size_t      n    = strlen(seed);
        memcpy(text, seed, n);
        for (int m = (int)draw(&state, 1, 5); m > 0; m--) n = mutate(&state, text, n, sizeof text);
        nde_system *s;
        if (nde_system_parse(&s, "m.ode", text, n) == AD_OK) {
            double y[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, dy[8];
            good++;
            if (nde_system_about(s)->states <= 8 && !nde_system_about(s)->networks)
                cr_expect_eq(nde_system_eval(s, 1, y, NULL, dy, NULL), AD_OK);
        }
        nde_system_free(s);
        cr_assert_eq(c.live, 0, "%zu bytes leaked: %.*s", c.live, (int)n, text);
    }
    counting_stop();
    cr_expect(good > INPUTS / 100 && good < INPUTS / 2, "%d inputs were good",
              good); /* both sides are seen */
}

static ad_status whole_life(void *arg)
{
    nde_system *s;
    AD_TRY(nde_system_parse(&s, "l.ode", arg, strlen(arg)));
    spot      p    = { .ode = { .type = AD_F64 } };
    double    y[4] = { 1, 2, 3, 4 }, dy[4], theta[1000];
    ad_var    out[4];
    ad_status status = ad_graph_new(&p.g);
    if (!status) status = nde_system_problem(s, &p.ode);
    if (!status) status = nde_system_theta(s, AD_F64, 1, theta);
    if (!status) status = nde_system_eval(s, 0, y, theta, dy, NULL);
    if (!status) {
        p.in[0] = ad_input(p.g, "t", AD_F64, ad_scalar());
        for (int i = 0; i < p.ode.parts; i++) p.in[i + 1] = ad_input(p.g, "y", AD_F64, ad_rows(1));
        p.ode.field_parts(point(&p), out, p.ode.ctx);
        status = ad_graph_status(p.g);
    }
    ad_graph_free(p.g);
    nde_system_free(s);
    return status;
}

Test(text_mistakes, every_allocation_may_fail)
{
    static const char *const texts[] = {
        "a = 1.5\ns = x + y\nx' = a*x - x*y\ny' = -s + x^2\nx(0) = 1\ny(0) = a\nt = 0 .. 10\nbreak "
        "= 1, 2\nloss = x\n",
        "f = nn(x, t; 4, 3)\na = .5\nx' = f[0] + nn(x;3)[1]\nfit = a in 0..1\nobserve Lynx = x\n",
    };
    for (size_t i = 0; i < 2; i++) {
        long runs;
        cr_expect(every_allocation_fails_cleanly(whole_life, (void *)texts[i], &runs));
        cr_expect_gt(runs, 20);
    }
}
