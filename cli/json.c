#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/file.h>
#include <costate/autodiff/memory.h>

#include "buffer.h"
#include "json.h"
#include "text.h"

json_t *cli_json_number(double x)
{
    return isfinite(x) ? json_real(x) : json_null(); /* json_real() refuses the others */
}

json_t *cli_json_numbers(long n, const double *x)
{
    json_t *list = json_array();
    for (long i = 0; list && i < n; i++)
        if (json_array_append_new(list, cli_json_number(x[i]))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

json_t *cli_json_floats(long n, const float *x)
{
    json_t *list = json_array();
    for (long i = 0; list && i < n; i++)
        if (json_array_append_new(list, cli_json_number(x[i]))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static void string(cli_buffer *b, const char *s, size_t n)
{
    cli_buffer_add(b, "\"", 1);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\')
            cli_buffer_format(b, "\\%c", c);
        else if (c == '\n')
            cli_buffer_add(b, "\\n", 2);
        else if (c == '\t')
            cli_buffer_add(b, "\\t", 2);
        else if (c < 0x20)
            cli_buffer_format(b, "\\u%04x", c);
        else
            cli_buffer_add(b, s + i, 1);
    }
    cli_buffer_add(b, "\"", 1);
}

static void leaf(cli_buffer *b, const json_t *j)
{
    char text[CLI_NUMBER_TEXT];
    switch (json_typeof(j)) {
    case JSON_STRING: string(b, json_string_value(j), json_string_length(j)); break;
    case JSON_INTEGER: cli_buffer_format(b, "%" JSON_INTEGER_FORMAT, json_integer_value(j)); break;
    case JSON_REAL: cli_buffer_text(b, cli_number_text(json_real_value(j), text)); break;
    case JSON_TRUE: cli_buffer_text(b, "true"); break;
    case JSON_FALSE: cli_buffer_text(b, "false"); break;
    default: cli_buffer_text(b, "null");
    }
}

static int has_members(const json_t *j)
{
    return json_is_object(j) || json_is_array(j);
}

/* Members of members stand on lines of their own, members that have none on their parent's line. */
static int is_flat(const json_t *j)
{
    if (json_is_object(j)) return json_object_size(j) == 0;
    for (size_t i = 0; i < json_array_size(j); i++)
        if (has_members(json_array_get(j, i))) return 0;
    return 1;
}

static void dump(cli_buffer *b, const json_t *j, int depth, int line);

static void separate(cli_buffer *b, size_t i, int depth, int broken)
{
    if (i) cli_buffer_add(b, broken ? "," : ", ", broken ? 1 : 2);
    if (broken) cli_buffer_format(b, "\n%*s", 2 * depth, "");
}

static void members(cli_buffer *b, const json_t *j, int depth, int line)
{
    int    broken = !line && !is_flat(j);
    size_t i      = 0;
    if (json_is_object(j)) {
        for (void *at = json_object_iter((json_t *)j); at;
             at       = json_object_iter_next((json_t *)j, at), i++) {
            const char *key = json_object_iter_key(at);
            separate(b, i, depth + 1, broken);
            string(b, key, strlen(key));
            cli_buffer_text(b, ": ");
            dump(b, json_object_iter_value(at), depth + 1, line);
        }
    } else {
        for (; i < json_array_size(j); i++) {
            separate(b, i, depth + 1, broken);
            dump(b, json_array_get(j, i), depth + 1, line);
        }
    }
    if (broken) cli_buffer_format(b, "\n%*s", 2 * depth, "");
}

static void dump(cli_buffer *b, const json_t *j, int depth, int line)
{
    if (!has_members(j)) {
        leaf(b, j);
        return;
    }
    cli_buffer_text(b, json_is_object(j) ? "{" : "[");
    members(b, j, depth, line);
    cli_buffer_text(b, json_is_object(j) ? "}" : "]");
}

ad_status cli_json_text(char **text, const json_t *j, int flags)
{
    cli_buffer b = { 0 };
    dump(&b, j, 0, flags & CLI_JSON_LINE);
    cli_buffer_text(&b, "\n");
    *text = b.text;
    if (b.status) cli_buffer_free(&b), *text = NULL;
    return b.status;
}

ad_status cli_json_print(const json_t *j, FILE *out)
{
    char *text;
    AD_TRY(cli_json_text(&text, j, 0));
    int bad = fputs(text, out) < 0;
    ad_free(text);
    return bad ? ad_fail(AD_IO, "the result could not be written") : AD_OK;
}

ad_status cli_json_save(const json_t *j, const char *path)
{
    char   *text;
    ad_file f;
    AD_TRY(cli_json_text(&text, j, 0));
    ad_status s = ad_file_create(&f, path);
    if (s == AD_OK) {
        ad_file_write(&f, text, strlen(text));
        s = ad_file_commit(&f);
    }
    ad_free(text);
    return s;
}

ad_status cli_json_load(json_t **j, const char *path)
{
    void        *data;
    size_t       bytes;
    json_error_t error;
    *j = NULL;
    AD_TRY(ad_file_read(path, &data, &bytes));
    const char *text = data;
    int         bom  = bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    *j               = json_loadb(text + bom, bytes - (size_t)bom, JSON_REJECT_DUPLICATES, &error);
    ad_free(data);
    if (*j) return AD_OK;
    return ad_fail(AD_BAD_FILE, "%s:%d:%d: no valid JSON: %s", path, error.line, error.column,
                   error.text);
}
