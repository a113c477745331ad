#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <costate/autodiff/status.h>

static _Thread_local char sentence[2048];

const char *ad_status_name(ad_status code)
{
    switch (code) {
#define X(c, name, text) \
    case c: return name;
        AD_STATUS_LIST(X)
#undef X
    }
    return "unknown";
}

const char *ad_message(void)
{
    return sentence;
}

ad_status ad_fail(ad_status code, const char *format, ...)
{
    char    text[sizeof sentence]; /* an argument may be the old sentence itself */
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memcpy(sentence, text, sizeof text);
    return code;
}

ad_status ad_fail_at(ad_status code, const char *format, ...)
{
    char    text[sizeof sentence];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t n = strlen(text);
    snprintf(text + n, sizeof text - n, "%s", sentence);
    memcpy(sentence, text, sizeof text);
    return code;
}
