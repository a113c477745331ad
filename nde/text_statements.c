/* text_statements.c - lines into statements. */
#include <string.h>

#include "text_internal.h"

#define EXPRESSION_END "an operator or the end of the line"

static int is(const text_token *t, const char *word)
{
    return t->kind == TEXT_NAME && (int)strlen(word) == t->length &&
           memcmp(t->at, word, (size_t)t->length) == 0;
}

static ad_status end_of_line(text_parser *p, const char *expected)
{
    if (p->token.kind == TEXT_END) return AD_OK;
    return nde_text_expect(p, TEXT_EOL, expected);
}

static ad_status push(text_parser *p, text_statement s)
{
    text_statement *at = nde_text_list_add(&p->s->statements);
    if (!at) return AD_NO_MEMORY;
    *at = s;
    return AD_OK;
}

static ad_status own_name(text_parser *p, const text_token *name)
{
    enum { LETTERS = 63 };
    if (name->length > LETTERS)
        return nde_text_fail(p->s->file, name->line, name->column,
                             "a name of %d characters; %d are the most", name->length, LETTERS);
    if (!nde_text_reserved(name->at, name->length)) return AD_OK;
    return nde_text_fail(p->s->file, name->line, name->column,
                         "'%.*s' is reserved; choose another name, such as %.*s_", name->length,
                         name->at, name->length, name->at);
}

/* Is the expression one signed number? Its value then. The tokens decide: (1), --1 and 1 + 0 are none. */
static int signed_number(const nde_system *s, text_expr e, const text_token *first, double *value)
{
    const text_node *n     = TEXT_NODES(s) + e.first;
    int              minus = first->kind == '-', sign = minus || first->kind == '+';
    if (e.end - e.first != 1 + minus || n[0].op != TEXT_VALUE) return 0;
    for (const char *p = first->at + sign; p < n[0].source.at; p++)
        if (*p != ' ' && *p != '\t') return 0;
    *value = minus ? -n[0].value : n[0].value;
    return 1;
}

/* The rest of a line as an expression, which may be one signed number. */
static ad_status rest(text_parser *p, text_expr *e, int *number, double *value)
{
    text_token first = p->token;
    AD_TRY(nde_text_parse_expr(p, e));
    *number = signed_number(p->s, *e, &first, value);
    return end_of_line(p, EXPRESSION_END);
}

static ad_status definition(text_parser *p, text_token name)
{
    text_statement s = { .verb = TEXT_DEFINE, .name = name };
    AD_TRY(own_name(p, &name));
    p->definition = p->s->nodes.count;
    AD_TRY(rest(p, &s.a, &s.number, &s.value));
    p->definition = -1;
    return push(p, s);
}

static ad_status equation(text_parser *p, text_token name)
{
    text_statement s = { .verb = TEXT_EQUATION, .name = name };
    AD_TRY(own_name(p, &name));
    AD_TRY(nde_text_advance(p));
    if (p->token.kind == '\'')
        return nde_text_fail(
            p->s->file, p->token.line, p->token.column,
            "found a second ', expected '='; a second derivative is two equations: "
            "%.*s' = v on one line "
            "and v' = ... on another, with v(0) for the start of %.*s'",
            name.length, name.at, name.length, name.at);
    if (p->token.kind == '(')
        return nde_text_unexpected(p, "'='; an equation is written x' = ..., without (t)");
    AD_TRY(nde_text_expect(p, '=', "'='"));
    AD_TRY(rest(p, &s.a, &s.number, &s.value));
    return push(p, s);
}

static ad_status start(text_parser *p, text_token name)
{
    text_statement s = { .verb = TEXT_START, .name = name };
    AD_TRY(own_name(p, &name));
    AD_TRY(nde_text_advance(p));
    AD_TRY(nde_text_parse_expr(p, &s.a));
    AD_TRY(nde_text_expect(p, ')', "an operator or ')'"));
    AD_TRY(nde_text_expect(p, '=', "'=' and a start value, as in x(0) = 1"));
    AD_TRY(rest(p, &s.b, &s.number, &s.value));
    return push(p, s);
}

static ad_status interval(text_parser *p, text_token name)
{
    text_statement s = { .verb = TEXT_INTERVAL, .name = name };
    AD_TRY(nde_text_parse_expr(p, &s.a));
    AD_TRY(nde_text_expect(p, TEXT_DOTS, "an operator or '..', as in t = 0 .. 10"));
    AD_TRY(nde_text_parse_expr(p, &s.b));
    AD_TRY(end_of_line(p, EXPRESSION_END));
    return push(p, s);
}

