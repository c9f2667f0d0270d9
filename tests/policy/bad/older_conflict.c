/* Reads a member that the conflict of an older host ends before. */
#include "bad.h"

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	(void)instance;
	if (!is_whole(conflict, verdict))
		return ANAGRAPH_DEFER;
	if (conflict->displaced != NULL && conflict->kind == ANAGRAPH_CONFLICT_OWNER)
		return answer(verdict, ANAGRAPH_VERDICT_KEEP, "HAS_ANOTHER");
	return good_answer(conflict, verdict);
}

BAD(policy.decide = decide)
