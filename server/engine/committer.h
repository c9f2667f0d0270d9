/* What the committer shares with the rest of its room. */
#ifndef ANAGRAPH_SERVER_ENGINE_COMMITTER_H
#define ANAGRAPH_SERVER_ENGINE_COMMITTER_H

#include "server/engine/engine.h"

/* Passes a line to the daemon's log. */
void engine_log(const struct engine *engine, const char *message);

/* By what accounts' events are decided. Any thread. */
const struct settings *engine_settings(const struct engine *engine);

/* Whether writes are taken: no commit has failed, and the store was not full when one last
 * began. Any thread. */
bool engine_takes_writes(const struct engine *engine);

/* The moment an event would be taken in at now. Any thread. */
int64_t engine_recorded_at(const struct engine *engine);

#endif
