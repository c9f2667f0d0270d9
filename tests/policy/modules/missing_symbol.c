/* Exports a symbol, but of an ABI that never was. */
#include "sample.h"

ANAGRAPH_POLICY_EXPORT const struct anagraph_policy *anagraph_policy_v0(void);

const struct anagraph_policy *
anagraph_policy_v0(void)
{
	static struct anagraph_policy policy;

	policy = sample_policy();
	return &policy;
}
