/* IdentifyStream: many events in flight on one call. Events go to the engine in the order
 * in which they come, and answers go out in that order, whatever is decided first: so one
 * caller alone fills a transaction, and waits for no answer in between.
 *
 * Three threads have to do with a stream. Its queue's thread takes events in. The
 * committer's thread brings each answer, in done(). The main thread says when the stream
 * is to end. What they share is under the queue's event_lock, held for as long as it takes
 * to see what comes next and never while gRPC is called: advance() decides under the lock
 * and acts after it. A flag is set for each batch that is under way (receiving, sending,
 * ended), and while one is, the stream is not freed. Where both locks are held, the
 * stream_lock is taken first.
 *
 * What always holds: an event has a place in the ring from before it is submitted until
 * its answer goes out, and there are LIMIT_STREAM_EVENTS places; a caller that doesn't
 * read its answers therefore has no more events taken in. One receive and one send are
 * under way at most. The call ends once, with no answer left and no send under way. What
 * is wrong with an event is its answer: only bytes that gRPC can't tell messages from end
 * a stream. */
#include <assert.h>
#include <errno.h>
#include <grpc/byte_buffer.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "server/rpc/access.h"
#include "server/rpc/method.h"
#include "server/rpc/status.h"
#include "server/rpc/stream.h"
#include "server/rpc/write.h"
#include "server/wire/wire.h"

/* Fields of IdentifyStreamRequest and IdentifyStreamResponse. */
enum {
	REQUEST_REQUEST = 1,
	RESPONSE_RESPONSE = 1,
	RESPONSE_ERROR = 2,
};

/* What a place keeps of its arena for the next event. */
enum { KEPT_ARENA_BYTES = 64 * 1024 };

/* An event with its answer. Its queue's thread's until it is submitted, the committer's
 * until it is done, then whoever's that sends the answer. */
struct slot {
	struct event_stream *stream;
	struct slot *next_free;
	struct arena arena;
	struct engine_write write;
	grpc_slice answer;
	size_t held_bytes; /* of the arena and the answer */
	bool ready;        /* there is an answer */
};

struct event_stream {
	struct call *call;
	int64_t deadline_us;
	struct tag received_tag;
	struct tag sent_tag;
	struct slot *taken; /* for the event that comes next; the queue's thread's */

	/* Under the lock. */
	struct slot *ring[LIMIT_STREAM_EVENTS];
	size_t first; /* the oldest event without its answer sent */
	size_t count;
	struct slot *free_slots;
	size_t held_bytes;
	uint64_t last_txn;               /* that an answer saw */
	const struct rejection *refusal; /* what the stream ends with; it takes nothing more in */
	bool receiving;
	bool sending;
	bool half_closed; /* the caller sends no more */
	bool gone;        /* the caller waits for nothing more */
	bool ended;
};

/* What is to be done once the lock is given up, and all that it takes: the stream itself
 * is looked at under the lock alone. */
struct turn {
	struct call *call;
	grpc_call *handle;
	bool greet; /* nothing has been sent yet */
	bool receive;
	bool send;
	bool end;
	bool more_follows; /* another answer is ready to be sent */
	grpc_slice answer;
	const struct rejection *refusal;
	uint64_t txn;
};

static const struct rejection OUT_OF_MEMORY = {
	.reason = REASON_OVERLOADED,
	.message = "The service is out of memory for this stream.",
};

static pthread_mutex_t *
lock_of(const struct event_stream *stream)
{
	return &stream->call->queue->event_lock;
}

static struct slot *
slot_create(struct event_stream *stream)
{
	struct slot *slot = calloc(1, sizeof(*slot));

	if (slot == NULL)
		return NULL;
	slot->stream = stream;
	arena_init(&slot->arena, LIMIT_CALL_ARENA_BYTES);
	return slot;
}

static void
slot_destroy(struct slot *slot)
{
	if (slot == NULL)
		return;
	arena_finish(&slot->arena);
	free(slot);
}

/* Takes the oldest event, whose answer is there, out of the ring. With the lock. */
static grpc_slice
take_answer(struct event_stream *stream)
{
	struct slot *slot = stream->ring[stream->first];

	stream->first = (stream->first + 1) % LIMIT_STREAM_EVENTS;
	stream->count--;
	stream->held_bytes -= slot->held_bytes;
	slot->next_free = stream->free_slots;
	stream->free_slots = slot;
	return slot->answer;
}

