/* The policies that the daemon runs now, and how others take their place while it serves. */
#ifndef ANAGRAPH_SERVER_RUNNING_H
#define ANAGRAPH_SERVER_RUNNING_H

#include "server/engine/engine.h"
#include "server/policies.h"

struct running;

/* Loads the policies of the configuration, which is borrowed; tells what keeps it from
 * that. copy_dir is borrowed, too. 0; POLICY_E_REFUSED; -errno. Main thread. */
int running_start(struct running **out, const struct config *config, const char *copy_dir);

/* How the engine asks them; good until running_reload has set another. */
struct decider running_decider(struct running *running);

/* Reads the command line and its file anew, loads the policies that they name now and has
 * the engine ask those. What fails is told, and then everything stays as it was. Nothing
 * but the policies is taken from what was read. Main thread. */
void running_reload(
    struct running *running, struct engine *engine, int argument_count, char *const *arguments);

/* Tells what became of the questions, and ends them; accepts NULL. Nobody decides. */
void running_finish(struct running *running);

#endif
