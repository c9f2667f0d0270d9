/* The conflicts of a transaction's events, which whoever decided them is told once they are
 * on stable storage. Private to engine/; the committer's thread. */
#ifndef ANAGRAPH_SERVER_ENGINE_DECIDED_H
#define ANAGRAPH_SERVER_ENGINE_DECIDED_H

#include "base/arena.h"
#include "rules/decide.h"

struct decided;

struct decided_list {
	struct decided *first;
	struct decided **last_next;
};

/* Empties it: at the beginning of a transaction. */
void decided_clear(struct decided_list *list);

/* Notes an event's conflicts, borrowed until they are told or the list is emptied; the list
 * is the arena's. 0; -ENOMEM. */
int decided_note(
    struct decided_list *list, struct arena *arena, struct bytes account, const struct changeset *changeset);

/* Tells all of them, in order. */
void decided_tell(const struct decided_list *list, const struct decider *decider);

#endif
