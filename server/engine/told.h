/* Whom an answer tells of. Private to engine/. */
#ifndef ANAGRAPH_SERVER_ENGINE_TOLD_H
#define ANAGRAPH_SERVER_ENGINE_TOLD_H

#include "base/arena.h"
#include "rules/types.h"

/* The contacts that the answer to a changeset tells of: the one it is about, the owners
 * that its secondaries and the conflicts name, and those that were absorbed. With any of
 * them the answer is forgotten (R30). Of an erasing it is nobody. Ascending, each once, from
 * the arena. 0; -ENOMEM. */
int told_contact_ids(
    uint64_t **ids, size_t *id_count, struct arena *arena, const struct changeset *changeset);

#endif
