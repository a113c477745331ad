/* text_internal.h - systems as text, inside.

   The text goes through four hands. The lexer cuts it into tokens; the parser turns every line into a text_statement and
   every expression into a run of text_nodes in postorder, so that nothing behind it recurses; the checker gives names their
   meaning and fills nde_system_info; the evaluator (double) and the tracer (ad_var) each walk the runs once. Numbers meet
   numbers there: 2*pi is a number when it reaches the graph, and x^(1 + 1) is powi(x, 2). */
#ifndef COSTATE_NDE_TEXT_INTERNAL_H
#define COSTATE_NDE_TEXT_INTERNAL_H

#include <costate/autodiff/memory.h>
#include <costate/nde/text.h>

/* --- tokens --------------------------------------------------------------------------------------------------------- */

typedef enum text_kind {
    TEXT_END = 256,
    TEXT_EOL,
    TEXT_NUMBER,
    TEXT_NAME,
    TEXT_DOTS
} text_kind; /* or a character */

typedef struct text_token {
    int         kind;
    const char *at; /* in the system's copy of the text */
    int         length, line, column;
    int         whole; /* a number of digits alone */
    double      value;
} text_token;

typedef struct text_lexer {
    const char *file, *p, *end;
    int         line, column;
} text_lexer;

ad_status nde_text_validate(const char *file, const char *text, size_t length); /* UTF-8, no NUL */
void      nde_text_lexer_start(text_lexer *l, const char *file, const char *text, size_t length);
ad_status nde_text_next(text_lexer *l, text_token *t);
ad_status nde_text_fail(const char *file, int line, int column, const char *format, ...)
    COSTATE_PRINTF(4, 5);
const char *nde_text_found(const text_token *t, char found[64]); /* "')'", "the end of the line" */

/* --- functions ------------------------------------------------------------------------------------------------------ */

typedef struct text_function {
    const char *name;
    int         arity;
    int float64; /* where time takes part it is decided in float64: le, floor, mod, sign, if */
    double (*f1)(double);
    double (*f2)(double, double);
    double (*f3)(double, double, double);
    ad_var (*v1)(ad_var);
    ad_var (*v2)(ad_var, ad_var);
    ad_var (*v3)(ad_var, ad_var, ad_var);
} text_function;

const text_function *nde_text_function_at(int i); /* NULL past the last */
int                  nde_text_function_find(const char *name, int length);
int    nde_text_reserved(const char *name, int length); /* t, pi, loss, ... and functions */
double nde_text_call(const text_function *f, const double x[]);

/* --- expressions ---------------------------------------------------------------------------------------------------- */

typedef enum text_op {
    TEXT_VALUE,     /* value                                                      */
    TEXT_WORD,      /* a name, not yet resolved: source                           */
    TEXT_ITEM,      /* name[ref], not yet resolved                                */
    TEXT_TIME,      /* t                                                          */
    TEXT_STATE,     /* state ref                                                  */
    TEXT_PARAMETER, /* parameter ref                                              */
    TEXT_AUXILIARY, /* definition ref                                             */
    TEXT_OUTPUT,    /* output in[1] of network ref                                */
    TEXT_NN,        /* nn(...)[ref] before checking; ref < 0: the network itself  */
    TEXT_NEG,
    TEXT_ADD,
    TEXT_SUB,
    TEXT_MUL,
    TEXT_DIV,
    TEXT_POW,
    TEXT_CALL, /* function ref                                               */
} text_op;

typedef struct text_node {
    text_op op;
    int     ref;
    int     in
        [3]; /* nodes; TEXT_NN, TEXT_OUTPUT of an inline network: in[0] is a place in pool[], see nde_text_nn() */
    double     value;
    text_token source; /* where it stands                                            */
} text_node;

typedef struct text_expr {
    int first, end; /* nodes [first, end), the last one is the root; end == 0: none */
} text_expr;

/* pool[place..]: number of inputs, number of widths, input nodes, widths. */
typedef struct text_nn_view {
    int        inputs, hidden;
    const int *input, *width;
} text_nn_view;

/* --- statements ----------------------------------------------------------------------------------------------------- */

typedef enum text_verb {
    TEXT_DEFINE,   /* name = a; number: a parameter                        */
    TEXT_EQUATION, /* name' = a                                            */
    TEXT_START,    /* name(a) = b; number: b is one                        */
    TEXT_INTERVAL, /* t = a .. b                                           */
    TEXT_LOSS,     /* loss = a                                             */
    TEXT_BREAK,    /* break = a, one statement a point                     */
    TEXT_FIT,      /* fit = name in a .. b, one statement a name           */
    TEXT_OBSERVE,  /* observe other = name                                 */
} text_verb;

