/* The registry of diffusers' classes. */
#include <string.h>

#include <costate/autodiff/text.h>

#include "config_internal.h"
#include "method.h"

/* The sampler, if it is there. */
ad_status dpm_config_use(const dpm_keys *k, dpm_config *c, const char *sampler)
{
    const dpm_method *m = dpm_method_find(sampler);
    if (!m)
        return ad_fail(AD_UNSUPPORTED, "%s needs the sampler '%s', which is not here",
                       k->class_name, sampler);
    c->options.sampler = m->name;
    return AD_OK;
}

static const dpm_config_class_row classes[] = {
#define CLASS(name, translation, takes) { #name, dpm_config_##translation, takes },
#define REFUSED(name, why)              { #name, NULL, why },
#include "config_classes.def"
#undef CLASS
#undef REFUSED
};

enum { CLASSES = sizeof classes / sizeof *classes };

const char *dpm_config_class(int i)
{
    return i >= 0 && i < CLASSES && classes[i].translate ? classes[i].name : NULL;
}

const dpm_config_class_row *dpm_config_class_find(const char *name)
{
    const char *known[CLASSES];
    for (int i = 0; i < CLASSES; i++) {
        known[i] = classes[i].name;
        if (!strcmp(name, known[i])) return &classes[i];
    }
    const char *near = ad_nearest(name, CLASSES, known);
    ad_fail(AD_INVALID, "there is no scheduler class '%.80s'%s%s%s", name,
            near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return NULL;
}
