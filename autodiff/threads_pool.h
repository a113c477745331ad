/* threads_pool.h - the chunks of a run handed to threads (internal). */
#ifndef COSTATE_AUTODIFF_THREADS_POOL_H
#define COSTATE_AUTODIFF_THREADS_POOL_H

#include <costate/autodiff/threads.h>

/* job(0 .. jobs - 1, worker, ctx), each once, by `workers` threads at most, the calling one (worker 0) among them. Returns
   when all are done. Where the helpers serve another call, or cannot be started, the calling thread does all. */
typedef void ad_job(int job, int worker, void *ctx);
void         ad_parallel(int jobs, int workers, ad_job *job, void *ctx);

#endif
