/* What the committer shares with the rest of its room. */
#ifndef ANAGRAPH_SERVER_ENGINE_COMMITTER_H
#define ANAGRAPH_SERVER_ENGINE_COMMITTER_H

#include "server/engine/engine.h"

/* Passes a line to the daemon's log. */
void engine_log(const struct engine *engine, const char *message);

/* By what accounts' events are decided. Any thread. */
const struct settings *engine_settings(const struct engine *engine);

/* Whether a commit has failed, after which nothing is said to be stored any more. Any thread. */
bool engine_has_failed(const struct engine *engine);

#endif
