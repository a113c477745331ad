#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "args_internal.h"
#include "text.h"

int cli_help_wanted(const cli_args *a)
{
    return cli_flag(a, "help");
}
const cli_verb *cli_args_verb(const cli_args *a)
{
    return a->verb;
}
int cli_words(const cli_args *a)
{
    return a->words;
}
const char *cli_word(const cli_args *a, int i)
{
    return i < a->words ? a->word[i] : NULL;
}

static const cli_value *value_of(const cli_args *a, const char *key)
{
    int i = cli_find(a, key, strlen(key));
    assert(i >= 0); /* a key that the verb's table lacks is a slip in the verb */
    return &a->value[i];
}

const char *cli_text(const cli_args *a, const char *key)
{
    return value_of(a, key)->text;
}

double cli_number(const cli_args *a, const char *key)
{
    double x = 0;
    if (cli_text(a, key)) cli_parse_number(cli_text(a, key), &x);
    return x;
}

long cli_integer(const cli_args *a, const char *key)
{
    long k = 0;
    if (cli_text(a, key)) cli_parse_integer(cli_text(a, key), &k);
    return k;
}

int cli_flag(const cli_args *a, const char *key)
{
    int flag = 0;
    if (cli_text(a, key)) cli_parse_flag(cli_text(a, key), &flag);
    return flag;
}

int cli_list(const cli_args *a, const char *key)
{
    return value_of(a, key)->items;
}

const char *cli_item(const cli_args *a, const char *key, int i)
{
    const cli_value *v = value_of(a, key);
    return i < v->items ? v->item[i] : NULL;
}

int cli_given(const cli_args *a, const char *key)
{
    return value_of(a, key)->source > CLI_FROM_TABLE;
}

/* The first lines of a sentence, at most `lines` of them. */
static void print_lines(const char *text, int lines)
{
    for (; *text && lines > 0; lines--) {
        size_t n = strcspn(text, "\n");
        fprintf(stderr, "%.*s\n", (int)n, text);
        text += n + (text[n] == '\n');
    }
}

int cli_failed(const cli_args *a)
{
    fprintf(stderr, "costate %s: ", a->verb->name);
    print_lines(*ad_message() ? ad_message() : "failed", 5);
    return CLI_FAILED;
}

int cli_mistake(const cli_args *a, const char *format, ...)
{
    char    text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "costate %s: ", a->verb->name);
    print_lines(text, 4);
    fprintf(stderr, "Type `costate %s --help` for its options.\n", a->verb->name);
    return CLI_USAGE;
}
