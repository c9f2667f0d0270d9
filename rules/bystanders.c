/* What is written down of an event has values of people about whom it decided nothing: a
 * device that stayed with its owner, a shared address, what the contact held that the event
 * was taken for and was not about. Whoever erases them must find it (R30). */
#include "rules/bystanders.h"

#include <errno.h>

static bool
is_owner(const struct event *event, const struct neighbourhood *known, uint64_t contact_id)
{
	for (size_t i = 0; i < event->identifier_count; i++) {
		if (known->owner_ids[i] == contact_id)
			return true;
	}
	return false;
}

static bool
is_told_of(const struct changeset *changeset, uint64_t contact_id)
{
	bool told = changeset->contact->id == contact_id;

	for (size_t i = 0; i < changeset->conflict_count && !told; i++)
		told = changeset->conflicts[i].owner_contact_id == contact_id;
	for (size_t i = 0; i < changeset->absorption_count && !told; i++)
		told = changeset->absorptions[i].before->id == contact_id;
	for (size_t i = 0; i < changeset->loss_count && !told; i++)
		told = changeset->losses[i].contact_id == contact_id;
	return told;
}

int
bystanders_note(struct changeset *changeset, struct arena *arena, const struct event *event,
    const struct neighbourhood *known, const struct draft *separated)
{
	uint64_t *ids = arena_calloc(arena, known->contact_count, sizeof(*ids));
	size_t count = 0;

	if (ids == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < known->contact_count; i++) {
		uint64_t id = known->contacts[i].id;
		bool named = is_owner(event, known, id) || (separated != NULL && separated->now.id == id);

		if (named && !is_told_of(changeset, id))
			ids[count++] = id;
	}
	changeset->bystander_ids = ids;
	changeset->bystander_count = count;
	return 0;
}
