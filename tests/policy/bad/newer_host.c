/* Expects a conflict of exactly the size that it was compiled with. */
#include "bad.h"

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	if (conflict->struct_size != sizeof(*conflict))
		return ANAGRAPH_DEFER;
	return good_decide(instance, conflict, verdict);
}

BAD(policy.decide = decide)
