#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <jansson.h>

#include <costate/autodiff/memory.h>

#include "cli/args.h"
#include "cli/json.h"
#include "cli/text.h"

static const cli_option options[] = {
    { "rtol", CLI_NUMBER, NULL, "1e-3", "relative tolerance", "solver" },
    { "max-steps", CLI_INTEGER, NULL, "10000", "most steps", NULL },
    { "dry-run", CLI_FLAG, NULL, NULL, "only say what would be done", "run" },
    { "set", CLI_LIST, "NAME=X", NULL, "values of parameters", NULL },
    { "output", CLI_TEXT, "DIR", NULL, "where to", NULL },
    { NULL, CLI_FLAG, NULL, NULL, NULL, NULL },
};

static const cli_verb verb = {
    .name = "try", .summary = "tries", .usage = "WORD", .options = options, .max_words = 2
};

/* The status of parsing the words up to NULL. */
static ad_status parse_to(cli_args **a, FILE *warnings, ...)
{
    static char *argv[16];
    int          argc = 0;
    va_list      words;
    va_start(words, warnings);
    for (char *w; (w = va_arg(words, char *));) argv[argc++] = w;
    va_end(words);
    return cli_args_new(a, &verb, argc, argv, warnings);
}

#define PARSE(...) parse_to(&a, NULL, __VA_ARGS__, NULL)

static char *config_file(const char *text)
{
    static char path[] = "/tmp/costate-args-XXXXXX";
    strcpy(path + strlen(path) - 6, "XXXXXX");
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    return path;
}

Test(args, every_spelling_is_the_same)
{
    cli_args *a;
    char     *same[][2] = { { "--rtol", "1e-8" }, { "--rtol=1e-8", NULL }, { "rtol=1e-8", NULL } };
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(PARSE(same[i][0], same[i][1]), AD_OK, "%s", ad_message());
        cr_assert_eq(cli_number(a, "rtol"), 1e-8);
        cr_assert(cli_given(a, "rtol"));
        cr_assert_eq(cli_words(a), 0);
        cli_args_free(a);
    }
    cr_assert_eq(PARSE("--max_steps", "1e4"), AD_OK);
    cr_assert_eq(cli_integer(a, "max-steps"), 10000);
    cli_args_free(a);
}

Test(args, defaults_words_flags_and_lists)
{
    cli_args *a;
    cr_assert_eq(PARSE("--dry-run", "file.csv", "--set", "a=2", "set=b=-3,c=4", "--", "--odd"),
                 AD_OK, "%s", ad_message());
    cr_assert_eq(cli_number(a, "rtol"), 1e-3);
    cr_assert_not(cli_given(a, "rtol"));
    cr_assert_null(cli_text(a, "output"));
    cr_assert(cli_flag(a, "dry-run"));
    cr_assert_eq(cli_words(a), 2);
    cr_assert_str_eq(cli_word(a, 0), "file.csv");
    cr_assert_str_eq(cli_word(a, 1), "--odd");
    cr_assert_eq(cli_list(a, "set"), 3);
    cr_assert_str_eq(cli_item(a, "set", 0), "a=2");
    cr_assert_str_eq(cli_item(a, "set", 2), "c=4");
    cli_args_free(a);

    cr_assert_eq(PARSE("--dry-run", "--no-dry-run", "-3", "./a=b.csv"), AD_OK, "%s", ad_message());
    cr_assert_not(cli_flag(a, "dry-run"));
    cr_assert_str_eq(cli_word(a, 0), "-3");
    cr_assert_str_eq(cli_word(a, 1), "./a=b.csv");
    cli_args_free(a);

    cr_assert_eq(PARSE("--dry-run", "no", "0"), AD_OK, "%s", ad_message());
    cr_assert(cli_given(a, "dry-run") && !cli_flag(a, "dry-run"));
    cr_assert_eq(cli_words(a), 1); /* 0 stays a word */
    cli_args_free(a);

    cr_assert_eq(PARSE("--rtol", "-2"), AD_OK); /* a negative number is a value */
    cr_assert_eq(cli_number(a, "rtol"), -2);
    cli_args_free(a);
}

Test(args, the_command_line_wins_over_the_file)
{
    cli_args *a;
    char     *path = config_file(
            "{\"rtol\": 1e-5, \"max_steps\": 7, \"set\": [\"a=1\", \"b=2\"], \"dry-run\": true,"
                " \"output\": null, \"colour\": [1]}");
    char  said[256] = "";
    FILE *warnings  = tmpfile();
    cr_assert_eq(parse_to(&a, warnings, "--config", path, "rtol=1e-6", NULL), AD_OK, "%s",
                 ad_message());
    cr_assert_eq(cli_number(a, "rtol"), 1e-6);
    cr_assert_eq(cli_integer(a, "max-steps"), 7);
    cr_assert_eq(cli_list(a, "set"), 2);
    cr_assert(cli_flag(a, "dry-run"));
    cr_assert_not(cli_given(a, "output"));
    cli_args_free(a);
    rewind(warnings);
    cr_assert_not_null(fgets(said, sizeof said, warnings));
    cr_assert(strstr(said, "'colour'"), "%s", said);
    cr_assert_null(fgets(said, sizeof said, warnings)); /* one warning, for the one unknown key */
    fclose(warnings);

    cr_assert_eq(PARSE("--config", path, "--set", "c=3"), AD_OK);
    cr_assert_eq(cli_list(a, "set"), 1);
    cr_assert_str_eq(cli_item(a, "set", 0), "c=3");
    cli_args_free(a);
    unlink(path);
}

