/* Events that say nothing new, decided where they arrive.
 *
 * Most of what callers tell has been told before. Such an event writes nothing, so its answer
 * waits for nothing: it is that of an event that was written when the snapshot was taken,
 * and everything in that snapshot is on stable storage. The rules are the committer's
 * own; what differs is that no policy is asked, for a conflict is journalled, and that what
 * would be changed is thrown away and left to the committer to decide anew. */
#include "server/engine/action.h"
#include "server/engine/committer.h"
#include "server/wire/messages.h"

/* Stands where a policy would be asked. */
struct nobody {
	bool asked;
};

static int
ask_nobody(void *context, enum source source, const struct anagraph_conflict *conflict,
    struct anagraph_verdict *verdict, const struct policy_identity **identity)
{
	static const struct policy_identity none;
	struct nobody *nobody = context;

	(void)source, (void)conflict, (void)verdict;
	nobody->asked = true;
	*identity = &none;
	return ASK_UNAVAILABLE;
}

static void
settle_nothing(void *context, enum source source, enum fallback fallback)
{
	(void)context, (void)source, (void)fallback;
}

/* Whether the store is after it what it was before. */
static bool
changes_nothing(const struct changeset *changeset)
{
	return changeset->outcome == OUTCOME_UNCHANGED && !changeset->journalled &&
	    changeset->contact_count == 0 && changeset->absorption_count == 0 &&
	    changeset->ownership_count == 0 && changeset->acquaintance_count == 0;
}

/* Whether somebody has one of the event's identifiers: an event of which that is not so makes
 * a contact. */
static bool
finds_somebody(const struct neighbourhood *known)
{
	return known->contact_count > 0;
}

/* A contact of the neighbourhood as it is stored. */
static struct bytes
message_of(const struct neighbourhood *known, const struct bytes *messages, uint64_t contact_id)
{
	for (size_t i = 0; i < known->contact_count; i++) {
		if (known->contacts[i].id == contact_id)
			return messages[i];
	}
	return (struct bytes){ NULL, 0 };
}

bool
engine_may_be_unchanged(const struct engine_write *write)
{
	return write->event.action == ACTION_IDENTIFY && write->request_id.size == 0;
}

bool
engine_has_number(
    struct graph_reader *reader, struct bytes account, enum namespace_id namespace_id, struct bytes number)
{
	const struct identifier identifier = { .namespace_id = namespace_id, .value = number };

	return graph_has_owner(reader, account, &identifier);
}

void
engine_expect(struct graph_reader *reader, const struct engine_write *const *writes, size_t count)
{
	struct graph_sought sought[GRAPH_SOUGHT_COUNT];
	size_t sought_count = 0;

	for (size_t i = 0; i < count; i++) {
		const struct event *event = &writes[i]->event;

		for (size_t at = 0; at < event->identifier_count; at++) {
			sought[sought_count++] = (struct graph_sought){
				.account = event->account,
				.identifier = &event->identifiers[at],
			};
			if (sought_count == GRAPH_SOUGHT_COUNT) {
				graph_expect(reader, sought, sought_count);
				sought_count = 0;
			}
		}
	}
	graph_expect(reader, sought, sought_count);
}

int
engine_answer_unchanged(
    struct engine_write *write, struct engine *engine, struct graph_reader *reader, struct arena *arena)
{
	struct event event = write->event;
	struct nobody nobody = { .asked = false };
	const struct decider decider = { .context = &nobody, .ask = ask_nobody, .settled = settle_nothing };
	struct rejection rejection;
	struct neighbourhood known;
	struct changeset changeset;
	struct graph_error error;
	struct bytes *messages;
	struct bytes contact;
	int result;

	if (!engine_may_be_unchanged(write) || !engine_takes_writes(engine))
		return ENGINE_E_SUBMIT;
	event_receive(&event, engine_recorded_at(engine));
	result = graph_peek(&known, &messages, reader, arena, &event, &error);
	if (result == 0 && !finds_somebody(&known))
		return ENGINE_E_SUBMIT;
	if (result == 0)
		result = action_decide(&changeset, &rejection, arena, &event, &known,
		    settings_of(engine_settings(engine), event.account), &decider);
	if (result != 0 || nobody.asked || !changes_nothing(&changeset))
		return ENGINE_E_SUBMIT;
	contact = message_of(&known, messages, changeset.contact->id);
	if (contact.size == 0 ||
	    action_answer(&write->response, arena, event.action, contact, &changeset) != 0)
		return ENGINE_E_SUBMIT;
	return 0;
}
