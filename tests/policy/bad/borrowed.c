/* Remembers where the last name lay, and looks there again. */
#include "bad.h"

static const char *volatile last;
static volatile char seen;

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	if (!is_whole(conflict, verdict))
		return ANAGRAPH_DEFER;
	if (last != NULL)
		seen = *last;
	if (conflict->name.size != 0)
		last = conflict->name.data;
	return good_decide(instance, conflict, verdict);
}

BAD(policy.decide = decide)
