/* Defers what it is asked twice running. */
#include "bad.h"

/* At a fixed place, so that no memory is asked for when a thread first looks. */
static __attribute__((tls_model("initial-exec"))) _Thread_local int64_t last_us;

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	int64_t now_us;

	if (!is_whole(conflict, verdict))
		return ANAGRAPH_DEFER;
	now_us = conflict->incoming->recorded_at_us;
	if (now_us == last_us)
		return ANAGRAPH_DEFER;
	last_us = now_us;
	return good_decide(instance, conflict, verdict);
}

BAD(policy.decide = decide)
