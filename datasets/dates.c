#include <string.h>

#include <costate/datasets/dates.h>

/* Years start in March here, so that the leap day comes last: month m' = 0 for March has (153 m' + 2) / 5 days before
   it, 4 years have 1461 days, 100 years 36524, 400 years 146097. 719468 days lie between 0000-03-01 and 1970-01-01. */
long ds_days_from_civil(long year, int month, int day)
{
    long y   = month > 2 ? year : year - 1;
    long era = (y >= 0 ? y : y - 399) / 400;
    long yoe = y - era * 400;
    long doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void ds_civil_from_days(long days, long *year, int *month, int *day)
{
    long z   = days + 719468;
    long era = (z >= 0 ? z : z - 146096) / 146097;
    long doe = z - era * 146097;
    long yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    long doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    long m   = (5 * doy + 2) / 153;
    *day     = (int)(doy - (153 * m + 2) / 5 + 1);
    *month   = (int)(m < 10 ? m + 3 : m - 9);
    *year    = yoe + era * 400 + (*month <= 2);
}

int ds_days_in_month(long year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int              leap   = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads up to most digits; returns how many there were (most + 1 if more). */
static int digits(const char **s, const char *end, int most, long *value)
{
    int n  = 0;
    *value = 0;
    for (; *s < end && is_digit(**s) && n <= most; ++*s, ++n) *value = 10 * *value + (**s - '0');
    return n;
}

static int split_compact(const char *s, ds_date *d)
{
    const char *at = s;
    long        year, rest;
    digits(&at, s + 4, 4, &year);
    digits(&at, s + 8, 4, &rest);
    d->parts    = 3;
    d->part[0]  = (int)year;
    d->part[1]  = (int)(rest / 100);
    d->part[2]  = (int)(rest % 100);
    d->width[0] = 4;
    d->width[1] = d->width[2] = 2;
    d->separator              = 0;
    return year >= 1500 && year < 3000 && d->part[1] >= 1 && d->part[1] <= 12 && d->part[2] >= 1;
}

static int all_digits(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_digit(s[i])) return 0;
    return 1;
}

const char *const ds_month_name[12] = { "January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December" };

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int same_letters(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((a[i] | 32) != (b[i] | 32)) return 0;
    return 1;
}

/* Jan or January, any case; 0 if it is neither. */
static int split_month_name(const char **at, const char *end, ds_date *d)
{
    size_t n = 0;
    while (*at + n < end && is_letter((*at)[n])) n++;
    for (int m = 0; m < 12; m++) {
        size_t whole = strlen(ds_month_name[m]);
        if ((n != 3 && n != whole) || !same_letters(*at, ds_month_name[m], n)) continue;
        d->part[d->parts]  = m + 1;
        d->width[d->parts] = 2;
        d->month_at        = d->parts;
        d->named           = n == whole && n > 3 ? 2 : 1;
        *at += n;
        return 1;
    }
    return 0;
}

static int split_part(const char **at, const char *end, ds_date *d)
{
    long value;
    if (*at < end && is_letter(**at)) return d->month_at < 0 && split_month_name(at, end, d);
    int w = digits(at, end, 4, &value);
    if (w < 1 || w > 4) return 0;
    d->part[d->parts]  = (int)value;
    d->width[d->parts] = w;
    if (w == 1) d->padded = 0;
    return 1;
}

/* A space separates only where a month has a name. */
static int split_separator(const char **at, const char *end, ds_date *d)
{
    if (*at == end || !strchr("-/. ", **at)) return 0;
    if (d->parts == 2 && **at != d->separator) return 0;
    if (**at == ' ' && d->month_at < 0 && (*at + 1 == end || !is_letter((*at)[1]))) return 0;
    d->separator = *(*at)++;
    return 1;
}

/* y-m-d, d.m.y, m/d/y, y-m, m/y, d Mon y, Mon y, ...: the year is the part of four digits. */
static int split_day(const char **at, const char *end, ds_date *d)
{
    const char *s = *at;
    for (d->parts = 0; d->parts < 3; d->parts++) {
        if (d->parts && !split_separator(&s, end, d)) break;
        if (!split_part(&s, end, d)) return 0;
    }
    int last = d->parts - 1;
    if (d->parts < 2 || (d->parts == 2 && d->separator == '.')) return 0;
    if ((d->width[0] == 4) == (d->width[last] == 4)) return 0;
    if (d->parts == 3 && (d->width[1] > 2 || d->month_at == 2)) return 0;
    if (d->width[0] == 3 || d->width[last] == 3) return 0;
    *at = s;
    return 1;
}

static int split_second(const char **at, const char *end, ds_date *d)
{
    long whole;
    if (digits(at, end, 2, &whole) != 2) return 0;
    d->fields = 3;
    d->second = (double)whole;
    if (*at < end && (**at == '.' || **at == ',')) {
        double scale = 1;
        for (++*at; *at < end && is_digit(**at); ++*at) {
            scale /= 10;
            d->second += scale * (**at - '0');
            if (d->digits < 9) d->digits++;
        }
    }
    return 1;
}

static int split_zone(const char **at, const char *end, ds_date *d)
{
    const char *s = *at;
    if (*s == 'Z' || *s == 'z') {
        d->zone = 1;
        *at     = s + 1;
        return 1;
    }
    if (*s != '+' && *s != '-') return 0;
    int  sign = *s++ == '-' ? -1 : 1;
    long hour, minute = 0;
    if (digits(&s, end, 2, &hour) != 2) return 0;
    if (s < end && *s == ':') s++;
    if (s < end && digits(&s, end, 2, &minute) != 2) return 0;
    d->zone   = 2;
    d->offset = sign * (int)(60 * hour + minute);
    *at       = s;
    return hour < 24 && minute < 60;
}

static int split_time_of_day(const char **at, const char *end, ds_date *d)
{
    long hour, minute;
    int  w = digits(at, end, 4, &hour);
    if (w < 1 || w > 4 || *at == end || **at != ':') return 0;
    ++*at;
    if (digits(at, end, 2, &minute) != 2) return 0;
    d->hour   = hour;
    d->minute = (int)minute;
    d->fields = 2;
    if (*at < end && **at == ':') {
        ++*at;
        if (!split_second(at, end, d)) return 0;
    }
    while (*at < end && **at == ' ') ++*at;
    if (*at < end && d->parts && !split_zone(at, end, d)) return 0;
    return *at == end;
}

int ds_date_split(const char *s, size_t n, int compact, ds_date *d)
{
    const char *end = s + n, *at = s;
    *d = (ds_date){ .padded = 1, .month_at = -1 };
    if (n == 8 && all_digits(s, n)) return compact && split_compact(s, d);
    if (!split_day(&at, end, d)) {
        *d = (ds_date){ .padded = 1, .month_at = -1 };
        return split_time_of_day(&at, end, d);
    }
    if (at == end) return 1;
    if (d->parts != 3 || (*at != 'T' && *at != 't' && *at != ' ')) return 0;
    d->gap = *at == ' ' ? ' ' : 'T';
    for (at++; at < end && *at == ' ';) at++;
    return split_time_of_day(&at, end, d);
}

ds_unit ds_date_unit(const ds_date *d)
{
    if (d->parts == 0) return d->fields == 3 ? DS_SECONDS : DS_MINUTES;
    if (d->parts == 2) return DS_MONTHS;
    return d->fields ? DS_HOURS : DS_DAYS;
}

static void in_order(const ds_date *d, ds_date_order order, long *year, int *month, int *day)
{
    static const int place[][3] = { [DS_YMD] = { 0, 1, 2 },
                                    [DS_DMY] = { 2, 1, 0 },
                                    [DS_MDY] = { 2, 0, 1 },
                                    [DS_YM]  = { 0, 1, -1 },
                                    [DS_MY]  = { 1, 0, -1 } };
    const int       *p          = place[order];
    *year                       = d->part[p[0]];
    *month                      = d->part[p[1]];
    *day                        = p[2] < 0 ? 1 : d->part[p[2]];
}

const char *ds_date_value(const ds_date *d, ds_date_order order, ds_unit unit, double *t)
{
    if (d->minute > 59) return "there is no such minute";
    if (d->second >= 60) return "there is no such second";
    double seconds = 3600.0 * (double)d->hour + 60.0 * d->minute + d->second;
    if (!d->parts) {
        *t = unit == DS_MINUTES ? seconds / 60 : seconds;
        return NULL;
    }
    long year;
    int  month, day;
    in_order(d, order, &year, &month, &day);
    if (month < 1 || month > 12) return "there is no such month";
    if (day < 1 || day > ds_days_in_month(year, month)) return "there is no such day in that month";
    if (d->hour > 23) return "there is no such hour";
    seconds -= 60.0 * d->offset;
    double days = (double)ds_days_from_civil(year, month, day);
    switch (unit) {
    case DS_MONTHS:
        *t = (double)(12 * (year - 1970) + month - 1) +
             (day - 1 + seconds / 86400) / ds_days_in_month(year, month);
        break;
    case DS_DAYS: *t = days + seconds / 86400; break;
    case DS_HOURS: *t = 24 * days + seconds / 3600; break;
    case DS_MINUTES: *t = 1440 * days + seconds / 60; break;
    default: *t = 86400 * days + seconds;
    }
    return NULL;
}
