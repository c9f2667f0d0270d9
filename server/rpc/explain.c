/* Explain: the journal is what it answers with. Each entry is stored as the message that
 * goes out, so that nothing is decoded, and what a policy, an operator or a limit did is
 * told in the words in which it was written down. */
#include <stdio.h>

#include "server/rpc/method.h"
#include "server/rpc/page.h"
#include "server/rpc/read.h"
#include "server/rpc/request.h"

/* Reads entries until the page has its number or its size. */
static int
read_entries(struct page *page, struct rejection *rejection, struct queue *queue, struct bytes account,
    const uint64_t *sequences, size_t listed_count)
{
	for (size_t i = 0; i < listed_count && i < page->most; i++) {
		struct bytes entry;
		int result = engine_get_journal(
		    &entry, rejection, queue->rpc->options.engine, queue->reader, account, sequences[i]);

		if (result != 0)
			return result;
		if (!page_add(page, entry))
			break;
	}
	return 0;
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
	/* One more than a page has tells that there is another. */
	uint64_t sequences[LIMIT_PAGE_ITEMS + 1];
	size_t listed_count = 0;
	char buffer[PAGE_TOKEN_BYTES];
	struct bytes token = { NULL, 0 };
	struct wanted wanted;
	struct page page;
	int result = parse(&wanted, rejection, message);

	if (result == 0)
		result = page_begin(&page, &queue->scratch, wanted.most);
	if (result != 0)
		return result;
	result = engine_list_history(sequences, &listed_count, wanted.most + 1, rejection,
	    queue->rpc->options.engine, queue->reader, wanted.account, wanted.contact_id,
	    wanted.after_sequence);
	if (result == ENGINE_E_REJECTED)
		snprintf(rejection->field, sizeof(rejection->field), "contact_id");
	if (result == 0)
		result = read_entries(&page, rejection, queue, wanted.account, sequences, listed_count);
	if (result != 0)
		return result;
	if (page.count < listed_count)
		token = page_token_write(buffer, sequences[page.count - 1], wanted.scope);
	*out = grpc_slice_malloc(page_answer_bytes(&page, token, BYTES("")));
	page_encode(GRPC_SLICE_START_PTR(*out), &page, token, BYTES(""));
	return 0;
}

void
explain_handle(struct call *call)
{
	read_handle(call, &anagraph__v1__explain_request__descriptor, explain);
}
