/* Finds elements of a growing array by the hash of what they are about, in constant
 * time: a contact that absorbs many others has thousands of values for a moment, and
 * the committer must not stand still for it. Private to rules/. */
#ifndef ANAGRAPH_RULES_INDEX_H
#define ANAGRAPH_RULES_INDEX_H

#include "base/arena.h"

struct index_slot {
	uint64_t hash;
	size_t place; /* in the array, from 1; 0 for an empty slot */
};

/* All zeros is an empty one. Slots are the arena's. */
struct index {
	struct index_slot *slots;
	size_t slot_count; /* a power of two, or 0 */
	size_t used_count;
};

/* Adds the element at a place, from 0. 0; -ENOMEM, and the index is of no use any more. */
int index_add(struct index *index, struct arena *arena, uint64_t hash, size_t place);

/* The places of elements with that hash, one a call; *probe begins as 0. False when
 * there is no more. */
bool index_next(size_t *place, const struct index *index, uint64_t hash, size_t *probe);

/* Forgets everything, and keeps the slots. */
void index_clear(struct index *index);

#endif
