/* From a time when descriptors are longer, kinds more and flags others. */
#include "sample.h"

struct later_policy {
	struct anagraph_policy policy;
	const void *addition;
};

const struct anagraph_policy *
anagraph_policy_v1(void)
{
	static struct later_policy later;

	later.policy = sample_policy();
	later.policy.struct_size = sizeof(later);
	later.policy.kinds |= 1u << 30;
	later.policy.flags = 1u << 30;
	later.addition = &later;
	return &later.policy;
}
