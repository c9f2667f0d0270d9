/* A contact taken out of the store (R30): its record, what leads to it, what it owned, what
 * was answered of it, and what the journal told of it, all in the transaction that says so.
 * What is left is what belongs to others. */
#include <errno.h>
#include <inttypes.h>

#include "server/graph/erasing.h"
#include "server/graph/index.h"
#include "server/graph/offered.h"
#include "server/graph/outcome.h"
#include "server/graph/requests.h"
#include "server/graph/scan.h"
#include "server/graph/suppressed.h"
#include "server/graph/write.h"

/* What decoding one journal entry or kept answer may take. */
enum { SCRATCH_BYTES = 64 * 1024 * 1024 };

/* Where an id is in the list, or would be. */
static size_t
place_of(const struct id_list *list, uint64_t id)
{
	size_t low = 0;
	size_t high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool
id_list_has(const struct id_list *list, uint64_t id)
{
	size_t place = place_of(list, id);

	return place < list->count && list->ids[place] == id;
}

int
id_list_add(struct id_list *list, struct arena *arena, uint64_t id)
{
	size_t place = place_of(list, id);
	uint64_t *ids;

	if (place < list->count && list->ids[place] == id)
		return 0;
	ids = arena_grow(arena, list->ids, list->count, &list->capacity, sizeof(*ids));
	if (ids == NULL)
		return -ENOMEM;
	memmove(&ids[place + 1], &ids[place], (list->count - place) * sizeof(*ids));
	ids[place] = id;
	list->ids = ids;
	list->count++;
	return 0;
}

bool
erasing_holds(const struct erasing *erasing, enum namespace_id namespace_id, struct bytes value)
{
	return contact_holds(erasing->changeset->erased, namespace_id, value);
}

/* Adds the ids that lead to a contact. */
static int
add_forwards(struct id_list *list, struct erasing *erasing, uint64_t contact_id)
{
	struct bytes account = erasing->event->account;
	struct bytes record;
	struct bytes found;
	struct key prefix;
	struct scan scan;
	int result;

	key_number(&prefix, account, contact_id);
	result = scan_begin(&scan, erasing->graph->txn, erasing->graph, TABLE_FORWARD, &prefix);
	if (result != 0)
		return result;
	while ((result = scan_next(&found, &record, &scan)) == 0) {
		struct bytes name;
		uint64_t survivor_id;
		uint64_t absorbed_id;

		if (key_parse_pair(&name, &survivor_id, &absorbed_id, found))
			result = id_list_add(list, erasing->arena, absorbed_id);
		else
			result = outcome_damaged(erasing->error, account, TABLE_FORWARD,
			    "has a key that is none after %" PRIu64, contact_id);
		if (result != 0)
			break;
	}
	return scan_end(&scan, result);
}

int
erasing_add_related(struct erasing *erasing, uint64_t contact_id)
{
	struct bytes account = erasing->event->account;
	struct forward forward;
	enum contact_kind kind;
	struct bytes message;
	int result;

	if (id_list_has(&erasing->related, contact_id))
		return 0;
	result = read_contact(
	    &kind, &message, erasing->graph->txn, erasing->graph, account, contact_id, erasing->error);
	if (result == GRAPH_E_ABSENT)
		return 0;
	if (result == 0 && kind == KIND_FORWARD) {
		if (forward_decode(&forward, message) != 0)
			return outcome_damaged(erasing->error, account, TABLE_CONTACT,
			    "record %" PRIu64 " is no forward message", contact_id);
		contact_id = forward.survivor_contact_id;
	}
	if (result == 0)
		result = id_list_add(&erasing->related, erasing->arena, contact_id);
	return result == 0 ? add_forwards(&erasing->related, erasing, contact_id) : result;
}

/* The answers that tell of it go; of those that tell of related contacts, those that have an
 * identifier of it in them. */
static int
erase_requests(struct erasing *erasing)
{
	struct bytes account = erasing->event->account;
	int result = 0;

	for (size_t i = 0; result == 0 && i < erasing->erased.count; i++)
		result = requests_erase(erasing->graph, erasing->arena, &erasing->scratch, account,
		    erasing->erased.ids[i], NULL, erasing->error);
	for (size_t i = 0; result == 0 && i < erasing->related.count; i++)
		result = requests_erase(erasing->graph, erasing->arena, &erasing->scratch, account,
		    erasing->related.ids[i], erasing->changeset->erased, erasing->error);
	return result;
}

/* The records under one of the ids that are erased. */
static int
erase_records(struct erasing *erasing, uint64_t contact_id)
{
	struct bytes account = erasing->event->account;
	struct key forward;
	struct key key;
	int result;

	key_number(&key, account, contact_id);
	result = table_delete(erasing->graph, TABLE_CONTACT, &key);
	if (result == 0)
		result = table_delete(erasing->graph, TABLE_DISMISSED, &key);
	key_pair(&forward, account, erasing->changeset->erased->id, contact_id);
	return result == 0 ? table_delete(erasing->graph, TABLE_FORWARD, &forward) : result;
}

/* What leads to the contact by what it held. */
static int
erase_rows(struct erasing *erasing)
{
	const struct contact *erased = erasing->changeset->erased;
	struct bytes account = erasing->event->account;
	int result = offered_update(erasing->graph, account, erased, NULL);

	if (result == 0)
		result = index_update(erasing->graph, account, erased, NULL);
	for (size_t i = 0; result == 0 && i < erased->identifier_count; i++) {
		struct key key;

		key_identifier(
		    &key, account, erased->identifiers[i].namespace_id, erased->identifiers[i].value);
		result = table_delete(erasing->graph, TABLE_IDENTIFIER, &key);
	}
	for (size_t i = 0; result == 0 && i < erasing->erased.count; i++)
		result = erase_records(erasing, erasing->erased.ids[i]);
	if (result == 0 && erasing->event->act.suppress)
		result = suppressed_put(erasing->graph, account, erased);
	return result;
}

/* Contacts that named it, from their secondaries. */
static int
add_naming(struct erasing *erasing)
{
	const struct changeset *changeset = erasing->changeset;
	int result = 0;

	for (size_t i = 0; result == 0 && i < changeset->contact_count; i++)
		result = erasing_add_related(erasing, changeset->contacts[i].after.id);
	return result;
}

int
erase_apply(struct graph *graph, struct arena *arena, const struct event *event,
    const struct changeset *changeset, struct graph_error *error)
{
	struct erasing erasing = {
		.graph = graph, .arena = arena, .event = event, .changeset = changeset, .error = error
	};
	int result;

	arena_init(&erasing.scratch, SCRATCH_BYTES);
	result = id_list_add(&erasing.erased, arena, changeset->erased->id);
	if (result == 0)
		result = add_forwards(&erasing.erased, &erasing, changeset->erased->id);
	if (result == 0)
		result = add_naming(&erasing);
	if (result == 0)
		result = erasing_redact_journal(&erasing);
	if (result == 0)
		result = erasing_forget_companions(&erasing);
	if (result == 0)
		result = erase_requests(&erasing);
	if (result == 0)
		result = erase_rows(&erasing);
	arena_finish(&erasing.scratch);
	return result;
}
