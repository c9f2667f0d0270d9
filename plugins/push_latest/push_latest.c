/* SPDX-License-Identifier: Apache-2.0
 *
 * push_latest: the last word counts, whatever order the words arrive in.
 *
 * Push subscriptions, forms and imports are not written by anybody who could be
 * asked, and they arrive late, twice and out of order. So nothing is offered for
 * review: what was observed last wins, and what was observed earlier is journalled
 * and goes no further (R17):
 *
 *   VALUE     another e-mail, another name       TAKE if newer than what is stored, else KEEP
 *   OWNER     somebody else has that e-mail      TAKE if newer than the owner's claim and
 *                                                than the contact's own other value, else KEEP
 *             somebody else had that browser     TAKE if newer than the owner's claim, else KEEP
 *   IDENTITY  a new address on a known browser   SEPARATE: a browser is shared more often
 *                                                than a person changes who they are
 *
 * For the outcome not to depend on the order of arrival, any two values that differ
 * must have a newer one: is_newer below goes on to compare the values themselves
 * where time and source leave a tie. That earns the flag ORDER_INDEPENDENT.
 *
 * For the shape of a policy see chat_primary.c, which is smaller. This one remembers
 * nothing either, and what it does not know it defers. */
#include <anagraph/policy.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int
answer(struct anagraph_verdict *verdict, uint32_t word, const char *reason)
{
	verdict->verdict = word;
	snprintf(verdict->reason, sizeof(verdict->reason), "%s", reason);
	return ANAGRAPH_DECIDED;
}

/* By bytes, a prefix before what it begins. data may be NULL when size is 0, which
 * memcmp must not see. */
static int
compare_strings(const struct anagraph_string *a, const struct anagraph_string *b)
{
	size_t shared = a->size < b->size ? a->size : b->size;
	int order = shared == 0 ? 0 : memcmp(a->data, b->data, shared);

	return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

/* Which of two values is greater does not matter to anybody, only that every run on
 * every machine agrees about it. Values of a type not known here count as equal. */
static int
compare_values(const struct anagraph_value *a, const struct anagraph_value *b)
{
	if (a->type != b->type)
		return a->type > b->type ? 1 : -1;
	switch (a->type) {
	case ANAGRAPH_VALUE_BOOL:
		return (a->boolean > b->boolean) - (a->boolean < b->boolean);
	case ANAGRAPH_VALUE_NUMBER:
		return (a->number > b->number) - (a->number < b->number);
	case ANAGRAPH_VALUE_STRING:
		return compare_strings(&a->string, &b->string);
	case ANAGRAPH_VALUE_TIME:
		return (a->time_us > b->time_us) - (a->time_us < b->time_us);
	default:
		return 0;
	}
}

/* R18. A full tie is not newer: an event that comes twice changes nothing the second
 * time. */
static bool
is_newer(const struct anagraph_claim *a, const struct anagraph_claim *b)
{
	if (a->observed_at_us != b->observed_at_us)
		return a->observed_at_us > b->observed_at_us;
	if (a->rank != b->rank)
		return a->rank > b->rank;
	return compare_values(&a->value, &b->value) > 0;
}

static int
decide_value(const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	if (is_newer(conflict->incoming, conflict->stored))
		return answer(verdict, ANAGRAPH_VERDICT_TAKE, "NEWER");
	return answer(verdict, ANAGRAPH_VERDICT_KEEP, "NOT_NEWER");
}

/* To take a personal identifier from its owner also costs the contact the value it
 * has there now, so the event must be newer than both. Devices stand side by side. */
static int
decide_owner(const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	const struct anagraph_claim *displaced;

	switch (conflict->name_class) {
	case ANAGRAPH_NAME_PERSONAL:
		displaced = conflict->displaced;
		break;
	case ANAGRAPH_NAME_DEVICE:
		displaced = NULL;
		break;
	default:
		return ANAGRAPH_DEFER;
	}
	if (!is_newer(conflict->incoming, conflict->stored))
		return answer(verdict, ANAGRAPH_VERDICT_KEEP, "NOT_NEWER");
	if (displaced != NULL && !is_newer(conflict->incoming, displaced))
		return answer(verdict, ANAGRAPH_VERDICT_KEEP, "NOT_NEWER_THAN_OWN");
	return answer(verdict, ANAGRAPH_VERDICT_TAKE, "NEWER");
}

/* Several threads may be in here at once: it looks at nothing but its arguments, and
 * at nothing that the structures of an older host are too short to have. */
static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	(void)instance;
	if (!ANAGRAPH_HAS(conflict, anagraph_conflict, displaced) ||
	    !ANAGRAPH_HAS(verdict, anagraph_verdict, reason))
		return ANAGRAPH_DEFER;
	switch (conflict->kind) {
	case ANAGRAPH_CONFLICT_VALUE:
		return decide_value(conflict, verdict);
	case ANAGRAPH_CONFLICT_OWNER:
		return decide_owner(conflict, verdict);
	case ANAGRAPH_CONFLICT_IDENTITY:
		return answer(verdict, ANAGRAPH_VERDICT_SEPARATE, "NEW_PERSON");
	default:
		return ANAGRAPH_DEFER;
	}
}

static int
create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	static const char message[] = "push_latest takes no options";

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
		.flags = ANAGRAPH_POLICY_ORDER_INDEPENDENT,
		.id = "push_latest",
		.version = "1.0.0",
		.build_id = "",
		.create = create,
		.destroy = destroy,
		.decide = decide,
	};

	return &policy;
}
