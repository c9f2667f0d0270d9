/* The digest covers the account, so that nothing can be told of one by another, and is a short
 * one, which tells a few values apart. */
#include "rules/companions.h"

#include <assert.h>
#include <errno.h>

#include "rules/forms.h"
#include "rules/namespaces.h"

/* An account, the name of a personal namespace and the longest of their values, each with its
 * length. */
enum {
	NAME_BYTES = sizeof("whatsapp"),
	DIGESTED_BYTES = 3 * 8 + LIMIT_ACCOUNT_BYTES + NAME_BYTES + EMAIL_BYTES
};

_Static_assert((size_t)DIGESTED_BYTES <= DIGEST_SHORT_OF_BYTES, "a short digest takes no more");
_Static_assert((size_t)LIMIT_IDENTIFIER_BYTES <= EMAIL_BYTES, "an address is the longest");

bool
companions_are_kept(enum namespace_id namespace_id)
{
	return namespace_is_personal(namespace_id) && namespace_id != NAMESPACE_EXT_ID;
}

struct companion
companion_of(
    const struct digest_key *key, struct bytes account, enum namespace_id namespace_id, struct bytes value)
{
	const struct bytes parts[] = { account, namespace_name(namespace_id), value };

	return (struct companion){
		.namespace_id = namespace_id,
		.digest = digest_short(key, parts, sizeof(parts) / sizeof(parts[0])),
	};
}

static size_t
count_personal(const struct event *event)
{
	size_t count = 0;

	/* Personal namespaces come first. */
	while (
	    count < event->identifier_count && namespace_is_personal(event->identifiers[count].namespace_id))
		count++;
	return count;
}

void
companions_name(struct named *named, const struct event *event, const struct digest_key *key)
{
	size_t count = count_personal(event);

	named->count = 0;
	if (event->claim.source == SOURCE_CONVERSATIONS || count < 2)
		return;
	assert(count <= COMPANIONS_OF_EVENT);
	for (size_t i = 0; i < count; i++)
		named->items[i] = companion_of(
		    key, event->account, event->identifiers[i].namespace_id, event->identifiers[i].value);
	named->count = count;
}

/* How many of a namespace there are, and whether one of them is this. */
static size_t
count_of(bool *there, const struct companions *stored, const struct companion *sought)
{
	size_t count = 0;

	*there = false;
	for (size_t i = 0; i < stored->count; i++) {
		if (stored->items[i].namespace_id != sought->namespace_id)
			continue;
		*there = *there || stored->items[i].digest == sought->digest;
		count++;
	}
	return count;
}

size_t
companions_most(const struct companions *stored, const struct named *named, enum namespace_id namespace_id)
{
	size_t most = 0;
	bool there;

	for (size_t i = 0; i < stored->count; i++) {
		size_t count = count_of(&there, stored, &stored->items[i]);

		most = count > most ? count : most;
	}
	for (size_t i = 0; i < named->count; i++) {
		size_t count = count_of(&there, stored, &named->items[i]) + !there;

		if (named->items[i].namespace_id != namespace_id && count > most)
			most = count;
	}
	return most;
}

static bool
comes_before(const struct companion *a, const struct companion *b)
{
	return a->namespace_id < b->namespace_id ||
	    (a->namespace_id == b->namespace_id && a->digest < b->digest);
}

/* Puts one into its place. There is room. */
static void
insert(struct companions *companions, const struct companion *companion)
{
	size_t place = companions->count++;

	for (; place > 0 && comes_before(companion, &companions->items[place - 1]); place--)
		companions->items[place] = companions->items[place - 1];
	companions->items[place] = *companion;
}

int
companions_add(struct companions *out, struct arena *arena, const struct companions *stored,
    const struct named *named, enum namespace_id namespace_id, size_t limit)
{
	struct companions added = *stored;

	for (size_t i = 0; i < named->count; i++) {
		const struct companion *companion = &named->items[i];
		bool there;

		if (companion->namespace_id == namespace_id || count_of(&there, stored, companion) > limit ||
		    there)
			continue;
		if (added.items == stored->items) {
			added.items = arena_calloc(arena, stored->count + named->count, sizeof(*added.items));
			if (added.items == NULL)
				return -ENOMEM;
			for (size_t j = 0; j < stored->count; j++)
				added.items[j] = stored->items[j];
		}
		insert(&added, companion);
	}
	*out = added;
	return 0;
}
