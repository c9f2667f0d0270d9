/* Resolve: answered where it arrives, from a snapshot that is held no longer than it
 * takes to copy the record. What the store has is what goes out: a tag, a length, the
 * record. */
#include <errno.h>
#include <stdio.h>

#include "server/rpc/method.h"
#include "server/rpc/read.h"
#include "server/rpc/request.h"
#include "server/wire/wire.h"

/* Fields of ResolveResponse. */
enum {
	RESPONSE_CONTACT = 1,
	RESPONSE_FORWARDED_IDS = 2,
};

enum { VARINT_FIELD_BYTES = 11 };

/* What a look-up found; borrowed from the snapshot and the scratch arena. */
struct found {
	struct bytes contact;
	uint64_t *forwarded_ids;
	size_t forwarded_count;
};

static int
look_up(struct found *found, struct rejection *rejection, struct call *call, struct bytes account,
    const struct identifier *identifier, uint64_t contact_id)
{
	struct queue *queue = call->queue;
	int result;

	found->forwarded_ids = NULL;
	found->forwarded_count = 0;
	result = engine_resolve(&found->contact, &found->forwarded_ids, &found->forwarded_count, rejection,
	    queue->rpc->options.engine, queue->reader, &queue->scratch, account, identifier, contact_id);
	if (result == ENGINE_E_REJECTED)
		snprintf(rejection->field, sizeof(rejection->field), "%s",
		    identifier != NULL ? "identifier" : "contact_id");
	return result;
}

/* By an identifier: most come in normal form already, so the bytes are tried as they
 * are before anything is normalised (N3). */
static int
look_up_identifier(struct found *found, struct rejection *rejection, struct call *call, struct bytes account,
    const Anagraph__V1__Identifier *message)
{
	const struct identifier_input input = {
		.namespace_name = request_string(message->namespace_),
		.value = request_string(message->value),
	};
	struct identifier identifier = {
		.namespace_id = namespace_find(input.namespace_name),
		.value = input.value,
	};
	bool tried = identifier.namespace_id != NAMESPACE_NONE &&
	    identifier_looks_normal(identifier.namespace_id, input.value);
	struct rejection missed;
	int result;

	if (tried) {
		result = look_up(found, rejection, call, account, &identifier, 0);
		if (result != ENGINE_E_REJECTED || rejection->reason != REASON_CONTACT_NOT_FOUND)
			return result;
		missed = *rejection;
	}
	result = lookup_prepare(
	    &identifier, rejection, &call->queue->scratch, &input, &call->queue->rpc->options.settings);
	if (result != 0)
		return result;
	if (tried && bytes_equal(identifier.value, input.value)) {
		*rejection = missed;
		return ENGINE_E_REJECTED;
	}
	return look_up(found, rejection, call, account, &identifier, 0);
}

/* By whatever key there is. 0; positive with *rejection; -errno. */
static int
find(struct found *found, struct rejection *rejection, struct call *call,
    const Anagraph__V1__ResolveRequest *message)
{
	struct bytes account = request_string(message->account);

	if (!account_is_valid(account))
		return request_reject(rejection, REASON_ACCOUNT_INVALID, "account",
		    "The account is missing or not of its form.");
	switch (message->key_case) {
	case ANAGRAPH__V1__RESOLVE_REQUEST__KEY_IDENTIFIER:
		return look_up_identifier(found, rejection, call, account, message->identifier);
	case ANAGRAPH__V1__RESOLVE_REQUEST__KEY_CONTACT_ID:
		return look_up(found, rejection, call, account, NULL, message->contact_id);
	default:
		return request_reject(
		    rejection, REASON_KEY_MISSING, "key", "There is no identifier and no contact id.");
	}
}

/* The encoded ResolveResponse, in one slice. 0; -ENOMEM. */
static int
encode(grpc_slice *out, struct arena *arena, const struct found *found)
{
	size_t ids_room = found->forwarded_count * VARINT_FIELD_BYTES;
	uint8_t prefix[WIRE_PREFIX_BYTES];
	size_t prefix_size = wire_prefix(prefix, RESPONSE_CONTACT, found->contact.size);
	struct wire_writer writer;
	struct bytes ids;
	uint8_t *buffer = arena_alloc(arena, ids_room);
	grpc_slice slice;
	uint8_t *at;

	if (buffer == NULL)
		return -ENOMEM;
	wire_writer_init(&writer, buffer, ids_room);
	/* One by one: whoever reads a packed field takes its plain form too. */
	for (size_t i = found->forwarded_count; i > 0; i--)
		wire_put_varint_always(&writer, RESPONSE_FORWARDED_IDS, found->forwarded_ids[i - 1]);
	ids = wire_written(&writer);
	slice = grpc_slice_malloc(prefix_size + found->contact.size + ids.size);
	at = GRPC_SLICE_START_PTR(slice);
	memcpy(at, prefix, prefix_size);
	memcpy(at + prefix_size, found->contact.data, found->contact.size);
	memcpy(at + prefix_size + found->contact.size, ids.data, ids.size);
	*out = slice;
	return 0;
}

static int
resolve(grpc_slice *out, struct rejection *rejection, struct call *call, const ProtobufCMessage *message)
{
	struct found found;
	int result = find(&found, rejection, call, (const Anagraph__V1__ResolveRequest *)message);

	if (result == 0)
		result = encode(out, &call->queue->scratch, &found);
	return result;
}

void
resolve_handle(struct call *call)
{
	read_handle(call, &anagraph__v1__resolve_request__descriptor, resolve);
}
