/* The way of a write through this room. Bad input never reaches the committer's queue,
 * and a write that waits there holds nothing but its call's arena. */
#include "server/rpc/write.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <xxhash.h>

#include "rules/namespaces.h"
#include "server/rpc/access.h"

/* Whether to see if events change anything before the committer does: one look in eight that
 * helps is taken to pay for the others. */
enum { WORTH_A_LOOK = WORTH_FULL / 8, LOOKS_FORGOTTEN = 16 };

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

/* All that is made of a request, with the telephone numbers that known has taken as they are. 0;
 * REQUEST_E_REJECTED. */
static int
prepare_with(struct engine_write *write, struct rejection *rejection, const struct write_request *request,
    const struct known_numbers *known)
{
	int result = request->kind->prepare(
	    &write->event, rejection, request->arena, request->message, request->options, known);

	if (result == 0)
		result =
		    prepare_request(write, rejection, request->arena, request->kind->name, request->message);
	if (result < 0)
		return reject_for_service(rejection, request->arena, request->options, result);
	return result == 0 ? 0 : REQUEST_E_REJECTED;
}

/* Takes any number for one that is known, and notes that there was one. */
static bool
guess(void *context, struct bytes account, enum namespace_id namespace_id, struct bytes number)
{
	bool *guessed = context;

	(void)account, (void)namespace_id, (void)number;
	*guessed = true;
	return true;
}

static bool
is_stored(void *context, struct bytes account, enum namespace_id namespace_id, struct bytes number)
{
	return engine_has_number(context, account, namespace_id, number);
}

int
write_prepare(struct engine_write *write, struct rejection *rejection, struct write_request *request)
{
	const struct known_numbers any = { .context = &request->guessed, .have = guess };

	request->guessed = false;
	request->result = prepare_with(write, rejection, request, &any);
	return request->result;
}

static bool
are_stored(struct graph_reader *reader, const struct event *event)
{
	for (size_t i = 0; i < event->identifier_count; i++) {
		const struct identifier *identifier = &event->identifiers[i];

		if (namespace_is_number(identifier->namespace_id) &&
		    !engine_has_number(reader, event->account, identifier->namespace_id, identifier->value))
			return false;
	}
	return true;
}

int
write_prove(struct engine_write *write, struct rejection *rejection, struct write_request *request,
    struct graph_reader *reader)
{
	const struct known_numbers stored = { .context = reader, .have = is_stored };

	if (!request->guessed)
		return request->result;
	request->guessed = false;
	if (reader == NULL || request->result != 0 || !are_stored(reader, &write->event))
		request->result = prepare_with(write, rejection, request, reader == NULL ? NULL : &stored);
	return request->result;
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

/* From the call's bytes to a write. 0; REQUEST_E_REJECTED, as write_prepare gives it. */
static int
prepare_call(struct call *call, struct rejection *rejection, struct write_request *request)
{
	ProtobufCMessage *message;
	struct bytes raw;
	int result = call_payload(&raw, rejection, call);

	if (result == 0)
		result = request_unpack(&message, rejection, &call->arena, request->kind->descriptor, raw);
	/* All that was unpacked is the arena's. */
	call_drop_payload(call);
	if (result == 0)
		result = access_check_request(rejection, call, message);
	if (result != 0)
		return result;
	request->message = message;
	return write_prepare(&call->write, rejection, request);
}

/* The writes that came together, each with its request. */
struct together {
	size_t count;
	struct call *calls[GATHER_CALLS];
	struct write_request requests[GATHER_CALLS];
};

/* Takes the calls in, and refuses those that are at fault whatever their numbers are. */
static void
prepare_together(
    struct together *together, struct call *const *calls, size_t count, const struct write_kind *kind)
{
	struct rejection rejection;

