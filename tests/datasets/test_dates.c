/* Dates: the calendar, what columns of them become, and the way back. */
#include <costate/datasets/dates.h>

#include "texts.h"

Test(dates, the_calendar_goes_there_and_back)
{
    long year;
    int  month, day;
    cr_expect_eq(ds_days_from_civil(1970, 1, 1), 0);
    cr_expect_eq(ds_days_from_civil(2000, 3, 1), 11017); /* 30 years, 7 leap days, 31 + 29 */
    cr_expect_eq(ds_days_from_civil(1969, 12, 31), -1);
    for (long d = -800000, last = 0; d < 800000; d += 1) {
        ds_civil_from_days(d, &year, &month, &day);
        if (ds_days_from_civil(year, month, day) != d || day < 1 ||
            day > ds_days_in_month(year, month) || month < 1 || month > 12)
            cr_assert(0, "day %ld: %ld-%d-%d", d, year, month, day);
        long stamp = (year * 16 + month) * 32 + day;
        if (d > -800000 && stamp <= last) cr_assert(0, "day %ld is not after the one before", d);
        last = stamp;
    }
}

/* Two rows with these dates: the clock's unit, the first time, and both written back as they were. */
static void dates(const char *first, const char *second, const char *options, ds_unit unit,
                  double t0, double t1)
{
    char           text[256], back[DS_CLOCK_TEXT];
    double         t;
    ds_series_set *set;
    snprintf(text, sizeof text, "date;x\n%s;1\n%s;2\n", first, second);
    set = must_read(text, &(ds_read_options){ .dates = options });
    cr_expect_eq(set->clock.unit, unit, "%s: %d", first, set->clock.unit);
    cr_expect_eq(set->series[0].t[0], t0, "%s: %.17g", first, set->series[0].t[0]);
    cr_expect_eq(set->series[0].t[1], t1, "%s: %.17g", second, set->series[0].t[1]);
    cr_expect_str_eq(ds_clock_text(&set->clock, t0, back), first);
    cr_expect_str_eq(ds_clock_text(&set->clock, t1, back), second);
    cr_expect_eq(ds_clock_read(&set->clock, second, &t), AD_OK, "%s", ad_message());
    cr_expect_eq(t, t1);
    ds_clock again;
    ds_clock_form(&set->clock, back);
    cr_expect_eq(ds_clock_from_form(&again, back), AD_OK, "%s: %s", back, ad_message());
    cr_expect_arr_eq(&again, &set->clock, sizeof again, "%s is kept as %s", first, back);
    ds_series_set_free(set);
}

Test(dates, every_form_goes_there_and_back)
{
    dates("2020-02-28", "2020-03-01", NULL, DS_DAYS, 18320, 18322);
    dates("2020/02/28", "2020/03/01", NULL, DS_DAYS, 18320, 18322);
    dates("28.02.2020", "01.03.2020", NULL, DS_DAYS, 18320, 18322);
    dates("28/2/2020", "1/3/2020", NULL, DS_DAYS, 18320, 18322);
    dates("2/28/2020", "3/1/2020", NULL, DS_DAYS, 18320, 18322);
    dates("01-02-2020", "03-02-2020", "dmy", DS_DAYS, 18293, 18295);
    dates("01-02-2020", "02-02-2020", "mdy", DS_DAYS, 18263, 18294);
    dates("20200228", "20200301", NULL, DS_DAYS, 18320, 18322);
    dates("1749-01", "1749-12", NULL, DS_MONTHS, -2652, -2641);
    dates("12/1969", "01/1970", NULL, DS_MONTHS, -1, 0);
    dates("1970-01-02 03:00", "1970-01-02 03:30", NULL, DS_HOURS, 27, 27.5);
    dates("1970-01-02T03:00:00", "1970-01-02T03:22:30", NULL, DS_HOURS, 27, 27.375);
    dates("1970-01-01T00:00:00.250Z", "1970-01-01T00:00:00.500Z", NULL, DS_HOURS, 0.25 / 3600,
          0.5 / 3600);
    dates("1970-01-01 01:00:00+01:00", "1970-01-01 02:00:00+01:00", NULL, DS_HOURS, 0, 1);
    dates("1970-01-01 01:00-03:30", "1970-01-01 02:00-03:30", NULL, DS_HOURS, 4.5, 5.5);
    dates("28-Feb-2020", "01-Mar-2020", NULL, DS_DAYS, 18320, 18322);
    dates("28 February 2020 12:00", "1 March 2020 00:00", NULL, DS_HOURS, 439692, 439728);
    dates("Feb 28 2020", "Mar 01 2020", NULL, DS_DAYS, 18320, 18322);
    dates("2020/Feb/28", "2020/May/01", NULL, DS_DAYS, 18320, 18383);
    dates("January 1970", "May 1970", NULL, DS_MONTHS, 0, 4);
    dates("May-1970", "Jun-1970", NULL, DS_MONTHS, 4, 5);
    dates("07:30", "30:15", NULL, DS_MINUTES, 450, 1815);
    dates("00:00:59", "00:01:00", NULL, DS_SECONDS, 59, 60);
}