static bool
has_answer(const struct event_stream *stream)
{
	return stream->count > 0 && stream->ring[stream->first]->ready;
}

static bool
takes_more(const struct event_stream *stream)
{
	return stream->refusal == NULL && !stream->half_closed && !stream->gone;
}

/* Sees what comes next, and marks it as under way. With the lock. */
static struct turn
next_turn(struct event_stream *stream)
{
	struct turn turn = { .call = stream->call, .handle = stream->call->handle };

	while (stream->gone && has_answer(stream))
		grpc_slice_unref(take_answer(stream));
	if (!stream->receiving && takes_more(stream) && stream->count < LIMIT_STREAM_EVENTS &&
	    stream->held_bytes < LIMIT_STREAM_BYTES) {
		turn.receive = stream->receiving = true;
		turn.greet = !stream->call->stream.greeted;
		stream->call->stream.greeted = true;
	}
	if (stream->sending || stream->ended)
		return turn;
	if (has_answer(stream)) {
		turn.send = stream->sending = true;
		turn.answer = take_answer(stream);
		turn.more_follows = has_answer(stream);
	} else if (stream->count == 0 && !takes_more(stream)) {
		turn.end = stream->ended = true;
		turn.refusal = stream->refusal;
		turn.txn = stream->last_txn;
	}
	return turn;
}

static void
receive(struct event_stream *stream, const struct turn *turn)
{
	grpc_op ops[2];
	size_t op_count = 0;
	grpc_call_error error;

	memset(ops, 0, sizeof(ops));
	if (turn->greet)
		ops[op_count++].op = GRPC_OP_SEND_INITIAL_METADATA;
	ops[op_count].op = GRPC_OP_RECV_MESSAGE;
	ops[op_count++].data.recv_message.recv_message = &turn->call->payload;
	error = grpc_call_start_batch(turn->handle, ops, op_count, &stream->received_tag, NULL);
	assert(error == GRPC_CALL_OK);
}

/* An answer that another one follows at once may wait for it in gRPC's buffer. */
static void
send(struct event_stream *stream, const struct turn *turn)
{
	grpc_byte_buffer buffer = { .type = GRPC_BB_RAW };
	grpc_op op;
	grpc_call_error error;

	memset(&op, 0, sizeof(op));
	grpc_slice_buffer_init(&buffer.data.raw.slice_buffer);
	grpc_slice_buffer_add(&buffer.data.raw.slice_buffer, turn->answer);
	op.op = GRPC_OP_SEND_MESSAGE;
	op.flags = turn->more_follows ? GRPC_WRITE_BUFFER_HINT : 0;
	op.data.send_message.send_message = &buffer;
	error = grpc_call_start_batch(turn->handle, &op, 1, &stream->sent_tag, NULL);
	assert(error == GRPC_CALL_OK);
	grpc_slice_buffer_destroy(&buffer.data.raw.slice_buffer);
}

/* Goes on with a stream after something changed. With the lock, which it gives up; the
 * stream must not be touched after it but by the queue's thread. */
static void
advance(struct event_stream *stream)
{
	pthread_mutex_t *lock = lock_of(stream);
	struct turn turn = next_turn(stream);

	pthread_mutex_unlock(lock);
	if (turn.receive)
		receive(stream, &turn);
	if (turn.send)
		send(stream, &turn);
	else if (turn.end)
		call_answer_stream(turn.call, turn.refusal, NULL, turn.txn);
}

static grpc_slice
encode_response(struct bytes response)
{
	uint8_t prefix[WIRE_PREFIX_BYTES];
	size_t prefix_size = wire_prefix(prefix, RESPONSE_RESPONSE, response.size);
	grpc_slice slice = grpc_slice_malloc(prefix_size + response.size);

	memcpy(GRPC_SLICE_START_PTR(slice), prefix, prefix_size);
	memcpy(GRPC_SLICE_START_PTR(slice) + prefix_size, response.data, response.size);
	return slice;
}

static grpc_slice
encode_error(const struct rejection *rejection)
{
	uint8_t buffer[STATUS_CALL_ERROR_BYTES];
	struct bytes error = status_encode_call_error(buffer, RESPONSE_ERROR, rejection);

	return grpc_slice_from_copied_buffer((const char *)error.data, error.size);
}

