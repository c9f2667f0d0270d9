/* What is known around an event. */
#include "server/graph/load.h"

#include <errno.h>
#include <inttypes.h>

#include "rules/companions.h"
#include "rules/namespaces.h"
#include "server/graph/outcome.h"
#include "server/graph/suppressed.h"

void
load_init(struct load *load, const struct graph *graph, MDB_txn *txn, struct arena *arena,
    const struct event *event, struct graph_error *error)
{
	*load = (struct load){ .graph = graph, .txn = txn, .arena = arena, .event = event, .error = error };
	load->known.key = &graph->key;
}

int
load_begin(struct load *load, const struct graph *graph, MDB_txn *txn, struct arena *arena,
    const struct event *event, struct graph_error *error)
{
	load_init(load, graph, txn, arena, event, error);
	return read_account(&load->known.account, txn, graph, event->account, error);
}

int
load_owner(uint64_t *contact_id, struct load *load, enum namespace_id namespace_id, struct bytes value)
{
	int result = recall_owner(contact_id, load->txn, load->graph, load->arena, load->event->account,
	    namespace_id, value, load->error);

	if (result == GRAPH_E_ABSENT) {
		*contact_id = 0;
		return 0;
	}
	return result;
}

/* The owner of one of the event's identifiers, and its companions (N6). */
static int
load_identifier(struct load *load, size_t index)
{
	const struct identifier *identifier = &load->event->identifiers[index];
	struct companions *companions = &load->known.companions[index];
	struct bytes encoded;
	int result = recall_identifier(&load->known.owner_ids[index], &encoded, load->txn, load->graph,
	    load->arena, load->event->account, identifier->namespace_id, identifier->value, load->error);

	if (result != 0)
		return result == GRAPH_E_ABSENT ? 0 : result;
	companions->count = encoded.size / RECORD_COMPANION_BYTES;
	companions->items = arena_calloc(load->arena, companions->count, sizeof(*companions->items));
	if (companions->items == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < companions->count; i++)
		record_take_companion(&companions->items[i], encoded.data + i * RECORD_COMPANION_BYTES);
	return 0;
}

/* Whether the event finds its target by an identifier that no account's limit could make a
 * shared one (N6). */
static bool
finds_owner(const struct load *load)
{
	const struct event *event = load->event;
	struct named named;

	companions_name(&named, event, load->known.key);
	for (size_t i = 0; i < event->identifier_count; i++) {
		enum namespace_id namespace_id = event->identifiers[i].namespace_id;

		if (load->known.owner_ids[i] == 0 || !namespace_is_personal(namespace_id))
			continue;
		if (!companions_are_kept(namespace_id) ||
		    companions_most(&load->known.companions[i], &named, namespace_id) <= 1)
			return true;
	}
	return false;
}

/* R9: only when no personal identifier has an owner are phone and whatsapp looked up in
 * each other's place. */
