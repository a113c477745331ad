/* status.h - how failure is told: a code to act on and a sentence to read.

   A function that can fail returns an ad_status. On failure the sentence stands in a thread-local text until the
   next failure of that thread: what happened, where, with the numbers, and what to try.

       ad_status s = ad_plan_new(&plan, ...);
       if (s) fprintf(stderr, "%s\n", ad_message());

   The library never prints, exits or aborts. */
#ifndef COSTATE_AUTODIFF_STATUS_H
#define COSTATE_AUTODIFF_STATUS_H

#include <costate/autodiff/base.h>

COSTATE_BEGIN_DECLS

/* code, name, what it means */
#define AD_STATUS_LIST(X)                                                                     \
    X(AD_OK, "ok", "done")                                                                    \
    X(AD_INVALID, "invalid", "an argument or a combination of them makes no sense")           \
    X(AD_BAD_SHAPE, "bad-shape", "shapes or types that do not fit together")                  \
    X(AD_BAD_FILE, "bad-file", "a file that cannot be read, or does not hold what it should") \
    X(AD_NO_MEMORY, "out-of-memory", "the allocator returned nothing")                        \
    X(AD_UNSUPPORTED, "unsupported", "asked for something that this part cannot do")          \
    X(AD_NONFINITE_STATE, "nonfinite-state", "the state became NaN or infinite")              \
    X(AD_NONFINITE_FIELD, "nonfinite-field", "the vector field returned NaN or infinity")     \
    X(AD_STEP_UNDERFLOW, "step-underflow", "the step fell below what the time can resolve")   \
    X(AD_STEP_LIMIT, "step-limit", "max_steps were taken before the end time")                \
    X(AD_NEWTON_FAILURE, "newton-failure", "the implicit equations did not converge")         \
    X(AD_EVENT, "event", "an event ended the integration")                                    \
    X(AD_CANCELLED, "cancelled", "an observer asked to stop")                                 \
    X(AD_IO, "io", "writing failed")

typedef enum ad_status {
#define X(code, name, text) code,
    AD_STATUS_LIST(X)
#undef X
} ad_status;

const char *ad_status_name(ad_status code); /* "bad-shape"; static storage */

/* The sentence of this thread's last failure; "" before the first. Valid until the thread's next failure. */
const char *ad_message(void);

/* Records the sentence and returns the code, so that a failure is one line: return ad_fail(AD_INVALID, ...). */
ad_status ad_fail(ad_status code, const char *format, ...) COSTATE_PRINTF(2, 3);

/* Puts a context in front of the recorded sentence ("data.csv, line 3: " + ...); returns the code it is given. */
ad_status ad_fail_at(ad_status code, const char *format, ...) COSTATE_PRINTF(2, 3);

#define AD_TRY(call)                                  \
    do {                                              \
        ad_status try_status_ = (call);               \
        if (try_status_ != AD_OK) return try_status_; \
    } while (0)

COSTATE_END_DECLS
#endif
