/* These definitions win over the C library's for the whole process, shared objects that
 * are loaded later included. The work is still done by glibc's allocator, under the
 * names that it keeps for this. */
#include "kit/meter.h"

#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define INTERPOSED __attribute__((visibility("default")))

void *glibc_malloc(size_t size) __asm__("__libc_malloc");
void *glibc_calloc(size_t count, size_t size) __asm__("__libc_calloc");
void *glibc_realloc(void *block, size_t size) __asm__("__libc_realloc");
void *glibc_memalign(size_t alignment, size_t size) __asm__("__libc_memalign");
void glibc_free(void *block) __asm__("__libc_free");

static _Thread_local struct {
	bool runs;
	size_t fail_at;
	size_t allocations;
	long blocks;
} meter;

void
meter_start(size_t fail_at)
{
	meter.fail_at = fail_at;
	meter.allocations = 0;
	meter.blocks = 0;
	meter.runs = true;
}

void
meter_stop(void)
{
	meter.runs = false;
}

size_t
meter_allocations(void)
{
	return meter.allocations;
}

long
meter_blocks(void)
{
	return meter.blocks;
}

/* Whether this allocation is the one to fail. */
static bool
must_fail(void)
{
	if (!meter.runs)
		return false;
	meter.allocations++;
	if (meter.allocations != meter.fail_at)
		return false;
	errno = ENOMEM;
	return true;
}

static void *
counted(void *block)
{
	if (meter.runs && block != NULL)
		meter.blocks++;
	return block;
}

INTERPOSED void *
malloc(size_t size)
{
	return must_fail() ? NULL : counted(glibc_malloc(size));
}

INTERPOSED void *
calloc(size_t count, size_t size)
{
	return must_fail() ? NULL : counted(glibc_calloc(count, size));
}

INTERPOSED void *
realloc(void *block, size_t size)
{
	void *grown;

	if (must_fail())
		return NULL;
	grown = glibc_realloc(block, size);
	if (block == NULL)
		return counted(grown);
	if (grown == NULL && size == 0 && meter.runs)
		meter.blocks--;
	return grown;
}

INTERPOSED void *
reallocarray(void *block, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(block, bytes);
}

INTERPOSED void *
memalign(size_t alignment, size_t size)
{
	return must_fail() ? NULL : counted(glibc_memalign(alignment, size));
}

INTERPOSED void *
aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

INTERPOSED int
posix_memalign(void **out, size_t alignment, size_t size)
{
	int before = errno;
	void *block;

	if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0)
		return EINVAL;
	block = memalign(alignment, size);
	errno = before;
	if (block == NULL)
		return ENOMEM;
	*out = block;
	return 0;
}

INTERPOSED void
free(void *block)
{
	if (meter.runs && block != NULL)
		meter.blocks--;
	glibc_free(block);
}