	for (size_t i = 0; i < count; i++) {
		struct call *call = calls[i];
		struct write_request *request = &together->requests[together->count];

		call->write = (struct engine_write){ .deadline_us = call_deadline_us(call), .done = done };
		*request = (struct write_request){
			.kind = kind,
			.arena = &call->arena,
			.options = &call->queue->rpc->options,
		};
		if (prepare_call(call, &rejection, request) == 0 || request->guessed)
			together->calls[together->count++] = call;
		else
			call_refuse(call, &rejection, call_last_txn(call->queue->reader));
	}
}

/* Whether a write was found to be at fault; then its rejection says why. */
static bool
is_refused(const struct call *call)
{
	return call->write.rejection.reason != REASON_NONE;
}

/* Proves what was guessed; some may be at fault then. reader may be NULL. */
static void
prove_together(struct together *together, struct graph_reader *reader)
{
	for (size_t i = 0; i < together->count; i++) {
		struct engine_write *write = &together->calls[i]->write;

		(void)write_prove(write, &write->rejection, &together->requests[i], reader);
	}
}

/* Sees whether an event changes nothing; *message is the answer then. */
static bool
look(grpc_slice *message, struct call *call)
{
	struct queue *queue = call->queue;
	const struct bytes *response = &call->write.response;
	int result =
	    engine_answer_unchanged(&call->write, queue->rpc->options.engine, queue->reader, &queue->scratch);

	worth_note(&queue->worth_a_look, WORTH_A_LOOK, LOOKS_FORGOTTEN, result == 0);
	if (result == 0)
		*message = grpc_slice_from_copied_buffer((const char *)response->data, response->size);
	graph_read_forget(queue->reader);
	arena_reset(&queue->scratch);
	return result == 0;
}

/* Whether any of the writes may turn out to change nothing, and whether any was guessed. */
static bool
has_candidate(const struct together *together)
{
	for (size_t i = 0; i < together->count; i++) {
		if (engine_may_be_unchanged(&together->calls[i]->write))
			return true;
	}
	return false;
}

static bool
has_guess(const struct together *together)
{
	for (size_t i = 0; i < together->count; i++) {
		if (together->requests[i].guessed)
			return true;
	}
	return false;
}

static void
expect_together(const struct together *together, struct graph_reader *reader)
{
	const struct engine_write *writes[GATHER_CALLS];

	for (size_t i = 0; i < together->count; i++)
		writes[i] = &together->calls[i]->write;
	engine_expect(reader, writes, together->count);
}

/* Events that change nothing, with their answers. */
struct unchanged {
	size_t count;
	struct call *calls[GATHER_CALLS];
	grpc_slice messages[GATHER_CALLS];
};

/* Takes the events out that change nothing, and leaves the others, in order; the requests have done
 * their part. */
static void
take_unchanged(struct unchanged *unchanged, struct together *together)
{
	size_t left = 0;

	for (size_t i = 0; i < together->count; i++) {
		struct call *call = together->calls[i];

		if (!is_refused(call) && engine_may_be_unchanged(&call->write) &&
		    look(&unchanged->messages[unchanged->count], call))
			unchanged->calls[unchanged->count++] = call;
		else
			together->calls[left++] = call;
	}
	together->count = left;
}

/* What can be done on one snapshot, without the committer: proves what was guessed, and
 * answers the events that change nothing. The other calls are left, in order. */
static void
settle_together(struct together *together, struct queue *queue)
{
	struct unchanged unchanged = { .count = 0 };
	struct answer answer = { .rejection = NULL };
	bool looking = has_candidate(together) && worth_trying(&queue->worth_a_look, WORTH_A_LOOK);
	bool reading = (looking || has_guess(together)) && graph_read_begin(queue->reader) == 0;

	if (reading && looking)
		expect_together(together, queue->reader);
	prove_together(together, reading ? queue->reader : NULL);
	if (reading && looking)
		take_unchanged(&unchanged, together);
	if (reading) {
		answer.txn = graph_reader_txn(queue->reader);
		graph_read_end(queue->reader);
	}
	for (size_t i = 0; i < unchanged.count; i++) {
		answer.message = unchanged.messages[i];
		call_answer(unchanged.calls[i], &answer);
	}
}

static void
submit_or_refuse(struct call *call)
{
	struct rejection rejection = call->write.rejection;

	if (!is_refused(call)) {
		call_watch(call);
		if (write_submit(&rejection, call->queue->rpc->options.engine, &call->write) == 0)
			return;
	}
	call_refuse(call, &rejection, call_last_txn(call->queue->reader));
}

void
write_handle_together(struct call *const *calls, size_t count, const struct write_kind *kind)
{
	struct together together = { .count = 0 };

	prepare_together(&together, calls, count, kind);
	if (together.count > 0)
		settle_together(&together, together.calls[0]->queue);
	for (size_t i = 0; i < together.count; i++)
		submit_or_refuse(together.calls[i]);
}

void
write_handle(struct call *call, const struct write_kind *kind)
{
	write_handle_together(&call, 1, kind);
}
