/* Plans in chunks on four threads, run by two threads of the user at once, so that one of them finds the helpers taken. Plain, not
   Criterion: it runs under the thread sanitizer too. Every result has the bits of one thread. */
#include <pthread.h>

#include "chunks.h"

enum { ROUNDS = 6 };

static model  m;
static result want;

static void *work(void *arg)
{
    result *r   = ad_alloc(sizeof *r);
    int    *bad = arg;
    for (int i = 0; i < ROUNDS; i++)
        if (!r || model_run(&m, ROWS, r) || !same(&m, ROWS, r, &want)) ++*bad;
    ad_free(r);
    return NULL;
}

int main(void)
{
    pthread_t thread[2];
    int       bad[2] = { 0 }, failed = 0;
    ad_threads_set(1);
    if (model_new(&m, AD_F32, ROWS, AD_PADDED) || model_run(&m, ROWS, &want)) {
        fprintf(stderr, "%s\n", ad_message());
        return 1;
    }
    ad_threads_set(4);
    for (int i = 0; i < 2; i++)
        if (pthread_create(&thread[i], NULL, work, &bad[i])) return 1;
    for (int i = 0; i < 2; i++) {
        pthread_join(thread[i], NULL);
        failed += bad[i] > 0;
    }
    model_free(&m);
    printf("%d passed, %d failed\n", 2 - failed, failed);
    return failed != 0;
}
