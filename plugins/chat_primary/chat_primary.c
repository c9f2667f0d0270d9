/* SPDX-License-Identifier: Apache-2.0
 *
 * chat_primary: what a chat may change about somebody who is in the contact list.
 *
 * In a conversation people say all kinds of things: a second address, a nickname,
 * the number of a friend. The contact list was written with more care, so a chat
 * never replaces what stands there. What it says is offered beside it, and an
 * operator who has the customer on the line decides (R16):
 *
 *   VALUE     another e-mail, another name       OFFER
 *   OWNER     somebody else has that e-mail      OFFER
 *             somebody else had that browser     TAKE if seen later, else KEEP
 *   IDENTITY  a new address on a known browser   OFFER
 *
 * Devices are the exception because they do change hands: whoever used one last
 * has it now.
 *
 * It is also the smaller of two examples of a policy. The rest of this file is all
 * that one needs: a function that decides, one that makes an instance, one that
 * gives it back, and a description of the three. This policy remembers nothing, so
 * its instances are NULL. It cannot fail, and what it does not know it defers. */
#include <anagraph/policy.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

/* Reasons are shown to operators' tools and kept in the journal: a word or two that
 * stays the same from version to version. */
static int
answer(struct anagraph_verdict *verdict, uint32_t word, const char *reason)
{
	verdict->verdict = word;
	snprintf(verdict->reason, sizeof(verdict->reason), "%s", reason);
	return ANAGRAPH_DECIDED;
}

/* Whether a was seen after b (R18). Both claim the same device, so there is no value
 * left to break a tie: a full tie is not newer, and an event that comes twice
 * changes nothing the second time. */
static bool
is_newer(const struct anagraph_claim *a, const struct anagraph_claim *b)
{
	if (a->observed_at_us != b->observed_at_us)
		return a->observed_at_us > b->observed_at_us;
	return a->rank > b->rank;
}

static int
decide_owner(const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	switch (conflict->name_class) {
	case ANAGRAPH_NAME_PERSONAL:
		return answer(verdict, ANAGRAPH_VERDICT_OFFER, "BELONGS_TO_ANOTHER");
	case ANAGRAPH_NAME_DEVICE:
		if (is_newer(conflict->incoming, conflict->stored))
			return answer(verdict, ANAGRAPH_VERDICT_TAKE, "NEWER");
		return answer(verdict, ANAGRAPH_VERDICT_KEEP, "NOT_NEWER");
	default:
		return ANAGRAPH_DEFER;
	}
}

/* Several threads may be in here at once: it looks at nothing but its arguments.
 * An older host's structures end before a member that it does not know, which struct_size
 * tells; nothing past it may be read or written. */
static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	(void)instance;
	if (!ANAGRAPH_HAS(conflict, anagraph_conflict, stored) ||
	    !ANAGRAPH_HAS(verdict, anagraph_verdict, reason))
		return ANAGRAPH_DEFER;
	switch (conflict->kind) {
	case ANAGRAPH_CONFLICT_VALUE:
		return answer(verdict, ANAGRAPH_VERDICT_OFFER, "CONTACT_LIST_IS_PRIMARY");
	case ANAGRAPH_CONFLICT_OWNER:
		return decide_owner(conflict, verdict);
	case ANAGRAPH_CONFLICT_IDENTITY:
		return answer(verdict, ANAGRAPH_VERDICT_OFFER, "MAY_BE_ANOTHER_PERSON");
	default:
		return ANAGRAPH_DEFER;
	}
}

/* There are no options. One that is set all the same is a mistake in somebody's
 * configuration, better found at start than never. */
static int
create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	static const char message[] = "chat_primary takes no options";

	(void)options;
	(void)option_size;
	if (option_count != 0) {
		struct anagraph_string line = { message, sizeof(message) - 1 };

		host->log(host, ANAGRAPH_LOG_ERROR, line);
		return -EINVAL;
	}
	*instance = NULL;
	return 0;
}

static void
destroy(void *instance)
{
	(void)instance;
}

const struct anagraph_policy *
anagraph_policy_v1(void)
{
	static const struct anagraph_policy policy = {
		.struct_size = sizeof(policy),
		.abi_version = ANAGRAPH_POLICY_ABI_VERSION,
		.kinds = 1u << ANAGRAPH_CONFLICT_VALUE | 1u << ANAGRAPH_CONFLICT_OWNER |
		    1u << ANAGRAPH_CONFLICT_IDENTITY,
		.id = "chat_primary",
		.version = "1.0.0",
		.build_id = "",
		.create = create,
		.destroy = destroy,
		.decide = decide,
	};

	return &policy;
}
