#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>
#include <costate/models/class_names.h>

json_t *mdl_class_names(const ds_samples *s)
{
    if (!s || !s->class_name) return json_null();
    json_t *list = json_array();
    for (int k = 0; list && k < s->classes; k++)
        if (json_array_append_new(list, json_string(s->class_name[k]))) {
            json_decref(list);
            list = NULL;
        }
    if (!list) ad_fail(AD_NO_MEMORY, "no memory for the classes (or a name is not UTF-8)");
    return list;
}

static const char *name_at(const json_t *names, int k)
{
    const char *name = json_string_value(json_array_get(names, (size_t)k));
    return name ? name : "";
}

static ad_status find(const json_t *names, const ds_samples *s, int k, int *number)
{
    char all[256] = "";
    int  n        = (int)json_array_size(names);
    for (int i = 0; i < n; i++) {
        size_t used = strlen(all);
        if (!strcmp(name_at(names, i), s->class_name[k])) {
            *number = i;
            return AD_OK;
        }
        snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", name_at(names, i));
    }
    return ad_fail(AD_BAD_FILE, "%s: the run knows no class '%s'; it knows %s", s->name,
                   s->class_name[k], all);
}

/* The run's names take the place of the samples' own. */
static ad_status rename_classes(const json_t *names, ds_samples *s)
{
    int    n    = (int)json_array_size(names);
    char **name = ad_alloc((size_t)n * sizeof *name);
    for (int k = 0; name && k < n; k++)
        if (!(name[k] = ad_strdup(name_at(names, k)))) {
            while (k--) ad_free(name[k]);
            ad_free(name);
            name = NULL;
        }
    if (!name) return AD_NO_MEMORY;
    for (int k = 0; k < s->classes; k++) ad_free(s->class_name[k]);
    ad_free(s->class_name);
    s->class_name = name;
    s->classes    = n;
    return AD_OK;
}

ad_status mdl_class_names_apply(const json_t *names, ds_samples *s)
{
    if (!s->class_name) return AD_OK;
    if (!json_array_size(names))
        return ad_fail(AD_BAD_FILE,
                       "%s: its classes are words, as '%s'; those of the run are numbers", s->name,
                       s->class_name[0]);
    int *number = ad_alloc((size_t)s->classes * sizeof *number);
    if (!number) return AD_NO_MEMORY;
    ad_status status = AD_OK;
    for (int k = 0; k < s->classes && !status; k++) status = find(names, s, k, &number[k]);
    if (!status) status = rename_classes(names, s);
    for (long i = 0; i < s->n && !status; i++) s->label[i] = number[s->label[i]];
    ad_free(number);
    return status;
}
