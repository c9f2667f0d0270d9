/* The way of a write through this room. Bad input never reaches the committer's queue,
 * and a write that waits there holds nothing but its call's arena. */
#include "server/rpc/write.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <xxhash.h>

#include "server/rpc/access.h"

/* Where a message has the field of that name; NULL when its kind has none. */
static void *
find_field(ProtobufCMessage *message, const char *name)
{
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);

	return field == NULL ? NULL : (uint8_t *)message + field->offset;
}

/* What of a request says nothing of what it asks for. */
struct manner {
	ProtobufCMessage *body; /* the request without it, from the arena */
	struct bytes request_id;
	bool validate_only;
};

/* 0; -ENOMEM. */
static int
set_manner_apart(struct manner *manner, struct arena *arena, const ProtobufCMessage *message)
{
	ProtobufCMessage *body = arena_alloc(arena, message->descriptor->sizeof_message);
	protobuf_c_boolean *validate_only;
	char **request_id;

	if (body == NULL)
		return -ENOMEM;
	memcpy(body, message, message->descriptor->sizeof_message);
	*manner = (struct manner){ .body = body };
	request_id = find_field(body, "request_id");
	if (request_id != NULL) {
		manner->request_id = request_string(*request_id);
		*request_id = NULL;
	}
	validate_only = find_field(body, "validate_only");
	if (validate_only != NULL) {
		manner->validate_only = *validate_only;
		*validate_only = 0;
	}
	return 0;
}

/* A digest of what is asked, the same for the same request however it was encoded. Who
 * makes two requests of one account with the same digest fools nobody but that account:
 * it gets the answer to the first. 0; -ENOMEM. */
static int
digest_request(
    uint8_t digest[GRAPH_DIGEST_BYTES], struct arena *arena, const char *method, const ProtobufCMessage *body)
{
	size_t method_bytes = strlen(method) + 1;
	size_t size = protobuf_c_message_get_packed_size(body);
	uint8_t *packed = arena_alloc(arena, method_bytes + size);
	XXH128_canonical_t canonical;

	if (packed == NULL)
		return -ENOMEM;
	memcpy(packed, method, method_bytes);
	protobuf_c_message_pack(body, packed + method_bytes);
	XXH128_canonicalFromHash(&canonical, XXH3_128bits(packed, method_bytes + size));
	static_assert(sizeof(canonical.digest) == GRAPH_DIGEST_BYTES, "the store keeps the whole digest");
	memcpy(digest, canonical.digest, GRAPH_DIGEST_BYTES);
	return 0;
}

/* What is said of the request itself. 0; -ENOMEM; positive with *rejection. */
static int
prepare_request(struct engine_write *write, struct rejection *rejection, struct arena *arena,
    const char *method, const ProtobufCMessage *message)
{
	struct manner manner;
	int result = set_manner_apart(&manner, arena, message);

	if (result != 0)
		return result;
	write->request_id = manner.request_id;
	write->validate_only = manner.validate_only;
	if (manner.request_id.size == 0)
		return 0;
	if (manner.request_id.size > LIMIT_REQUEST_ID_BYTES)
		return request_reject(
		    rejection, REASON_FIELD_INVALID, "request_id", "The request_id is longer than 64 bytes.");
	return digest_request(write->request_digest, arena, method, manner.body);
}

/* Words for what befalls the service rather than the request: a caller who is told that
 * the request is at fault would drop it. */
static int
reject_for_service(
    struct rejection *rejection, const struct arena *arena, const struct rpc_options *options, int result)
{
	char line[128];

	if (result == -ENOMEM)
		return request_reject_memory(rejection, arena);
	snprintf(line, sizeof(line), "a write could not be taken in: %s", strerrordesc_np(-result));
	options->log(options->log_context, line);
	return request_reject(
	    rejection, REASON_INTERNAL, "", "The request could not be taken in; the log says why.");
}

int
write_prepare(struct engine_write *write, struct rejection *rejection, struct arena *arena,
    const struct write_kind *kind, const ProtobufCMessage *message, const struct rpc_options *options)
{
	int result = kind->prepare(&write->event, rejection, arena, message, options);

	if (result == 0)
		result = prepare_request(write, rejection, arena, kind->name, message);
	if (result < 0)
		return reject_for_service(rejection, arena, options, result);
	return result == 0 ? 0 : REQUEST_E_REJECTED;
}

int
write_submit(struct rejection *rejection, struct engine *engine, struct engine_write *write)
{
	switch (engine_submit(engine, write)) {
	case 0:
		return 0;
	case ENGINE_E_DRAINING:
		return request_reject(rejection, REASON_DRAINING, "", "The service is shutting down.");
	case ENGINE_E_OVERLOADED:
		return request_reject(rejection, REASON_OVERLOADED, "", "There are too many writes waiting.");
	case ENGINE_E_FAILED:
		return request_reject(rejection, REASON_STORE_FAILED, "",
		    "A write to stable storage failed; nothing more is written.");
	default:
		return request_reject(rejection, REASON_INTERNAL, "", "The request could not be taken in.");
	}
}

/* The engine's answer, on the committer's thread. */
static void
done(struct engine_write *write)
{
	struct call *call = (struct call *)(void *)((uint8_t *)write - offsetof(struct call, write));
	struct rpc *rpc = call->queue->rpc;
	struct answer answer = { .txn = write->txn };

	if (answer.txn == 0)
		answer.txn = call_last_txn(rpc->committer_reader);
	if (write->rejection.reason != REASON_NONE)
		answer.rejection = &write->rejection;
	else
		answer.message =
		    grpc_slice_from_copied_buffer((const char *)write->response.data, write->response.size);
	call_answer(call, &answer);
}

/* From the call's bytes to a write. 0; REQUEST_E_REJECTED. */
static int
prepare_call(struct call *call, struct rejection *rejection, const struct write_kind *kind)
{
	ProtobufCMessage *message;
	struct bytes raw;
	int result = call_payload(&raw, rejection, call);

	if (result == 0)
		result = request_unpack(&message, rejection, &call->arena, kind->descriptor, raw);
	/* All that was unpacked is the arena's. */
	call_drop_payload(call);
	if (result == 0)
		result = access_check_request(rejection, call, message);
	if (result != 0)
		return result;
	return write_prepare(
	    &call->write, rejection, &call->arena, kind, message, &call->queue->rpc->options);
}

void
write_handle(struct call *call, const struct write_kind *kind)
{
	struct rejection rejection = { .reason = REASON_NONE };
	int result;

	call->write = (struct engine_write){ .deadline_us = call_deadline_us(call), .done = done };
	result = prepare_call(call, &rejection, kind);
	if (result == 0) {
		call_watch(call);
		result = write_submit(&rejection, call->queue->rpc->options.engine, &call->write);
	}
	if (result != 0)
		call_refuse(call, &rejection, call_last_txn(call->queue->reader));
}
