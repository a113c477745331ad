/* train_config.c - the options of the command line as a model's settings. */
#include "train.h"

ad_status train_config(const cli_args *a, mdl_config **out)
{
    mdl_config *c      = NULL;
    int         resume = cli_flag(a, "resume");
    *out               = NULL;
    if (resume && !cli_text(a, "output"))
        return ad_fail(AD_INVALID, "--resume needs the run: --output DIR");
    AD_TRY(resume ? mdl_run_config(&c, cli_text(a, "output")) : mdl_config_new(&c));
    for (int i = 0; mdl_setting_at(i); i++) {
        const char *key = mdl_setting_at(i)->key;
        if (!cli_given(a, key)) continue;
        const char *text = mdl_setting_at(i)->kind == MDL_IS_FLAG ? cli_flag(a, key) ? "yes" : "no"
                                                                  : cli_text(a, key);
        ad_status   s    = mdl_config_set(c, key, text);
        if (s) {
            mdl_config_free(c);
            return s;
        }
    }
    *out = c;
    return AD_OK;
}
