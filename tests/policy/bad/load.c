/* Calls a function that nobody has, where it is hardly ever needed. */
#include "bad.h"

int nobody_has_this(void);

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	if (!is_whole(conflict, verdict))
		return ANAGRAPH_DEFER;
	if (conflict->account.size == 63)
		return nobody_has_this();
	return good_decide(instance, conflict, verdict);
}

BAD(policy.decide = decide)
