/* Resolve: answered where it arrives, from a snapshot that is held no longer than it
 * takes to copy the record. What the store has is what goes out: a tag, a length, the
 * record. */
#include <assert.h>

#include "server/rpc/access.h"
#include "server/rpc/lookup.h"
#include "server/rpc/method.h"
#include "server/rpc/read.h"
#include "server/rpc/request.h"
#include "server/wire/wire.h"

/* Fields of ResolveRequest and of ResolveResponse. */
enum {
	REQUEST_ACCOUNT = 1,
	REQUEST_IDENTIFIER = 2,
	REQUEST_CONTACT_ID = 3,
	RESPONSE_CONTACT = 1,
	RESPONSE_FORWARDED_IDS = 2,
};

/* A request, borrowed from its bytes. */
struct request {
	struct bytes account;
	struct lookup_key key;
};

/* Reads a request off the wire where it lies: unpacking it would cost as much as answering. 0;
 * positive with *rejection. */
static int
parse(struct request *request, struct rejection *rejection, struct call *call)
{
	struct wire_reader reader;
	struct wire_field field;
	struct bytes raw;
	int result = call_payload(&raw, rejection, call);

	if (result == 0)
		result = request_scan(NULL, rejection, &anagraph__v1__resolve_request__descriptor, raw);
	if (result != 0)
		return result;
	*request = (struct request){ .key.by = LOOKUP_BY_NOTHING };
	wire_reader_init(&reader, raw);
	while (wire_next(&field, &reader) == 0) {
		if (field.number == REQUEST_ACCOUNT)
			request->account = field.bytes;
		else if (field.number == REQUEST_IDENTIFIER)
			lookup_read_identifier(&request->key, field.bytes);
		else if (field.number == REQUEST_CONTACT_ID)
			lookup_read_contact_id(&request->key, field.varint);
	}
	result = access_check_account(rejection, call, request->account);
	if (result == 0 && !account_is_valid(request->account))
		result = request_reject(rejection, REASON_ACCOUNT_INVALID, "account",
		    "The account is missing or not of its form.");
	if (result == 0)
		lookup_try(&request->key, settings_of(call->queue->rpc->options.settings, request->account));
	return result;
}

/* The encoded ResolveResponse, in one slice. 0; -ENOMEM. */
static int
encode(grpc_slice *out, struct arena *arena, const struct found *found)
{
	uint8_t prefix[WIRE_PREFIX_BYTES];
	size_t prefix_size = wire_prefix(prefix, RESPONSE_CONTACT, found->contact.size);
	struct bytes ids;
	grpc_slice slice;
	uint8_t *at;
	int result = lookup_encode_ids(&ids, arena, RESPONSE_FORWARDED_IDS, found);

	if (result != 0)
		return result;
	slice = grpc_slice_malloc(prefix_size + found->contact.size + ids.size);
	at = GRPC_SLICE_START_PTR(slice);
	memcpy(at, prefix, prefix_size);
	memcpy(at + prefix_size, found->contact.data, found->contact.size);
	memcpy(at + prefix_size + found->contact.size, ids.data, ids.size);
	*out = slice;
	return 0;
}

static int
resolve(grpc_slice *out, struct rejection *rejection, struct call *call, const void *asked)
{
	const struct request *request = asked;
	struct queue *queue = call->queue;
	struct found found;
	int result = lookup(&found, rejection, queue, request->account, &request->key);

	if (result == 0)
		result = encode(out, &queue->scratch, &found);
	return result;
}

static void
expect(struct queue *queue, const void *const *requests, size_t count)
{
	struct graph_sought sought[GATHER_CALLS];

	static_assert(
	    (int)GATHER_CALLS <= (int)GRAPH_SOUGHT_COUNT, "all that were gathered are expected at once");
	for (size_t i = 0; i < count; i++) {
		const struct request *request = requests[i];

		sought[i] = (struct graph_sought){
			.account = request->account,
			.identifier =
			    request->key.tried.namespace_id != NAMESPACE_NONE ? &request->key.tried : NULL,
			.contact_id = request->key.contact_id,
		};
	}
	graph_expect(queue->reader, sought, count);
}

void
resolve_handle_together(struct call *const *calls, size_t count)
{
	struct request requests[GATHER_CALLS];
	struct call *asking[GATHER_CALLS];
	const void *asked[GATHER_CALLS];
	size_t asked_count = 0;

	for (size_t i = 0; i < count; i++) {
		struct rejection rejection;

		if (parse(&requests[asked_count], &rejection, calls[i]) != 0) {
			call_refuse(calls[i], &rejection, call_last_txn(calls[i]->queue->reader));
			continue;
		}
		asking[asked_count] = calls[i];
		asked[asked_count] = &requests[asked_count];
		asked_count++;
	}
	if (asked_count > 0)
		read_answer_together(asking, asked, asked_count, resolve, asked_count > 1 ? expect : NULL);
}

void
resolve_handle(struct call *call)
{
	resolve_handle_together(&call, 1);
}
