/* SPDX-License-Identifier: Apache-2.0
 *
 * keep_consent: who has said no is not made to say yes by an import.
 *
 * Some attributes say what somebody has agreed to: NEWSLETTER, MARKETING. Between two
 * answers the time does not decide, since a list that is bought or restored is new as
 * well. A refusal always wins, also over a consent that was given later; to turn it into
 * a consent takes a person, to whom it is offered:
 *
 *   VALUE  a name of the option, stored true, incoming false     TAKE
 *          a name of the option, stored false, incoming true     OFFER
 *          a name of the option, one of them is no boolean       OFFER
 *   all others                                                   DEFER
 *
 * The option `names` says which attributes these are: "NEWSLETTER,MARKETING". There is no
 * default, since a consent that nobody named would not be kept.
 *
 * It teaches options: they are read once, checked, and copied, for they are gone when
 * create returns. What decide then reads is never written again, so that any number of
 * threads may read it. */
#include <anagraph/policy.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES_MAX = 64 };

/* The option as it was given. */
struct consents {
	size_t size;
	char names[];
};

static int
answer(struct anagraph_verdict *verdict, uint32_t word, const char *reason)
{
	verdict->verdict = word;
	snprintf(verdict->reason, sizeof(verdict->reason), "%s", reason);
	return ANAGRAPH_DECIDED;
}

/* The first name of a list, up to its comma or end. */
static size_t
name_size(const char *list, size_t size)
{
	const char *comma = memchr(list, ',', size);

	return comma != NULL ? (size_t)(comma - list) : size;
}

static bool
is_listed(const struct consents *consents, const struct anagraph_string *name)
{
	for (size_t at = 0; at < consents->size;) {
		size_t size = name_size(consents->names + at, consents->size - at);

		if (size == name->size && memcmp(consents->names + at, name->data, size) == 0)
			return true;
		at += size + 1;
	}
	return false;
}

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	const struct anagraph_value *incoming, *stored;

	if (!ANAGRAPH_HAS(conflict, anagraph_conflict, stored) ||
	    !ANAGRAPH_HAS(verdict, anagraph_verdict, reason))
		return ANAGRAPH_DEFER;
	if (conflict->kind != ANAGRAPH_CONFLICT_VALUE || conflict->name_class != ANAGRAPH_NAME_ATTRIBUTE ||
	    !is_listed(instance, &conflict->name))
		return ANAGRAPH_DEFER;
	incoming = &conflict->incoming->value;
	stored = &conflict->stored->value;
	if (incoming->type != ANAGRAPH_VALUE_BOOL || stored->type != ANAGRAPH_VALUE_BOOL)
		return answer(verdict, ANAGRAPH_VERDICT_OFFER, "NO_CLEAR_ANSWER");
	if (!incoming->boolean)
		return answer(verdict, ANAGRAPH_VERDICT_TAKE, "REFUSED");
	return answer(verdict, ANAGRAPH_VERDICT_OFFER, "REFUSED_BEFORE");
}

static int
refuse(const struct anagraph_host *host, const char *message)
{
	struct anagraph_string line = { message, strlen(message) };

	host->log(host, ANAGRAPH_LOG_ERROR, line);
	return -EINVAL;
}

static bool
is_list(const struct anagraph_string *list)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	for (size_t at = 0; at <= list->size;) {
		size_t size = at < list->size ? name_size(list->data + at, list->size - at) : 0;

		if (size == 0 || size > NAME_BYTES_MAX)
			return false;
		for (size_t i = at; i < at + size; i++) {
			if (memchr(allowed, list->data[i], sizeof(allowed) - 1) == NULL)
				return false;
		}
		at += size + 1;
	}
	return true;
}

/* Options lie option_size bytes apart, which a later version may make more than sizeof. */
static int
create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	const struct anagraph_string *names = NULL;
	struct consents *consents;

	for (size_t i = 0; i < option_count; i++) {
		const struct anagraph_option *option =
		    (const struct anagraph_option *)(const void *)((const char *)options + i * option_size);

		if (option->name.size != 5 || memcmp(option->name.data, "names", 5) != 0)
			return refuse(host, "keep_consent knows no option but names");
		if (names != NULL)
			return refuse(host, "keep_consent: the option names is given twice");
		names = &option->value;
	}
	if (names == NULL || !is_list(names))
		return refuse(
		    host, "keep_consent: the option names must be a list such as NEWSLETTER,MARKETING");
	consents = malloc(sizeof(*consents) + names->size);
	if (consents == NULL)
		return -ENOMEM;
	consents->size = names->size;
	memcpy(consents->names, names->data, names->size);
	*instance = consents;
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
		.kinds = 1u << ANAGRAPH_CONFLICT_VALUE,
		.id = "keep_consent",
		.version = "1.0.0",
		.build_id = "",
		.create = create,
		.destroy = destroy,
		.decide = decide,
	};

	return &policy;
}
