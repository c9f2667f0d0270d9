/* Open addressing, never more than half full. */
#include "rules/index.h"

#include <errno.h>

enum { FIRST_SLOTS = 128 };

static void
put(struct index *index, uint64_t hash, size_t place)
{
	size_t at = hash & (index->slot_count - 1);

	while (index->slots[at].place != 0)
		at = (at + 1) & (index->slot_count - 1);
	index->slots[at] = (struct index_slot){ .hash = hash, .place = place + 1 };
}

static int
widen(struct index *index, struct arena *arena)
{
	struct index wider = {
		.slot_count = index->slot_count == 0 ? FIRST_SLOTS : index->slot_count * 2,
		.used_count = index->used_count,
	};

	wider.slots = arena_calloc(arena, wider.slot_count, sizeof(*wider.slots));
	if (wider.slots == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < index->slot_count; i++) {
		if (index->slots[i].place != 0)
			put(&wider, index->slots[i].hash, index->slots[i].place - 1);
	}
	*index = wider;
	return 0;
}

int
index_add(struct index *index, struct arena *arena, uint64_t hash, size_t place)
{
	if (index->used_count >= index->slot_count / 2 && widen(index, arena) < 0)
		return -ENOMEM;
	put(index, hash, place);
	index->used_count++;
	return 0;
}

bool
index_next(size_t *place, const struct index *index, uint64_t hash, size_t *probe)
{
	while (*probe < index->slot_count) {
		const struct index_slot *slot = &index->slots[(hash + *probe) & (index->slot_count - 1)];

		if (slot->place == 0)
			return false;
		(*probe)++;
		if (slot->hash == hash) {
			*place = slot->place - 1;
			return true;
		}
	}
	return false;
}

void
index_clear(struct index *index)
{
	if (index->slot_count > 0)
		memset(index->slots, 0, index->slot_count * sizeof(*index->slots));
	index->used_count = 0;
}
