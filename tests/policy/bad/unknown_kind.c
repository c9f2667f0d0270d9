/* Decides kinds of conflict that were not thought of when it was written. */
#include "bad.h"

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	int result = good_decide(instance, conflict, verdict);

	if (result == ANAGRAPH_DEFER && is_whole(conflict, verdict))
		return answer(verdict, ANAGRAPH_VERDICT_KEEP, "OTHER");
	return result;
}

BAD(policy.decide = decide)