/* Gives an event its answer, taken over; any thread. The slot must not be touched after. */
static void
answer(struct slot *slot, grpc_slice message, uint64_t txn)
{
	struct event_stream *stream = slot->stream;

	pthread_mutex_lock(lock_of(stream));
	slot->answer = message;
	slot->ready = true;
	slot->held_bytes += GRPC_SLICE_LENGTH(message);
	stream->held_bytes += GRPC_SLICE_LENGTH(message);
	if (txn != 0)
		stream->last_txn = txn;
	advance(stream);
}

/* The engine's answer, on the committer's thread. */
static void
done(struct engine_write *write)
{
	struct slot *slot = (struct slot *)(void *)((uint8_t *)write - offsetof(struct slot, write));

	if (write->rejection.reason == REASON_NONE)
		answer(slot, encode_response(write->response), write->txn);
	else
		answer(slot, encode_error(&write->rejection), write->txn);
}

/* Adds a part to a field that comes in several. 0; -ENOMEM. */
static int
join(struct bytes *whole, struct arena *arena, struct bytes part)
{
	uint8_t *joined = arena_alloc(arena, whole->size + part.size);

	if (joined == NULL)
		return -ENOMEM;
	if (whole->size > 0)
		memcpy(joined, whole->data, whole->size);
	if (part.size > 0)
		memcpy(joined + whole->size, part.data, part.size);
	*whole = bytes_of(joined, whole->size + part.size);
	return 0;
}

/* The bytes of the event that a message carries. 0; REQUEST_E_REJECTED. */
static int
find_request(struct bytes *request, struct rejection *rejection, struct arena *arena, struct bytes message)
{
	struct wire_reader reader;
	struct wire_field field;
	bool found = false;
	int result;

	wire_reader_init(&reader, message);
	while ((result = wire_next(&field, &reader)) == 0) {
		if (field.number != REQUEST_REQUEST)
			continue;
		if (field.type != WIRE_LENGTH)
			break;
		if (!found)
			*request = field.bytes;
		else if (join(request, arena, field.bytes) != 0)
			return request_reject_memory(rejection, arena);
		found = true;
	}
	if (result != WIRE_E_END)
		return request_reject(
		    rejection, REASON_MALFORMED_REQUEST, "", "The bytes are not the message of this call.");
	if (!found)
		return request_reject(
		    rejection, REASON_MALFORMED_REQUEST, "request", "The message carries no event.");
	return 0;
}

/* From a message to a write. 0; REQUEST_E_REJECTED. */
static int
prepare_write(struct slot *slot, struct rejection *rejection, const ProtobufCMessage *message)
{
	struct queue *queue = slot->stream->call->queue;
	struct write_request request = {
		.kind = &WRITE_IDENTIFY,
		.message = message,
		.arena = &slot->arena,
		.options = &queue->rpc->options,
	};
	bool reading;
	int result = write_prepare(&slot->write, rejection, &request);

	if (!request.guessed)
		return result;
	reading = graph_read_begin(queue->reader) == 0;
	result = write_prove(&slot->write, rejection, &request, reading ? queue->reader : NULL);
	if (reading)
		graph_read_end(queue->reader);
	return result;
}

/* From the bytes that came to a write. 0; positive with *rejection. */
static int
prepare(struct slot *slot, struct rejection *rejection, struct call *call)
{
	ProtobufCMessage *message;
	struct bytes request;
	struct bytes raw;
	int result = call_payload(&raw, rejection, call);

	if (slot->arena.total_bytes > KEPT_ARENA_BYTES)
		arena_finish(&slot->arena);
	arena_reset(&slot->arena);
	slot->write = (struct engine_write){ .deadline_us = slot->stream->deadline_us, .done = done };
	slot->ready = false;
	if (result == 0)
		result = find_request(&request, rejection, &slot->arena, raw);
	if (result == 0)
		result =
		    request_unpack(&message, rejection, &slot->arena, WRITE_IDENTIFY.descriptor, request);
	if (result == 0)
		result = access_check_request(rejection, call, message);
	if (result == 0)
		result = prepare_write(slot, rejection, message);
	slot->held_bytes = slot->arena.total_bytes;
	return result;
}

