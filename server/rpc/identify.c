/* Identify: checked and normalised on the thread that took it in, decided and stored
 * by the committer, answered from there. Bad input never reaches the committer's
 * queue. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "server/rpc/method.h"
#include "server/rpc/request.h"

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
