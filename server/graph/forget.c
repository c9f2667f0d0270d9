/* Rows of identifiers that outlive a contact: they say what an identifier was named together
 * with (N6), whoever owns it, and nobody may. So the erased contact's identifiers are taken
 * out of the rows of all that its journal names beside them; and a row that nobody owns, of
 * what was the contact's once, goes with it, unless others have named it so often that it may
 * be a shared one, which is nobody's own.
 *
 * The journal may know too little: what is past an account's time for it is gone, and an event
 * that changed nothing was never in it. Where it shows, all identifiers of the account are
 * gone through, which takes as long as there are many of them. */
#include <errno.h>

#include "rules/companions.h"
#include "server/graph/erasing.h"
#include "server/graph/outcome.h"
#include "server/graph/scan.h"
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

/* A row without the erased contact. Of what was the contact's once (own), and is nobody's, it
 * goes unless many others have named it. */
static int
forget_row(
    struct erasing *erasing, const struct key *key, struct bytes row, const struct companions *gone, bool own)
{
	static const struct named nothing = { .count = 0 };
	uint8_t id[RECORD_ID_BYTES];
	struct companions left;
	struct bytes encoded;
	struct bytes stored;
	uint64_t owner_id;
	int result;

	if (!record_identifier(&owner_id, &stored, row))
		return outcome_damaged(
		    erasing->error, erasing->event->account, TABLE_IDENTIFIER, "has a damaged record");
	result = leave(&left, &encoded, erasing, stored, gone);
	if (result != 0)
		return result;
	if (owner_id == 0 &&
	    (left.count == 0 || (own && companions_most(&left, &nothing, NAMESPACE_NONE) <= 1)))
		return table_delete(erasing->graph, TABLE_IDENTIFIER, key);
	if (encoded.size == stored.size)
		return 0;
	record_put_id(id, owner_id);
	return table_put_parts(erasing->graph, TABLE_IDENTIFIER, key, bytes_of(id, sizeof(id)), encoded);
}

/* The row under a key, if there is one. */
static int
forget_under(struct erasing *erasing, const struct key *key, const struct companions *gone, bool own)
{
	struct bytes row;
	int result = table_get(&row, erasing->graph->txn, erasing->graph, TABLE_IDENTIFIER, key);

	if (result == GRAPH_E_DAMAGED)
		return outcome_damaged(
		    erasing->error, erasing->event->account, TABLE_IDENTIFIER, "has a damaged record");
	if (result != 0)
		return result == GRAPH_E_ABSENT ? 0 : result;
	return forget_row(erasing, key, row, gone, own);
}

/* Whether all rows that an identifier of the contact was named together with are among those
 * that the journal names, or the contact's own. */
static int
is_known(
    bool *known, struct erasing *erasing, const struct identifier *identifier, const struct companions *named)
{
	struct bytes stored;
	uint64_t owner_id;
	int result = read_identifier(&owner_id, &stored, erasing->graph->txn, erasing->graph,
	    erasing->event->account, identifier->namespace_id, identifier->value, erasing->error);

	*known = true;
	for (size_t i = 0; result == 0 && *known && i < stored.size / RECORD_COMPANION_BYTES; i++) {
		struct companion companion;

		record_take_companion(&companion, stored.data + i * RECORD_COMPANION_BYTES);
		*known = !companions_are_kept(companion.namespace_id) || has(named, &companion);
	}
	return result == GRAPH_E_ABSENT ? 0 : result;
}

/* Whether the journal knows all that the contact was named together with, as far as can be
 * seen: it has the beginning of each contact that it was, and names what the contact's rows
 * say that there is. */
static int
journal_suffices(bool *suffices, struct erasing *erasing)
{
	const struct contact *erased = erasing->changeset->erased;
	const struct named_list *list = &erasing->named;
	struct companions named = { .items = arena_calloc(erasing->arena,
					list->count + erased->identifier_count, sizeof(*named.items)) };
	bool known = erasing->creations >= erasing->erased.count;
	int result = 0;

	if (named.items == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++)
		named.items[named.count++] = companion_of(&erasing->graph->key, erasing->event->account,
		    list->items[i].namespace_id, list->items[i].value);
	for (size_t i = 0; i < erased->identifier_count; i++)
		named.items[named.count++] = companion_of(&erasing->graph->key, erasing->event->account,
		    erased->identifiers[i].namespace_id, erased->identifiers[i].value);
	for (size_t i = 0; result == 0 && known && i < erased->identifier_count; i++)
		result = is_known(&known, erasing, &erased->identifiers[i], &named);
	if (result == 0)
		*suffices = known;
	return result;
}

/* Keys of rows, from the arena. */
struct key_list {
	struct bytes *keys;
	size_t count;
	size_t capacity;
};

static int
note_row(struct key_list *rows, struct erasing *erasing, struct bytes key, struct bytes record,
    const struct companions *gone)
{
	struct bytes stored;
	struct bytes row;
	uint64_t owner_id;
	bool named = false;
	struct bytes *keys;

	if (!record_open(&row, TABLE_IDENTIFIER, key, record) || !record_identifier(&owner_id, &stored, row))
		return outcome_damaged(
		    erasing->error, erasing->event->account, TABLE_IDENTIFIER, "has a damaged record");
	for (size_t i = 0; i < stored.size / RECORD_COMPANION_BYTES && !named; i++) {
		struct companion companion;

		record_take_companion(&companion, stored.data + i * RECORD_COMPANION_BYTES);
		named = has(gone, &companion);
	}
	if (!named)
		return 0;
	keys = arena_grow(erasing->arena, rows->keys, rows->count, &rows->capacity, sizeof(*keys));
	if (keys == NULL || arena_copy(&keys[rows->count], erasing->arena, key) != 0)
		return -ENOMEM;
	rows->keys = keys;
	rows->count++;
	return 0;
}

/* Goes through all identifiers of the account. Those that are the contact's own are among
 * them: they go later. */
static int
forget_everywhere(struct erasing *erasing, const struct companions *gone)
{
	struct key_list rows = { 0 };
	struct bytes record;
	struct bytes found;
	struct key key;
	struct scan scan;
	int result;

	key_account(&key, erasing->event->account);
	result = scan_begin(&scan, erasing->graph->txn, erasing->graph, TABLE_IDENTIFIER, &key);
	if (result != 0)
		return result;
	while ((result = scan_next(&found, &record, &scan)) == 0) {
		result = note_row(&rows, erasing, found, record, gone);
		if (result != 0)
			break;
	}
	result = scan_end(&scan, result);
	for (size_t i = 0; result == 0 && i < rows.count; i++) {
		key.size = rows.keys[i].size;
		memcpy(key.data, rows.keys[i].data, key.size);
		result = forget_under(erasing, &key, gone, false);
	}
	return result;
}

int
erasing_forget_companions(struct erasing *erasing)
{
	struct bytes account = erasing->event->account;
	struct companions gone;
	bool suffices = false;
	int result = list_gone(&gone, erasing);

	if (result == 0)
		result = journal_suffices(&suffices, erasing);
	for (size_t i = 0; result == 0 && i < erasing->named.count; i++) {
		const struct named_identifier *named = &erasing->named.items[i];
		struct key key;

		/* The rows of what it holds now go with it. */
		if (erasing_holds(erasing, named->namespace_id, named->value))
			continue;
		key_identifier(&key, account, named->namespace_id, named->value);
		result = forget_under(erasing, &key, &gone, named->own);
	}
	return result == 0 && !suffices ? forget_everywhere(erasing, &gone) : result;
}
