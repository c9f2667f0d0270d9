/* A policy that decides VALUE conflicts alone, by taking them. Conflicts of the other
 * kinds must get the default verdict without its being asked (R22): were it asked, it
 * would take those too. */
#include <anagraph/policy.h>

static int
create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	(void)host;
	(void)options;
	(void)option_size;
	*instance = NULL;
	return option_count == 0 ? 0 : -1;
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
	verdict->verdict = ANAGRAPH_VERDICT_TAKE;
	return ANAGRAPH_DECIDED;
}

static const struct anagraph_policy policy = {
	.struct_size = sizeof(policy),
	.abi_version = ANAGRAPH_POLICY_ABI_VERSION,
	.kinds = 1u << ANAGRAPH_CONFLICT_VALUE,
	.id = "narrow",
	.version = "1",
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
