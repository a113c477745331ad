/* text.h - systems of ordinary differential equations as text, one file a system.

       a = 1.5                 a parameter: a name given one signed number
       s = x + y               an auxiliary: anything else, evaluated in order
       x' = a*x - f[0]*s       an equation                          f = nn(x, y; 32)   a network
       x(0) = 1                a start value                        t = 0 .. 10        the interval
       loss = (x - 1)^2        break = 1, 2.5                       fit = a in 0 .. 10
                                                                    observe Lynx = x

   Reading checks everything that the text alone decides. A mistake is one sentence, "lv.ode:3:14: found ')', expected
   a number, a name or '('": file, line, column (in characters, from 1), what was found, what was expected.

   A system becomes an nde_ode (nde_system_problem), its states parts of shape [n, 1] named as in the text, its
   parameters and the weights of its networks views of one ad_params. Tracing is exact about types: what depends on t
   and parameters alone stays float64 until it meets a state, so that le(t, 2.5) is decided in float64 in both modes. */
#ifndef COSTATE_NDE_TEXT_H
#define COSTATE_NDE_TEXT_H

#include <costate/nde/ode.h>

COSTATE_BEGIN_DECLS

enum {
    NDE_SYSTEM_STATES  = 1000,    /* equations in a file                          */
    NDE_SYSTEM_NESTING = 200,     /* parentheses and calls inside one another     */
    NDE_SYSTEM_BYTES   = 4 << 20, /* of a file                                    */
};

typedef struct nde_system nde_system;

typedef enum nde_start { NDE_START_NONE, NDE_START_NUMBER, NDE_START_EXPRESSION } nde_start;

typedef struct nde_system_state {
    const char *name;
    nde_start   start; /* a number (constant expressions too), or an expression of parameters    */
    double      y0;    /* the number, or the expression at the parameters' present values        */
} nde_system_state;

typedef struct nde_system_parameter {
    const char *name;
    double      value;
    int         fit;     /* 1: an unknown of training (every one, when no line says fit)         */
    int         bounded; /* 1: lo and hi hold                                                    */
    double      lo, hi;
} nde_system_parameter;

typedef struct nde_system_network {
    const char *name; /* "f"; networks used inline: "nn", "nn2", ...                           */
    int         inputs, hidden, outputs;
    const long *widths; /* [hidden]                                                              */
} nde_system_network;

typedef struct nde_system_column {
    const char *name; /* of the data, case ignored                                              */
    int         state;
} nde_system_column;

typedef struct nde_system_info {
    int                         states, parameters, networks, columns, breaks;
    const nde_system_state     *state;
    const nde_system_parameter *parameter;
    const nde_system_network   *network;
    const nde_system_column    *column;   /* the observe lines                                */
    const double               *break_at; /* ascending, each once                             */
    int                         has_interval, has_loss;
    double                      t0, t1; /* t1 < t0: backwards                               */
} nde_system_info;

/* Parses length bytes of text; name stands in the messages. AD_BAD_FILE with a sentence. */
ad_status nde_system_parse(nde_system **s, const char *name, const char *text, size_t length);
ad_status nde_system_read(nde_system **s, const char *path);
void      nde_system_free(nde_system *s);

/* What the text says. The numbers follow nde_system_set(). Valid until the system is freed. */
const nde_system_info *nde_system_about(const nde_system *s);

/* Gives a parameter "a" or a start value "x(0)" another value; an expression for a start value gives way to it. */
ad_status nde_system_set(nde_system *s, const char *name, double value);

/* AD_OK when the text alone can be solved: an interval and a start value for every state. */
ad_status nde_system_solvable(const nde_system *s);

/* The problem: ode->type is read (0: AD_F64), the rest is set. field_parts, parts and theta belong to the system, which
   must outlive every graph traced from it. */
ad_status nde_system_problem(nde_system *s, nde_ode *ode);
/* Its parameters, one layout for each type: a view [1] for each parameter in order, then f.0.weight [out, in],
   f.0.bias [out], ... for each network. NULL with a sentence when there is no memory. */
ad_params *nde_system_params(nde_system *s, ad_type type);
/* Values for that layout (ad_params_count() numbers of the type): the parameters' present values, weights from seed. */
ad_status nde_system_theta(nde_system *s, ad_type type, uint64_t seed, void *values);

/* The loss at a point, [n, 1] of the state's type; t, the state and theta as at a field. Dead when there is none. */
ad_var nde_system_loss(nde_system *s, const nde_point *at);
/* y0[i], shared [1] of theta's type: start values as expressions of theta; numbers are constants, dead where none is
   given. theta may be NULL where the system has no parameters. */
ad_status nde_system_start(nde_system *s, ad_graph *g, ad_params *theta, ad_var y0[]);

/* Plain evaluation in double, the tracer's oracle. theta: laid out as nde_system_params(s, AD_F64) says, or NULL for the
   parameters' present values (then networks are an error). dy[states] and loss may be NULL. */
ad_status nde_system_eval(nde_system *s, double t, const double *y, const double *theta, double *dy,
                          double *loss);
/* y0[states]: start values with these parameters; NaN where there is none. */
ad_status nde_system_start_values(nde_system *s, const double *theta, double *y0);

COSTATE_END_DECLS
#endif
