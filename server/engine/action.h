/* What differs from one kind of write to the next: what must be known, who decides, and
 * what the answer looks like. The committer does the rest alike for all of them. Private
 * to engine/; the committer's thread. */
#ifndef ANAGRAPH_SERVER_ENGINE_ACTION_H
#define ANAGRAPH_SERVER_ENGINE_ACTION_H

#include "server/engine/engine.h"

/* Loads all that may be known around an event or act. As graph_load. */
int action_load(struct neighbourhood *known, struct graph *graph, struct arena *arena,
    const struct event *event, struct graph_error *error);

/* Decides what it changes. 0; DECIDE_E_REJECTED with *rejection; -errno. */
int action_decide(struct changeset *changeset, struct rejection *rejection, struct arena *arena,
    const struct event *event, const struct neighbourhood *known, const struct account_settings *settings,
    const struct decider *decider);

/* Encodes the response of its call; contact is the changeset's, encoded. 0; -errno. */
int action_answer(struct bytes *response, struct arena *arena, enum action action, struct bytes contact,
    const struct changeset *changeset);

#endif
