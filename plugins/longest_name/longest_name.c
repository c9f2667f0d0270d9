/* SPDX-License-Identifier: Apache-2.0
 *
 * longest_name: of two first or last names the longer one wins.
 *
 * Forms cut names short, chats know people by their nicknames: Alexander is worth more
 * than Alex, whoever said it and when. Everything else is deferred, so that the
 * account's default verdict stands:
 *
 *   VALUE  FIRST_NAME, LAST_NAME   TAKE if longer than what is stored, else KEEP
 *   all others                     DEFER
 *
 * It teaches how to decide one thing alone: say so in kinds, look at the name, defer the
 * rest. For the shape of a policy see chat_primary.c. */
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

/* Names are compared with their length: they have no NUL at their end. */
static bool
is_text(const struct anagraph_string *string, const char *text)
{
	return string->size == strlen(text) && memcmp(string->data, text, string->size) == 0;
}

static bool
is_name(const struct anagraph_conflict *conflict)
{
	return conflict->name_class == ANAGRAPH_NAME_ATTRIBUTE &&
	    (is_text(&conflict->name, "FIRST_NAME") || is_text(&conflict->name, "LAST_NAME"));
}

/* In characters, not bytes: those of UTF-8 that begin one. */
static size_t
length_of(const struct anagraph_value *value)
{
	size_t length = 0;

	for (size_t i = 0; i < value->string.size; i++)
		length += ((unsigned char)value->string.data[i] & 0xc0) != 0x80;
	return length;
}

static int
decide(const void *instance, const struct anagraph_conflict *conflict, struct anagraph_verdict *verdict)
{
	size_t incoming, stored;

	(void)instance;
	if (!ANAGRAPH_HAS(conflict, anagraph_conflict, stored) ||
	    !ANAGRAPH_HAS(verdict, anagraph_verdict, reason))
		return ANAGRAPH_DEFER;
	if (conflict->kind != ANAGRAPH_CONFLICT_VALUE || !is_name(conflict))
		return ANAGRAPH_DEFER;
	incoming = length_of(&conflict->incoming->value);
	stored = length_of(&conflict->stored->value);
	if (incoming > stored)
		return answer(verdict, ANAGRAPH_VERDICT_TAKE, "LONGER");
	return answer(verdict, ANAGRAPH_VERDICT_KEEP, "NOT_LONGER");
}

static int
create(const struct anagraph_host *host, const struct anagraph_option *options, size_t option_count,
    size_t option_size, void **instance)
{
	static const char message[] = "longest_name takes no options";

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
		.kinds = 1u << ANAGRAPH_CONFLICT_VALUE,
		.id = "longest_name",
		.version = "1.0.0",
		.build_id = "",
		.create = create,
		.destroy = destroy,
		.decide = decide,
	};

	return &policy;
}
