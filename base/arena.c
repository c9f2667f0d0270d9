/* Blocks double in size so that the number of calls to malloc stays small; the
 * payload begins at an offset aligned for any type. */
#include "base/arena.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>

enum { FIRST_BLOCK_BYTES = 16 * 1024, FIRST_ITEMS = 4 };

struct arena_block {
	struct arena_block *older;
	size_t size_bytes; /* of the payload */
	alignas(max_align_t) uint8_t payload[];
};

void
arena_init(struct arena *arena, size_t limit_bytes)
{
	*arena = (struct arena){ .limit_bytes = limit_bytes };
}

/* Gives back every block but one, which may be NULL. */
static void
drop_blocks_but(struct arena *arena, struct arena_block *kept)
{
	struct arena_block *block = arena->blocks;

	while (block != NULL) {
		struct arena_block *older = block->older;

		if (block != kept)
			free(block);
		block = older;
	}
	arena->blocks = kept;
	arena->used_bytes = 0;
	arena->total_bytes = 0;
	if (kept != NULL) {
		arena->total_bytes = kept->size_bytes;
		kept->older = NULL;
	}
}

void
arena_finish(struct arena *arena)
{
	drop_blocks_but(arena, NULL);
}

void
arena_keep(struct arena *arena, size_t kept_bytes)
{
	arena->kept_bytes = kept_bytes;
}

void
arena_reset(struct arena *arena)
{
	struct arena_block *kept = NULL;

	/* The newest are the largest; without one that is small enough the oldest is kept. */
	for (struct arena_block *block = arena->blocks; block != NULL; block = block->older) {
		if (kept == NULL && (block->size_bytes <= arena->kept_bytes || block->older == NULL))
			kept = block;
	}
	drop_blocks_but(arena, kept);
}

static int
grow(struct arena *arena, size_t size_bytes)
{
	size_t room_bytes = arena->limit_bytes - arena->total_bytes;
	size_t want_bytes = arena->blocks == NULL ? FIRST_BLOCK_BYTES : arena->blocks->size_bytes * 2;
	struct arena_block *block;

	if (size_bytes > room_bytes)
		return -ENOMEM;
	if (want_bytes < size_bytes)
		want_bytes = size_bytes;
	if (want_bytes > room_bytes)
		want_bytes = room_bytes;
	block = malloc(sizeof(*block) + want_bytes);
	if (block == NULL)
		return -ENOMEM;
	block->older = arena->blocks;
	block->size_bytes = want_bytes;
	arena->blocks = block;
	arena->total_bytes += want_bytes;
	arena->used_bytes = 0;
	return 0;
}

void *
arena_alloc(struct arena *arena, size_t size_bytes)
{
	const size_t mask = alignof(max_align_t) - 1;
	size_t rounded_bytes;
	void *memory;

	if (size_bytes > SIZE_MAX - mask)
		return NULL;
	rounded_bytes = (size_bytes + mask) & ~mask;
	if (arena->blocks == NULL || rounded_bytes > arena->blocks->size_bytes - arena->used_bytes) {
		if (grow(arena, rounded_bytes) < 0)
			return NULL;
	}
	memory = arena->blocks->payload + arena->used_bytes;
	arena->used_bytes += rounded_bytes;
	return memory;
}

void *
arena_calloc(struct arena *arena, size_t count, size_t size_bytes)
{
	void *memory;

	if (size_bytes != 0 && count > SIZE_MAX / size_bytes)
		return NULL;
	memory = arena_alloc(arena, count * size_bytes);
	if (memory != NULL)
		memset(memory, 0, count * size_bytes);
	return memory;
}

void *
arena_grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t item_bytes)
{
	size_t wanted = *capacity * 2 + FIRST_ITEMS;
	void *larger;

	if (count < *capacity)
		return items;
	larger = arena_calloc(arena, wanted, item_bytes);
	if (larger == NULL)
		return NULL;
	if (count > 0)
		memcpy(larger, items, count * item_bytes);
	*capacity = wanted;
	return larger;
}

int
arena_copy(struct bytes *out, struct arena *arena, struct bytes bytes)
{
	uint8_t *copy = arena_alloc(arena, bytes.size);

	if (copy == NULL)
		return -ENOMEM;
	if (bytes.size > 0)
		memcpy(copy, bytes.data, bytes.size);
	*out = bytes_of(copy, bytes.size);
	return 0;
}
