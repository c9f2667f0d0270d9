/* Keeps the conflict in one place for all threads while it thinks. */
#include "bad.h"

#include <sched.h>

static const struct anagraph_conflict *volatile current;

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	current = conflict;
	sched_yield();
	return good_decide(instance, current, verdict);
}

BAD(policy.decide = decide)
