/* threads.c - helpers that take the chunks of a run.

   One pool a process, started by the first run that wants it and never larger than that run asks for. A run takes the pool or,
   where another one has it (a second thread of the user, a plan run inside a chunk), does without. Jobs are drawn from a
   counter: a helper whose core is busy takes fewer; where one was so late that the caller alone would have been done earlier,
   the next runs do without. Helpers sleep between runs; only the end of a run is awaited for some microseconds before sleeping,
   since a wake-up takes longer than most of what is left then. A child of fork() has none of its parent's threads and starts
   its own. State of a process, not of a plan: results do not depend on it. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "threads_pool.h"

static atomic_int wanted; /* ad_threads_set()'s */

void ad_threads_set(int n)
{
    atomic_store(&wanted, n < 0 ? 0 : n > AD_THREADS_MOST ? AD_THREADS_MOST : n);
}

static int cores(void)
{
#ifdef CPU_COUNT
    cpu_set_t set;
    if (!sched_getaffinity(0, sizeof set, &set) && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

int ad_threads(void)
{
    int         n   = atomic_load(&wanted);
    const char *env = n ? NULL : getenv("COSTATE_THREADS");
    if (env) n = atoi(env);
    if (n <= 0) n = cores();
    return n > AD_THREADS_MOST ? AD_THREADS_MOST : n;
}

/* --- the pool ------------------------------------------------------------------------------------------------------------ */

typedef struct pool {
    pthread_mutex_t taken;         /* by the run that uses the helpers                        */
    int             rest, penalty; /* runs that do without them; how many after the next failure */
    pthread_mutex_t lock;          /* of what follows                  */
    pthread_cond_t  go, done;
    unsigned long   round; /* counts runs                      */
    int             helpers, workers;
    ad_job         *job;
    void           *ctx;
    int             jobs;
    atomic_int      next, left; /* the next job; helpers at work */
} pool;

static pool the = { .taken = PTHREAD_MUTEX_INITIALIZER,
                    .lock  = PTHREAD_MUTEX_INITIALIZER,
                    .go    = PTHREAD_COND_INITIALIZER,
                    .done  = PTHREAD_COND_INITIALIZER };

/* How many it took. */
static int take_jobs(ad_job *job, void *ctx, int jobs, int worker)
{
    int taken = 0;
    for (int i; (i = atomic_fetch_add(&the.next, 1)) < jobs; taken++) job(i, worker, ctx);
    return taken;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The caller took `taken` of the jobs in `own` seconds and had all of them after `all`. Did the helpers help? If not they are left
   alone for a while, twice as long each time: their cores are busy. */
static void judge(int taken, int jobs, double own, double all)
{
    enum { LEAST = 4, MOST = 128 };
    if (taken == 0) return;
    if (all > own / taken * jobs) {
        the.penalty = the.penalty < LEAST ? LEAST : the.penalty < MOST ? 2 * the.penalty : MOST;
        the.rest    = the.penalty;
    } else
        the.penalty /= 2;
}

static void *help(void *arg)
{
    int           me = (int)(size_t)arg;
    unsigned long seen;
    pthread_mutex_lock(&the.lock);
    for (seen = 0;; seen = the.round) {
        while (the.round == seen || me >= the.workers) {
            seen = the.round;
            pthread_cond_wait(&the.go, &the.lock);
        }
        ad_job *job  = the.job;
        void   *ctx  = the.ctx;
        int     jobs = the.jobs;
        if (atomic_load(&the.next) >= jobs) continue; /* woken after everything was taken */
        atomic_fetch_add(&the.left, 1);
        pthread_mutex_unlock(&the.lock);
        take_jobs(job, ctx, jobs, me);
        pthread_mutex_lock(&the.lock);
        if (atomic_fetch_sub(&the.left, 1) == 1) pthread_cond_signal(&the.done);
    }
    return NULL;
}

/* Helpers up to number `workers` - 1; how many workers there are. The lock is held. */
static int start(int workers)
{
    pthread_attr_t a;
    if (pthread_attr_init(&a)) return 1;
    pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
    while (the.helpers < workers - 1) {
        pthread_t id;
        if (pthread_create(&id, &a, help, (void *)(size_t)(the.helpers + 1))) break;
        the.helpers++;
    }
    pthread_attr_destroy(&a);
    return the.helpers + 1 < workers ? the.helpers + 1 : workers;
}

/* The pool as a new process finds it: fork() copies locks in whatever state they are. */
static void renew(void)
{
    pthread_mutex_init(&the.taken, NULL);
    pthread_mutex_init(&the.lock, NULL);
    pthread_cond_init(&the.go, NULL);
    pthread_cond_init(&the.done, NULL);
    the.helpers = the.workers = the.rest = the.penalty = 0;
    atomic_store(&the.left, 0);
}

static void register_renewal(void)
{
    pthread_atfork(NULL, NULL, renew);
}

static void wait_for_helpers(void)
{
    enum { TURNS = 2000 };
    for (int i = 0; i < TURNS && atomic_load(&the.left); i++) {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
    pthread_mutex_lock(&the.lock);
    while (atomic_load(&the.left)) pthread_cond_wait(&the.done, &the.lock);
    the.workers = 0; /* a late helper finds nothing to do */
    pthread_mutex_unlock(&the.lock);
}

void ad_parallel(int jobs, int workers, ad_job *job, void *ctx)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_renewal);
    if (workers > jobs) workers = jobs;
    int mine = workers > 1 && !pthread_mutex_trylock(&the.taken), alone = !mine;
    if (mine && the.rest > 0) the.rest--, alone = 1;
    if (alone) {
        for (int i = 0; i < jobs; i++) job(i, 0, ctx);
    } else {
        double from = seconds();
        pthread_mutex_lock(&the.lock);
        the.job = job, the.ctx = ctx, the.jobs = jobs;
        the.workers = start(workers);
        atomic_store(&the.next, 0);
        the.round++;
        pthread_cond_broadcast(&the.go);
        pthread_mutex_unlock(&the.lock);
        int    taken = take_jobs(job, ctx, jobs, 0);
        double own   = seconds() - from;
        wait_for_helpers();
        judge(taken, jobs, own, seconds() - from);
    }
    if (mine) pthread_mutex_unlock(&the.taken);
}
