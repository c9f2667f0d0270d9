/* Gives a reason to a host that has no room for one. */
#include "bad.h"

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	(void)instance;
	if (!ANAGRAPH_HAS(conflict, anagraph_conflict, stored))
		return ANAGRAPH_DEFER;
	return good_answer(conflict, verdict);
}

BAD(policy.decide = decide)