Test(dates, years_stay_numbers)
{
    ds_series_set *set = must_read("date,x\n1900,1\n1901,2\n", NULL);
    char           text[DS_CLOCK_TEXT];
    cr_expect_eq(set->clock.unit, DS_NUMBER);
    cr_expect_str_eq(ds_clock_text(&set->clock, 1902, text), "1902");
    ds_series_set_free(set);
}

Test(dates, the_text_becomes_finer_where_it_must)
{
    ds_clock day = { DS_DAYS, DS_YMD, '-', 1 }, month = { DS_MONTHS, DS_YM, '-', 1 };
    ds_clock hour = { DS_HOURS, DS_DMY, '.', 1, ' ', 2 };
    char     text[DS_CLOCK_TEXT];
    double   t;
    cr_expect_str_eq(ds_clock_text(&day, 0.5, text), "1970-01-01 12:00");
    cr_expect_eq(ds_clock_read(&day, text, &t), AD_OK);
    cr_expect_eq(t, 0.5);
    cr_expect_str_eq(ds_clock_text(&day, 1 + 1e-9, text), "1970-01-02");
    cr_expect_str_eq(ds_clock_text(&day, 1 - 1e-9, text), "1970-01-02");
    cr_expect_str_eq(ds_clock_text(&day, 1.0 / 86400, text), "1970-01-01 00:00:01");
    cr_expect_str_eq(ds_clock_text(&month, 12.5, text), "1971-01-16");
    cr_expect_str_eq(ds_clock_text(&month, 13 - 1e-9, text), "1971-02");
    cr_expect_str_eq(ds_clock_text(&hour, 25.25, text), "02.01.1970 01:15");
    cr_expect_str_eq(ds_clock_text(&hour, 24.999999, text), "02.01.1970 01:00");
    cr_expect_str_eq(ds_clock_text(&day, NAN, text), "nan");
    cr_expect_eq(strlen(ds_clock_text(&day, 1e300, text)), 6); /* beyond the calendar: a number */
}

Test(dates, one_time_is_read_as_the_data_has_it)
{
    ds_clock day = { DS_DAYS, DS_DMY, '.', 1 }, number = { DS_NUMBER };
    double   t;
    cr_expect(!ds_clock_read(&day, "01.02.1970", &t) && t == 31);
    cr_expect(!ds_clock_read(&day, "1970-02-01", &t) && t == 31);
    cr_expect(!ds_clock_read(&day, "1971", &t) && t == 365);
    cr_expect(!ds_clock_read(&number, "1921.5", &t) && t == 1921.5);
    cr_expect_eq(ds_clock_read(&day, "soon", &t), AD_INVALID);
    cr_expect(strstr(ad_message(), "write it like 01.01.1970"), "%s", ad_message());
    cr_expect_eq(ds_clock_read(&day, "31.02.1970", &t), AD_INVALID);
    cr_expect(strstr(ad_message(), "no such day in that month"), "%s", ad_message());
    cr_expect_eq(ds_clock_read(&number, "2020-01-01", &t), AD_INVALID);
    cr_expect(strstr(ad_message(), "plain numbers"), "%s", ad_message());
    cr_expect_eq(ds_clock_read(&number, "", &t), AD_INVALID);
}

