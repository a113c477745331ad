/* classifier_evaluate.c - the weights of a classifier's run, judged on any samples, in any precision and at any tolerance. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>
#include <costate/nde/controller.h>

#include "classifier.h"
#include "json.h"
#include "text.h"

json_t *classify_json(const mdl_evaluation *e)
{
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "samples", (json_int_t)e->n,
                     "accuracy", cli_json_number((double)e->right / (double)e->n), "loss",
                     cli_json_number(e->loss), "nfe", cli_json_number(e->nfe), "nfe_julia",
                     cli_json_number(e->nfe_julia), "accepted", cli_json_number(e->accepted),
                     "rejected", cli_json_number(e->rejected), "seconds",
                     cli_json_number(e->seconds));
}

enum { MOST = 16 };

/* One way of solving: what is printed as a row. */
typedef struct way {
    ad_type        type;
    nde_options    solve;
    mdl_evaluation e;
} way;

typedef struct evaluation {
    const cli_args      *args;
    mdl_classifier_task *task;
    ds_samples          *samples;
    int                  ways;
    way                  way[MOST];
} evaluation;

/* Each precision at each tolerance; without any, the run's own in both precisions. */
static ad_status choose_ways(evaluation *v)
{
    static const char *const both[] = { "float32", "float64" };
    const cli_args          *a      = v->args;
    const nde_options       *own    = mdl_classifier_about(v->task->classifier)->solve;
    int types = cli_list(a, "precision"), tolerances = cli_list(a, "tolerance");
    for (int i = 0; i < (types ? types : 2); i++) {
        const char *name = types ? cli_item(a, "precision", i) : both[i];
        if (strcmp(name, both[0]) && strcmp(name, both[1]))
            return ad_fail(AD_INVALID, "--precision is float32 or float64, not '%.40s'", name);
        for (int k = 0; k < (tolerances ? tolerances : 1); k++) {
            if (v->ways == MOST) return ad_fail(AD_INVALID, "at most %d rows at a time", MOST);
            way *w   = &v->way[v->ways++];
            w->type  = strcmp(name, both[0]) ? AD_F64 : AD_F32;
            w->solve = *own;
            if (!tolerances) continue;
            if (!cli_parse_number(cli_item(a, "tolerance", k), &w->solve.rtol) ||
                w->solve.rtol <= 0)
                return ad_fail(AD_INVALID, "--tolerance: '%.40s' is no positive number",
                               cli_item(a, "tolerance", k));
            w->solve.atol = w->solve.rtol;
        }
    }
    return AD_OK;
}

static ad_status run_ways(evaluation *v)
{
    long                          rows = cli_integer(v->args, "rows");
    const mdl_classifier_options *o    = mdl_classifier_about(v->task->classifier);
    for (int i = 0; i < v->ways; i++) {
        mdl_evaluator *e;
        way           *w = &v->way[i];
        AD_TRY(mdl_evaluator_new(&e, o, w->type, &w->solve, o->batch));
        ad_status s = mdl_classifier_task_judge(v->task, v->samples, rows, e, &w->e);
        mdl_evaluator_free(e);
        AD_TRY(s);
    }
    return AD_OK;
}

static void print(const evaluation *v)
{
    char seconds[32];
    printf("%-10s %-9s %-8s %-9s %-8s %-8s %s\n", "precision", "tolerance", "samples", "right",
           "loss", "NFE", "time of a solve");
    for (int i = 0; i < v->ways; i++) {
        const way *w = &v->way[i];
        printf("%-10s %-9g %-8ld %6.2f %%  %-8.4f %-8.1f %s\n",
               w->type == AD_F32 ? "float32" : "float64", w->solve.rtol, w->e.n,
               100 * (double)w->e.right / (double)w->e.n, w->e.loss, w->e.nfe,
               cli_seconds_text(w->e.seconds, seconds, sizeof seconds));
    }
}

static ad_status print_json(const evaluation *v)
{
    json_t *list = json_array();
    for (int i = 0; list && i < v->ways; i++) {
        json_t *j = classify_json(&v->way[i].e);
        if (!j) break;
        json_object_set_new(j, "precision",
                            json_string(v->way[i].type == AD_F32 ? "float32" : "float64"));
        json_object_set_new(j, "rtol", cli_json_number(v->way[i].solve.rtol));
        json_object_set_new(j, "atol", cli_json_number(v->way[i].solve.atol));
        json_array_append_new(list, j);
    }
    ad_status s = list ? cli_json_print(list, stdout) : ad_fail(AD_NO_MEMORY, "out of memory");
    json_decref(list);
    return s;
}

static ad_status go(evaluation *v, const char *directory)
{
    AD_TRY(mdl_classifier_task_load(&v->task, directory));
    const char *part = cli_text(v->args, "part");
    if (cli_integer(v->args, "rows") < 0)
        return ad_fail(AD_INVALID, "--rows counts samples; 0 takes all");
    AD_TRY(mdl_classifier_task_data(v->task, cli_text(v->args, "data"),
                                    cli_text(v->args, "data-dir"), part, &v->samples));
    AD_TRY(choose_ways(v));
    AD_TRY(run_ways(v));
    if (cli_flag(v->args, "json")) return print_json(v);
    print(v);
    return AD_OK;
}

int classify_evaluate(const cli_args *a, const char *directory)
{
    evaluation *v = ad_alloc(sizeof *v);
    ad_status   s = v ? AD_OK : AD_NO_MEMORY;
    if (v) {
        v->args = a;
        s       = go(v, directory);
        mdl_classifier_task_free(v->task);
        ds_samples_free(v->samples);
        ad_free(v);
    }
    if (s == AD_INVALID) return cli_mistake(a, "%s", ad_message());
    return s ? cli_failed(a) : CLI_DONE;
}
