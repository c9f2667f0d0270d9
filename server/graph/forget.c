/* Rows of identifiers that outlive a contact: they say what an identifier was named together
 * with (N6), whoever owns it, and nobody may. So the erased contact's identifiers are taken
 * out of the rows of all that its journal names beside them; and a row that nobody owns, of
 * what was the contact's once, goes with it, unless others have named it so often that it may
 * be a shared one, which is nobody's own. */
#include <errno.h>

#include "rules/companions.h"
#include "server/graph/erasing.h"
#include "server/graph/write.h"

static int
named_order(const struct named_identifier *a, enum namespace_id namespace_id, struct bytes value)
{
	if (a->namespace_id != namespace_id)
		return a->namespace_id < namespace_id ? -1 : 1;
	return bytes_compare(a->value, value);
}

/* Notes one identifier, once. */
static int
note(struct erasing *erasing, const struct identifier *identifier, bool own)
{
	struct named_list *list = &erasing->named;
	struct named_identifier *items;
	struct bytes value;
	size_t low = 0;
	size_t high = list->count;

	if (!companions_are_kept(identifier->namespace_id))
		return 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (named_order(&list->items[middle], identifier->namespace_id, identifier->value) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < list->count &&
	    named_order(&list->items[low], identifier->namespace_id, identifier->value) == 0) {
		list->items[low].own = list->items[low].own || own;
		return 0;
	}
	items = arena_grow(erasing->arena, list->items, list->count, &list->capacity, sizeof(*items));
	if (items == NULL || arena_copy(&value, erasing->arena, identifier->value) != 0)
		return -ENOMEM;
	memmove(&items[low + 1], &items[low], (list->count - low) * sizeof(*items));
	items[low] = (struct named_identifier){ identifier->namespace_id, value, own };
	list->items = items;
	list->count++;
	return 0;
}

int
erasing_note_named(struct erasing *erasing, const struct journal_entry *entry, bool own)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < entry->identifier_count; i++)
		result = note(erasing, &entry->identifiers[i], own);
	for (size_t i = 0; result == 0 && i < entry->loss_count; i++) {
		if (id_list_has(&erasing->erased, entry->losses[i].contact_id))
			result = note(erasing, &entry->losses[i].value.identifier, true);
	}
	return result;
}

/* The companions that go: digests of all that the erased contact had, or has been told to
 * have and nobody has. From the arena. */
static int
list_gone(struct companions *gone, struct erasing *erasing)
{
	const struct contact *erased = erasing->changeset->erased;
	struct bytes account = erasing->event->account;
	const struct digest_key *key = &erasing->graph->key;
	struct companions list = { .items = arena_calloc(erasing->arena,
				       erased->identifier_count + erasing->named.count,
				       sizeof(*list.items)) };

	if (list.items == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < erased->identifier_count; i++)
		list.items[list.count++] = companion_of(
		    key, account, erased->identifiers[i].namespace_id, erased->identifiers[i].value);
	for (size_t i = 0; i < erasing->named.count; i++) {
		const struct named_identifier *named = &erasing->named.items[i];
		uint64_t owner_id;
		int result;

		if (!named->own)
			continue;
		result = read_owner(&owner_id, erasing->graph->txn, erasing->graph, account,
		    named->namespace_id, named->value, erasing->error);
		if (result == GRAPH_E_ABSENT)
			list.items[list.count++] =
			    companion_of(key, account, named->namespace_id, named->value);
		else if (result != 0)
			return result;
	}
	*gone = list;
	return 0;
}

static bool
has(const struct companions *companions, const struct companion *sought)
{
	for (size_t i = 0; i < companions->count; i++) {
		if (companions->items[i].namespace_id == sought->namespace_id &&
		    companions->items[i].digest == sought->digest)
			return true;
	}
	return false;
}

/* What is left of a row's companions, and encoded. */
static int
leave(struct companions *left, struct bytes *encoded, struct erasing *erasing, struct bytes stored,
    const struct companions *gone)
{
	size_t count = stored.size / RECORD_COMPANION_BYTES;
	struct companions kept = { .items = arena_calloc(erasing->arena, count, sizeof(*kept.items)) };
	uint8_t *bytes = arena_calloc(erasing->arena, count, RECORD_COMPANION_BYTES);

	if (kept.items == NULL || bytes == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct companion companion;

		record_take_companion(&companion, stored.data + i * RECORD_COMPANION_BYTES);
		if (has(gone, &companion))
			continue;
		record_put_companion(bytes + kept.count * RECORD_COMPANION_BYTES, &companion);
		kept.items[kept.count++] = companion;
	}
	*left = kept;
	*encoded = bytes_of(bytes, kept.count * RECORD_COMPANION_BYTES);
	return 0;
}

/* One row without the erased contact. */
static int
forget_in(struct erasing *erasing, const struct named_identifier *named, const struct companions *gone)
{
	static const struct named nothing = { .count = 0 };
	struct bytes account = erasing->event->account;
	uint8_t id[RECORD_ID_BYTES];
	struct companions left;
	struct bytes encoded;
	struct bytes stored;
	uint64_t owner_id;
	struct key key;
	int result = read_identifier(&owner_id, &stored, erasing->graph->txn, erasing->graph, account,
	    named->namespace_id, named->value, erasing->error);

	if (result == 0)
		result = leave(&left, &encoded, erasing, stored, gone);
	if (result != 0)
		return result == GRAPH_E_ABSENT ? 0 : result;
	key_identifier(&key, account, named->namespace_id, named->value);
	if (owner_id == 0 &&
	    (left.count == 0 || (named->own && companions_most(&left, &nothing, named->namespace_id) <= 1)))
		return table_delete(erasing->graph, TABLE_IDENTIFIER, &key);
	if (encoded.size == stored.size)
		return 0;
	record_put_id(id, owner_id);
	return table_put_parts(erasing->graph, TABLE_IDENTIFIER, &key, bytes_of(id, sizeof(id)), encoded);
}

int
erasing_forget_companions(struct erasing *erasing)
{
	struct companions gone;
	int result = list_gone(&gone, erasing);

	for (size_t i = 0; result == 0 && i < erasing->named.count; i++) {
		const struct named_identifier *named = &erasing->named.items[i];

		/* The rows of what it holds now go with it. */
		if (!erasing_holds(erasing, named->namespace_id, named->value))
			result = forget_in(erasing, named, &gone);
	}
	return result;
}