static int
load_owners(struct load *load)
{
	const struct event *event = load->event;
	bool personal_owner;

	for (size_t i = 0; i < event->identifier_count; i++) {
		int result = load_identifier(load, i);

		if (result != 0)
			return result;
	}
	personal_owner = finds_owner(load);
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

/* What the contact's operators dismissed. */
static int
load_dismissals(struct contact *contact, struct load *load)
{
	struct bytes message;
	int result;

	if (load->known.account.dismissed_count == 0)
		return 0;
	result =
	    read_dismissals(&message, load->txn, load->graph, load->event->account, contact->id, load->error);
	if (result == GRAPH_E_ABSENT)
		return 0;
	if (result == 0)
		result = arena_copy(&message, load->arena, message);
	if (result == 0)
		result = dismissals_decode(contact, load->arena, message);
	if (result == MESSAGE_E_DAMAGED)
		return outcome_damaged(load->error, load->event->account, TABLE_DISMISSED,
		    "record %" PRIu64 " is no message of dismissals", contact->id);
	return result;
}

/* A contact as the store has it, decoded and as it is. */
static int
read_whole_contact(struct contact *contact, struct bytes *message, struct load *load, uint64_t contact_id)
{
	struct bytes account = load->event->account;
	enum contact_kind kind;
	int result = recall_contact(
	    &kind, message, load->txn, load->graph, load->arena, account, contact_id, load->error);

	if (result == 0 && kind != KIND_CONTACT)
		result = GRAPH_E_ABSENT;
	if (result == 0)
		result = arena_copy(message, load->arena, *message);
	if (result != 0)
		return result;
	result = contact_decode(contact, load->arena, *message);
	if (result == MESSAGE_E_DAMAGED || (result == 0 && contact->id != contact_id))
		return outcome_damaged(load->error, account, TABLE_CONTACT,
		    "record %" PRIu64 " is not that contact's message", contact_id);
	return result == 0 ? load_dismissals(contact, load) : result;
}

/* Puts a contact's message into its place. 0; -ENOMEM. */
static int
keep_message(struct load *load, size_t place, struct bytes message)
{
	size_t count = load->known.contact_count;
	struct bytes *messages;

	if (!load->keeps_messages)
		return 0;
	messages = arena_grow(load->arena, load->messages, count, &load->message_capacity, sizeof(*messages));
	if (messages == NULL)
		return -ENOMEM;
	memmove(&messages[place + 1], &messages[place], (count - place) * sizeof(*messages));
	messages[place] = message;
	load->messages = messages;
	return 0;
}

int
load_contact(struct contact **out, struct load *load, uint64_t contact_id)
{
	struct neighbourhood *known = &load->known;
	struct contact *contacts = known->contacts;
	struct contact contact;
	struct bytes message;
	size_t place = 0;

	while (place < known->contact_count && contacts[place].id < contact_id)
		place++;
	if (place == known->contact_count || contacts[place].id != contact_id) {
		int result = read_whole_contact(&contact, &message, load, contact_id);

		if (result != 0)
			return result;
		contacts = arena_grow(
		    load->arena, contacts, known->contact_count, &load->contact_capacity, sizeof(*contacts));
		if (contacts == NULL || keep_message(load, place, message) != 0)
			return -ENOMEM;
		memmove(
		    &contacts[place + 1], &contacts[place], (known->contact_count - place) * sizeof(contact));
		contacts[place] = contact;
		known->contacts = contacts;
		known->contact_count++;
	}
	if (out != NULL)
		*out = &contacts[place];
	return 0;
}

int
load_holder(struct load *load, uint64_t contact_id, enum namespace_id namespace_id, struct bytes value)
{
	struct bytes account = load->event->account;
	struct contact *contact;
	int result = load_contact(&contact, load, contact_id);

	if (result == GRAPH_E_ABSENT)
		return outcome_damaged(load->error, account, TABLE_IDENTIFIER,
		    "record of namespace %.*s leads to %" PRIu64 ", which is no contact",
		    BYTES_PRINT(namespace_name(namespace_id)), contact_id);
	if (result == 0 && !contact_holds(contact, namespace_id, value))
		return outcome_damaged(load->error, account, TABLE_IDENTIFIER,
		    "record of namespace %.*s leads to %" PRIu64 ", which does not hold that value",
		    BYTES_PRINT(namespace_name(namespace_id)), contact_id);
	return result;
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
			result = load_holder(load, owner_id, identifier->namespace_id, identifier->value);
		if (result == 0 && identifier->namespace_id == NAMESPACE_PHONE &&
		    load->known.crossed_ids[0] != 0)
			result = load_holder(
			    load, load->known.crossed_ids[0], NAMESPACE_WHATSAPP, identifier->value);
		if (result == 0 && identifier->namespace_id == NAMESPACE_WHATSAPP &&
		    load->known.crossed_ids[1] != 0)
			result =
			    load_holder(load, load->known.crossed_ids[1], NAMESPACE_PHONE, identifier->value);
		if (result != 0)
			return result;
	}
	return 0;
}

/* All that is known around an event, as a transaction sees it, but the account's numbers. */
static int
load_event(struct load *load)
{
	struct neighbourhood *known = &load->known;
	size_t count = load->event->identifier_count;
	int result;

	known->companions = arena_calloc(load->arena, count, sizeof(*known->companions));
	known->suppressed = arena_calloc(load->arena, count, sizeof(*known->suppressed));
	known->owner_ids = arena_calloc(load->arena, count, sizeof(*known->owner_ids));
	if (known->companions == NULL || known->suppressed == NULL || known->owner_ids == NULL)
		return -ENOMEM;
	result = suppressed_load(known->suppressed, load);
	if (result == 0)
		result = load_owners(load);
	return result == 0 ? load_contacts(load) : result;
}

int
graph_load(struct neighbourhood *out, struct graph *graph, struct arena *arena, const struct event *event,
    struct graph_error *error)
{
	struct load load;
	int result = load_begin(&load, graph, graph->txn, arena, event, error);

	if (result == 0)
		result = load_event(&load);
	if (result == 0)
		*out = load.known;
	return result;
}

int
graph_peek(struct neighbourhood *out, struct bytes **messages, struct graph_reader *reader,
    struct arena *arena, const struct event *event, struct graph_error *error)
{
	struct load load;
	int result;

	load_init(&load, reader->graph, reader->txn, arena, event, error);
	load.keeps_messages = true;
	result = recall_account(&load.known.account, reader, event->account, error);
	if (result == 0)
		result = load_event(&load);
	if (result != 0)
		return result;
	*out = load.known;
	*messages = load.messages;
	return 0;
}
