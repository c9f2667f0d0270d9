/* A policy in two builds, as its file is before and after it is replaced: VERDICT and VERSION
 * tell them apart. A third refuses to be made. */
#include <anagraph/policy.h>

#include <string.h>

static int
create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	(void)host;
	(void)options;
	(void)option_count;
	(void)option_size;
	*instance = NULL;
	return VERDICT == 0 ? -1 : 0;
}

static void
destroy(void *instance)
{
	(void)instance;
}

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	(void)instance;
	(void)conflict;
	verdict->verdict = VERDICT;
	return ANAGRAPH_DECIDED;
}

static const struct anagraph_policy policy = {
	.struct_size = sizeof(policy),
	.abi_version = ANAGRAPH_POLICY_ABI_VERSION,
	.kinds =
	    1u << ANAGRAPH_CONFLICT_VALUE | 1u << ANAGRAPH_CONFLICT_OWNER | 1u << ANAGRAPH_CONFLICT_IDENTITY,
	.id = "changing",
	.version = VERSION,
	.build_id = "",
	.create = create,
	.destroy = destroy,
	.decide = decide,
};

const struct anagraph_policy *
anagraph_policy_v1(void)
{
	return &policy;
}
