/* text_parser.c - expressions, by recursive descent, into nodes in postorder.

       expr    = term { (+|-) term }
       term    = unary { (*|/) unary }
       unary   = { +|- } power                         -x^2 is -(x^2)
       power   = primary [ ^ exponent ]                2^3^2 is 2^(3^2)
       exponent= { +|- } power                         x^-1
       primary = number | name | name[i] | name(expr, ...) | nn(expr, ...; widths)[i] | ( expr )

   Chains of + and * loop, so that only parentheses and exponents recurse. Parentheses may nest 200 deep, as the format
   says; exponents count towards a second bound, which protects the stack alone. */
#include <limits.h>
#include <string.h>

#include "text_internal.h"

enum { DEPTH = 2 * NDE_SYSTEM_NESTING, WIDTH = 100000, LAYERS = 100, INPUTS = 1000 };

#define OPERAND "a number, a name or '('"

static ad_status parse_power(text_parser *p);

ad_status nde_text_advance(text_parser *p)
{
    p->last = p->token;
    return nde_text_next(&p->lexer, &p->token);
}

/* A number or a name right behind an operand: a product without its sign. */
static int juxtaposed(const text_parser *p, const char *expected)
{
    return strncmp(expected, "an operator", 11) == 0 &&
           (p->token.kind == TEXT_NAME || p->token.kind == TEXT_NUMBER || p->token.kind == '(');
}

ad_status nde_text_unexpected(const text_parser *p, const char *expected)
{
    char        found[64];
    const char *hint = "";
    if (juxtaposed(p, expected)) hint = "; a product needs its '*'";
    if (p->token.kind == TEXT_EOL && p->nesting) hint = "; a statement is one line";
    return nde_text_fail(p->s->file, p->token.line, p->token.column, "found %s, expected %s%s",
                         nde_text_found(&p->token, found), expected, hint);
}

ad_status nde_text_expect(text_parser *p, int kind, const char *expected)
{
    return p->token.kind == kind ? nde_text_advance(p) : nde_text_unexpected(p, expected);
}

static ad_status emit(text_parser *p, text_node n)
{
    text_node *at = nde_text_list_add(&p->s->nodes);
    if (!at) return AD_NO_MEMORY;
    *at = n;
    return AD_OK;
}

static int top(const text_parser *p)
{
    return p->s->nodes.count - 1;
}

static ad_status enter(text_parser *p, int by, const text_token *at)
{
    p->nesting += by;
    p->depth++;
    if (p->nesting <= NDE_SYSTEM_NESTING && p->depth <= DEPTH) return AD_OK;
    return nde_text_fail(p->s->file, at->line, at->column,
                         "nested deeper than %d; give the inner part a name on a line of its own",
                         NDE_SYSTEM_NESTING);
}

static void leave(text_parser *p, int by)
{
    p->nesting -= by;
    p->depth--;
}

static ad_status inner(text_parser *p)
{
    text_expr e;
    return nde_text_parse_expr(p, &e);
}

/* ( expr {, expr} until something else; the nodes of their roots go to root[], of which there is room for `most`. */
static ad_status arguments(text_parser *p, int most, int root[], int *count, const text_token *name)
{
    *count = 0;
    do {
        AD_TRY(nde_text_advance(p)); /* '(' or ',' */
        AD_TRY(inner(p));
        if (*count < most) root[*count] = top(p);
        ++*count;
        if (*count > INPUTS)
            return nde_text_fail(p->s->file, name->line, name->column, "more than %d arguments",
                                 INPUTS);
    } while (p->token.kind == ',');
    return AD_OK;
}

static ad_status parse_call(text_parser *p, text_token name)
{
    int n, in[3] = { 0 }, index = nde_text_function_find(name.at, name.length);
    if (index < 0) {
        char        hint[96];
        const char *near = nde_text_nearest(NULL, name.at, name.length, hint);
        return nde_text_fail(p->s->file, name.line, name.column, "'%.*s' is no function%s",
                             name.length, name.at, *near ? near : "; a product needs its '*'");
    }
    const text_function *f = nde_text_function_at(index);
    AD_TRY(enter(p, 1, &p->token));
    AD_TRY(arguments(p, 3, in, &n, &name));
    AD_TRY(nde_text_expect(p, ')', "an operator, ',' or ')'"));
    leave(p, 1);
    if (n != f->arity)
        return nde_text_fail(p->s->file, name.line, name.column, "%s takes %d argument%s, found %d",
                             f->name, f->arity, f->arity == 1 ? "" : "s", n);
    return emit(p,
                (text_node){
                    .op = TEXT_CALL, .ref = index, .in = { in[0], in[1], in[2] }, .source = name });
}

/* [i], with a whole number i */
static ad_status parse_index(text_parser *p, int *index)
{
    AD_TRY(nde_text_expect(p, '[', "'[' and the number of an output, as in nn(...)[0]"));
    text_token i = p->token;
    AD_TRY(nde_text_expect(p, TEXT_NUMBER, "the number of an output, 0, 1, ..."));
    if (!i.whole || i.value >= NDE_SYSTEM_STATES)
        return nde_text_fail(p->s->file, i.line, i.column,
                             "found %.*s, expected the number of an output, 0 to %d",
                             i.length < 40 ? i.length : 40, i.at, NDE_SYSTEM_STATES - 1);
    *index = (int)i.value;
    return nde_text_expect(p, ']', "']'");
}

static ad_status pool_add(text_parser *p, int value)
{
    int *item = nde_text_list_add(&p->s->pool);
    if (!item) return AD_NO_MEMORY;
    *item = value;
    return AD_OK;
}

