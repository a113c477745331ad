/* threads.h - how many threads a run of a large plan may use.

   A plan whose rows do not depend on each other is run in chunks of rows (plan.h); the chunks of one run are taken by the
   calling thread and by helpers that wait passively between runs. The size of a chunk is fixed when the plan is compiled and the
   results of chunks are added in their order, so results are the same bits for any number of threads. */
#ifndef COSTATE_AUTODIFF_THREADS_H
#define COSTATE_AUTODIFF_THREADS_H

#include <costate/autodiff/base.h>

COSTATE_BEGIN_DECLS

enum { AD_THREADS_MOST = 64 };

/* Threads a run may use, the calling one counted. 0: the default, the environment's COSTATE_THREADS or else the cores that the
   process may run on. An ad_work is made for the number at its time; a smaller one counts from the next run on. */
void ad_threads_set(int n);
int  ad_threads(void);

COSTATE_END_DECLS
#endif