Test(dates, several_columns_make_one_time)
{
    ds_series_set *set = must_read("No,year,month,day,hour,x\n7,1970,1,1,23,5\n8,1970,1,2,0,6\n",
                                   NULL);
    char           text[DS_CLOCK_TEXT];
    cr_assert_eq(set->cols, 2);
    cr_expect_str_eq(set->time, "date");
    column_is(set, 0, -1, 23.0, 24.0);
    cr_expect_str_eq(ds_clock_text(&set->clock, 24, text), "1970-01-02 00:00");
    ds_series_set_free(set);
    set = must_read("date,time,x\n1970-01-01,23:30,5\n1970-01-02,00:00,6\n", NULL);
    cr_assert_eq(set->cols, 1);
    column_is(set, 0, -1, 23.5, 24.0);
    ds_series_set_free(set);
    set = must_read("Wert;Datum;Zeit\n1,5;31.01.1970;23:30:00\n1,5;01.02.1970;00:00:00\n", NULL);
    cr_assert_eq(set->cols, 1);
    cr_expect_str_eq(set->time, "date");
    column_is(set, 0, -1, 743.5, 744.0);
    ds_series_set_free(set);
    set = must_read("a,b,c,x\n1970,1,31,5\n1970,2,1,6\n", &(ds_read_options){ .time = "a+b+c" });
    column_is(set, 0, -1, 30.0, 31.0);
    ds_series_set_free(set);
}

Test(dates, a_form_is_kept_as_text)
{
    ds_clock clock = { DS_DAYS, DS_MDY, '/', 0 }, number = { DS_NUMBER }, again;
    char     text[DS_CLOCK_TEXT];
    cr_expect_str_eq(ds_clock_form(&clock, text), "9/23/2033");
    cr_expect_str_eq(ds_clock_form(&number, text), "number");
    cr_expect(!ds_clock_from_form(&again, "number") && again.unit == DS_NUMBER);
    cr_expect_eq(ds_clock_from_form(&again, "noon"), AD_INVALID);
}

Test(dates, refusals)
{
    refused("date,x\n01/02/2020,1\n02/02/2020,2\n", NULL,
            "line 2, column 'date': '01/02/2020' may be day first or month first", "--dates dmy",
            NULL);
    refused("date,x\n13/02/2020,1\n02/13/2020,2\n", NULL,
            "line 3, column 'date': '02/13/2020' is month first", NULL);
    refused("date,x\n2020-02-30,1\n2020-03-01,2\n", NULL, "line 2",
            "'2020-02-30' is no date: there is no such day", NULL);
    refused("date,x\n2020-13-01,1\n2020-03-01,2\n", NULL, "there is no such month", NULL);
    refused("date,x\n2020-01-01 25:00,1\n2020-03-01 00:00,2\n", NULL, "there is no such hour",
            NULL);
    refused("date,x\n01-Jnn-2020,1\n02-Jan-2020,2\n", NULL,
            "'01-Jnn-2020' is neither a date nor a number", NULL);
    refused("date,x\n01-Jan-20,1\n02-Jan-20,2\n", NULL,
            "'01-Jan-20' is neither a date nor a number", NULL);
    refused("date,x\n2020-01-01,1\n2020/01/02,2\n", NULL, "line 3",
            "is written in another way than the first date", NULL);
    refused("date,x\n2020-01-01,1\nNA,2\n", NULL, "line 3", "'NA' is neither a date nor a number",
            NULL);
    refused("date,x\n2020-01-01,1\n2020-01-02,2\n",
            &(ds_read_options){ .clock = &(ds_clock){ DS_NUMBER } },
            "the times are days, but plain numbers are expected", NULL);
    refused("t,x\n1,1\n2,2\n", &(ds_read_options){ .clock = &(ds_clock){ DS_MONTHS } },
            "the times are plain numbers, but months are expected", NULL);
}
