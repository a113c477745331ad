#include <math.h>
#include <stdio.h>
#include <string.h>

#include <costate/datasets/dates.h>
#include <costate/datasets/number.h>

const char *ds_unit_name(ds_unit unit)
{
    static const char *const name[] = { "", "seconds", "minutes", "hours", "days", "months" };
    return name[unit];
}

static double seconds_in(ds_unit unit)
{
    static const double seconds[] = { 1, 1, 60, 3600, 86400, 0 };
    return seconds[unit];
}

static void append_month(const ds_clock *c, int month, char *text, size_t n)
{
    if (!c->named)
        snprintf(text, n, "%0*d", c->padded ? 2 : 1, month);
    else
        snprintf(text, n, "%.*s", c->named == 1 ? 3 : 9, ds_month_name[month - 1]);
}

static int day_text(const ds_clock *c, long year, int month, int day, int with_day, char *text)
{
    char   m[12], d[12], s[2] = { c->separator, 0 };
    size_t n = DS_CLOCK_TEXT;
    append_month(c, month, m, sizeof m);
    snprintf(d, sizeof d, "%0*d", c->padded ? 2 : 1, day);
    switch (c->order) {
    case DS_MDY: return snprintf(text, n, "%s%s%s%s%04ld", m, s, d, s, year);
    case DS_DMY:
    case DS_MY:
        if (c->order == DS_DMY || with_day)
            return snprintf(text, n, "%s%s%s%s%04ld", d, s, m, s, year);
        return snprintf(text, n, "%s%s%04ld", m, s, year);
    default:
        if (c->order == DS_YMD || with_day)
            return snprintf(text, n, "%04ld%s%s%s%s", year, s, m, s, d);
        return snprintf(text, n, "%04ld%s%s", year, s, m);
    }
}

/* Seconds to print: to the clock's digits, or to the whole second. The finest field that is needed: 0, 2 or 3. */
static int fields_for(const ds_clock *c, double second_of_day)
{
    int fields = c->fields;
    if (fields < 3 && fabs(second_of_day - 60 * round(second_of_day / 60)) > 0.5) fields = 3;
    if (fields < 2 && second_of_day > 0.5) fields = 2;
    return fields;
}

static int time_of_day_text(int fields, int digits, double s, char *text, size_t n)
{
    if (fields == 2) s = 60 * round(s / 60);
    long hour   = (long)floor(s / 3600);
    long minute = (long)floor((s - 3600.0 * (double)hour) / 60);
    s -= 3600.0 * (double)hour + 60.0 * (double)minute;
    if (fields == 2) return snprintf(text, n, "%02ld:%02ld", hour, minute);
    int width = digits ? 3 + digits : 2;
    int used  = snprintf(text, n, "%02ld:%02ld:%0*.*f", hour, minute, width, digits, s);
    for (char *c = text; *c; c++)
        if (*c == ',') *c = '.'; /* the locale's decimal sign */
    return used;
}

static void moment_text(const ds_clock *c, double t, char *text)
{
    double grain   = pow(10, c->digits);
    double seconds = t * seconds_in(c->unit) + 60.0 * c->offset;
    seconds        = c->fields == 3 ? round(seconds * grain) / grain : round(seconds);
    double days    = floor(seconds / 86400);
    long   year;
    int    month, day;
    ds_civil_from_days((long)days, &year, &month, &day);
    int    used   = day_text(c, year, month, day, 1, text);
    double rest   = seconds - 86400 * days;
    int    fields = fields_for(c, rest);
    if (!fields) return;
    text[used++] = c->gap ? c->gap : ' ';
    used += time_of_day_text(fields, c->digits, rest, text + used, DS_CLOCK_TEXT - (size_t)used);
    if (c->zone == 1) snprintf(text + used, DS_CLOCK_TEXT - (size_t)used, "Z");
    if (c->zone == 2) {
        int m = c->offset < 0 ? -c->offset : c->offset;
        snprintf(text + used, DS_CLOCK_TEXT - (size_t)used, "%c%02d:%02d",
                 c->offset < 0 ? '-' : '+', m / 60 % 100, m % 60);
    }
}

static void month_text(const ds_clock *c, double t, char *text)
{
    double whole = fabs(t - round(t)) < 1e-6 ? round(t) : floor(t);
    long   year  = 1970 + (long)floor(whole / 12);
    int    month = (int)(whole - 12 * floor(whole / 12)) + 1;
    int    in    = ds_days_in_month(year, month);
    int    day   = 1 + (int)((t - whole) * in + 1e-6);
    day_text(c, year, month, day > in ? in : day, t - whole > 1e-6, text);
}

