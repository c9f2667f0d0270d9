/* Fails when a source comes that it has not heard of. */
#include "bad.h"

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	if (!is_whole(conflict, verdict))
		return ANAGRAPH_DEFER;
	switch (conflict->incoming->source) {
	case ANAGRAPH_SOURCE_PUSH:
	case ANAGRAPH_SOURCE_CONVERSATIONS:
	case ANAGRAPH_SOURCE_CONTACTS:
		return good_decide(instance, conflict, verdict);
	default:
		return -1;
	}
}

BAD(policy.decide = decide)
