/* An event is decided on without its shared identifiers, as if it had never named them: then
 * no later rule has to know of them. Only where it says nothing else of the person do they
 * stay, to find somebody, and the rules that raise conflicts ask for that. */
#include "rules/shared.h"

#include <errno.h>

#include "rules/companions.h"
#include "rules/namespaces.h"

/* Notes an identifier's companions where some are new. */
static int
acquaint(struct work *work, const struct named *named, size_t index)
{
	const struct identifier *identifier = &work->event->identifiers[index];
	const struct companions *stored = &work->known->companions[index];
	struct acquaintance *acquaintance = &work->acquaintances[work->acquaintance_count];

	if (companions_add(&acquaintance->companions, work->arena, stored, named, identifier->namespace_id,
		work->settings->shared_limit) < 0)
		return -ENOMEM;
	if (acquaintance->companions.count == stored->count)
		return 0;
	acquaintance->namespace_id = identifier->namespace_id;
	acquaintance->value = identifier->value;
	work->acquaintance_count++;
	return 0;
}

/* Leaves the identifiers that are not shared, with what is known of each. */
static int
leave_the_rest(struct work *work, const bool *shared)
{
	const struct event *event = work->event;
	struct event *left = arena_calloc(work->arena, 1, sizeof(*left));
	struct neighbourhood *known = arena_calloc(work->arena, 1, sizeof(*known));
	struct identifier *identifiers =
	    arena_calloc(work->arena, event->identifier_count, sizeof(*identifiers));
	uint64_t *owner_ids = arena_calloc(work->arena, event->identifier_count, sizeof(*owner_ids));
	size_t count = 0;

	if (left == NULL || known == NULL || identifiers == NULL || owner_ids == NULL)
		return -ENOMEM;
	*left = *event;
	*known = *work->known;
	for (size_t i = 0; i < event->identifier_count; i++) {
		if (!shared[i]) {
			owner_ids[count] = known->owner_ids[i];
			identifiers[count++] = event->identifiers[i];
		} else if (event->identifiers[i].namespace_id == NAMESPACE_PHONE) {
			known->crossed_ids[0] = 0;
		} else if (event->identifiers[i].namespace_id == NAMESPACE_WHATSAPP) {
			known->crossed_ids[1] = 0;
		}
	}
	left->identifiers = identifiers;
	left->identifier_count = count;
	known->owner_ids = owner_ids;
	work->event = left;
	work->known = known;
	return 0;
}

int
shared_set_apart(struct work *work)
{
	const struct event *event = work->event;
	bool shared[LIMIT_EVENT_IDENTIFIERS] = { false };
	size_t personal_count = 0;
	struct named named;

	companions_name(&named, event, work->known->key);
	work->acquaintances = arena_calloc(work->arena, COMPANIONS_OF_EVENT, sizeof(*work->acquaintances));
	work->shared = arena_calloc(work->arena, COMPANIONS_OF_EVENT, sizeof(*work->shared));
	if (work->acquaintances == NULL || work->shared == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < event->identifier_count; i++) {
		const struct identifier *identifier = &event->identifiers[i];

		personal_count += namespace_is_personal(identifier->namespace_id);
		if (!companions_are_kept(identifier->namespace_id))
			continue;
		if (acquaint(work, &named, i) < 0)
			return -ENOMEM;
		shared[i] = companions_most(&work->known->companions[i], &named, identifier->namespace_id) >
		    work->settings->shared_limit;
		if (shared[i])
			work->shared[work->shared_count++] = *identifier;
	}
	work->all_shared = personal_count > 0 && work->shared_count == personal_count;
	return work->shared_count == 0 || work->all_shared ? 0 : leave_the_rest(work, shared);
}
