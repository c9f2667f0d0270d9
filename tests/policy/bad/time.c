/* Waits for somebody when a text is long. */
#include "bad.h"

#include <poll.h>

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	if (is_whole(conflict, verdict) && conflict->incoming->value.string.size > 1000)
		poll(NULL, 0, 30);
	return good_decide(instance, conflict, verdict);
}

BAD(policy.decide = decide)
