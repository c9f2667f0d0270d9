/* What is known around an operator's act: the contacts that its ids lead to, and who owns
 * what its secondary offers. */
#include "server/graph/load.h"

#include <errno.h>
#include <inttypes.h>

#include "server/graph/outcome.h"

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
	result =
	    read_contact(&kind, &message, load->graph->txn, load->graph, account, contact_id, load->error);
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

int
graph_load_act(struct neighbourhood *out, struct graph *graph, struct arena *arena, const struct event *event,
    struct graph_error *error)
{
	struct load load;
	int result = load_begin(&load, graph, arena, event, error);

	if (result == 0)
		result = load_subject(&load.known.subject_id, &load, event->act.contact_id);
	if (result == 0 && event->action == ACTION_MERGE)
		result = load_subject(&load.known.absorbed_id, &load, event->act.absorbed_contact_id);
	if (result == 0 && event->action == ACTION_PROMOTE && load.known.subject_id != 0)
		result = load_offered(&load);
	if (result == 0)
		*out = load.known;
	return result;
}
