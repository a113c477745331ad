/* Settings: defaults, texts, JSON there and back, and what makes no sense. */
#include <criterion/criterion.h>
#include <jansson.h>

#include <costate/models/config.h>

#include "tests/support.h"

Test(config, defaults_make_sense)
{
    mdl_config *c;
    cr_assert_eq(mdl_config_new(&c), AD_OK);
    cr_assert_eq(mdl_config_check(c), AD_OK, "%s", ad_message());
    cr_assert_eq(c->width, 32);
    cr_assert_null(c->data);
    mdl_config_free(c);
}

Test(config, json_there_and_back)
{
    mdl_config *a, *b;
    cr_assert_eq(mdl_config_new(&a), AD_OK);
    cr_assert_eq(mdl_config_new(&b), AD_OK);
    cr_assert_eq(mdl_config_set(a, "data", "a \"file\".csv"), AD_OK);
    cr_assert_eq(mdl_config_set(a, "lr", "0.1"), AD_OK);
    cr_assert_eq(mdl_config_set(a, "linear", "no"), AD_OK);
    cr_assert_eq(mdl_config_set(a, "seed", "9007199254740992"), AD_OK);
    json_t *j = mdl_config_to_json(a);
    cr_assert_eq(mdl_config_from_json(b, j), AD_OK, "%s", ad_message());
    json_t *k = mdl_config_to_json(b);
    cr_assert(json_equal(j, k));
    cr_assert_str_eq(b->data, "a \"file\".csv");
    cr_assert_eq(b->lr, 0.1);
    json_object_set_new(j, "width", json_string("many"));
    cr_assert_eq(mdl_config_from_json(b, j), AD_BAD_FILE);
    cr_assert(strstr(ad_message(), "width"));
    json_object_del(j, "width");
    cr_assert_eq(mdl_config_from_json(b, j), AD_BAD_FILE);
    json_object_set_new(k, "precision", json_null());
    cr_assert_neq(mdl_config_from_json(b, k), AD_OK, "a name that must be there is not");
    cr_assert(strstr(ad_message(), "precision"), "%s", ad_message());
    json_decref(j);
    json_decref(k);
    mdl_config_free(a);
    mdl_config_free(b);
}

Test(config, mistakes_are_sentences)
{
    static const struct {
        const char *key, *text, *part;
    } set[]   = { { "widht", "3", "width" },
                  { "width", "3.5", "whole" },
                  { "lr", "fast", "number" } },
      check[] = { { "holdout", "1.5", "holdout" }, { "activation", "tahn", "tahn" },
                  { "loss", "mle", "mle" },        { "method", "rk5", "rk5" },
                  { "split", "half", "split" },    { "ema", "1", "ema" },
                  { "schedule", "cosin", "cosin" } };
    for (size_t i = 0; i < sizeof set / sizeof *set; i++) {
        mdl_config *c;
        cr_assert_eq(mdl_config_new(&c), AD_OK);
        cr_assert_eq(mdl_config_set(c, set[i].key, set[i].text), AD_INVALID);
        cr_assert(strstr(ad_message(), set[i].part), "%s", ad_message());
        mdl_config_free(c);
    }
    for (size_t i = 0; i < sizeof check / sizeof *check; i++) {
        mdl_config *c;
        cr_assert_eq(mdl_config_new(&c), AD_OK);
        cr_assert_eq(mdl_config_set(c, check[i].key, check[i].text), AD_OK);
        cr_assert_eq(mdl_config_check(c), AD_INVALID, "%s", check[i].key);
        cr_assert(strstr(ad_message(), check[i].part), "%s", ad_message());
        mdl_config_free(c);
    }
}
