/* What is known around an operator's act: the contacts that its ids lead to, who owns what
 * its secondary offers, and, where a contact is to be erased, all that names it. */
#include "server/graph/load.h"

#include <errno.h>
#include <inttypes.h>

#include "server/graph/outcome.h"
#include "server/graph/scan.h"

/* Loads the contact that an id leads to (R25); *subject_id is 0 when there is none. */
static int
load_subject(uint64_t *subject_id, struct load *load, uint64_t asked_id)
{
	struct bytes account = load->event->account;
	uint64_t contact_id = asked_id;
	struct forward forward;
	enum contact_kind kind;
	struct bytes message;
	int result;

	*subject_id = 0;
	result = read_contact(&kind, &message, load->txn, load->graph, account, contact_id, load->error);
	if (result == GRAPH_E_ABSENT)
		return 0;
	if (result == 0 && kind == KIND_FORWARD) {
		if (forward_decode(&forward, message) != 0)
			return outcome_damaged(load->error, account, TABLE_CONTACT,
			    "record %" PRIu64 " is no forward message", contact_id);
		contact_id = forward.survivor_contact_id;
	}
	if (result == 0)
		result = load_contact(NULL, load, contact_id);
	if (result == GRAPH_E_ABSENT)
		return outcome_damaged(
		    load->error, account, TABLE_CONTACT, "record %" PRIu64 " leads to no contact", asked_id);
	if (result == 0)
		*subject_id = contact_id;
	return result;
}

/* Who owns the identifier that the act's secondary offers. */
static int
load_offered(struct load *load)
{
	struct neighbourhood *known = &load->known;
	const struct identifier *offered = NULL;
	struct contact *subject;
	int result = load_contact(&subject, load, known->subject_id);

	if (result != 0)
		return result;
	for (size_t i = 0; i < subject->secondary_count; i++) {
		if (subject->secondaries[i].id == load->event->act.secondary_id)
			offered = &subject->secondaries[i].identifier;
	}
	if (offered == NULL || offered->namespace_id == NAMESPACE_NONE)
		return 0;
	result = load_owner(&known->offered_owner_id, load, offered->namespace_id, offered->value);
	if (result == 0 && known->offered_owner_id != 0)
		result = load_holder(load, known->offered_owner_id, offered->namespace_id, offered->value);
	return result;
}

/* Adds an id, and room for it. */
static int
add_id(uint64_t **ids, size_t *count, size_t *capacity, struct load *load, uint64_t id)
{
	uint64_t *longer = arena_grow(load->arena, *ids, *count, capacity, sizeof(*longer));

	if (longer == NULL)
		return -ENOMEM;
	*ids = longer;
	longer[(*count)++] = id;
	return 0;
}

/* The ids at the end of the keys of a table that begin alike, ascending, added to those
 * there are. */
static int
add_ids(uint64_t **ids, size_t *count, size_t *capacity, struct load *load, enum table table,
    const struct key *prefix)
{
	struct bytes record;
	struct bytes found;
	struct scan scan;
	int result = scan_begin(&scan, load->txn, load->graph, table, prefix);

	if (result != 0)
		return result;
	while ((result = scan_next(&found, &record, &scan)) == 0) {
		uint64_t id;

		if (found.size != prefix->size + RECORD_ID_BYTES ||
		    !record_id(&id, bytes_of(found.data + prefix->size, RECORD_ID_BYTES)))
			result = outcome_damaged(
			    load->error, load->event->account, table, "has a key that is none");
		else
			result = add_id(ids, count, capacity, load, id);
		if (result != 0)
			break;
	}
	return scan_end(&scan, result);
}

/* The contacts with a secondary that names one of the ids as owner, or an identifier of
 * the subject. */
static int
list_naming(uint64_t **ids, size_t *count, struct load *load)
{
	const struct neighbourhood *known = &load->known;
	struct bytes account = load->event->account;
	struct contact *subject;
	struct key prefix;
	size_t capacity = 0;
	int result = load_contact(&subject, load, known->subject_id);

	*ids = NULL;
	*count = 0;
	for (size_t i = 0; result == 0 && i < subject->identifier_count; i++) {
		const struct identifier *held = &subject->identifiers[i];

		key_offers(&prefix, account, held->namespace_id, held->value);
		result = add_ids(ids, count, &capacity, load, TABLE_OFFERED, &prefix);
	}
	for (size_t i = 0; result == 0 && i <= known->forwarded_count; i++) {
		key_number(&prefix, account, i == 0 ? known->subject_id : known->forwarded_ids[i - 1]);
		result = add_ids(ids, count, &capacity, load, TABLE_OFFERED_OWNER, &prefix);
	}
	return result;
}

/* All that goes with the subject, or names it. */
static int
load_erasing(struct load *load)
{
	struct neighbourhood *known = &load->known;
	struct key prefix;
	size_t capacity = 0;
	uint64_t *ids;
	size_t count;
	int result;

	key_number(&prefix, load->event->account, known->subject_id);
	result =
	    add_ids(&known->forwarded_ids, &known->forwarded_count, &capacity, load, TABLE_FORWARD, &prefix);
	if (result == 0)
		result = list_naming(&ids, &count, load);
	for (size_t i = 0; result == 0 && i < count; i++) {
		result = load_contact(NULL, load, ids[i]);
		if (result == GRAPH_E_ABSENT)
			return outcome_damaged(load->error, load->event->account, TABLE_OFFERED,
			    "row leads to %" PRIu64 ", which is no contact", ids[i]);
	}
	return result;
}

int
graph_load_act(struct neighbourhood *out, struct graph *graph, struct arena *arena, const struct event *event,
    struct graph_error *error)
{
	struct load load;
	int result = load_begin(&load, graph, graph->txn, arena, event, error);

	if (result == 0)
		result = load_subject(&load.known.subject_id, &load, event->act.contact_id);
	if (result == 0 && event->action == ACTION_MERGE)
		result = load_subject(&load.known.absorbed_id, &load, event->act.absorbed_contact_id);
	if (result == 0 && event->action == ACTION_PROMOTE && load.known.subject_id != 0)
		result = load_offered(&load);
	if (result == 0 && event->action == ACTION_ERASE && load.known.subject_id != 0)
		result = load_erasing(&load);
	if (result == 0)
		*out = load.known;
	return result;
}
