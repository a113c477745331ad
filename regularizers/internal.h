/* internal.h - a reg_solver from inside: what its files share (internal). */
#ifndef COSTATE_REGULARIZERS_INTERNAL_H
#define COSTATE_REGULARIZERS_INTERNAL_H

#include "kind.h"

enum { REG_ADDED = REG_MOST, REG_REQUESTS = REG_MOST };

typedef struct reg_added_integral {
    reg_state     *owner;
    const char    *name;
    reg_integrand *r;
    int            controlled;
} reg_added_integral;

typedef struct reg_added_arg {
    reg_state *owner;
    nde_arg    arg;
    void      *value; /* [capacity, ..] */
} reg_added_arg;

/* The user's problem with the terms' integrals and args behind its own. */
struct reg_problem {
    const nde_ode     *ode; /* the user's, its parts completed */
    nde_ode            whole;
    nde_part          *part;
    nde_arg           *arg;
    double            *atol;
    int                integrals, args, args_room;
    reg_added_integral integral[REG_ADDED];
    reg_added_arg     *added;
};

/* problem.c. An overflow of the lists or a failed allocation is AD_NO_MEMORY at close. */
ad_status reg_problem_close(reg_problem *p, nde_options *o, long capacity);
void      reg_problem_free(reg_problem *p);
/* Of an arg of n samples. */
size_t reg_arg_bytes(const nde_arg *a, ad_type of_state, long n);

/* Further times: each row (one, or one a sample) holds the user's times and the requests, in order. */
typedef struct reg_times {
    int     requests, each; /* each: a row a sample */
    double *request[REG_REQUESTS];
    int     request_each[REG_REQUESTS];
    long    rows;
    int     times, all; /* of the user; with the requests */
    double *t;          /* [rows][all]                    */
    int    *place;      /* [rows][all]: where the user's times, then the requests stand in t */
    size_t  t_room, place_room;
} reg_times;

ad_status reg_times_merge(reg_times *m, const nde_solve_args *a, const double *t);
int       reg_times_place(const reg_times *m, long sample, int which);

struct reg_solver {
    nde_ode     user; /* its lists copied */
    nde_part   *part; /* one, where a problem names none */
    nde_arg    *arg;
    nde_options o;
    adj_options adjoint;
    reg_context c;
    reg_problem problem;
    adj_solver *solver;
    long        dim; /* numbers of a sample's state, the user's */
    size_t      size;
    int         terms;
    reg_state  *term[REG_MOST];
    reg_result  result[REG_MOST];
    /* the last solve */
    reg_run        run;
    nde_solve_args solved; /* as handed to adj_solve() */
    nde_solve_args given;  /* as the user gave it      */
    int            plain;  /* 1: the user's arrays were used as they are */
    int            ready;  /* 1: it can be pulled back                   */
    reg_times      times;
    double        *t; /* the user's times, moved by terms */
    size_t         t_room;
    char          *y0, *y, *y_bar, *y0_bar, *asked[REG_REQUESTS], *asked_bar[REG_REQUESTS];
    size_t         y0_room, y_room, y_bar_room, y0_bar_room, asked_room[REG_REQUESTS],
        asked_bar_room[REG_REQUESTS];
    double      *t_bar;
    size_t       t_bar_room;
    const void **args;
    void       **args_bar;
    /* seeds */
    reg_seeds seeds;
    size_t    seed_room[4];
    long      states, own_states; /* own: the caller's, among them */
    long     *state_step;
    char     *state_bar;
    size_t    state_room, state_bar_room;
    void     *theta_bar; /* scratch of reg_measure() */
    long      parameters;
};

/* At least n bytes at *p, whose *room grows; old contents are lost. */
ad_status reg_room(void *p, size_t *room, size_t n);

/* states.c: between the user's arrays and those of the whole problem. Each state of n samples has its integrals behind it. */
void reg_states_out(reg_solver *s); /* after a solve: into given.y and the requests' arrays */
void reg_states_bar(
    reg_solver *s,
    const void *user_bar); /* before a pullback: the user's and the requests' into y_bar */
size_t reg_state_bytes(const reg_solver *s, long n); /* of the user's problem */
size_t reg_whole_bytes(const reg_solver *s, long n);

#endif
