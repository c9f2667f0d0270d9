/* What is known around an event. Everything is copied out of the store: a page of the
 * transaction may be written to as soon as the event is applied, while the decision and
 * the answer still speak of what it held. */
#include "server/graph/read.h"

#include <errno.h>
#include <inttypes.h>

#include "rules/namespaces.h"
#include "server/graph/outcome.h"

/* One loading on its way. */
struct load {
	struct graph *graph;
	struct arena *arena;
	const struct event *event;
	struct graph_error *error;
	struct neighbourhood known;
};

/* The owner of an identifier, 0 for nobody. */
static int
load_owner(uint64_t *contact_id, struct load *load, enum namespace_id namespace_id, struct bytes value)
{
	int result = read_owner(contact_id, load->graph->txn, load->graph, load->event->account, namespace_id,
	    value, load->error);

	if (result == GRAPH_E_ABSENT) {
		*contact_id = 0;
		return 0;
	}
	return result;
}

/* R9: only when no personal identifier has an owner are phone and whatsapp looked up in
 * each other's place. */
static int
load_owners(struct load *load)
{
	const struct event *event = load->event;
	bool personal_owner = false;

	for (size_t i = 0; i < event->identifier_count; i++) {
		const struct identifier *identifier = &event->identifiers[i];
		int result =
		    load_owner(&load->known.owner_ids[i], load, identifier->namespace_id, identifier->value);

		if (result != 0)
			return result;
		personal_owner = personal_owner ||
		    (load->known.owner_ids[i] != 0 && namespace_is_personal(identifier->namespace_id));
	}
	for (size_t i = 0; i < event->identifier_count && !personal_owner; i++) {
		const struct identifier *identifier = &event->identifiers[i];
		int result = 0;

		if (identifier->namespace_id == NAMESPACE_PHONE)
			result = load_owner(
			    &load->known.crossed_ids[0], load, NAMESPACE_WHATSAPP, identifier->value);
		else if (identifier->namespace_id == NAMESPACE_WHATSAPP)
			result =
			    load_owner(&load->known.crossed_ids[1], load, NAMESPACE_PHONE, identifier->value);
		if (result != 0)
			return result;
	}
	return 0;
}

static bool
holds(const struct contact *contact, enum namespace_id namespace_id, struct bytes value)
{
	for (size_t i = 0; i < contact->identifier_count; i++) {
		if (contact->identifiers[i].namespace_id == namespace_id &&
		    bytes_equal(contact->identifiers[i].value, value))
			return true;
	}
	return false;
}

/* Loads a contact that owns an identifier, once, into its place among the others. */
static int
load_contact(struct load *load, uint64_t contact_id, enum namespace_id namespace_id, struct bytes value)
{
	struct neighbourhood *known = &load->known;
	struct bytes account = load->event->account;
	struct contact contact;
	enum contact_kind kind;
	struct bytes message;
	size_t place = 0;
	int result;

	while (place < known->contact_count && known->contacts[place].id < contact_id)
		place++;
	if (place == known->contact_count || known->contacts[place].id != contact_id) {
		result = read_contact(
		    &kind, &message, load->graph->txn, load->graph, account, contact_id, load->error);
		if (result == GRAPH_E_ABSENT || (result == 0 && kind != KIND_CONTACT))
			return outcome_damaged(load->error, account, TABLE_IDENTIFIER,
			    "record of namespace %.*s leads to %" PRIu64 ", which is no contact",
			    BYTES_PRINT(namespace_name(namespace_id)), contact_id);
		if (result == 0)
			result = arena_copy(&message, load->arena, message);
		if (result != 0)
			return result;
		result = contact_decode(&contact, load->arena, message);
		if (result == MESSAGE_E_DAMAGED || (result == 0 && contact.id != contact_id))
			return outcome_damaged(load->error, account, TABLE_CONTACT,
			    "record %" PRIu64 " is not that contact's message", contact_id);
		if (result != 0)
			return result;
		memmove(&known->contacts[place + 1], &known->contacts[place],
		    (known->contact_count - place) * sizeof(contact));
		known->contacts[place] = contact;
		known->contact_count++;
	}
	if (!holds(&known->contacts[place], namespace_id, value))
		return outcome_damaged(load->error, account, TABLE_IDENTIFIER,
		    "record of namespace %.*s leads to %" PRIu64 ", which does not hold that value",
		    BYTES_PRINT(namespace_name(namespace_id)), contact_id);
	return 0;
}

static int
load_contacts(struct load *load)
{
	const struct event *event = load->event;

	for (size_t i = 0; i < event->identifier_count; i++) {
		const struct identifier *identifier = &event->identifiers[i];
		uint64_t owner_id = load->known.owner_ids[i];
		int result = 0;

		if (owner_id != 0)
			result = load_contact(load, owner_id, identifier->namespace_id, identifier->value);
		if (result == 0 && identifier->namespace_id == NAMESPACE_PHONE &&
		    load->known.crossed_ids[0] != 0)
			result = load_contact(
			    load, load->known.crossed_ids[0], NAMESPACE_WHATSAPP, identifier->value);
		if (result == 0 && identifier->namespace_id == NAMESPACE_WHATSAPP &&
		    load->known.crossed_ids[1] != 0)
			result = load_contact(
			    load, load->known.crossed_ids[1], NAMESPACE_PHONE, identifier->value);
		if (result != 0)
			return result;
	}
	return 0;
}

int
graph_load(struct neighbourhood *out, struct graph *graph, struct arena *arena, const struct event *event,
    struct graph_error *error)
{
	struct load load = { .graph = graph, .arena = arena, .event = event, .error = error };
	int result;

	load.known.key = &graph->key;
	load.known.companions = arena_calloc(arena, event->identifier_count, sizeof(*load.known.companions));
	load.known.suppressed = arena_calloc(arena, event->identifier_count, sizeof(*load.known.suppressed));
	if (load.known.companions == NULL || load.known.suppressed == NULL)
		return -ENOMEM;
	load.known.owner_ids = arena_calloc(arena, event->identifier_count, sizeof(*load.known.owner_ids));
	/* Every identifier has one owner at most, and two may be crossed. */
	load.known.contacts = arena_calloc(arena, event->identifier_count + 2, sizeof(*load.known.contacts));
	if (load.known.owner_ids == NULL || load.known.contacts == NULL)
		return -ENOMEM;
	result = read_account(&load.known.account, graph->txn, graph, event->account, error);
	if (result == 0)
		result = load_owners(&load);
	if (result == 0)
		result = load_contacts(&load);
	if (result == 0)
		*out = load.known;
	return result;
}
