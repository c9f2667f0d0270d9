/* Takes a name for a string with a NUL at its end. */
#include "bad.h"

static volatile size_t longest;

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	if (is_whole(conflict, verdict) && conflict->name.data != NULL)
		longest = strlen(conflict->name.data);
	return good_decide(instance, conflict, verdict);
}

BAD(policy.decide = decide)
