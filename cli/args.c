#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/text.h>

#include "args_internal.h"
#include "text.h"

/* Every verb has these. */
static const cli_option common[] = {
    { "config", CLI_TEXT, "FILE", NULL, "options from a JSON file; the command line wins",
      "general" },
    { "help", CLI_FLAG, NULL, NULL, "this text", NULL },
    { NULL, CLI_FLAG, NULL, NULL, NULL, NULL },
};

const cli_option *cli_verb_option(const cli_verb *verb, int i)
{
    int own = 0;
    while (verb->options && verb->options[own].key) own++;
    if (i < own) return &verb->options[i];
    i -= own;
    return i < (int)(sizeof common / sizeof common[0]) - 1 ? &common[i] : NULL;
}

/* Does the table's key equal the n letters typed, '_' for '-'? */
static int same_key(const char *key, const char *typed, size_t n)
{
    if (strlen(key) != n) return 0;
    for (size_t i = 0; i < n; i++)
        if (key[i] != (typed[i] == '_' ? '-' : typed[i])) return 0;
    return 1;
}

int cli_find(const cli_args *a, const char *typed, size_t n)
{
    for (int i = 0; i < a->options; i++)
        if (same_key(cli_verb_option(a->verb, i)->key, typed, n)) return i;
    return -1;
}

static ad_status unknown_option(cli_args *a, const char *typed, size_t n)
{
    const char **names = ad_arena_alloc(a->arena, (size_t)a->options * sizeof *names);
    char         word[64];
    if (!names) return AD_NO_MEMORY;
    for (int i = 0; i < a->options; i++) names[i] = cli_verb_option(a->verb, i)->key;
    snprintf(word, sizeof word, "%.*s", (int)n, typed);
    const char *near = ad_nearest(word, a->options, names);
    return ad_fail(AD_INVALID, "unknown option '%s'%s%s%s", word, near ? "; did you mean --" : "",
                   near ? near : "", near ? "?" : "");
}

static ad_status gather(cli_args *a, cli_value *v, char *text)
{
    for (char *item = text; item; item = text) {
        text = strchr(item, ',');
        if (text) *text++ = 0;
        const char **more = ad_arena_alloc(a->arena, (size_t)(v->items + 1) * sizeof *more);
        if (!more) return AD_NO_MEMORY;
        if (v->items) memcpy(more, v->item, (size_t)v->items * sizeof *more);
        more[v->items++] = item;
        v->item          = more;
    }
    return AD_OK;
}

ad_status cli_set(cli_args *a, int i, const char *text, cli_source source)
{
    const cli_option *o = cli_verb_option(a->verb, i);
    cli_value        *v = &a->value[i];
    double            x;
    int               flag;
    if (o->kind == CLI_NUMBER && !cli_parse_number(text, &x))
        return ad_fail(AD_INVALID, "--%s: '%.60s' is not a finite number", o->key, text);
    if (o->kind == CLI_INTEGER && cli_parse_number(text, &x) && fabs(x) > 0x1p62)
        return ad_fail(AD_INVALID, "--%s: %.60s is too large", o->key, text);
    if (o->kind == CLI_INTEGER && !cli_parse_integer(text, &(long){ 0 }))
        return ad_fail(AD_INVALID, "--%s: '%.60s' is not a whole number", o->key, text);
    if (o->kind == CLI_FLAG && !cli_parse_flag(text, &flag))
        return ad_fail(AD_INVALID, "--%s: '%.60s' is neither yes nor no", o->key, text);
    if (source > v->source) v->items = 0; /* the command line replaces a list of the file's */
    char *own = ad_arena_strdup(a->arena, text);
    if (!own) return AD_NO_MEMORY;
    v->text   = own;
    v->source = source;
    if (o->kind != CLI_LIST) return AD_OK;
    char *split = ad_arena_strdup(a->arena, text);
    return split ? gather(a, v, split) : AD_NO_MEMORY;
}

/* The letters of word that could be a key: up to '=' or the end. 0: none (a path, a number). */
static size_t key_length(const char *word)
{
    size_t n = 0;
    if (!isalpha((unsigned char)word[0])) return 0;
    while (isalnum((unsigned char)word[n]) || word[n] == '-' || word[n] == '_') n++;
    return word[n] == 0 || word[n] == '=' ? n : 0;
}

/* --no-KEY of a flag; -1 if it is none. */
static int negated(const cli_args *a, const char *word, size_t n)
{
    int i = n > 3 && strncmp(word, "no-", 3) == 0 ? cli_find(a, word + 3, n - 3) : -1;
    return i >= 0 && cli_verb_option(a->verb, i)->kind == CLI_FLAG ? i : -1;
}

