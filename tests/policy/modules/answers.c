/* Returns and writes what meson.build says, leaving garbage where it can. */
#include "sample.h"

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	(void)instance;
	(void)conflict;
	verdict->struct_size = 0;
	verdict->verdict = VERDICT;
	memset(verdict->reason, (char)0x58, sizeof(verdict->reason));
	memcpy(verdict->reason, REASON, sizeof(REASON) - 1);
	return RETURNS;
}

SAMPLE(policy.decide = decide)
