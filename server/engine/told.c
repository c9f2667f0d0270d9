/* What an answer is made of is encoded by then: it is the changeset that says whom it
 * names. */
#include "server/engine/told.h"

#include <errno.h>
#include <stdlib.h>

static int
id_order(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one;
	uint64_t b = *(const uint64_t *)other;

	return a < b ? -1 : a > b;
}

int
told_contact_ids(uint64_t **out, size_t *out_count, struct arena *arena, const struct changeset *changeset)
{
	const struct contact *contact = changeset->contact;
	size_t secondary_count = contact == NULL ? 0 : contact->secondary_count;
	uint64_t *ids = arena_calloc(arena,
	    1 + secondary_count + changeset->conflict_count + changeset->absorption_count +
		changeset->loss_count + changeset->bystander_count,
	    sizeof(*ids));
	size_t named = 0;
	size_t count = 0;

	if (ids == NULL)
		return -ENOMEM;
	if (contact != NULL)
		ids[named++] = contact->id;
	for (size_t i = 0; i < secondary_count; i++)
		ids[named++] = contact->secondaries[i].owner_contact_id;
	for (size_t i = 0; i < changeset->conflict_count; i++)
		ids[named++] = changeset->conflicts[i].owner_contact_id;
	for (size_t i = 0; i < changeset->absorption_count; i++)
		ids[named++] = changeset->absorptions[i].before->id;
	for (size_t i = 0; i < changeset->loss_count; i++)
		ids[named++] = changeset->losses[i].contact_id;
	for (size_t i = 0; i < changeset->bystander_count; i++)
		ids[named++] = changeset->bystander_ids[i];
	qsort(ids, named, sizeof(*ids), id_order);
	for (size_t i = 0; i < named; i++) {
		if (ids[i] != 0 && (count == 0 || ids[count - 1] != ids[i]))
			ids[count++] = ids[i];
	}
	*out = ids;
	*out_count = count;
	return 0;
}
