/* A policy that answers KEEP to everything, from which each module here departs in
 * one way. Named after the file that it is built into: ID comes from meson.build. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <anagraph/policy.h>

#include <string.h>

#ifndef SAMPLE_VERSION
#define SAMPLE_VERSION "1.0.0"
#endif
#ifndef SAMPLE_BUILD_ID
#define SAMPLE_BUILD_ID ""
#endif

#define SAMPLE_KINDS                                                                                         \
	(1u << ANAGRAPH_CONFLICT_VALUE | 1u << ANAGRAPH_CONFLICT_OWNER | 1u << ANAGRAPH_CONFLICT_IDENTITY)

static inline int
sample_create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	(void)host;
	(void)options;
	(void)option_count;
	(void)option_size;
	*instance = NULL;
	return 0;
}

static inline void
sample_destroy(void *instance)
{
	(void)instance;
}

static inline int
sample_decide(
    const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	(void)instance;
	(void)conflict;
	verdict->verdict = ANAGRAPH_VERDICT_KEEP;
	memcpy(verdict->reason, "SAMPLE", sizeof("SAMPLE"));
	return ANAGRAPH_DECIDED;
}

static inline struct anagraph_policy
sample_policy(void)
{
	struct anagraph_policy policy = {
		.struct_size = sizeof(policy),
		.abi_version = ANAGRAPH_POLICY_ABI_VERSION,
		.kinds = SAMPLE_KINDS,
		.id = ID,
		.version = SAMPLE_VERSION,
		.build_id = SAMPLE_BUILD_ID,
		.create = sample_create,
		.destroy = sample_destroy,
		.decide = sample_decide,
	};

	return policy;
}

/* Defines the exported function; what it is given is done to the descriptor. Called on
 * one thread alone, so that the static needs no guard. */
#define SAMPLE(departure)                                                                                    \
	const struct anagraph_policy *anagraph_policy_v1(void)                                               \
	{                                                                                                    \
		static struct anagraph_policy policy;                                                        \
                                                                                                             \
		policy = sample_policy();                                                                    \
		departure;                                                                                   \
		return &policy;                                                                              \
	}

#endif
