/* Streams last until their callers leave or the daemon ends, and it is the main thread
 * that knows of that end. So all that is known of a stream is under its queue's lock,
 * which nobody else waits for: unary calls never take it.
 *
 * What always holds: a stream is ended by its answer exactly once, also when nobody is
 * there to hear it; it stays in its queue's list until gRPC has given every batch of it
 * back. Its steps are taken one at a time, but for IdentifyStream, which has a way of its
 * own. */
#include "server/rpc/stream.h"

#include <assert.h>
#include <grpc/byte_buffer.h>

#include "server/rpc/method.h"

static void
enlist(struct call *call)
{
	struct queue *queue = call->queue;

	call->stream.open = true;
	call->stream.before = NULL;
	call->stream.after = queue->streams;
	if (queue->streams != NULL)
		queue->streams->stream.before = call;
	queue->streams = call;
}

static void
strike(struct call *call)
{
	struct call *before = call->stream.before;
	struct call *after = call->stream.after;

	if (before != NULL)
		before->stream.after = after;
	else
		call->queue->streams = after;
	if (after != NULL)
		after->stream.before = before;
	call->stream.open = false;
}

/* Takes a stream out of the count; draining waits for the last. */
static void
discount(struct call *call)
{
	struct rpc *rpc = call->queue->rpc;

	if (atomic_fetch_sub(&rpc->open_streams[call->method], 1) == 1)
		call_wake_drain(rpc);
}

void
stream_arrived(struct call *call)
{
	static const struct rejection too_many = {
		.reason = REASON_OVERLOADED,
		.message = "There are too many streams of this method.",
	};
	const struct method_entry *entry = &METHODS[call->method];
	struct queue *queue = call->queue;

	if (atomic_fetch_add(&queue->rpc->open_streams[call->method], 1) >= entry->stream_limit) {
		discount(call);
		call_refuse(call, &too_many, 0);
		return;
	}
	pthread_mutex_lock(&queue->stream_lock);
	enlist(call);
	call_watch(call);
	if (atomic_load(&queue->rpc->ending) && !entry->waited_for)
		call_leave(call);
	entry->handle(call);
	pthread_mutex_unlock(&queue->stream_lock);
}

/* Goes a step on. Returns whether gRPC has given all of the stream back. */
static bool
complete_step(struct call *call, enum tag_kind kind, bool ok)
{
	struct queue *queue = call->queue;
	struct stream *stream = &call->stream;
	bool complete;

	pthread_mutex_lock(&queue->stream_lock);
	if (kind == TAG_STEPPED)
		stream->stepping = false;
	if (kind == TAG_CLOSED)
		stream->gone = true;
	if (!atomic_load(&call->answered) && !stream->stepping) {
		if (stream->gone)
			stream_end(call, NULL, NULL);
		else
			METHODS[call->method].step(call, ok);
	}
	complete = --call->batch_count == 0;
	pthread_mutex_unlock(&queue->stream_lock);
	return complete;
}

bool
stream_completed(struct call *call, enum tag_kind kind, bool ok)
{
	const struct method_entry *entry = &METHODS[call->method];
	struct queue *queue = call->queue;
	bool complete =
	    entry->complete != NULL ? entry->complete(call, kind, ok) : complete_step(call, kind, ok);

	arena_reset(&queue->scratch);
	if (!complete)
		return false;
	pthread_mutex_lock(&queue->stream_lock);
	strike(call);
	pthread_mutex_unlock(&queue->stream_lock);
	if (entry->release != NULL)
		entry->release(call);
	discount(call);
	return true;
}

void
stream_end_all(struct queue *queue)
{
	pthread_mutex_lock(&queue->stream_lock);
	for (struct call *call = queue->streams; call != NULL; call = call->stream.after) {
		/* A caller who doesn't read is not waited for. */
		if (call->admitted && !METHODS[call->method].waited_for)
			call_leave(call);
		if (!atomic_load(&call->answered))
			METHODS[call->method].stop(call);
	}
	pthread_mutex_unlock(&queue->stream_lock);
}

void
stream_step(struct call *call, const grpc_slice *message, bool receive)
{
	grpc_byte_buffer buffer = { .type = GRPC_BB_RAW };
	grpc_op ops[3];
	size_t op_count = 0;
	grpc_call_error error;

	assert(!call->stream.stepping && !atomic_load(&call->answered));
	memset(ops, 0, sizeof(ops));
	grpc_slice_buffer_init(&buffer.data.raw.slice_buffer);
	if (!call->stream.greeted)
		ops[op_count++].op = GRPC_OP_SEND_INITIAL_METADATA;
	if (message != NULL) {
		grpc_slice_buffer_add(&buffer.data.raw.slice_buffer, *message);
		ops[op_count].op = GRPC_OP_SEND_MESSAGE;
		ops[op_count++].data.send_message.send_message = &buffer;
	}
	if (receive) {
		ops[op_count].op = GRPC_OP_RECV_MESSAGE;
		ops[op_count++].data.recv_message.recv_message = &call->payload;
	}
	call->stream.greeted = true;
	call->stream.stepping = true;
	call->batch_count++;
	error = grpc_call_start_batch(call->handle, ops, op_count, &call->stepped_tag, NULL);
	assert(error == GRPC_CALL_OK);
	grpc_slice_buffer_destroy(&buffer.data.raw.slice_buffer);
}

void
stream_end(struct call *call, const struct rejection *rejection, const grpc_slice *last_message)
{
	assert(!atomic_load(&call->answered) && (last_message == NULL || !call->stream.stepping));
	call_answer_stream(call, rejection, last_message, 0);
}

const struct rejection *
stream_draining(void)
{
	static const struct rejection draining = {
		.reason = REASON_DRAINING,
		.message = "The service is shutting down.",
	};

	return &draining;
}
