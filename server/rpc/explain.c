/* Explain: the journal is what it answers with. Each entry is stored as the message that
 * goes out, so that nothing is decoded, and what a policy, an operator or a limit did is
 * told in the words in which it was written down. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/rpc/method.h"
#include "server/rpc/page.h"
#include "server/rpc/read.h"
#include "server/rpc/request.h"
#include "server/wire/wire.h"

/* Fields of ExplainResponse. */
enum {
	RESPONSE_ENTRIES = 1,
	RESPONSE_NEXT_PAGE_TOKEN = 2,
};

/* A page on its way: its entries, borrowed from the snapshot. */
struct page {
	uint64_t sequences[LIMIT_PAGE_ITEMS + 1]; /* one more than a page has tells that there is another */
	size_t listed_count;
	struct bytes entries[LIMIT_PAGE_ITEMS];
	size_t entry_count;
	size_t size_bytes;
};

/* Reads entries until the page has its number or its size. */
static int
read_entries(
    struct page *page, struct rejection *rejection, struct queue *queue, struct bytes account, size_t most)
{
	while (page->entry_count < page->listed_count && page->entry_count < most) {
		struct bytes *entry = &page->entries[page->entry_count];
		uint8_t prefix[WIRE_PREFIX_BYTES];
		size_t size;
		int result = engine_get_journal(entry, rejection, queue->rpc->options.engine, queue->reader,
		    account, page->sequences[page->entry_count]);

		if (result != 0)
			return result;
		size = wire_prefix(prefix, RESPONSE_ENTRIES, entry->size) + entry->size;
		if (page->entry_count > 0 && page->size_bytes + size > LIMIT_PAGE_BYTES)
			return 0;
		page->size_bytes += size;
		page->entry_count++;
	}
	return 0;
}

static void
append(uint8_t **at, const void *data, size_t size)
{
	if (size > 0)
		memcpy(*at, data, size);
	*at += size;
}

static grpc_slice
encode(const struct page *page, struct bytes token)
{
	uint8_t prefix[WIRE_PREFIX_BYTES];
	size_t prefix_size = token.size == 0 ? 0 : wire_prefix(prefix, RESPONSE_NEXT_PAGE_TOKEN, token.size);
	grpc_slice slice = grpc_slice_malloc(page->size_bytes + prefix_size + token.size);
	uint8_t *at = GRPC_SLICE_START_PTR(slice);

	for (size_t i = 0; i < page->entry_count; i++) {
		uint8_t before[WIRE_PREFIX_BYTES];

		append(&at, before, wire_prefix(before, RESPONSE_ENTRIES, page->entries[i].size));
		append(&at, page->entries[i].data, page->entries[i].size);
	}
	append(&at, prefix, prefix_size);
	append(&at, token.data, token.size);
	return slice;
}

/* What is asked for. */
struct wanted {
	struct bytes account;
	uint64_t contact_id;
	uint64_t scope;
	size_t most;
	uint64_t after_sequence;
};

static int
parse(struct wanted *wanted, struct rejection *rejection, const Anagraph__V1__ExplainRequest *request)
{
	const struct bytes scope[] = {
		BYTES("Explain"),
		request_string(request->account),
		bytes_of(&request->contact_id, sizeof(request->contact_id)),
	};
	int result;

	wanted->account = request_string(request->account);
	wanted->contact_id = request->contact_id;
	wanted->scope = page_scope(scope, sizeof(scope) / sizeof(scope[0]));
	if (!account_is_valid(wanted->account))
		return request_reject(rejection, REASON_ACCOUNT_INVALID, "account",
		    "The account is missing or not of its form.");
	result = page_size(&wanted->most, rejection, request->page_size);
	if (result != 0)
		return result;
	return page_token_read(
	    &wanted->after_sequence, rejection, request_string(request->page_token), wanted->scope);
}

static int
explain(grpc_slice *out, struct rejection *rejection, struct call *call, const void *message)
{
	struct queue *queue = call->queue;
	struct page *page = arena_calloc(&queue->scratch, 1, sizeof(*page));
	char buffer[PAGE_TOKEN_BYTES];
	struct bytes token = { NULL, 0 };
	struct wanted wanted;
	int result;

	if (page == NULL)
		return -ENOMEM;
	result = parse(&wanted, rejection, message);
	if (result != 0)
		return result;
	result = engine_list_history(page->sequences, &page->listed_count, wanted.most + 1, rejection,
	    queue->rpc->options.engine, queue->reader, wanted.account, wanted.contact_id,
	    wanted.after_sequence);
	if (result == ENGINE_E_REJECTED)
		snprintf(rejection->field, sizeof(rejection->field), "contact_id");
	if (result == 0)
		result = read_entries(page, rejection, queue, wanted.account, wanted.most);
	if (result != 0)
		return result;
	if (page->entry_count < page->listed_count)
		token = page_token_write(buffer, page->sequences[page->entry_count - 1], wanted.scope);
	*out = encode(page, token);
	return 0;
}

void
explain_handle(struct call *call)
{
	read_handle(call, &anagraph__v1__explain_request__descriptor, explain);
}
