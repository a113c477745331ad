/* solve_times.c - --at, and the grid made of it. */
#include <math.h>
#include <string.h>

#include "solve.h"
#include "text.h"

enum { MOST_TIMES = 10 * 1000 * 1000 };

typedef struct range {
    double a, h, b;
    int    n; /* intervals */
} range;

static int parse_part(const char *text, size_t n, double *x)
{
    char word[64];
    if (n == 0 || n >= sizeof word) return 0;
    memcpy(word, text, n);
    word[n] = 0;
    return cli_parse_number(word, x);
}

/* "1.5" or "a:h:b": t_i = a + i h, both ends included, the last snapped to b. */
static ad_status parse(const char *item, range *r)
{
    size_t first = strcspn(item, ":");
    *r           = (range){ 0 };
    if (!item[first] && parse_part(item, first, &r->a)) {
        r->b = r->a;
        return AD_OK;
    }
    const char *step = item + first + (item[first] == ':'), *end = step + strcspn(step, ":");
    if (*end != ':' || !parse_part(item, first, &r->a) ||
        !parse_part(step, (size_t)(end - step), &r->h) || !cli_parse_number(end + 1, &r->b))
        return ad_fail(AD_INVALID,
                       "--at: '%.60s' is neither a time nor START:STEP:END; write 0:0.5:10 or "
                       "0,1,4",
                       item);
    double n = (r->b - r->a) / r->h;
    if (!(n > 0))
        return ad_fail(AD_INVALID, "--at: '%.60s' gets nowhere: steps of %g from %g to %g", item,
                       r->h, r->a, r->b);
    if (n > MOST_TIMES)
        return ad_fail(AD_INVALID, "--at: '%.60s' has %.3g times; %d are the most", item, n,
                       MOST_TIMES);
    /* h is rarely a binary fraction: a quotient that is whole to within its rounding is whole */
    r->n = (int)(fabs(n - rint(n)) < 1e-9 * n + 1e-12 ? fmax(rint(n), 1) : ceil(n));
    return AD_OK;
}

static ad_status check(int n, const double *t, double t0, double t1)
{
    double dir = t1 >= t0 ? 1 : -1;
    for (int i = 0; i < n; i++) {
        if ((t[i] - t0) * dir < 0 || (t[i] - t1) * dir > 0)
            return ad_fail(AD_INVALID, "--at: %.17g is outside of the interval %.17g .. %.17g",
                           t[i], t0, t1);
        if (i && (t[i] - t[i - 1]) * dir < 0)
            return ad_fail(AD_INVALID,
                           "--at: %.17g stands behind %.17g, but time goes from %.17g to %.17g",
                           t[i], t[i - 1], t0, t1);
    }
    return AD_OK;
}

ad_status solve_times(const cli_args *a, double t0, double t1, int *n, double **t)
{
    range  r;
    int    items = cli_list(a, "at"), k = 0;
    double all = 0;
    *n = 0, *t = NULL;
    for (int i = 0; i < items; i++) {
        AD_TRY(parse(cli_item(a, "at", i), &r));
        all += r.n + 1;
    }
    if (all > MOST_TIMES)
        return ad_fail(AD_INVALID, "--at: %.3g times; %d are the most", all, MOST_TIMES);
    *t = ad_alloc(((size_t)all + 1) * sizeof **t);
    if (!*t) return AD_NO_MEMORY;
    for (int i = 0; i < items; i++) {
        parse(cli_item(a, "at", i), &r);
        for (int j = 0; j <= r.n; j++) (*t)[k++] = j == r.n ? r.b : r.a + j * r.h;
    }
    *n = k;
    return check(k, *t, t0, t1);
}

ad_status solve_grid(solve *s)
{
    s->grid  = solve_room(s, s->ats + 2, sizeof *s->grid);
    s->place = solve_room(s, s->ats + 1, sizeof *s->place);
    if (!s->grid || !s->place) return AD_NO_MEMORY;
    s->grid[0] = s->about->t0;
    s->times   = 1;
    for (int i = 0; i < s->ats; i++) {
        if (s->at[i] != s->grid[s->times - 1]) s->grid[s->times++] = s->at[i];
        s->place[i] = s->times - 1;
    }
    if (s->times == 1) s->grid[s->times++] = s->about->t1; /* a solve wants two times */
    if (!s->ats) s->place[0] = 1;
    return AD_OK;
}
