/* What an identifier was named together with (N6): digests alone, a few of each namespace.
 * They tell how many there were, and nothing of who. Pure, any thread. */
#ifndef ANAGRAPH_RULES_COMPANIONS_H
#define ANAGRAPH_RULES_COMPANIONS_H

#include "base/arena.h"
#include "rules/types.h"

/* An event has one value of each personal namespace at most. */
enum { COMPANIONS_OF_EVENT = 5 };

/* What an event names, each of its personal identifiers as a companion of the others. */
struct named {
	struct companion items[COMPANIONS_OF_EVENT];
	size_t count;
};

/* Whether an identifier of that namespace has companions: personal ones, but for ext_id,
 * which is nobody's but one's. */
bool companions_are_kept(enum namespace_id namespace_id);

/* Of an event that counts for nothing here, it is empty: one of CONVERSATIONS. */
void companions_name(struct named *named, const struct event *event, const struct digest_key *key);

/* A value as a companion of others. */
struct companion companion_of(
    const struct digest_key *key, struct bytes account, enum namespace_id namespace_id, struct bytes value);

/* How many companions of one namespace there are, of the one that has most, once those named
 * together with an identifier of namespace_id have been added. */
size_t companions_most(
    const struct companions *stored, const struct named *named, enum namespace_id namespace_id);

/* Adds those named together with an identifier of namespace_id, unless there are more than
 * limit of that namespace already: then it makes no difference. *out is the arena's, or
 * stored as it was when nothing is new. 0; -ENOMEM. */
int companions_add(struct companions *out, struct arena *arena, const struct companions *stored,
    const struct named *named, enum namespace_id namespace_id, size_t limit);

#endif