static void clock_time_text(const ds_clock *c, double t, char *text)
{
    double grain = pow(10, c->digits);
    double s     = fabs(t) * seconds_in(c->unit);
    s            = c->fields == 3 ? round(s * grain) / grain : round(s);
    int fields   = fields_for(c, s);
    int used     = t < 0 ? snprintf(text, 2, "-") : 0;
    time_of_day_text(fields ? fields : 2, c->digits, s, text + used, DS_CLOCK_TEXT - (size_t)used);
}

char *ds_clock_text(const ds_clock *c, double t, char text[DS_CLOCK_TEXT])
{
    double most = 3.1e11 / (c->unit == DS_MONTHS ? 2629800 : seconds_in(c->unit)); /* year 9999 */
    if (c->unit == DS_NUMBER || !(fabs(t) < most)) return ds_number_text(t, text);
    if (c->unit == DS_MONTHS)
        month_text(c, t, text);
    else if (c->order == DS_NO_DATE)
        clock_time_text(c, t, text);
    else
        moment_text(c, t, text);
    return text;
}

static ds_date_order order_of(const ds_clock *c, const ds_date *d)
{
    if (d->parts == 0) return DS_NO_DATE;
    if (d->width[0] == 4) return d->parts == 3 ? DS_YMD : DS_YM;
    if (d->parts == 2) return DS_MY;
    if (d->month_at >= 0) return d->month_at ? DS_DMY : DS_MDY;
    return c->order == DS_MDY ? DS_MDY : DS_DMY;
}

ad_status ds_clock_read(const ds_clock *c, const char *text, double *t)
{
    size_t  n = strlen(text);
    ds_date d;
    char    example[DS_CLOCK_TEXT];
    if (c->unit == DS_NUMBER) {
        if (n && ds_number(text, n, '.', t) && isfinite(*t)) return AD_OK;
        return ad_fail(AD_INVALID,
                       "'%s' is not a time: the data's times are plain numbers, such as 1.5", text);
    }
    double year;
    char   january[16];
    if (n == 4 && c->order != DS_NO_DATE && ds_number(text, n, '.', &year)) {
        snprintf(january, sizeof january, "%s-01-01", text);
        text = january;
        n    = strlen(text);
    }
    if (!ds_date_split(text, n, 1, &d) || (d.parts == 0) != (c->order == DS_NO_DATE))
        return ad_fail(AD_INVALID, "'%s' is not a time as the data has them; write it like %s",
                       text, ds_clock_text(c, 0, example));
    const char *wrong = ds_date_value(&d, order_of(c, &d), c->unit, t);
    if (wrong) return ad_fail(AD_INVALID, "'%s' is not a time: %s", text, wrong);
    if (d.zone == 0 && c->zone) *t -= 60.0 * c->offset / seconds_in(c->unit); /* local time */
    return AD_OK;
}

/* A moment that shows every choice: a day above 12, a month of one digit, hours, minutes and seconds apart. */
char *ds_clock_form(const ds_clock *c, char text[DS_CLOCK_TEXT])
{
    ds_date d = { .parts    = 3,
                  .part     = { 2033, 9, 23 },
                  .width    = { 4, 2, 2 },
                  .month_at = -1,
                  .offset   = c->offset };
    double  t = 0;
    if (c->unit == DS_NUMBER) {
        memcpy(text, "number", 7);
        return text;
    }
    if (c->order == DS_NO_DATE) d.parts = 0;
    if (c->named) d.part[2] = 9; /* the order is clear, and the padding shows */
    if (c->unit == DS_MONTHS) d.part[2] = 1;
    if (c->fields) {
        d.hour   = 13;
        d.minute = 44;
        d.second = c->fields == 3 ? 55 : 0;
    }
    ds_date_value(&d, DS_YMD, c->unit, &t);
    return ds_clock_text(c, t, text);
}

ad_status ds_clock_from_form(ds_clock *c, const char *text)
{
    ds_date d;
    *c = (ds_clock){ DS_NUMBER };
    if (!strcmp(text, "number")) return AD_OK;
    if (!ds_date_split(text, strlen(text), 1, &d))
        return ad_fail(AD_INVALID, "'%s' is no form of time; it looks like 2033-09-23 or number",
                       text);
    c->order = order_of(c, &d);
    if (c->order == DS_DMY && d.part[1] > 12) c->order = DS_MDY;
    c->unit      = ds_date_unit(&d);
    c->separator = d.separator;
    c->padded    = d.padded;
    c->named     = d.named;
    c->gap       = d.gap;
    c->fields    = d.fields;
    c->digits    = d.digits;
    c->zone      = d.zone;
    c->offset    = d.offset;
    return AD_OK;
}
