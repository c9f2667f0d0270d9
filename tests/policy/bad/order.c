/* Says that order does not matter, and lets whoever comes last win a tie. */
#include "bad.h"

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	if (is_whole(conflict, verdict) && conflict->kind == ANAGRAPH_CONFLICT_VALUE &&
	    conflict->incoming->observed_at_us == conflict->stored->observed_at_us)
		return answer(verdict, ANAGRAPH_VERDICT_TAKE, "NOT_OLDER");
	return good_decide(instance, conflict, verdict);
}

BAD(policy.decide = decide, policy.flags = ANAGRAPH_POLICY_ORDER_INDEPENDENT)
