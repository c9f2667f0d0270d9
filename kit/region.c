/* A slot for each piece: pages of its own, and one after them that nobody may touch.
 * Structures keep their alignment at the end of a slot, since their sizes are multiples
 * of it. */
#include "kit/region.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	PAGE_BYTES = 4096, /* a multiple of it, where pages are larger, would be as good */
	DATA_BYTES = 2 * PAGE_BYTES,
	SLOT_BYTES = DATA_BYTES + PAGE_BYTES,
	SLOT_COUNT = 2 * OPTION_COUNT_MAX + 8,
};

/* A mapping of our own can be protected, unless the kernel has no memory left for it. */
static void
protect(const struct region *region, size_t slot_count, int protection)
{
	for (size_t i = 0; i < slot_count; i++) {
		if (mprotect(region->base + i * SLOT_BYTES, DATA_BYTES, protection) != 0)
			abort();
	}
}

int
region_init(struct region *region, enum region_kind kind)
{
	void *base =
	    mmap(NULL, (size_t)SLOT_COUNT * SLOT_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED)
		return -errno;
	*region = (struct region){ .base = base, .kind = kind };
	protect(region, SLOT_COUNT, PROT_READ | PROT_WRITE);
	return 0;
}

void
region_finish(struct region *region)
{
	munmap(region->base, (size_t)SLOT_COUNT * SLOT_BYTES);
}

void
region_seal(struct region *region)
{
	protect(region, region->used, PROT_READ);
}

void
region_revoke(struct region *region)
{
	protect(region, region->used, PROT_NONE);
}

void
region_reset(struct region *region)
{
	protect(region, region->used, PROT_READ | PROT_WRITE);
	region->used = 0;
}

/* A piece of memory, zeros. Of no bytes it still has an address. */
static void *
place_at(struct region *region, size_t size, bool is_guarded)
{
	char *slot = region->base + region->used * SLOT_BYTES;

	assert(region->used < SLOT_COUNT && size < DATA_BYTES);
	region->used++;
	memset(slot, 0, DATA_BYTES);
	return is_guarded ? slot + DATA_BYTES - size : slot;
}

static void *
place(struct region *region, size_t size)
{
	return place_at(region, size, region->kind == REGION_GUARDED);
}

static struct anagraph_string
copy_string(struct region *region, struct anagraph_string string)
{
	char *data;

	if (string.data == NULL)
		return string;
	data = place(region, string.size);
	memcpy(data, string.data, string.size);
	return (struct anagraph_string){ .data = data, .size = string.size };
}

static const struct anagraph_claim *
copy_claim(struct region *region, const struct anagraph_claim *claim)
{
	struct anagraph_claim *copy;

	if (claim == NULL)
		return NULL;
	copy = place(region, sizeof(*copy));
	*copy = *claim;
	copy->value.string = copy_string(region, claim->value.string);
	copy->conversation = copy_string(region, claim->conversation);
	return copy;
}

const struct anagraph_conflict *
region_conflict(struct region *region, const struct anagraph_conflict *conflict, size_t struct_size)
{
	struct anagraph_conflict copy = *conflict;
	char *shown = place_at(region, struct_size, region->kind != REGION_PACKED);

	copy.struct_size = struct_size;
	copy.account = copy_string(region, conflict->account);
	copy.name = copy_string(region, conflict->name);
	copy.incoming = copy_claim(region, conflict->incoming);
	copy.stored = copy_claim(region, conflict->stored);
	copy.displaced = copy_claim(region, conflict->displaced);
	copy.device = copy_claim(region, conflict->device);
	memset(shown, 0xa5, struct_size);
	memcpy(shown, &copy, struct_size < sizeof(copy) ? struct_size : sizeof(copy));
	return (const void *)shown;
}

const struct anagraph_option *
region_options(struct region *region, const struct anagraph_option *options, size_t option_count)
{
	struct anagraph_option *copy = place(region, option_count * sizeof(*copy));

	for (size_t i = 0; i < option_count; i++) {
		copy[i].name = copy_string(region, options[i].name);
		copy[i].value = copy_string(region, options[i].value);
	}
	return copy;
}
