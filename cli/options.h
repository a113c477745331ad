/* options.h - rows of a model's .def as options of its verb. Include the .def between this and a table's end. THREADS_OPTION is for
   verbs that solve with networks: run_threads() of run_files.h obeys it.

   Every model that is trained into a directory has RUN_OPTIONS behind its own. */
// clang-format off
#define MDL_TEXT(field, key, value, standard, about, group)    { key, CLI_TEXT, value, standard, about, group },
#define MDL_NUMBER(field, key, value, standard, about, group)  { key, CLI_NUMBER, value, standard, about, group },
#define MDL_INTEGER(field, key, value, standard, about, group) { key, CLI_INTEGER, value, standard, about, group },
#define MDL_FLAG(field, key, value, standard, about, group)    { key, CLI_FLAG, value, standard, about, group },

#define THREADS_OPTION                                                                                               \
    { "threads", CLI_INTEGER, NULL, "0", "threads that share large batches; 0: COSTATE_THREADS, else one a core", NULL }

#define RUN_OPTIONS                                                                                                  \
    { "output", CLI_TEXT, "DIR", NULL, "where the run goes; a new run-NAME beside you", "run" },                      \
    { "overwrite", CLI_FLAG, NULL, NULL, "a run that stands in DIR may go", NULL },                                   \
    { "resume", CLI_FLAG, NULL, NULL, "goes on with the run in --output DIR, with its settings", NULL },              \
    { "dry-run", CLI_FLAG, NULL, NULL, "shows what was read and what would be trained, and stops", NULL },            \
    THREADS_OPTION,                                                                                                  \
    { "quiet", CLI_FLAG, NULL, NULL, "no progress", NULL },                                                           \
    { "json", CLI_FLAG, NULL, NULL, "the result as one JSON object", NULL },                                          \
    { NULL, CLI_FLAG, NULL, NULL, NULL, NULL }
// clang-format on
