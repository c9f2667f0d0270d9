/* One switch for each question, over the same list: an action that one of them lacks is
 * refused, never half done. */
#include "server/engine/action.h"

#include <errno.h>

#include "rules/erase.h"
#include "rules/identify.h"
#include "rules/merge.h"
#include "rules/operate.h"
#include "server/wire/messages.h"

int
action_load(struct neighbourhood *known, struct graph *graph, struct arena *arena, const struct event *event,
    struct graph_error *error)
{
	switch (event->action) {
	case ACTION_IDENTIFY:
		return graph_load(known, graph, arena, event, error);
	case ACTION_PROMOTE:
	case ACTION_DISMISS:
	case ACTION_MERGE:
	case ACTION_ERASE:
		return graph_load_act(known, graph, arena, event, error);
	default:
		return -EINVAL;
	}
}

int
action_decide(struct changeset *changeset, struct rejection *rejection, struct arena *arena,
    const struct event *event, const struct neighbourhood *known, const struct account_settings *settings,
    const struct decider *decider)
{
	switch (event->action) {
	case ACTION_IDENTIFY:
		if (suppressed_decide(rejection, event, known) != 0)
			return DECIDE_E_REJECTED;
		return identify_decide(changeset, arena, event, known, settings, decider);
	case ACTION_PROMOTE:
		return promote_decide(changeset, rejection, arena, event, known);
	case ACTION_DISMISS:
		return dismiss_decide(changeset, rejection, arena, event, known);
	case ACTION_ERASE:
		return erase_decide(changeset, rejection, arena, event, known);
	case ACTION_MERGE:
		return merge_decide(changeset, rejection, arena, event, known);
	default:
		return -EINVAL;
	}
}

/* The ids of the contacts that became part of another one. NULL when there is no memory. */
static const uint64_t *
absorbed_ids(struct arena *arena, const struct changeset *changeset)
{
	uint64_t *ids = arena_calloc(arena, changeset->absorption_count, sizeof(*ids));

	for (size_t i = 0; ids != NULL && i < changeset->absorption_count; i++)
		ids[i] = changeset->absorptions[i].before->id;
	return ids;
}

static int
answer_event(
    struct bytes *response, struct arena *arena, struct bytes contact, const struct changeset *changeset)
{
	const struct identified identified = {
		.outcome = changeset->outcome,
		.contact = contact,
		.absorbed_contact_ids = absorbed_ids(arena, changeset),
		.absorbed_count = changeset->absorption_count,
		.conflicts = changeset->conflicts,
		.conflict_count = changeset->conflict_count,
		.shared = changeset->shared,
		.shared_count = changeset->shared_count,
		.revision = changeset->account.revision,
	};

	if (identified.absorbed_contact_ids == NULL)
		return -ENOMEM;
	return identified_encode(response, arena, &identified);
}

static int
answer_act(
    struct bytes *response, struct arena *arena, struct bytes contact, const struct changeset *changeset)
{
	const struct acted acted = {
		.contact = contact,
		.absorbed_contact_ids = absorbed_ids(arena, changeset),
		.absorbed_count = changeset->absorption_count,
	};

	if (acted.absorbed_contact_ids == NULL)
		return -ENOMEM;
	return acted_encode(response, arena, &acted);
}

int
action_answer(struct bytes *response, struct arena *arena, enum action action, struct bytes contact,
    const struct changeset *changeset)
{
	switch (action) {
	case ACTION_IDENTIFY:
		return answer_event(response, arena, contact, changeset);
	case ACTION_PROMOTE:
	case ACTION_DISMISS:
	case ACTION_MERGE:
		return answer_act(response, arena, contact, changeset);
	case ACTION_ERASE:
		return erased_encode(response, arena, changeset->account.revision);
	default:
		return -EINVAL;
	}
}
