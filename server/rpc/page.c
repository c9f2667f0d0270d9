/* A token is 16 digits for the place and 16 for the digest, hexadecimal in lower case: one
 * form alone, so that a token compares as it is read. */
#include "server/rpc/page.h"

#include <errno.h>

#include <xxhash.h>

#include "server/rpc/request.h"
#include "server/wire/wire.h"

enum { NUMBER_DIGITS = 16 };

/* Fields of every answer that has pages. */
enum {
	RESPONSE_ITEMS = 1,
	RESPONSE_NEXT_PAGE_TOKEN = 2,
};

int
page_size(size_t *size, struct rejection *rejection, uint32_t asked)
{
	if (asked > LIMIT_PAGE_ITEMS)
		return request_reject(
		    rejection, REASON_LIMIT_EXCEEDED, "page_size", "A page has up to 1,000 items.");
	*size = asked == 0 ? PAGE_ITEMS_DEFAULT : asked;
	return 0;
}

/* Goes on with a digest, so that no two different lists of parts are digested alike. */
static uint64_t
add(uint64_t digest, struct bytes part)
{
	return XXH3_64bits_withSeed(part.data, part.size, digest ^ part.size);
}

uint64_t
page_scope(const struct bytes *parts, size_t part_count)
{
	uint64_t scope = part_count;

	for (size_t i = 0; i < part_count; i++)
		scope = add(scope, parts[i]);
	return scope;
}

static void
put_digits(char *out, uint64_t number)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < NUMBER_DIGITS; i++)
		out[i] = digits[number >> (4 * (NUMBER_DIGITS - 1 - i)) & 15];
}

static uint64_t
read_digits(const uint8_t *digits)
{
	uint64_t number = 0;

	for (size_t i = 0; i < NUMBER_DIGITS; i++)
		number = number << 4 | (uint64_t)(digits[i] >= 'a' ? digits[i] - 'a' + 10 : digits[i] - '0');
	return number;
}

struct bytes
page_token_write(char buffer[PAGE_TOKEN_BYTES], uint64_t place, uint64_t scope)
{
	put_digits(buffer, place);
	put_digits(buffer + NUMBER_DIGITS, add(scope, bytes_of(buffer, NUMBER_DIGITS)));
	return bytes_of(buffer, PAGE_TOKEN_BYTES);
}

int
page_token_read(uint64_t *place, struct rejection *rejection, struct bytes token, uint64_t scope)
{
	char expected[PAGE_TOKEN_BYTES];
	uint64_t read;

	if (token.size == 0) {
		*place = 0;
		return 0;
	}
	/* Bytes that are no digits make some number, whose token is another. */
	read = token.size == PAGE_TOKEN_BYTES ? read_digits(token.data) : 0;
	if (read == 0 || !bytes_equal(token, page_token_write(expected, read, scope)))
		return request_reject(rejection, REASON_PAGE_TOKEN_INVALID, "page_token",
		    "The token is not one of this listing.");
	*place = read;
	return 0;
}

int
page_begin(struct page *page, struct arena *arena, size_t most)
{
	struct bytes *items = arena_calloc(arena, most, sizeof(*items));

	if (items == NULL)
		return -ENOMEM;
	*page = (struct page){ .items = items, .most = most };
	return 0;
}

bool
page_add(struct page *page, struct bytes item)
{
	uint8_t prefix[WIRE_PREFIX_BYTES];
	size_t size = wire_prefix(prefix, RESPONSE_ITEMS, item.size) + item.size;

	if (page->count == page->most || (page->count > 0 && page->size_bytes + size > LIMIT_PAGE_BYTES))
		return false;
	page->items[page->count++] = item;
	page->size_bytes += size;
	return true;
}

static void
append(uint8_t **at, const void *data, size_t size)
{
	if (size > 0)
		memcpy(*at, data, size);
	*at += size;
}

size_t
page_answer_bytes(const struct page *page, struct bytes token, struct bytes fields)
{
	uint8_t prefix[WIRE_PREFIX_BYTES];
	size_t prefix_size = token.size == 0 ? 0 : wire_prefix(prefix, RESPONSE_NEXT_PAGE_TOKEN, token.size);

	return page->size_bytes + prefix_size + token.size + fields.size;
}

void
page_encode(uint8_t *out, const struct page *page, struct bytes token, struct bytes fields)
{
	uint8_t prefix[WIRE_PREFIX_BYTES];

	for (size_t i = 0; i < page->count; i++) {
		append(&out, prefix, wire_prefix(prefix, RESPONSE_ITEMS, page->items[i].size));
		append(&out, page->items[i].data, page->items[i].size);
	}
	if (token.size > 0)
		append(&out, prefix, wire_prefix(prefix, RESPONSE_NEXT_PAGE_TOKEN, token.size));
	append(&out, token.data, token.size);
	append(&out, fields.data, fields.size);
}
