/* SPDX-License-Identifier: Apache-2.0
 *
 * source_rank: who may speak against whom.
 *
 * Each source has a rank, 0 to 9. A value of a higher rank replaces one of a lower, a
 * lower one is kept out, and between equal ranks the later one wins. A source of rank 0 is
 * heard by nobody, not even against itself:
 *
 *   VALUE     any name                         TAKE if of a higher rank, or as high and later;
 *                                              else KEEP
 *   OWNER     somebody else has that e-mail    TAKE if so against the owner's claim and the
 *                                              contact's own other value; else KEEP
 *             somebody else had that browser   TAKE if so against the owner's claim; else KEEP
 *   IDENTITY  a new address on a known browser DEFER: ranks do not say who somebody is
 *
 * Options, all of which may be left out: push, conversations, contacts, each a rank in
 * the place of the source's own (1, 2, 3). With contacts=3 and conversations=3 a chat
 * replaces what a form said before it.
 *
 * It teaches options that are numbers, and an instance that is as small as what it has
 * to remember. For one without options see chat_primary.c. */
#include <anagraph/policy.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOURCE_COUNT = ANAGRAPH_SOURCE_CONTACTS + 1 };

struct ranks {
	uint32_t by_source[SOURCE_COUNT];
};

static int
answer(struct anagraph_verdict *verdict, uint32_t word, const char *reason)
{
	verdict->verdict = word;
	snprintf(verdict->reason, sizeof(verdict->reason), "%s", reason);
	return ANAGRAPH_DECIDED;
}

/* A source that was invented after this policy has the rank that the host gives it. */
static uint32_t
rank_of(const struct ranks *ranks, const struct anagraph_claim *claim)
{
	if (claim->source >= ANAGRAPH_SOURCE_PUSH && claim->source < SOURCE_COUNT)
		return ranks->by_source[claim->source];
	return claim->rank;
}

static bool
may_replace(
    const struct ranks *ranks, const struct anagraph_claim *incoming, const struct anagraph_claim *other)
{
	uint32_t rank = rank_of(ranks, incoming);
	uint32_t other_rank = rank_of(ranks, other);

	if (rank != other_rank)
		return rank > other_rank;
	return rank != 0 && incoming->observed_at_us > other->observed_at_us;
}

static int
decide_against(const struct ranks *ranks, const struct anagraph_conflict *conflict,
    const struct anagraph_claim *displaced, struct anagraph_verdict *verdict)
{
	if (!may_replace(ranks, conflict->incoming, conflict->stored))
		return answer(verdict, ANAGRAPH_VERDICT_KEEP, "OUTRANKED");
	if (displaced != NULL && !may_replace(ranks, conflict->incoming, displaced))
		return answer(verdict, ANAGRAPH_VERDICT_KEEP, "OUTRANKED_BY_OWN");
	return answer(verdict, ANAGRAPH_VERDICT_TAKE, "RANK");
}

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	const struct anagraph_claim *displaced = NULL;

	if (!ANAGRAPH_HAS(conflict, anagraph_conflict, displaced) ||
	    !ANAGRAPH_HAS(verdict, anagraph_verdict, reason))
		return ANAGRAPH_DEFER;
	if (conflict->kind != ANAGRAPH_CONFLICT_VALUE && conflict->kind != ANAGRAPH_CONFLICT_OWNER)
		return ANAGRAPH_DEFER;
	if (conflict->kind == ANAGRAPH_CONFLICT_OWNER && conflict->name_class == ANAGRAPH_NAME_PERSONAL)
		displaced = conflict->displaced;
	return decide_against(instance, conflict, displaced, verdict);
}

static int
refuse(const struct anagraph_host *host, const char *message)
{
	struct anagraph_string line = { message, strlen(message) };

	host->log(host, ANAGRAPH_LOG_ERROR, line);
	return -EINVAL;
}

/* Which source an option is about; 0: none that is known. */
static size_t
source_of(const struct anagraph_string *name)
{
	static const char *const names[SOURCE_COUNT] = {
		[ANAGRAPH_SOURCE_PUSH] = "push",
		[ANAGRAPH_SOURCE_CONVERSATIONS] = "conversations",
		[ANAGRAPH_SOURCE_CONTACTS] = "contacts",
	};

	for (size_t source = ANAGRAPH_SOURCE_PUSH; source < SOURCE_COUNT; source++) {
		if (name->size == strlen(names[source]) && memcmp(name->data, names[source], name->size) == 0)
			return source;
	}
	return 0;
}

static int
read_option(struct ranks *ranks, const struct anagraph_host *host, const struct anagraph_option *option)
{
	size_t source = source_of(&option->name);

	if (source == 0)
		return refuse(host, "source_rank knows no options but push, conversations and contacts");
	if (option->value.size != 1 || option->value.data[0] < '0' || option->value.data[0] > '9')
		return refuse(host, "source_rank: a rank is a digit, 0 to 9");
	ranks->by_source[source] = (uint32_t)(option->value.data[0] - '0');
	return 0;
}

/* Options lie option_size bytes apart, which a later version may make more than sizeof. */
static int
create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	struct ranks *ranks = malloc(sizeof(*ranks));
	int result = 0;

	if (ranks == NULL)
		return -ENOMEM;
	for (uint32_t source = 0; source < SOURCE_COUNT; source++)
		ranks->by_source[source] = source;
	for (size_t i = 0; result == 0 && i < option_count; i++) {
		const struct anagraph_option *option =
		    (const struct anagraph_option *)(const void *)((const char *)options + i * option_size);

		result = read_option(ranks, host, option);
	}
	if (result != 0) {
		free(ranks);
		return result;
	}
	*instance = ranks;
	return 0;
}

static void
destroy(void *instance)
{
	free(instance);
}

const struct anagraph_policy *
anagraph_policy_v1(void)
{
	static const struct anagraph_policy policy = {
		.struct_size = sizeof(policy),
		.abi_version = ANAGRAPH_POLICY_ABI_VERSION,
		.kinds = 1u << ANAGRAPH_CONFLICT_VALUE | 1u << ANAGRAPH_CONFLICT_OWNER,
		.id = "source_rank",
		.version = "1.0.0",
		.build_id = "",
		.create = create,
		.destroy = destroy,
		.decide = decide,
	};

	return &policy;
}
