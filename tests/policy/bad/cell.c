/* Would make a new contact because a value differs. */
#include "bad.h"

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	if (is_whole(conflict, verdict) && conflict->kind == ANAGRAPH_CONFLICT_VALUE)
		return answer(verdict, ANAGRAPH_VERDICT_SEPARATE, "ANOTHER");
	return good_decide(instance, conflict, verdict);
}

BAD(policy.decide = decide)
