/* A policy that passes every check, for the files beside this one: each is wrong in one
 * way, the one that the check of its name is there to find. Its own ID comes from the
 * build. It takes one option, mode, and does nothing with it. */
#ifndef BAD_H
#define BAD_H

#include <anagraph/policy.h>

#include <string.h>

#define KINDS                                                                                                \
	(1u << ANAGRAPH_CONFLICT_VALUE | 1u << ANAGRAPH_CONFLICT_OWNER | 1u << ANAGRAPH_CONFLICT_IDENTITY)

static inline int
answer(struct anagraph_verdict *verdict, uint32_t word, const char *reason)
{
	verdict->verdict = word;
	strncpy(verdict->reason, reason, sizeof(verdict->reason) - 1);
	return ANAGRAPH_DECIDED;
}

static inline int
is_mode(const struct anagraph_option *option)
{
	return option->name.size == 4 && memcmp(option->name.data, "mode", 4) == 0;
}

static inline int
good_create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	(void)host;
	for (size_t i = 0; i < option_count; i++) {
		if (!is_mode((const void *)((const char *)options + i * option_size)))
			return -1;
	}
	*instance = NULL;
	return 0;
}

static inline void
good_destroy(void *instance)
{
	(void)instance;
}

/* Whether the structures go as far as this policy reads and writes. */
static inline int
is_whole(const struct anagraph_conflict *conflict, const struct anagraph_verdict *verdict)
{
	return ANAGRAPH_HAS(conflict, anagraph_conflict, stored) &&
	    ANAGRAPH_HAS(verdict, anagraph_verdict, reason);
}

static inline int
good_answer(const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	if (conflict->kind < ANAGRAPH_CONFLICT_VALUE || conflict->kind > ANAGRAPH_CONFLICT_IDENTITY)
		return ANAGRAPH_DEFER;
	if (conflict->incoming->observed_at_us > conflict->stored->observed_at_us)
		return answer(verdict, ANAGRAPH_VERDICT_TAKE, "NEWER");
	return answer(verdict, ANAGRAPH_VERDICT_KEEP, "NOT_NEWER");
}

static inline int
good_decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	(void)instance;
	return is_whole(conflict, verdict) ? good_answer(conflict, verdict) : ANAGRAPH_DEFER;
}

/* Defines the exported function: the members given take the place of the good ones. */
#define BAD(...)                                                                                             \
	const struct anagraph_policy *anagraph_policy_v1(void)                                               \
	{                                                                                                    \
		static struct anagraph_policy policy;                                                        \
		static int is_made;                                                                          \
                                                                                                             \
		if (is_made++ != 0)                                                                          \
			return &policy;                                                                      \
		policy = (struct anagraph_policy){                                                           \
			.struct_size = sizeof(policy),                                                       \
			.abi_version = ANAGRAPH_POLICY_ABI_VERSION,                                          \
			.kinds = KINDS,                                                                      \
			.id = ID,                                                                            \
			.version = "1.0.0",                                                                  \
			.build_id = "",                                                                      \
			.create = good_create,                                                               \
			.destroy = good_destroy,                                                             \
			.decide = good_decide,                                                               \
		};                                                                                           \
		__VA_ARGS__;                                                                                 \
		return &policy;                                                                              \
	}

#endif