Test(args, what_they_are_reads_back)
{
    cli_args *a, *b;
    char      path[] = "/tmp/costate-args-XXXXXX";
    cr_assert_eq(
        PARSE("--rtol", "0.1", "--set", "a=1,b=2", "--max-steps", "9007199254740993", "--dry-run"),
        AD_OK);
    int     fd = mkstemp(path);
    json_t *ja = cli_args_json(a);
    cr_assert(fd >= 0 && ja && cli_json_save(ja, path) == AD_OK);
    close(fd);
    cli_args_free(a);
    cr_assert_eq(PARSE("--config", path), AD_OK, "%s", ad_message());
    b          = a;
    json_t *jb = cli_args_json(b);
    cr_assert(json_equal(ja, jb));
    cr_assert_eq(cli_integer(b, "max-steps"), 9007199254740993); /* 2^53 + 1 */
    cr_assert_null(cli_text(b, "output"));
    cli_args_free(b);
    json_decref(ja);
    json_decref(jb);
    unlink(path);
}

static void expect_mistake(ad_status want, ad_status got, cli_args *a, const char *part)
{
    cr_assert_eq(got, want);
    cr_assert_null(a);
    cr_assert(strstr(ad_message(), part), "'%s' lacks '%s'", ad_message(), part);
}

#define MISTAKE(want, part, ...)          \
    do {                                  \
        cli_args *a;                      \
        ad_status s = PARSE(__VA_ARGS__); \
        expect_mistake(want, s, a, part); \
    } while (0)

Test(args, mistakes_are_told)
{
    MISTAKE(AD_INVALID, "did you mean --rtol?", "--rtoll", "3");
    MISTAKE(AD_INVALID, "did you mean --max-steps?", "maxsteps=3");
    MISTAKE(AD_INVALID, "unknown option 'x'", "-x");
    MISTAKE(AD_INVALID, "--rtol needs a value", "--rtol");
    MISTAKE(AD_INVALID, "--rtol needs a value", "--rtol", "--dry-run");
    MISTAKE(AD_INVALID, "--rtol needs a value", "--rtol=");
    MISTAKE(AD_INVALID, "'1e-3x' is not a finite number", "--rtol", "1e-3x");
    MISTAKE(AD_INVALID, "not a finite number", "--rtol", "nan");
    MISTAKE(AD_INVALID, "'1.5' is not a whole number", "--max-steps", "1.5");
    MISTAKE(AD_INVALID, "neither yes nor no", "--dry-run=perhaps");
    MISTAKE(AD_INVALID, "unknown option", "--no-rtol");
    MISTAKE(AD_INVALID, "'three' is one word too many", "one", "two", "three");
    MISTAKE(AD_BAD_FILE, "/nowhere.json", "--config", "/nowhere.json");
    char *path = config_file("{\n  \"rtol\": }");
    MISTAKE(AD_BAD_FILE, ":2:", "--config", path);
    unlink(path);
    path = config_file("{\"rtol\": \"small\"}");
    MISTAKE(AD_INVALID, "--rtol: 'small' is not a finite number", "--config", path);
    unlink(path);
}

Test(args, help_comes_before_everything)
{
    cli_args *a;
    cr_assert_eq(PARSE("--nonsense", "--help"), AD_OK);
    cr_assert(cli_help_wanted(a));
    cli_args_free(a);
    cr_assert_eq(PARSE("x"), AD_OK);
    cr_assert_not(cli_help_wanted(a));
    cli_args_free(a);

    char  help[4096];
    FILE *out = tmpfile();
    cli_help(&verb, out);
    rewind(out);
    help[fread(help, 1, sizeof help - 1, out)] = 0;
    fclose(out);
    const char *const parts[] = {
        "usage: costate try WORD", "solver\n",     "--rtol X",      "[1e-3]",
        "--max-steps N",           "--set NAME=X", "--config FILE", "--help"
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        cr_assert(strstr(help, parts[i]), "no %s", parts[i]);
}

/* The allocator that fails at the n-th request, and counts what lives. */
static long requests, fail_at, live;

static void *counting_alloc(size_t bytes, void *ctx)
{
    (void)ctx;
    if (++requests == fail_at) return NULL;
    live++;
    return aligned_alloc(AD_ALIGN, bytes);
}

static void counting_free(void *p, void *ctx)
{
    (void)ctx;
    live--;
    free(p);
}

Test(args, every_failing_allocation_is_told_and_leaks_nothing)
{
    static const ad_allocator counting = { counting_alloc, counting_free, NULL };
    char                     *path     = config_file("{\"set\": [\"a=1\", \"b=2\"]}");
    ad_status                 s        = AD_NO_MEMORY;
    ad_allocator_set(&counting);
    for (fail_at = 1; s == AD_NO_MEMORY; fail_at++) {
        cli_args *a;
        requests = 0;
        s        = PARSE("--config", path, "--rtol=1", "word");
        cr_assert(s == AD_OK || s == AD_NO_MEMORY);
        cli_args_free(a);
        cr_assert_eq(live, 0, "%ld blocks live after request %ld failed", live, fail_at);
    }
    ad_allocator_set(NULL);
    cr_assert_eq(s, AD_OK);
    cr_assert_geq(fail_at, 4); /* it did fail: args, the file, the file's text */
    unlink(path);
}

Test(text, numbers_read_back_exactly)
{
    char     text[CLI_NUMBER_TEXT];
    uint64_t bits = 88172645463325252u; /* Marsaglia's xorshift: every exponent and sign comes by */
    for (int i = 0; i < 20000; i++) {
        double x;
        bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
        memcpy(&x, &bits, sizeof x);
        if (x != x) continue;
        cr_assert_eq(strtod(cli_number_text(x, text), NULL), x);
    }
    cr_assert_str_eq(cli_number_text(0.1, text), "0.1");
    cr_assert_str_eq(cli_number_text(1900, text), "1900");
}
