/* interrupt.h - Ctrl-C: the first asks (a flag that observers poll), the second kills. */
#ifndef COSTATE_CLI_INTERRUPT_H
#define COSTATE_CLI_INTERRUPT_H

/* From here on SIGINT and SIGTERM set the flag, once each. */
void cli_interrupt_install(void);
int  cli_interrupted(void);

#endif
