#include <string.h>

#include <jansson.h>

#include "json.h"
#include "models.h"
#include "run_files.h"

static const cli_model *const table[] = {
#define MODEL(name) &cli_model_##name,
#include "models.def"
#undef MODEL
};

int cli_models(void)
{
    return sizeof table / sizeof table[0];
}
const cli_model *cli_model_at(int i)
{
    return table[i];
}

const cli_model *cli_model_find(const char *name)
{
    for (int i = 0; i < cli_models(); i++)
        if (!strcmp(table[i]->name, name)) return table[i];
    return NULL;
}

const cli_model *cli_model_of_run(const char *directory)
{
    char    path[RUN_PATH];
    json_t *j;
    if (run_path(directory, "config.json", path) || cli_json_load(&j, path)) return NULL;
    const char      *name = json_string_value(json_object_get(j, "model"));
    const cli_model *m    = name ? cli_model_find(name) : NULL;
    if (!m)
        ad_fail(AD_BAD_FILE,
                "%s: this is a run of the model '%.40s', which this version does not know", path,
                name ? name : "(none)");
    json_decref(j);
    return m;
}