typedef struct text_statement {
    text_verb  verb;
    text_token name, other;
    text_expr  a, b;
    int        number;
    double     value;
} text_statement;

/* What is evaluated in order: auxiliaries and the inputs of named networks. */
typedef struct text_definition {
    text_token name;
    text_expr  a;
    int        network; /* >= 0: its inputs */
    unsigned   depends;
} text_definition;

enum { TEXT_ON_TIME = 1, TEXT_ON_STATE = 2, TEXT_ON_PARAMETER = 4, TEXT_ON_NETWORK = 8 };

typedef enum text_meaning {
    TEXT_IS_STATE,
    TEXT_IS_PARAMETER,
    TEXT_IS_AUXILIARY,
    TEXT_IS_NETWORK
} text_meaning;

typedef struct text_symbol {
    text_token   name;
    text_meaning meaning;
    int          index, definition;
} text_symbol;

typedef struct text_network {
    nde_system_network about;
    int                place;      /* of the first mention in pool[]       */
    int                definition; /* -1: inline                           */
    text_token         source;     /* inline: from "nn" to ")"             */
    long               offset;     /* of its outputs among all networks'   */
} text_network;

/* A growing array: items of one size. */
typedef struct text_list {
    void  *item;
    int    count, capacity;
    size_t size;
} text_list;
void *nde_text_list_add(text_list *l); /* a zeroed item, or NULL with a sentence */

struct nde_system {
    char     *file, *text;
    ad_arena *arena; /* names, widths */

    text_list nodes, pool, statements;        /* of the parser  */
    text_list definitions, symbols, networks; /* of the checker */
    text_list states, parameters, columns, breaks,
        equations;    /* equations: text_expr, one a state */
    text_list starts; /* text_expr, one a state */
    text_expr loss;
    int      *slot, slots; /* hash table of symbols, open addressing: index + 1 */

    nde_system_info     about;
    nde_system_network *network_info;
    nde_part           *part;
    long                outputs; /* of all networks together */
    ad_params          *params[2];
};

#define TEXT_NODES(s)       ((text_node *)(s)->nodes.item)
#define TEXT_POOL(s)        ((int *)(s)->pool.item)
#define TEXT_DEFINITIONS(s) ((text_definition *)(s)->definitions.item)
#define TEXT_NETWORKS(s)    ((text_network *)(s)->networks.item)
#define TEXT_EQUATIONS(s)   ((text_expr *)(s)->equations.item)
#define TEXT_STARTS(s)      ((text_expr *)(s)->starts.item)

text_nn_view nde_text_nn(const nde_system *s, int place);

/* parser */
typedef struct text_parser {
    nde_system *s;
    text_lexer  lexer;
    text_token  token, last; /* the next one, and the one before it */
    int         nesting, depth;
    int definition; /* node count at the start of a definition, where a bare nn(...) may stand; else -1 */
} text_parser;
ad_status nde_text_advance(text_parser *p);
ad_status nde_text_expect(text_parser *p, int kind, const char *expected);
ad_status nde_text_unexpected(const text_parser *p, const char *expected);
ad_status nde_text_parse_expr(text_parser *p, text_expr *e);
ad_status nde_text_parse(nde_system *s, size_t length);

/* checker */
ad_status    nde_text_check(nde_system *s);
ad_status    nde_text_check_statements(nde_system *s); /* interval, starts, fit, ... */
ad_status    nde_text_resolve(nde_system *s, text_expr e, int definition, unsigned *depends);
ad_status    nde_text_constant(nde_system *s, text_expr e, const char *what, double *value);
ad_status    nde_text_symbol_add(nde_system *s, const text_token *name, text_meaning m, int index,
                                 int definition);
text_symbol *nde_text_symbol_find(const nde_system *s, const char *name, int length);
const char  *nde_text_nearest(const nde_system *s, const char *name, int length,
                              char hint[96]); /* "" or a question */
ad_status    nde_text_network_add(nde_system *s, text_token source, int place, int definition,
                                  int *index);

/* Definitions that expressions need, one byte each: nde_text_mark() what they name, then nde_text_mark_close() what those name. */
void nde_text_mark(const nde_system *s, text_expr e, char *need);
void nde_text_mark_close(const nde_system *s, char *need);

/* evaluator: values of n expressions at t, y[states] (NULL: they need none), theta (NULL: present parameter values) */
ad_status nde_text_evaluate(nde_system *s, double t, const double *y, const double *theta, int n,
                            const text_expr e[], double value[]);

/* tracer: the same as variables, [n, 1] of at->type; shared: [1], for expressions of parameters alone */
ad_status nde_text_trace(nde_system *s, const nde_point *at, int shared, int n, const text_expr e[],
                         ad_var out[]);

/* y0 of the expression starts, from the parameters' present values */
ad_status nde_text_refresh(nde_system *s);

#endif
