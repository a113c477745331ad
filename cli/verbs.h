/* verbs.h - the verbs of verbs.def, and the running of one. */
#ifndef COSTATE_CLI_VERBS_H
#define COSTATE_CLI_VERBS_H

#include "args.h"

#define VERB(name) extern const cli_verb cli_verb_##name;
#include "verbs.def"
#undef VERB

int             cli_verbs(void); /* how many */
const cli_verb *cli_verb_at(int i);

/* `costate` with these words behind it: what main() returns. */
int cli_run(int argc, char **argv);

#endif
