#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <jansson.h>

#include <costate/autodiff/memory.h>

#include "cli/json.h"

static void expect_text(const char *want, json_t *j, int flags)
{
    char *text;
    cr_assert_eq(cli_json_text(&text, j, flags), AD_OK);
    cr_assert_str_eq(text, want);
    ad_free(text);
    json_decref(j);
}

Test(json, numbers_and_what_is_none)
{
    const double x[] = { 0.1, -2, INFINITY, NAN, 1e-300 };
    const float  f[] = { 0.1f };
    expect_text("[0.1, -2, null, null, 1e-300]\n", cli_json_numbers(5, x), 0);
    expect_text("[0.10000000149011612]\n", cli_json_floats(1, f),
                0); /* the double that 0.1f is, exactly */
    cr_assert_eq(0.10000000149011612, (double)0.1f);
}

Test(json, shape_of_the_text)
{
    json_t *j = json_pack("{s:s, s:{s:[i,i], s:b}, s:[], s:n}", "name", "a\"b\\\n\x01", "in", "at",
                          1, 2, "ok", 1, "none", "nil");
    json_incref(j);
    expect_text("{\"name\": \"a\\\"b\\\\\\n\\u0001\", \"in\": {\"at\": [1, 2], \"ok\": true}, "
                "\"none\": [], \"nil\": null}\n",
                j, CLI_JSON_LINE);
    expect_text("{\n  \"name\": \"a\\\"b\\\\\\n\\u0001\",\n  \"in\": {\n    \"at\": [1, 2],\n    "
                "\"ok\": true\n  },\n"
                "  \"none\": [],\n  \"nil\": null\n}\n",
                j, 0);
}

Test(json, files_read_back)
{
    char    path[] = "/tmp/costate-json-XXXXXX";
    int     fd     = mkstemp(path);
    json_t *back, *j = json_pack("{s:[f,f], s:s}", "x", 1.0 / 3, 6.02214076e23, "s",
                                 "gr\xc3\xb6\xc3\x9f"
                                 "e");
    close(fd);
    cr_assert_eq(cli_json_save(j, path), AD_OK, "%s", ad_message());
    cr_assert_eq(cli_json_load(&back, path), AD_OK, "%s", ad_message());
    json_t *x = json_object_get(back, "x");
    cr_assert_eq(json_number_value(json_array_get(x, 0)), 1.0 / 3);
    cr_assert_eq(json_number_value(json_array_get(x, 1)), 6.02214076e23);
    cr_assert_str_eq(json_string_value(json_object_get(back, "s")), "gr\xc3\xb6\xc3\x9f"
                                                                    "e");
    json_decref(back);
    unlink(path);
    cr_assert_eq(cli_json_load(&back, path), AD_BAD_FILE);
    cr_assert_null(back);
    cr_assert_eq(cli_json_save(j, "/nowhere/at/all.json"), AD_IO);
    json_decref(j);
    if (access("/dev/full", W_OK) == 0) {
        json_t *full = json_pack("[i]", 1);
        cr_assert_eq(cli_json_save(full, "/dev/full"), AD_IO);
        json_decref(full);
    }
}
