/* Whose history an entry is part of. What is listed, what is checked and what is erased
 * with a contact all ask here, so that none of them can miss one. */
#include "server/wire/messages.h"

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
journal_contact_ids(uint64_t **out, size_t *out_count, struct arena *arena, const struct journal_entry *entry)
{
	uint64_t *ids = arena_calloc(arena,
	    1 + entry->absorption_count + entry->conflict_count + entry->loss_count + entry->bystander_count,
	    sizeof(*ids));
	size_t named = 0;
	size_t count = 0;

	if (ids == NULL)
		return -ENOMEM;
	ids[named++] = entry->contact_id;
	for (size_t i = 0; i < entry->absorption_count; i++)
		ids[named++] = entry->absorptions[i].before->id;
	for (size_t i = 0; i < entry->conflict_count; i++)
		ids[named++] = entry->conflicts[i].owner_contact_id;
	for (size_t i = 0; i < entry->loss_count; i++)
		ids[named++] = entry->losses[i].contact_id;
	for (size_t i = 0; i < entry->bystander_count; i++)
		ids[named++] = entry->bystander_ids[i];
	qsort(ids, named, sizeof(*ids), id_order);
	for (size_t i = 0; i < named; i++) {
		if (ids[i] != 0 && (count == 0 || ids[count - 1] != ids[i]))
			ids[count++] = ids[i];
	}
	*out = ids;
	*out_count = count;
	return 0;
}
