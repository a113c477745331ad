#include <costate/autodiff/memory.h>
#include <costate/datasets/registry.h>

/* Pelts in thousands taken by the Hudson's Bay Company, 1900 to 1920: lynx, hare (Hewitt 1921, The conservation of the
   wild life of Canada; tabulated in Howard 2009, Modeling basics). */
static const double pelts[][2] = {
    { 4.0, 30.0 },  { 6.1, 47.2 },  { 9.8, 70.2 },  { 35.2, 77.4 }, { 59.4, 36.3 }, { 41.7, 20.6 },
    { 19.0, 18.1 }, { 13.0, 21.4 }, { 8.3, 22.0 },  { 9.1, 25.4 },  { 7.4, 27.1 },  { 8.0, 40.3 },
    { 12.3, 57.0 }, { 19.5, 76.6 }, { 45.7, 52.3 }, { 51.1, 19.5 }, { 29.7, 11.2 }, { 15.8, 7.6 },
    { 9.7, 14.6 },  { 10.1, 16.2 }, { 8.6, 24.7 },
};

enum { YEARS = sizeof pelts / sizeof pelts[0] };

static ad_status fill(ds_series_set *set)
{
    set->column[0] = ad_strdup("lynx");
    set->column[1] = ad_strdup("hare");
    if (!set->column[0] || !set->column[1]) return AD_NO_MEMORY;
    AD_TRY(ds_series_new(set, 0, "1", YEARS));
    for (int i = 0; i < YEARS; i++) {
        set->series[0].t[i]         = 1900 + i;
        set->series[0].y[2 * i]     = pelts[i][0];
        set->series[0].y[2 * i + 1] = pelts[i][1];
    }
    return ds_note(set, "built in: %d years, thousands of pelts", YEARS);
}

ad_status ds_fill_lynx_hare(ds_series_set **out, const ds_make_options *o)
{
    ds_series_set *set;
    *out = NULL;
    if (o->n || o->t1 != 0 || o->noise != 0 || o->series > 1)
        return ad_fail(
            AD_INVALID,
            "lynx-hare is a record of %d years: n, t1, noise and series do not apply to it", YEARS);
    AD_TRY(ds_series_set_new(&set, "lynx-hare", "year", 2, 1));
    ad_status status = fill(set);
    if (status)
        ds_series_set_free(set);
    else
        *out = set;
    return status;
}
