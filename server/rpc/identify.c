/* Identify: checked and normalised on the thread that took it in, decided and stored
 * by the committer, answered from there. Bad input never reaches the committer's
 * queue. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "server/rpc/method.h"
#include "server/rpc/request.h"
#include "server/wire/messages.h"
#include "server/wire/wire.h"

/* Fields of IdentifyResponse. */
enum {
	RESPONSE_OUTCOME = 1,
	RESPONSE_CONTACT = 2,
	RESPONSE_ABSORBED_CONTACT_IDS = 3,
	RESPONSE_CONFLICTS = 4,
	RESPONSE_REVISION = 6,
};

enum { VARINT_FIELD_BYTES = 11 };

/* What this version cannot do is refused rather than ignored, since its caller relies
 * on it; but only once the rest of the event is in order. */
static int
check_supported(struct rejection *rejection, const Anagraph__V1__IdentifyRequest *message)
{
	if (request_string(message->request_id).size != 0)
		return request_reject(rejection, REASON_UNIMPLEMENTED, "request_id",
		    "This version keeps no answers under a request_id.");
	if (message->validate_only)
		return request_reject(rejection, REASON_UNIMPLEMENTED, "validate_only",
		    "This version cannot say what a call would do.");
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

/* From the call's bytes to an event in its arena. 0; positive with *rejection. */
static int
prepare(struct event *event, struct rejection *rejection, struct call *call)
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
		    event, rejection, &call->arena, &input, &call->queue->rpc->options.settings);
	if (result == 0)
		result = check_supported(rejection, message);
	if (result < 0)
		return reject_for_service(rejection, call, result);
	return result;
}

/* What comes after the contact. Conflicts past LIMIT_ANSWER_BYTES are left out, the last
 * first: the event is stored, and an answer that its caller can't take would hide that.
 * 0; -ENOMEM. */
static int
encode_tail(struct bytes *out, struct arena *arena, const struct engine_write *write)
{
	struct bytes *conflicts = arena_calloc(arena, write->conflict_count, sizeof(*conflicts));
	size_t head_room = VARINT_FIELD_BYTES + WIRE_PREFIX_BYTES + write->contact.size;
	size_t room = (write->absorbed_count + 1) * VARINT_FIELD_BYTES;
	size_t count = 0;
	struct wire_writer writer;
	uint8_t *buffer;

	if (conflicts == NULL)
		return -ENOMEM;
	for (; count < write->conflict_count; count++) {
		int result = conflict_encode(&conflicts[count], arena, &write->conflicts[count]);
		size_t size;

		if (result != 0)
			return result;
		size = WIRE_PREFIX_BYTES + conflicts[count].size;
		if (head_room + room + size > LIMIT_ANSWER_BYTES)
			break;
		room += size;
	}
	buffer = arena_alloc(arena, room);
	if (buffer == NULL)
		return -ENOMEM;
	wire_writer_init(&writer, buffer, room);
	wire_put_varint(&writer, RESPONSE_REVISION, write->revision);
	for (size_t i = count; i > 0; i--)
		wire_put_bytes_always(&writer, RESPONSE_CONFLICTS, conflicts[i - 1]);
	/* One by one: whoever reads a packed field takes its plain form too. */
	for (size_t i = write->absorbed_count; i > 0; i--)
		wire_put_varint_always(
		    &writer, RESPONSE_ABSORBED_CONTACT_IDS, write->absorbed_contact_ids[i - 1]);
	assert(!writer.full);
	*out = wire_written(&writer);
	return 0;
}

/* The encoded IdentifyResponse. 0; -ENOMEM. */
static int
encode_response(grpc_slice *out, struct arena *arena, const struct engine_write *write)
{
	uint8_t head[VARINT_FIELD_BYTES + WIRE_PREFIX_BYTES];
	uint8_t prefix[WIRE_PREFIX_BYTES];
	size_t prefix_size = wire_prefix(prefix, RESPONSE_CONTACT, write->contact.size);
	struct wire_writer writer;
	struct bytes outcome;
	struct bytes tail;
	grpc_slice slice;
	uint8_t *at;
	int result = encode_tail(&tail, arena, write);

	if (result != 0)
		return result;
	wire_writer_init(&writer, head, sizeof(head));
	wire_put_varint(&writer, RESPONSE_OUTCOME, (uint64_t)write->outcome);
	outcome = wire_written(&writer);
	slice = grpc_slice_malloc(outcome.size + prefix_size + write->contact.size + tail.size);
	at = GRPC_SLICE_START_PTR(slice);
	memcpy(at, outcome.data, outcome.size);
	at += outcome.size;
	memcpy(at, prefix, prefix_size);
	at += prefix_size;
	memcpy(at, write->contact.data, write->contact.size);
	at += write->contact.size;
	memcpy(at, tail.data, tail.size);
	*out = slice;
	return 0;
}

/* The engine's answer, on the committer's thread. */
static void
done(struct engine_write *write)
{
	struct call *call = (struct call *)(void *)((uint8_t *)write - offsetof(struct call, write));
	struct rpc *rpc = call->queue->rpc;
	struct answer answer = { .txn = write->txn };
	struct rejection too_large;

	if (answer.txn == 0)
		answer.txn = call_last_txn(rpc->committer_reader);
	if (write->rejection.reason != REASON_NONE) {
		answer.rejection = &write->rejection;
	} else if (encode_response(&answer.message, &rpc->committer_arena, write) != 0) {
		request_reject(&too_large, REASON_INTERNAL, "",
		    "The event is stored, but its answer is too large to be sent.");
		answer.rejection = &too_large;
	}
	call_answer(call, &answer);
	arena_reset(&rpc->committer_arena);
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
	struct event event;
	int result = prepare(&event, &rejection, call);

	if (result == 0) {
		call->write = (struct engine_write){
			.event = event,
			.deadline_us = call_deadline_us(call),
			.done = done,
		};
		call_watch(call);
		result = submit(&rejection, call);
	}
	if (result != 0)
		call_refuse(call, &rejection, call_last_txn(call->queue->reader));
}
