/* solve_command.h - `costate solve` on a text, its JSON read back.

       json_t *r = solved("x' = -x\nx(0) = 1\nt = 0 .. 1\n", "--at", "0,1");     it must succeed
       json_t *r = solving(&code, text, "--rtol", "1e-9");                        exit code and what it printed
       double  x = number(r, "gradient", "x(0)");                                 NaN for null                  */
#ifndef COSTATE_TESTS_CLI_SOLVE_COMMAND_H
#define COSTATE_TESTS_CLI_SOLVE_COMMAND_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "cli/verbs.h"

static inline char *scratch_file(const char *text, const char *ending)
{
    char *path = malloc(64);
    snprintf(path, 64, "/tmp/costate-test-XXXXXX%s", ending);
    int fd = mkstemps(path, (int)strlen(ending));
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return path;
}

/* What the command wrote on its standard output, to be freed. */
static inline char *output_of(int *code, int argc, char **argv)
{
    char  *text = calloc(1, 1 << 22);
    FILE  *file = tmpfile();
    int    kept = dup(1);
    size_t n;
    fflush(stdout);
    dup2(fileno(file), 1);
    *code = cli_run(argc, argv);
    fflush(stdout);
    dup2(kept, 1);
    close(kept);
    rewind(file);
    n = fread(text, 1, (1 << 22) - 1, file);
    cr_assert_lt(n, (1 << 22) - 1);
    fclose(file);
    return text;
}

static inline json_t *solving_list(int *code, const char *text, const char *const options[])
{
    char        *path     = scratch_file(text, ".ode");
    char        *argv[32] = { "solve", path, "--json" };
    int          argc     = 3;
    json_error_t error;
    for (; *options; options++) argv[argc++] = (char *)*options;
    char   *out = output_of(code, argc, argv);
    json_t *j   = json_loads(out, 0, &error);
    cr_assert(j || *out == 0, "line %d: %s\n%s", error.line, error.text, out);
    free(out);
    unlink(path);
    free(path);
    return j;
}

static inline json_t *solved_list(const char *text, const char *const options[])
{
    int     code;
    json_t *j = solving_list(&code, text, options);
    cr_assert_eq(code, 0, "exit code %d", code);
    cr_assert_str_eq(json_string_value(json_object_get(j, "status")), "ok");
    return j;
}

#define OPTIONS(...)             ((const char *const[]){ __VA_ARGS__, NULL })
#define solving(code, text, ...) solving_list(code, text, OPTIONS(__VA_ARGS__))
#define solved(text, ...)        solved_list(text, OPTIONS(__VA_ARGS__))

static inline double value_of(const json_t *j)
{
    cr_assert_not_null(j);
    return json_is_number(j) ? json_number_value(j) : NAN;
}

/* object[a], or object[a][b] */
static inline double number(const json_t *object, const char *a, const char *b)
{
    const json_t *j = json_object_get(object, a);
    cr_assert(j && (!b || json_object_get(j, b)), "no %s %s", a, b ? b : "");
    return value_of(b ? json_object_get(j, b) : j);
}

/* object[a][i], or object[a][b][i] */
static inline double item(const json_t *object, const char *a, const char *b, int i)
{
    const json_t *j = json_object_get(object, a);
    if (b) j = json_object_get(j, b);
    cr_assert_lt((size_t)i, json_array_size(j));
    return value_of(json_array_get(j, (size_t)i));
}

static inline int items(const json_t *object, const char *a, const char *b)
{
    const json_t *j = json_object_get(object, a);
    if (b) j = json_object_get(j, b);
    cr_assert(json_is_array(j), "%s is no list", a);
    return (int)json_array_size(j);
}

#endif
