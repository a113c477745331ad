/* task.h - what the tests of models/ share: series in memory, tasks from settings. */
#ifndef COSTATE_TESTS_MODELS_TASK_H
#define COSTATE_TESTS_MODELS_TASK_H

#include <stdio.h>
#include <unistd.h>

#include <costate/models/evaluate.h>
#include <costate/models/task.h>

#include "tests/support.h"

/* "key=value" words, the last NULL. */
static inline ad_status task_of(mdl_task **t, const char *const *word)
{
    mdl_config *c;
    *t = NULL;
    AD_TRY(mdl_config_new(&c));
    for (; *word; word++) {
        char        key[64];
        const char *equals = strchr(*word, '=');
        snprintf(key, sizeof key, "%.*s", (int)(equals - *word), *word);
        ad_status s = mdl_config_set(c, key, equals + 1);
        if (s) {
            mdl_config_free(c);
            return s;
        }
    }
    return mdl_task_new(t, c);
}

#define TASK(t, ...) task_of(t, (const char *const[]){ __VA_ARGS__, NULL })

/* A path that no other process has. */
static inline const char *scratch(char *path, size_t size, const char *name)
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, size, "%s/costate-%ld-%s", folder ? folder : "/tmp", (long)getpid(), name);
    return path;
}

#endif
