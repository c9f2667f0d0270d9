/* Gives its reason in a sentence. */
#include "bad.h"

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	int result = good_decide(instance, conflict, verdict);

	return result != ANAGRAPH_DECIDED ? result : answer(verdict, verdict->verdict, "it is newer");
}

BAD(policy.decide = decide)
