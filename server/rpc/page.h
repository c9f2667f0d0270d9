/* Pages of answers that are too long for one: how many items a page has, and the token
 * that leads from one page to the next.
 *
 * A token is a place, and a digest of it with all that must stay as it was from page to
 * page, so that one that is brought back for something else is refused. It holds nothing
 * that its caller could not say anyway, and outlives a restart. */
#ifndef ANAGRAPH_SERVER_RPC_PAGE_H
#define ANAGRAPH_SERVER_RPC_PAGE_H

#include "base/arena.h"
#include "rules/event.h"

enum { PAGE_ITEMS_DEFAULT = 100, PAGE_TOKEN_BYTES = 32 };

/* How many items a page has at most when this many are asked for. 0; REQUEST_E_REJECTED,
 * naming "page_size". Any thread, as all here. */
int page_size(size_t *size, struct rejection *rejection, uint32_t asked);

/* What must stay as it was: the method, the account, the filters, each as bytes. */
uint64_t page_scope(const struct bytes *parts, size_t part_count);

/* The place that a token leads to; 0 for an empty one. 0; REQUEST_E_REJECTED, naming
 * "page_token". */
int page_token_read(uint64_t *place, struct rejection *rejection, struct bytes token, uint64_t scope);

/* The token that leads to a place, which is not 0; borrowed from buffer. */
struct bytes page_token_write(char buffer[PAGE_TOKEN_BYTES], uint64_t place, uint64_t scope);

/* The items of a page, encoded: borrowed from the snapshot that they are read from. */
struct page {
	struct bytes *items;
	size_t count;
	size_t most;
	size_t size_bytes; /* as they stand in the answer */
};

/* An empty page with room for so many items, 1 to LIMIT_PAGE_ITEMS, in the arena. 0; -ENOMEM. */
int page_begin(struct page *page, struct arena *arena, size_t most);

/* Takes an item in. False when the page has its number or its size, which a first item
 * never goes past: it ends before this one. */
bool page_add(struct page *page, struct bytes item);

/* How many bytes the answer takes, and the answer: the items as its field 1, the token, where
 * there is one, as its field 2, and further fields that are encoded already. */
size_t page_answer_bytes(const struct page *page, struct bytes token, struct bytes fields);
void page_encode(uint8_t *out, const struct page *page, struct bytes token, struct bytes fields);

#endif
