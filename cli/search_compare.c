/* search_compare.c - a found schedule beside what there was: standard grids of the same sampler, and of all others. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <costate/diffusion/method.h>

#include "search.h"

/* Noise, decisions by values and memory of a second state are other things than a schedule. */
static int comparable(const dpm_method *m)
{
    return !(m->flags & (DPM_STOCHASTIC | DPM_LIVE | DPM_REVERSIBLE));
}

static int better(const dpm_errors *a, const dpm_errors *b)
{
    return a->nfe && (!b->nfe || a->median < b->median);
}

/* On all grids; those that it cannot have, or on which it leaves the numbers, are none. */
static ad_status on_grids(dpm_teacher *t, dpm_options *o, const char *what, search_comparison *c)
{
    for (int i = 0; dpm_standard_grid(i); i++) {
        search_row r = { 0 };
        o->grid.name = dpm_standard_grid(i);
        ad_status s  = dpm_teacher_errors(t, o, &r.e, NULL);
        if (s == AD_NO_MEMORY) return s;
        if (s) continue;
        c->tried++;
        snprintf(r.what, sizeof r.what, "%s", what);
        snprintf(r.grid, sizeof r.grid, "%s", o->grid.name);
        if (better(&r.e, &c->all.e)) c->all = r;
    }
    return AD_OK;
}

static ad_status in_form(dpm_teacher *t, const dpm_method *m, dpm_options *o, long nfe,
                         search_comparison *c)
{
    char what[SEARCH_NAME], order[16] = "", form[24] = "";
    if (dpm_steps_for(o, nfe, &o->grid.steps) || !o->grid.steps) return AD_OK;
    if (o->order) snprintf(order, sizeof order, ", order %d", o->order);
    if (o->prediction) snprintf(form, sizeof form, ", %s", dpm_prediction_name(o->prediction));
    for (int lower = -1; lower <= 1; lower += 2) {
        int takes            = strstr(m->takes, "lower-order-final") != NULL;
        o->lower_order_final = takes ? lower : 0;
        snprintf(what, sizeof what, "%s%s%s%s", m->name, order, form,
                 takes && lower > 0 ? ", lower order final" : "");
        AD_TRY(on_grids(t, o, what, c));
        if (!takes) break;
    }
    return AD_OK;
}

static ad_status all_of(dpm_teacher *t, const dpm_method *m, const dpm_options *base, long nfe,
                        search_comparison *c)
{
    static const dpm_prediction form[] = { DPM_EPSILON, DPM_X0 };
    int                         orders = m->flags & DPM_ORDERS ? m->order_most : 1;
    int                         forms  = m->flags & DPM_FORM ? 2 : 1;
    for (int order = 1; order <= orders; order++)
        for (int k = 0; k < forms; k++) {
            dpm_options o = { .sampler  = m->name,
                              .schedule = base->schedule,
                              .grid  = { .t_begin = base->grid.t_begin, .t_end = base->grid.t_end },
                              .order = m->flags & DPM_ORDERS ? order : 0,
                              .prediction = forms == 2 ? form[k] : DPM_NATIVE };
            AD_TRY(in_form(t, m, &o, nfe, c));
        }
    return AD_OK;
}

/* Of `usf` each grid has the best of its decisions. */
static ad_status same_sampler(dpm_teacher *t, const dpm_options *base, search_comparison *c)
{
    for (int i = 0; i < dpm_standards(base); i++) {
        search_row  r = { 0 };
        dpm_found  *f;
        int         k = i % SEARCH_GRIDS;
        dpm_options o = *base;
        ad_status   s = dpm_standard(base, i, &f);
        if (!s) {
            dpm_found_options(f, &o);
            s = dpm_teacher_errors(t, &o, &r.e, NULL);
            snprintf(r.what, sizeof r.what, "%s%s%s", base->sampler, f->note ? " as " : "",
                     f->note ? f->note : "");
            snprintf(r.grid, sizeof r.grid, "%s", dpm_standard_grid(k));
        }
        dpm_found_free(f);
        if (s == AD_NO_MEMORY) return s;
        if (s) continue;
        if (better(&r.e, &c->grid[k].e)) c->grid[k] = r;
        if (better(&r.e, &c->same.e)) c->same = r;
    }
    return AD_OK;
}

ad_status search_standards(dpm_teacher *held_out, const dpm_options *base, long nfe, int all,
                           search_comparison *c)
{
    memset(c, 0, sizeof *c);
    AD_TRY(same_sampler(held_out, base, c));
    for (int i = 0; all && i < dpm_method_count(); i++)
        if (comparable(dpm_method_row(i)))
            AD_TRY(all_of(held_out, dpm_method_row(i), base, nfe, c));
    return AD_OK;
}

ad_status search_compare(dpm_teacher *held_out, const dpm_options *base, const dpm_found *f,
                         int all, search_comparison *c)
{
    dpm_options o = *base;
    search_row  r = { .grid = "found" };
    dpm_found_options(f, &o);
    snprintf(r.what, sizeof r.what, "%s", f->sampler);
    AD_TRY(dpm_teacher_errors(held_out, &o, &r.e, NULL));
    AD_TRY(search_standards(held_out, base, r.e.nfe, all, c));
    c->found = r;
    return AD_OK;
}
