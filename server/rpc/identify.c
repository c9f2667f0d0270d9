/* Identify: checked and normalised on the thread that took it in, decided and stored
 * by the committer, answered from there. Bad input never reaches the committer's
 * queue. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <xxhash.h>

#include "server/rpc/method.h"
#include "server/rpc/request.h"

/* A digest of what is asked, the same for the same request however it was encoded. Who
 * makes two requests of one account with the same digest fools nobody but that account:
 * it gets the answer to the first. 0; -ENOMEM. */
static int
digest_request(
    uint8_t digest[GRAPH_DIGEST_BYTES], struct arena *arena, const Anagraph__V1__IdentifyRequest *message)
{
	static const char method[] = "Identify";
	Anagraph__V1__IdentifyRequest body = *message;
	XXH128_canonical_t canonical;
	uint8_t *packed;
	size_t size;

	body.request_id = NULL;
	body.validate_only = 0;
	size = protobuf_c_message_get_packed_size(&body.base);
	packed = arena_alloc(arena, sizeof(method) + size);
	if (packed == NULL)
		return -ENOMEM;
	memcpy(packed, method, sizeof(method));
	protobuf_c_message_pack(&body.base, packed + sizeof(method));
	XXH128_canonicalFromHash(&canonical, XXH3_128bits(packed, sizeof(method) + size));
	static_assert(sizeof(canonical.digest) == GRAPH_DIGEST_BYTES, "the store keeps the whole digest");
	memcpy(digest, canonical.digest, GRAPH_DIGEST_BYTES);
	return 0;
}

/* Words for what befalls the service rather than the request: a caller who is told that
 * the event is at fault would drop it. */
static int
reject_for_service(struct rejection *rejection, const struct call *call, int result)
{
	const struct rpc_options *options = &call->queue->rpc->options;
	char line[128];

	if (result == -ENOMEM)
		return request_reject_memory(rejection, &call->arena);
	snprintf(line, sizeof(line), "an event could not be taken in: %s", strerrordesc_np(-result));
	options->log(options->log_context, line);
	return request_reject(
	    rejection, REASON_INTERNAL, "", "The event could not be taken in; the log says why.");
}

/* What is said of the request itself. 0; -ENOMEM; positive with *rejection. */
static int
prepare_request(struct engine_write *write, struct rejection *rejection, struct arena *arena,
    const Anagraph__V1__IdentifyRequest *message)
{
	write->request_id = request_string(message->request_id);
	write->validate_only = message->validate_only;
	if (write->request_id.size == 0)
		return 0;
	if (write->request_id.size > LIMIT_REQUEST_ID_BYTES)
		return request_reject(
		    rejection, REASON_FIELD_INVALID, "request_id", "The request_id is longer than 64 bytes.");
	return digest_request(write->request_digest, arena, message);
}

/* From the call's bytes to a write whose memory is the call's arena. 0; positive with
 * *rejection. */
static int
prepare(struct engine_write *write, struct rejection *rejection, struct call *call)
{
	const Anagraph__V1__IdentifyRequest *message;
	ProtobufCMessage *unpacked;
	struct event_input input;
	struct bytes raw;
	int result = call_payload(&raw, rejection, call);

	if (result == 0)
		result = request_unpack(
		    &unpacked, rejection, &call->arena, &anagraph__v1__identify_request__descriptor, raw);
	/* All that was unpacked is the arena's: a write that waits holds nothing else. */
	call_drop_payload(call);
	if (result != 0)
		return result;
	message = (const Anagraph__V1__IdentifyRequest *)unpacked;
	result = request_event(&input, &call->arena, message);
	if (result == 0)
		result = event_prepare(
		    &write->event, rejection, &call->arena, &input, &call->queue->rpc->options.settings);
	if (result == 0)
		result = prepare_request(write, rejection, &call->arena, message);
	if (result < 0)
		return reject_for_service(rejection, call, result);
	return result;
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

static int
submit(struct rejection *rejection, struct call *call)
{
	switch (engine_submit(call->queue->rpc->options.engine, &call->write)) {
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
		return request_reject(rejection, REASON_INTERNAL, "", "The event could not be taken in.");
	}
}

void
identify_handle(struct call *call)
{
	struct rejection rejection = { .reason = REASON_NONE };
	int result;

	call->write = (struct engine_write){ .deadline_us = call_deadline_us(call), .done = done };
	result = prepare(&call->write, &rejection, call);
	if (result == 0) {
		call_watch(call);
		result = submit(&rejection, call);
	}
	if (result != 0)
		call_refuse(call, &rejection, call_last_txn(call->queue->reader));
}
