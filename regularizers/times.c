/* times.c - times that terms ask for, merged into the user's. */
#include <string.h>

#include <costate/autodiff/memory.h>

#include "internal.h"

ad_status reg_room(void *p, size_t *room, size_t n)
{
    void **at = p;
    if (n <= *room && *at) return AD_OK;
    ad_free(*at);
    *room = 0;
    *at   = ad_alloc(n + 1);
    if (!*at) return AD_NO_MEMORY;
    *room = n;
    return AD_OK;
}

int reg_ask_states(reg_run *r, const double *t, int each)
{
    reg_solver *s = r->s;
    reg_times  *m = &s->times;
    long        n = each ? r->a->n : 1;
    if (m->requests == REG_REQUESTS) return -1;
    if (!m->request[m->requests])
        m->request[m->requests] = ad_alloc(sizeof(double) * (size_t)s->c.capacity);
    if (!m->request[m->requests]) return -1;
    memcpy(m->request[m->requests], t, sizeof *t * (size_t)n);
    m->request_each[m->requests] = each;
    m->each |= each;
    return m->requests++;
}

/* Places of one row's times: a merge of the user's, which are in order, with few requests. */
static void merge_row(reg_times *m, const double *t, double sign, long row)
{
    double *out   = m->t + row * m->all;
    int    *place = m->place + row * m->all;
    int     n     = m->times;
    for (int i = 0; i < n; i++) out[i] = t[i], place[i] = i;
    for (int q = 0; q < m->requests; q++, n++) {
        double x  = m->request[q][m->request_each[q] ? row : 0];
        int    at = n - 1; /* never behind the end, never before the start */
        while (at > 1 && (out[at - 1] - x) * sign > 0) at--;
        memmove(out + at + 1, out + at, sizeof *out * (size_t)(n - at));
        out[at] = x;
        for (int i = 0; i < m->times + q; i++) place[i] += place[i] >= at;
        place[m->times + q] = at;
    }
}

ad_status reg_times_merge(reg_times *m, const nde_solve_args *a, const double *t)
{
    int each = a->t_each || m->each;
    m->times = a->times, m->all = a->times + m->requests, m->rows = each ? a->n : 1;
    size_t n = (size_t)(m->rows * m->all);
    AD_TRY(reg_room(&m->t, &m->t_room, n * sizeof *m->t));
    AD_TRY(reg_room(&m->place, &m->place_room, n * sizeof *m->place));
    for (long row = 0; row < m->rows; row++) {
        const double *own = a->t_each ? t + row * a->times : t;
        merge_row(m, own, own[a->times - 1] >= own[0] ? 1 : -1, row);
    }
    return AD_OK;
}

int reg_times_place(const reg_times *m, long sample, int which)
{
    return m->place[(m->rows > 1 ? sample : 0) * m->all + which];
}
