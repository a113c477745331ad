#include <string.h>

#include <costate/datasets/number.h>
#include <costate/datasets/table.h>

/* How often a character stands outside quotes. */
static int occurrences(ds_line line, char c)
{
    int n = 0, inside = 0;
    for (size_t i = 0; i < line.n; i++) {
        if (line.s[i] == '"') inside = !inside;
        n += !inside && line.s[i] == c;
    }
    return n;
}

/* "1,5 2,25": every cell between spaces is a number with a decimal comma, and at least two stand on a line. */
static int commas_are_decimal(const ds_line *sample, int n)
{
    enum { MOST = 256 };
    ds_cell cell[MOST];
    double  x;
    for (int i = 0; i < n; i++) {
        int cells = ds_cut(sample[i], ' ', cell, MOST);
        if (cells < 2 || cells > MOST) return 0;
        for (int k = 0; k < cells; k++) {
            size_t length = (size_t)cell[k].n;
            if (cell[k].s[length - 1] == ',' || memchr(cell[k].s, '.', length) ||
                !ds_number(cell[k].s, length, ',', &x))
                return 0;
        }
    }
    return n > 0;
}

/* "0.1  1.5<tab>2.5": every word is a number, and there are more of them than tabs would leave. */
static int spaces_divide_too(const ds_line *sample, int n, char decimal)
{
    enum { MOST = 256 };
    ds_cell cell[MOST];
    double  x;
    for (int i = 0; i < n; i++) {
        int fields = ds_cut(sample[i], '\t', cell, MOST),
            words  = ds_cut(sample[i], ' ', cell, MOST);
        if (words <= fields || words > MOST) return 0;
        for (int k = 0; k < words; k++)
            if (!ds_number(cell[k].s, (size_t)cell[k].n, decimal ? decimal : '.', &x)) return 0;
    }
    return n > 0;
}

/* Most lines hold c, and half of those agree how often. */
static int separates(const ds_line *sample, int n, char c)
{
    int count[DS_SAMPLE], holding = 0, agreeing = 0;
    for (int i = 0; i < n; i++) {
        count[i] = occurrences(sample[i], c);
        holding += count[i] > 0;
    }
    for (int i = 0; i < n; i++) {
        int same = 0;
        for (int j = 0; j < n; j++) same += count[i] > 0 && count[j] == count[i];
        if (same > agreeing) agreeing = same;
    }
    return 2 * holding > n && 2 * agreeing >= holding;
}

/* Tab, semicolon and bar hardly stand in a number; a comma may be its decimal sign. The first line may be a header. */
char ds_detect_delimiter(const ds_line *sample, int n, char decimal)
{
    static const char candidate[] = { '\t', ';', '|', ',' };
    int               header      = n > 1;
    for (size_t i = 0; i < sizeof candidate; i++) {
        char c = candidate[i];
        if (c == decimal || !separates(sample, n, c)) continue;
        if (c == ',' && commas_are_decimal(sample + header, n - header)) continue;
        if (c == '\t' && spaces_divide_too(sample + header, n - header, decimal)) continue;
        return c;
    }
    return ' ';
}
