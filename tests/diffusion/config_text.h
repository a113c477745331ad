/* config_text.h - scheduler_config.json written by a test. */
#ifndef COSTATE_TESTS_DIFFUSION_CONFIG_TEXT_H
#define COSTATE_TESTS_DIFFUSION_CONFIG_TEXT_H

#include <unistd.h>

#include <criterion/criterion.h>

#include <costate/diffusion/config.h>

#include "support.h"

#define DATA        COSTATE_SOURCE_DIR "/tests/diffusion/data/"
#define CLASS(name) "{\"_class_name\": \"" name "Scheduler\""

/* The text as a file of this process. */
static inline const char *file_of(const char *text)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/costate-config-%ld.json", (long)getpid());
    FILE *f = fopen(path, "w");
    cr_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
    return path;
}

#endif
