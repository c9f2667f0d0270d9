/* Writes into what it is shown, if only what stands there already. */
#include "bad.h"

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	volatile struct anagraph_conflict *own = (volatile struct anagraph_conflict *)conflict;

	if (is_whole(conflict, verdict))
		own->kind = conflict->kind;
	return good_decide(instance, conflict, verdict);
}

BAD(policy.decide = decide)