static ad_status parse_widths(text_parser *p, int *width, int *hidden)
{
    *hidden = 0;
    if (p->token.kind != ';') return AD_OK;
    do {
        AD_TRY(nde_text_advance(p));
        text_token w = p->token;
        AD_TRY(nde_text_expect(p, TEXT_NUMBER, "the width of a hidden layer, a whole number"));
        if (!w.whole || w.value < 1 || w.value > WIDTH)
            return nde_text_fail(p->s->file, w.line, w.column,
                                 "found %.*s, expected the width of a hidden layer, 1 to %d",
                                 w.length < 40 ? w.length : 40, w.at, WIDTH);
        if (*hidden == LAYERS)
            return nde_text_fail(p->s->file, w.line, w.column, "more than %d hidden layers",
                                 LAYERS);
        width[(*hidden)++] = (int)w.value;
    } while (p->token.kind == ',');
    return AD_OK;
}

/* nn(inputs; widths), a node TEXT_NN. The inputs' roots are found again by walking back: each ends where the next one
   starts, so the parser remembers them in a block of its own. */
static ad_status parse_nn(text_parser *p, text_token name)
{
    int  inputs, hidden, width[LAYERS], first = p->s->nodes.count, index = -1;
    int *root = ad_alloc(INPUTS * sizeof *root);
    if (!root) return AD_NO_MEMORY;
    ad_status status = enter(p, 1, &p->token);
    if (!status) status = arguments(p, INPUTS, root, &inputs, &name);
    if (!status) status = parse_widths(p, width, &hidden);
    int place = p->s->pool.count;
    if (!status)
        status = nde_text_expect(p, ')', hidden ? "',' or ')'" : "an operator, ',', ';' or ')'");
    if (!status) leave(p, 1);
    if (!status) status = pool_add(p, inputs);
    if (!status) status = pool_add(p, hidden);
    for (int i = 0; !status && i < inputs; i++) status = pool_add(p, root[i]);
    for (int i = 0; !status && i < hidden; i++) status = pool_add(p, width[i]);
    ad_free(root);
    if (status) return status;
    name.length = (int)(p->last.at + 1 - name.at);
    int alone = first == p->definition && (p->token.kind == TEXT_EOL || p->token.kind == TEXT_END);
    if (!alone) AD_TRY(parse_index(p, &index));
    return emit(p, (text_node){ .op = TEXT_NN, .ref = index, .in = { place }, .source = name });
}

static ad_status parse_name(text_parser *p)
{
    text_token name = p->token;
    AD_TRY(nde_text_advance(p));
    if (p->token.kind == '(') {
        int nn = name.length == 2 && memcmp(name.at, "nn", 2) == 0;
        return nn ? parse_nn(p, name) : parse_call(p, name);
    }
    if (p->token.kind == '[') {
        int index;
        AD_TRY(parse_index(p, &index));
        return emit(p, (text_node){ .op = TEXT_ITEM, .ref = index, .source = name });
    }
    if (nde_text_function_find(name.at, name.length) >= 0)
        return nde_text_unexpected(p, "'(' and the function's arguments");
    return emit(p, (text_node){ .op = TEXT_WORD, .source = name });
}

static ad_status parse_primary(text_parser *p)
{
    text_token t = p->token;
    switch (t.kind) {
    case TEXT_NUMBER:
        AD_TRY(nde_text_advance(p));
        return emit(p, (text_node){ .op = TEXT_VALUE, .value = t.value, .source = t });
    case TEXT_NAME: return parse_name(p);
    case '(':
        AD_TRY(enter(p, 1, &t));
        AD_TRY(nde_text_advance(p));
        AD_TRY(inner(p));
        AD_TRY(nde_text_expect(p, ')', "an operator or ')'"));
        leave(p, 1);
        return AD_OK;
    default: return nde_text_unexpected(p, OPERAND);
    }
}

/* { +|- } power */
static ad_status parse_signed(text_parser *p)
{
    int        minus = 0;
    text_token sign  = p->token;
    for (; p->token.kind == '+' || p->token.kind == '-'; minus ^= p->last.kind == '-')
        AD_TRY(nde_text_advance(p));
    AD_TRY(parse_power(p));
    return minus ? emit(p, (text_node){ .op = TEXT_NEG, .in = { top(p) }, .source = sign }) : AD_OK;
}

static ad_status parse_power(text_parser *p)
{
    AD_TRY(parse_primary(p));
    if (p->token.kind != '^') return AD_OK;
    text_token caret = p->token;
    int        base  = top(p);
    AD_TRY(enter(p, 0, &caret));
    AD_TRY(nde_text_advance(p));
    AD_TRY(parse_signed(p));
    leave(p, 0);
    return emit(p, (text_node){ .op = TEXT_POW, .in = { base, top(p) }, .source = caret });
}

/* first { operator next }, left to right, for two operators of one rank */
static ad_status chain(text_parser *p, int a, text_op op_a, int b, text_op op_b,
                       ad_status next(text_parser *))
{
    AD_TRY(next(p));
    while (p->token.kind == a || p->token.kind == b) {
        text_token sign = p->token;
        int        left = top(p);
        AD_TRY(nde_text_advance(p));
        AD_TRY(next(p));
        AD_TRY(emit(p, (text_node){ .op     = sign.kind == a ? op_a : op_b,
                                    .in     = { left, top(p) },
                                    .source = sign }));
    }
    return AD_OK;
}

static ad_status parse_term(text_parser *p)
{
    return chain(p, '*', TEXT_MUL, '/', TEXT_DIV, parse_signed);
}

ad_status nde_text_parse_expr(text_parser *p, text_expr *e)
{
    e->first = p->s->nodes.count;
    AD_TRY(chain(p, '+', TEXT_ADD, '-', TEXT_SUB, parse_term));
    e->end = p->s->nodes.count;
    return AD_OK;
}
