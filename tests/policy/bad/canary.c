/* Terminates its reason one byte too late. */
#include "bad.h"

static volatile size_t end = ANAGRAPH_REASON_SIZE;

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	if (is_whole(conflict, verdict))
		verdict->reason[end] = '\0';
	return good_decide(instance, conflict, verdict);
}

BAD(policy.decide = decide)