static ad_status loss(text_parser *p, text_token name)
{
    text_statement s = { .verb = TEXT_LOSS, .name = name };
    AD_TRY(rest(p, &s.a, &s.number, &s.value));
    return push(p, s);
}

static ad_status breaks(text_parser *p, text_token name)
{
    for (;;) {
        text_statement s = { .verb = TEXT_BREAK, .name = name };
        AD_TRY(nde_text_parse_expr(p, &s.a));
        AD_TRY(push(p, s));
        if (p->token.kind != ',') return end_of_line(p, "an operator, ',' or the end of the line");
        AD_TRY(nde_text_advance(p));
    }
}

/* names [in a .. b]; the bounds are those of every name of the line. */
static ad_status fit(text_parser *p, text_token name)
{
    (void)name;
    int       first = p->s->statements.count;
    text_expr a = { 0 }, b = { 0 };
    for (;;) {
        text_statement s = { .verb = TEXT_FIT, .name = p->token };
        AD_TRY(nde_text_expect(p, TEXT_NAME, "the name of a parameter"));
        AD_TRY(push(p, s));
        if (p->token.kind != ',') break;
        AD_TRY(nde_text_advance(p));
    }
    if (is(&p->token, "in")) {
        AD_TRY(nde_text_advance(p));
        AD_TRY(nde_text_parse_expr(p, &a));
        AD_TRY(nde_text_expect(p, TEXT_DOTS, "an operator or '..', as in fit = a in 0 .. 10"));
        AD_TRY(nde_text_parse_expr(p, &b));
        AD_TRY(end_of_line(p, EXPRESSION_END));
    } else {
        AD_TRY(end_of_line(p, "',', 'in' with bounds, or the end of the line"));
    }
    for (int i = first; i < p->s->statements.count; i++) {
        text_statement *s = (text_statement *)p->s->statements.item + i;
        s->a = a, s->b = b;
    }
    return AD_OK;
}

static ad_status observe(text_parser *p)
{
    text_statement s = { .verb = TEXT_OBSERVE, .other = p->token };
    AD_TRY(nde_text_expect(p, TEXT_NAME, "a column of the data, as in observe Lynx = x"));
    AD_TRY(nde_text_expect(p, '=', "'=' and a state, as in observe Lynx = x"));
    s.name = p->token;
    AD_TRY(nde_text_expect(p, TEXT_NAME, "a state's name"));
    AD_TRY(end_of_line(p, "the end of the line"));
    return push(p, s);
}

static ad_status statement(text_parser *p)
{
    static const struct {
        const char *word;
        ad_status (*parse)(text_parser *, text_token);
    } verbs[] = { { "t", interval }, { "loss", loss }, { "break", breaks }, { "fit", fit } };

    text_token name = p->token;
    AD_TRY(nde_text_expect(p, TEXT_NAME, "a statement, such as x' = -x, a = 1 or x(0) = 1"));
    if (is(&name, "observe") && p->token.kind != '\'' && p->token.kind != '(') {
        if (p->token.kind == TEXT_NAME) return observe(p);
        return nde_text_unexpected(p, "a column of the data, as in observe Lynx = x");
    }
    if (p->token.kind == '\'') return equation(p, name);
    if (p->token.kind == '(') return start(p, name);
    if (p->token.kind == '/')
        return nde_text_unexpected(p, "'=', a prime or '('; a derivative is written x' = ...");
    AD_TRY(nde_text_expect(p, '=', "'=', a prime or '('"));
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (is(&name, verbs[i].word)) return verbs[i].parse(p, name);
    return definition(p, name);
}

ad_status nde_text_parse(nde_system *s, size_t length)
{
    text_parser p = { .s = s, .definition = -1 };
    AD_TRY(nde_text_validate(s->file, s->text, length));
    nde_text_lexer_start(&p.lexer, s->file, s->text, length);
    AD_TRY(nde_text_advance(&p));
    while (p.token.kind != TEXT_END) {
        if (p.token.kind == TEXT_EOL) {
            AD_TRY(nde_text_advance(&p));
            continue;
        }
        p.nesting = p.depth = 0;
        AD_TRY(statement(&p));
    }
    return AD_OK;
}
