/* train_info.c - what `costate info` tells of a run of `train ode`. */
#include "train.h"

static void print_settings(const mdl_config *c)
{
    for (int i = 0; mdl_setting_at(i); i++) {
        const mdl_setting *s  = mdl_setting_at(i);
        const void        *at = (const char *)c + s->offset;
        if (s->kind == MDL_IS_TEXT && !*(const char *const *)at) continue;
        printf("  %-18s ", s->key);
        if (s->kind == MDL_IS_TEXT) printf("%s\n", *(const char *const *)at);
        if (s->kind == MDL_IS_NUMBER) printf("%g\n", *(const double *)at);
        if (s->kind == MDL_IS_INTEGER) printf("%ld\n", *(const long *)at);
        if (s->kind == MDL_IS_FLAG) printf("%s\n", *(const int *)at ? "yes" : "no");
    }
}

ad_status train_info(const char *path)
{
    mdl_run *r;
    char     text[DS_CLOCK_TEXT];
    AD_TRY(mdl_run_load(&r, path));
    const mdl_track *k = &r->data->track[r->data->count - 1];
    printf("%s: a %s for %s\n", path, r->model->system ? "system of equations" : "neural ODE",
           r->source);
    printf("columns:");
    for (int j = 0; j < r->data->cols; j++) printf(" %s", r->column[j]);
    printf("\nlast observed %s: %s; a forecast starts from the last %ld rows\n", r->time,
           ds_clock_text(&r->clock, ds_normalise_undo_time(r->data->units, k->t[k->len - 1]), text),
           r->rows);
    printf("%ld parameters in %d arrays:\n", r->model->count, ad_params_views(r->model->params));
    for (int i = 0; i < ad_params_views(r->model->params); i++) {
        const ad_param_view *v = ad_params_view(r->model->params, i);
        char                 shape[64];
        printf("  %-18s %s", v->name, ad_shape_text(v->shape, shape, sizeof shape));
        if (ad_elements(v->shape) == 1)
            printf(" %.6g", mdl_get(r->model->ode.type, r->model->theta, v->offset));
        putchar('\n');
    }
    printf("settings:\n");
    print_settings(r->config);
    mdl_run_free(r);
    return AD_OK;
}
