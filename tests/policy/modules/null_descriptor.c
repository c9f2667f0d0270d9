/* Has nothing to say about itself. */
#include <anagraph/policy.h>

const struct anagraph_policy *
anagraph_policy_v1(void)
{
	return NULL;
}