/* A flag's value may be a word of its own where nothing else is meant: "no" is no file, "0" could be a word. */
static int flag_word(const char *word)
{
    int flag;
    return isalpha((unsigned char)word[0]) && cli_parse_flag(word, &flag);
}

/* One option at argv[*at], dashes gone; moves *at over its value if that is a word of its own. */
static ad_status one_option(cli_args *a, const char *word, int argc, char **argv, int *at)
{
    size_t      n     = key_length(word);
    const char *value = n && word[n] == '=' ? word + n + 1 : NULL;
    int         i     = n ? cli_find(a, word, n) : -1;
    if (i < 0) {
        int flag = value ? -1 : negated(a, word, n);
        return flag >= 0 ? cli_set(a, flag, "no", CLI_FROM_COMMAND)
                         : unknown_option(a, word, n ? n : strlen(word));
    }
    const cli_option *o = cli_verb_option(a->verb, i);
    if (!value && o->kind == CLI_FLAG)
        value = *at + 1 < argc && flag_word(argv[*at + 1]) ? argv[++*at] : "yes";
    if (!value && *at + 1 < argc && strncmp(argv[*at + 1], "--", 2) != 0) value = argv[++*at];
    if (!value || (!*value && o->kind != CLI_TEXT))
        return ad_fail(AD_INVALID, "--%s needs a value", o->key);
    return cli_set(a, i, value, CLI_FROM_COMMAND);
}

static ad_status parse(cli_args *a, int argc, char **argv)
{
    int ended = 0;
    for (int at = 0; at < argc; at++) {
        const char *word = argv[at];
        size_t      n    = key_length(word);
        double      x;
        if (ended || strcmp(word, "-") == 0 || cli_parse_number(word, &x)) {
            a->word[a->words++] = word;
        } else if (strcmp(word, "--") == 0) {
            ended = 1;
        } else if (strcmp(word, "-h") == 0) {
            AD_TRY(cli_set(a, cli_find(a, "help", 4), "yes", CLI_FROM_COMMAND));
        } else if (strncmp(word, "--", 2) == 0) {
            AD_TRY(one_option(a, word + 2, argc, argv, &at));
        } else if (word[0] == '-') {
            return unknown_option(a, word + 1, strcspn(word + 1, "="));
        } else if (n && word[n] == '=') {
            AD_TRY(one_option(a, word, argc, argv, &at));
        } else {
            a->word[a->words++] = word;
        }
    }
    if (a->words > a->verb->max_words)
        return ad_fail(AD_INVALID, "'%.60s' is one word too many", a->word[a->verb->max_words]);
    return AD_OK;
}

static int help_typed(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return 1;
    return 0;
}

static ad_status fill(cli_args *a, int argc, char **argv, FILE *warnings)
{
    while (cli_verb_option(a->verb, a->options)) a->options++;
    a->value = ad_arena_alloc(a->arena, (size_t)a->options * sizeof *a->value);
    a->word  = ad_arena_alloc(a->arena, (size_t)(argc + 1) * sizeof *a->word);
    if (!a->value || !a->word) return AD_NO_MEMORY;
    for (int i = 0; i < a->options; i++) {
        const char *standard = cli_verb_option(a->verb, i)->standard;
        if (standard) AD_TRY(cli_set(a, i, standard, CLI_FROM_TABLE));
    }
    if (help_typed(argc, argv)) return cli_set(a, cli_find(a, "help", 4), "yes", CLI_FROM_COMMAND);
    AD_TRY(parse(a, argc, argv));
    const char *config = cli_text(a, "config");
    return config ? cli_args_config(a, config, warnings) : AD_OK;
}

ad_status cli_args_new(cli_args **out, const cli_verb *verb, int argc, char **argv, FILE *warnings)
{
    *out            = NULL;
    ad_arena *arena = ad_arena_new();
    cli_args *a     = arena ? ad_arena_alloc(arena, sizeof *a) : NULL;
    if (!a) {
        ad_arena_free(arena);
        return AD_NO_MEMORY;
    }
    a->arena    = arena;
    a->verb     = verb;
    ad_status s = fill(a, argc, argv, warnings);
    if (s)
        cli_args_free(a);
    else
        *out = a;
    return s;
}

void cli_args_free(cli_args *a)
{
    if (a) ad_arena_free(a->arena);
}
