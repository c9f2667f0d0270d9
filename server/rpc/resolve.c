/* Resolve: answered where it arrives, from a snapshot that is held no longer than it
 * takes to copy the record. What the store has is what goes out: a tag, a length, the
 * record. */
#include "server/rpc/lookup.h"
#include "server/rpc/method.h"
#include "server/rpc/read.h"
#include "server/rpc/request.h"
#include "server/wire/wire.h"

/* Fields of ResolveResponse. */
enum {
	RESPONSE_CONTACT = 1,
	RESPONSE_FORWARDED_IDS = 2,
};

static struct lookup_key
key_of(const Anagraph__V1__ResolveRequest *message)
{
	switch (message->key_case) {
	case ANAGRAPH__V1__RESOLVE_REQUEST__KEY_IDENTIFIER:
		return (struct lookup_key){
			.by = LOOKUP_BY_IDENTIFIER,
			.identifier.namespace_name = request_string(message->identifier->namespace_),
			.identifier.value = request_string(message->identifier->value),
		};
	case ANAGRAPH__V1__RESOLVE_REQUEST__KEY_CONTACT_ID:
		return (struct lookup_key){ .by = LOOKUP_BY_CONTACT_ID, .contact_id = message->contact_id };
	default:
		return (struct lookup_key){ .by = LOOKUP_BY_NOTHING };
	}
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
resolve(grpc_slice *out, struct rejection *rejection, struct call *call, const void *message)
{
	const Anagraph__V1__ResolveRequest *request = message;
	struct lookup_key key = key_of(request);
	struct bytes account = request_string(request->account);
	struct queue *queue = call->queue;
	struct found found;
	int result;

	if (!account_is_valid(account))
		return request_reject(rejection, REASON_ACCOUNT_INVALID, "account",
		    "The account is missing or not of its form.");
	lookup_try(&key, settings_of(queue->rpc->options.settings, account));
	result = lookup(&found, rejection, queue, account, &key);
	if (result == 0)
		result = encode(out, &queue->scratch, &found);
	return result;
}

void
resolve_handle(struct call *call)
{
	read_handle(call, &anagraph__v1__resolve_request__descriptor, resolve);
}
