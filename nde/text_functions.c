/* text_functions.c - the functions of the language: one row each, in double and as operations. */
#include <math.h>
#include <string.h>

#include "text_internal.h"

static double sign(double x)
{
    return x > 0 ? 1 : x < 0 ? -1 : x;
}
static double smaller(double a, double b)
{
    return a != a || b != b ? a + b : a < b ? a : b;
}
static double larger(double a, double b)
{
    return a != a || b != b ? a + b : a > b ? a : b;
}
static double sigmoid(double x)
{
    double e = exp(-fabs(x));
    return x < 0 ? e / (1 + e) : 1 / (1 + e);
}
static double relu(double x)
{
    return x < 0 ? 0 : x;
}
static double softplus(double x)
{
    return relu(x) + log1p(exp(-fabs(x)));
}
static double le(double a, double b)
{
    return a <= b;
}
static double choose(double c, double a, double b)
{
    return c != 0 ? a : b;
}

// clang-format off
static const text_function table[] = {
    { "sin",      1, 0, .f1 = sin,      .v1 = ad_sin      }, { "cos",   1, 0, .f1 = cos,   .v1 = ad_cos   },
    { "tan",      1, 0, .f1 = tan,      .v1 = ad_tan      }, { "asin",  1, 0, .f1 = asin,  .v1 = ad_asin  },
    { "acos",     1, 0, .f1 = acos,     .v1 = ad_acos     }, { "atan",  1, 0, .f1 = atan,  .v1 = ad_atan  },
    { "sinh",     1, 0, .f1 = sinh,     .v1 = ad_sinh     }, { "cosh",  1, 0, .f1 = cosh,  .v1 = ad_cosh  },
    { "tanh",     1, 0, .f1 = tanh,     .v1 = ad_tanh     }, { "exp",   1, 0, .f1 = exp,   .v1 = ad_exp   },
    { "expm1",    1, 0, .f1 = expm1,    .v1 = ad_expm1    }, { "log",   1, 0, .f1 = log,   .v1 = ad_log   },
    { "log1p",    1, 0, .f1 = log1p,    .v1 = ad_log1p    }, { "sqrt",  1, 0, .f1 = sqrt,  .v1 = ad_sqrt  },
    { "abs",      1, 0, .f1 = fabs,     .v1 = ad_abs      }, { "sign",  1, 1, .f1 = sign,  .v1 = ad_sign  },
    { "floor",    1, 1, .f1 = floor,    .v1 = ad_floor    }, { "relu",  1, 0, .f1 = relu,  .v1 = ad_relu  },
    { "sigmoid",  1, 0, .f1 = sigmoid,  .v1 = ad_sigmoid  },
    { "softplus", 1, 0, .f1 = softplus, .v1 = ad_softplus },
    { "min",      2, 0, .f2 = smaller,  .v2 = ad_min      }, { "max",   2, 0, .f2 = larger, .v2 = ad_max  },
    { "mod",      2, 1, .f2 = fmod,     .v2 = ad_mod      }, { "atan2", 2, 0, .f2 = atan2,  .v2 = ad_atan2 },
    { "le",       2, 1, .f2 = le,       .v2 = ad_le       },
    { "if",       3, 0, .f3 = choose,   .v3 = ad_where    },
};
// clang-format on

static const char *const words[] = {
    "t", "t0", "t1", "pi", "loss", "break", "fit", "observe", "nn"
};

enum { ROWS = sizeof table / sizeof *table, WORDS = sizeof words / sizeof *words };

static int same(const char *a, const char *name, int length)
{
    return (int)strlen(a) == length && memcmp(a, name, (size_t)length) == 0;
}

const text_function *nde_text_function_at(int i)
{
    return i >= 0 && i < ROWS ? &table[i] : NULL;
}

int nde_text_function_find(const char *name, int length)
{
    for (int i = 0; i < ROWS; i++)
        if (same(table[i].name, name, length)) return i;
    return -1;
}

int nde_text_reserved(const char *name, int length)
{
    for (int i = 0; i < WORDS; i++)
        if (same(words[i], name, length)) return 1;
    return nde_text_function_find(name, length) >= 0;
}

double nde_text_call(const text_function *f, const double x[])
{
    return f->f1 ? f->f1(x[0]) : f->f2 ? f->f2(x[0], x[1]) : f->f3(x[0], x[1], x[2]);
}
