#include <signal.h>
#include <string.h>

#include "interrupt.h"

/* The one thing that a signal handler may write; the command is one process with one Ctrl-C. */
static volatile sig_atomic_t asked;

static void ask(int signal)
{
    (void)signal;
    asked = 1;
}

void cli_interrupt_install(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = ask;
    action.sa_flags   = (int)SA_RESETHAND | SA_RESTART; /* the default action next time: it kills */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int cli_interrupted(void)
{
    return asked;
}
