/* Lists VALUE alone, and fails when it is asked for anything else. */
#include "sample.h"

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	if (conflict->kind != ANAGRAPH_CONFLICT_VALUE)
		return -1;
	return sample_decide(instance, conflict, verdict);
}

SAMPLE((policy.kinds = 1u << ANAGRAPH_CONFLICT_VALUE, policy.decide = decide))
