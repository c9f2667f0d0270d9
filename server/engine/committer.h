/* What the committer shares with the rest of its room. */
#ifndef ANAGRAPH_SERVER_ENGINE_COMMITTER_H
#define ANAGRAPH_SERVER_ENGINE_COMMITTER_H

#include "server/engine/engine.h"

/* Passes a line to the daemon's log. */
void engine_log(const struct engine *engine, const char *message);

#endif
