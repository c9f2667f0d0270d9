/* A run of bytes with its length: how every string, value and record is passed
 * around. It owns nothing; whoever hands one out says how long it lives. Nothing
 * in it is terminated, and any byte may stand in it. */
#ifndef ANAGRAPH_BASE_BYTES_H
#define ANAGRAPH_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const uint8_t *data; /* may be NULL when size is 0 */
	size_t size;
};

/* The bytes of a string literal, without its NUL. */
#define BYTES(literal) ((struct bytes){ (const uint8_t *)(literal), sizeof(literal) - 1 })

/* For printf: "%.*s" with BYTES_PRINT(b). The size is cut at INT_MAX. */
#define BYTES_PRINT(b) ((b).size > 0x7fffffff ? 0x7fffffff : (int)(b).size), (const char *)(b).data

static inline struct bytes
bytes_of(const void *data, size_t size)
{
	return (struct bytes){ data, size };
}

/* The bytes of a NUL-terminated string of our own; never for data off the wire. */
static inline struct bytes
bytes_of_string(const char *string)
{
	return (struct bytes){ (const uint8_t *)string, strlen(string) };
}

static inline bool
bytes_equal(struct bytes a, struct bytes b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Orders by byte, then by length: negative, 0 or positive. */
static inline int
bytes_compare(struct bytes a, struct bytes b)
{
	size_t shared = a.size < b.size ? a.size : b.size;
	int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);

	if (order != 0)
		return order;
	return (a.size > b.size) - (a.size < b.size);
}

#endif