/* Takes an event in, unless the stream takes nothing more. Returns whether it did. */
static bool
enter(struct event_stream *stream, struct slot *slot)
{
	bool entered;

	pthread_mutex_lock(lock_of(stream));
	entered = takes_more(stream);
	if (entered) {
		assert(stream->count < LIMIT_STREAM_EVENTS);
		stream->ring[(stream->first + stream->count) % LIMIT_STREAM_EVENTS] = slot;
		stream->count++;
		stream->held_bytes += slot->held_bytes;
		stream->taken = stream->free_slots;
		if (stream->taken != NULL)
			stream->free_slots = stream->taken->next_free;
	}
	pthread_mutex_unlock(lock_of(stream));
	return entered;
}

/* An event has come. */
static void
take_in(struct event_stream *stream)
{
	struct call *call = stream->call;
	struct slot *slot = stream->taken;
	struct rejection rejection = { .reason = REASON_NONE };
	int result = prepare(slot, &rejection, call);

	if (!enter(stream, slot))
		return;
	if (result == 0)
		result = write_submit(&rejection, call->queue->rpc->options.engine, &slot->write);
	if (result != 0)
		answer(slot, encode_error(&rejection), 0);
}

static void
received(struct event_stream *stream, bool ok)
{
	struct call *call = stream->call;
	bool is_last = !ok || call->payload == NULL;
	bool has_room = is_last || stream->taken != NULL || (stream->taken = slot_create(stream)) != NULL;

	if (!is_last && has_room)
		take_in(stream);
	call_drop_payload(call);
	pthread_mutex_lock(lock_of(stream));
	stream->receiving = false;
	if (is_last)
		stream->half_closed = true;
	if (!has_room && stream->refusal == NULL)
		stream->refusal = &OUT_OF_MEMORY;
	advance(stream);
}

/* The caller is gone: what is not begun is not carried out. With the lock. */
static void
abandon(struct event_stream *stream)
{
	stream->gone = true;
	for (size_t i = 0; i < stream->count; i++)
		atomic_store(&stream->ring[(stream->first + i) % LIMIT_STREAM_EVENTS]->write.cancelled, true);
}

bool
identify_stream_complete(struct call *call, enum tag_kind kind, bool ok)
{
	struct event_stream *stream = call->stream.events;
	bool complete;

	assert(kind != TAG_ANSWERED || atomic_load(&call->answered));
	if (kind == TAG_CLOSED || kind == TAG_ANSWERED)
		call->batch_count--;
	if (stream == NULL)
		return call->batch_count == 0;
	if (kind == TAG_RECEIVED) {
		received(stream, ok);
	} else {
		pthread_mutex_lock(lock_of(stream));
		if (kind == TAG_SENT)
			stream->sending = false;
		if (kind == TAG_CLOSED || !ok)
			abandon(stream);
		advance(stream);
	}
	pthread_mutex_lock(lock_of(stream));
	complete = call->batch_count == 0 && !stream->receiving;
	pthread_mutex_unlock(lock_of(stream));
	return complete;
}

void
identify_stream_handle(struct call *call)
{
	struct event_stream *stream = calloc(1, sizeof(*stream));

	if (stream == NULL) {
		stream_end(call, &OUT_OF_MEMORY, NULL);
		return;
	}
	call->stream.events = stream;
	stream->call = call;
	stream->deadline_us = call_deadline_us(call);
	stream->received_tag = (struct tag){ TAG_RECEIVED, call };
	stream->sent_tag = (struct tag){ TAG_SENT, call };
	pthread_mutex_lock(lock_of(stream));
	if (atomic_load(&call->queue->rpc->ending))
		stream->refusal = stream_draining();
	advance(stream);
}

void
identify_stream_stop(struct call *call)
{
	struct event_stream *stream = call->stream.events;

	pthread_mutex_lock(lock_of(stream));
	if (stream->refusal == NULL)
		stream->refusal = stream_draining();
	advance(stream);
}

void
identify_stream_release(struct call *call)
{
	struct event_stream *stream = call->stream.events;

	if (stream == NULL)
		return;
	assert(stream->count == 0);
	slot_destroy(stream->taken);
	while (stream->free_slots != NULL) {
		struct slot *slot = stream->free_slots;

		stream->free_slots = slot->next_free;
		slot_destroy(slot);
	}
	free(stream);
	call->stream.events = NULL;
}
