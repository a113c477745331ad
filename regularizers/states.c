/* states.c - states between the user's arrays and those of the whole problem: further times, integrals behind each state. */
#include <string.h>

#include <costate/autodiff/memory.h>

#include "internal.h"

size_t reg_state_bytes(const reg_solver *s, long n)
{
    return (size_t)(n * s->dim) * s->size;
}

size_t reg_whole_bytes(const reg_solver *s, long n)
{
    return (size_t)(n * (s->dim + s->problem.integrals)) * s->size;
}

/* One sample's numbers of a state of n samples, part by part, from one array to another. */
static void copy_sample(const reg_solver *s, long n, long i, const char *from, char *to)
{
    for (int p = 0; p < s->user.parts; p++) {
        size_t one = (size_t)ad_elements(s->user.part[p].shape) * s->size, at = (size_t)i * one;
        memcpy(to + at, from + at, one);
        from += (size_t)n * one, to += (size_t)n * one;
    }
}

/* The user's part of time `which` (a time of the user, or times + a request) out of the whole (to_whole 0), or into it. */
static void move(const reg_solver *s, int which, char *whole, char *user, int to_whole)
{
    long   n    = s->given.n;
    size_t step = reg_whole_bytes(s, n);
    for (long i = 0; i < s->times.rows; i++) {
        char *at   = whole + (size_t)reg_times_place(&s->times, i, which) * step;
        char *from = to_whole ? user : at, *to = to_whole ? at : user;
        if (s->times.rows > 1)
            copy_sample(s, n, i, from, to);
        else
            memcpy(to, from, reg_state_bytes(s, n));
    }
}

void reg_states_out(reg_solver *s)
{
    size_t one = reg_state_bytes(s, s->given.n);
    for (int i = 0; s->given.y && i < s->given.times; i++)
        move(s, i, s->y, (char *)s->given.y + (size_t)i * one, 0);
    for (int q = 0; q < s->times.requests; q++) move(s, s->given.times + q, s->y, s->asked[q], 0);
}

void reg_states_bar(reg_solver *s, const void *user_bar)
{
    size_t one = reg_state_bytes(s, s->given.n);
    for (int i = 0; user_bar && i < s->given.times; i++)
        move(s, i, s->y_bar, (char *)user_bar + (size_t)i * one, 1);
    for (int q = 0; q < s->times.requests; q++)
        move(s, s->given.times + q, s->y_bar, s->asked_bar[q], 1);
}

/* --- what terms see ---------------------------------------------------------------------------------------------------- */

const void *reg_asked(const reg_run *r, int request)
{
    return r->s->asked[request];
}

void *reg_asked_bar(reg_run *r, int request)
{
    return r->s->asked_bar[request];
}

/* The end is the last time of every row. */
static size_t integral_at(const reg_solver *s, int i)
{
    long n = s->given.n;
    return reg_whole_bytes(s, n) * (size_t)(s->times.all - 1) + reg_state_bytes(s, n) +
           (size_t)(i * n) * s->size;
}

const void *reg_integral(const reg_run *r, int i)
{
    return r->s->y + integral_at(r->s, i);
}

void *reg_integral_bar(reg_run *r, int i)
{
    return r->s->y_bar + integral_at(r->s, i);
}

void *reg_arg(reg_run *r, int i)
{
    return r->s->problem.added[i].value;
}
