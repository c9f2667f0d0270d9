/* Memory for one piece of work: taken bit by bit, given back all at once.
 *
 * An arena grows in blocks up to a cap, past which allocation fails: a request
 * can never make the service take more than it was allowed. Reset keeps a
 * block, so that steady work allocates nothing from the system. One thread at a
 * time. */
#ifndef ANAGRAPH_BASE_ARENA_H
#define ANAGRAPH_BASE_ARENA_H

#include "base/bytes.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first; owned */
	size_t used_bytes;          /* taken from the newest block */
	size_t total_bytes;         /* size of all blocks */
	size_t limit_bytes;
	size_t kept_bytes;
};

/* Prepares an empty arena in the caller's memory. Takes nothing from the system
 * until the first allocation. */
void arena_init(struct arena *arena, size_t limit_bytes);

/* Gives back everything, leaving the arena as arena_init did. */
void arena_finish(struct arena *arena);

/* From now on arena_reset keeps the newest block that has no more than so many bytes,
 * which is the largest, instead of the oldest one. For an arena whose work is mostly of one size. */
void arena_keep(struct arena *arena, size_t kept_bytes);

/* Forgets every allocation; keeps one block for the next piece of work. */
void arena_reset(struct arena *arena);

/* Returns size_bytes of memory aligned for any type, owned by the arena, or NULL
 * past the cap or when the system has none. Not cleared. Never NULL for 0 bytes
 * otherwise. */
void *arena_alloc(struct arena *arena, size_t size_bytes);

/* As arena_alloc for count elements, cleared; NULL also when the product is past
 * SIZE_MAX. */
void *arena_calloc(struct arena *arena, size_t count, size_t size_bytes);

/* Room for one more element in an array of the arena's: items itself while count is
 * below *capacity, else a copy twice as large, cleared past count, with *capacity set.
 * NULL when there is no memory, and items as it was. */
void *arena_grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t item_bytes);

/* Copies bytes into the arena. Returns 0, or -ENOMEM with out untouched. */
int arena_copy(struct bytes *out, struct arena *arena, struct bytes bytes);

#endif
