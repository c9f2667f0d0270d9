/* The life of a call: posted, arrived, answered, retired.
 *
 * A read is one batch, started while its arrival is handled or that of a call that came
 * together with it: everything that goes out and the close that comes back. So is an event that
 * changes nothing. Any other write has two: the close is waited for apart, so
 * that a caller who leaves can be seen while the write waits. So has a stream, and one
 * more for each of its steps. What always holds: the memory of a call is used again only when gRPC has given
 * every batch of it back, and for each call that arrives another is posted, before anything else is done. */
#include "server/rpc/call.h"

#include <assert.h>
#include <errno.h>
#include <grpc/byte_buffer.h>
#include <stdlib.h>

#include "server/rpc/access.h"
#include "server/rpc/gather.h"
#include "server/rpc/method.h"
#include "server/rpc/request.h"
#include "server/rpc/status.h"
#include "server/rpc/stream.h"

enum {
	SPARE_CALLS = 256,  /* kept by a queue for later; the rest is freed */
	KEPT_METADATA = 32, /* entries whose array is worth keeping */
	TXN_DIGITS = 20,
};

static struct call *
call_create(struct queue *queue)
{
	struct call *call = calloc(1, sizeof(*call));

	if (call == NULL)
		return NULL;
	call->queue = queue;
	call->arrived_tag = (struct tag){ TAG_ARRIVED, call };
	call->answered_tag = (struct tag){ TAG_ANSWERED, call };
	call->closed_tag = (struct tag){ TAG_CLOSED, call };
	call->stepped_tag = (struct tag){ TAG_STEPPED, call };
	grpc_metadata_array_init(&call->metadata);
	grpc_call_details_init(&call->details);
	arena_init(&call->arena, LIMIT_CALL_ARENA_BYTES);
	return call;
}

static void
call_destroy(struct call *call)
{
	grpc_metadata_array_destroy(&call->metadata);
	grpc_call_details_destroy(&call->details);
	arena_finish(&call->arena);
	free(call);
}

static struct call *
take_spare(struct queue *queue)
{
	struct call *call = queue->spare_calls;

	if (call == NULL)
		return call_create(queue);
	queue->spare_calls = call->next;
	queue->spare_count--;
	return call;
}

static void
give_spare(struct call *call)
{
	struct queue *queue = call->queue;

	if (queue->spare_count >= SPARE_CALLS) {
		call_destroy(call);
		return;
	}
	call->next = queue->spare_calls;
	queue->spare_calls = call;
	queue->spare_count++;
}

void
call_free_spare(struct queue *queue)
{
	while (queue->spare_calls != NULL)
		call_destroy(take_spare(queue));
}

/* Asks gRPC for the next call of a method. 0; -ENOMEM. */
static int
post(struct queue *queue, enum method method)
{
	struct rpc *rpc = queue->rpc;
	struct call *call = take_spare(queue);
	grpc_call_error error;

	if (call == NULL)
		return -ENOMEM;
	call->method = method;
	call->admitted = false;
	call->watched = false;
	atomic_store(&call->answered, false);
	call->was_cancelled = 0;
	call->stream = (struct stream){ .told_state = -1 };
	if (method == METHOD_UNKNOWN)
		error = grpc_server_request_call(rpc->server, &call->handle, &call->details, &call->metadata,
		    queue->handle, queue->handle, &call->arrived_tag);
	else
		error = grpc_server_request_registered_call(rpc->server, rpc->methods[method], &call->handle,
		    &call->deadline, &call->metadata,
		    METHODS[method].handling == GRPC_SRM_PAYLOAD_NONE ? NULL : &call->payload, queue->handle,
		    queue->handle, &call->arrived_tag);
	assert(error == GRPC_CALL_OK);
	return 0;
}

int
call_post_first(struct queue *queue)
{
	for (enum method method = 0; method < METHOD_COUNT; method++) {
		for (unsigned i = 0; i < METHODS[method].posted_count; i++) {
			int result = post(queue, method);

			if (result != 0)
				return result;
		}
	}
	return 0;
}

/* Whether a call that has arrived may be served. The count goes up before draining is
 * looked at: whoever drains sets that first and looks at the count then, so that one
 * of the two always sees the other. */
static bool
admit(struct rejection *rejection, struct call *call)
{
	struct rpc *rpc = call->queue->rpc;
	unsigned before = atomic_fetch_add(&rpc->calls_in_flight, 1);

	call->admitted = true;
	if (atomic_load(&rpc->draining)) {
		*rejection = (struct rejection){
			.reason = REASON_DRAINING,
			.message = "The service is shutting down.",
		};
		return false;
	}
	if (before >= LIMIT_CALLS_IN_FLIGHT) {
		*rejection = (struct rejection){
			.reason = REASON_OVERLOADED,
			.message = "There are too many calls at once.",
		};
		return false;
	}
	return true;
}

void
call_wake_drain(struct rpc *rpc)
{
	if (!atomic_load(&rpc->draining))
		return;
	pthread_mutex_lock(&rpc->lock);
	pthread_cond_broadcast(&rpc->changed);
	pthread_mutex_unlock(&rpc->lock);
}

void
call_leave(struct call *call)
{
	struct rpc *rpc = call->queue->rpc;

	call->admitted = false;
	if (atomic_fetch_sub(&rpc->calls_in_flight, 1) == 1)
		call_wake_drain(rpc);
}

static void
retire(struct call *call)
{
	struct queue *queue = call->queue;
	enum method method = call->method;

	grpc_call_unref(call->handle);
	call->handle = NULL;
	call_drop_payload(call);
	if (call->metadata.capacity > KEPT_METADATA) {
		grpc_metadata_array_destroy(&call->metadata);
		grpc_metadata_array_init(&call->metadata);
	}
	call->metadata.count = 0;
	if (method == METHOD_UNKNOWN) {
		grpc_call_details_destroy(&call->details);
		grpc_call_details_init(&call->details);
	}
	arena_reset(&call->arena);
	if (call->admitted)
		call_leave(call);
	give_spare(call);
	if (queue->owed_calls[method] > 0 && post(queue, method) == 0)
		queue->owed_calls[method]--;
}

static void
handle_arrival(struct call *call)
{
	const struct method_entry *entry = &METHODS[call->method];
	struct queue *queue = call->queue;
	struct rejection rejection;

	if (post(queue, call->method) != 0)
		queue->owed_calls[call->method]++;
	if (!admit(&rejection, call)) {
		/* A refusal is not waited for, nor does it keep others out. */
		call_leave(call);
		if (!entry->outlasts_draining) {
			atomic_fetch_add(&queue->rpc->calls_refused, 1);
			call_refuse(call, &rejection, call_last_txn(queue->reader));
			return;
		}
	}
	if (access_check_role(&rejection, call, entry->role) != 0) {
		call_refuse(call, &rejection, call_last_txn(queue->reader));
		return;
	}
	if (gather_take(call))
		return;
	if (entry->stream_limit > 0)
		stream_arrived(call);
	else
		entry->handle(call);
	arena_reset(&queue->scratch);
}

void
call_completed(struct call *call, enum tag_kind kind, bool ok)
{
	if (kind == TAG_ARRIVED) {
		if (ok)
			handle_arrival(call);
		else
			call_destroy(call); /* the server has shut down */
		return;
	}
	gather_note_other(call->queue);
	if (call->stream.open) {
		if (stream_completed(call, kind, ok))
			retire(call);
		return;
	}
	assert(kind == TAG_CLOSED || atomic_load(&call->answered));
	if (kind == TAG_CLOSED && call->was_cancelled)
		atomic_store(&call->write.cancelled, true);
	if (--call->batch_count == 0)
		retire(call);
}

static grpc_slice
static_slice(const char *text)
{
	return grpc_slice_from_static_string(text);
}

/* Writes a number so that it ends where digits do; returns how long it is. Every answer has one,
 * and printf costs it as much as its look-up. */
static size_t
put_digits(char digits[TXN_DIGITS], uint64_t number)
{
	size_t size = 0;

	do {
		digits[TXN_DIGITS - ++size] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	return size;
}

/* The trailing metadata of an answer; slices to be freed. Returns how many there are. */
static size_t
fill_trailing(grpc_metadata trailing[2], const struct answer *answer)
{
	size_t count = 0;

	memset(trailing, 0, 2 * sizeof(*trailing));
	if (answer->txn != 0) {
		char digits[TXN_DIGITS];
		size_t size = put_digits(digits, answer->txn);

		trailing[count].key = static_slice("anagraph-txn");
		trailing[count++].value = grpc_slice_from_copied_buffer(digits + TXN_DIGITS - size, size);
	}
	if (answer->rejection != NULL) {
		uint8_t buffer[STATUS_DETAILS_BYTES];
		struct bytes details = status_encode_details(buffer, answer->rejection);

		trailing[count].key = static_slice(STATUS_DETAILS_KEY);
		trailing[count++].value =
		    grpc_slice_from_copied_buffer((const char *)details.data, details.size);
	}
	return count;
}

/* Starts the batch that ends a call: a message unless it is NULL, then the status. */
static void
end(struct call *call, const struct answer *answer, const grpc_slice *payload)
{
	grpc_metadata trailing[2];
	size_t trailing_count = fill_trailing(trailing, answer);
	grpc_slice words = grpc_empty_slice();
	grpc_byte_buffer message = { .type = GRPC_BB_RAW };
	grpc_op ops[4];
	size_t op_count = 0;
	grpc_call *handle;
	struct tag *tag;
	grpc_call_error error;

	memset(ops, 0, sizeof(ops));
	grpc_slice_buffer_init(&message.data.raw.slice_buffer);
	if (!call->stream.greeted)
		ops[op_count++].op = GRPC_OP_SEND_INITIAL_METADATA;
	if (payload != NULL) {
		grpc_slice_buffer_add(&message.data.raw.slice_buffer, *payload);
		ops[op_count].op = GRPC_OP_SEND_MESSAGE;
		ops[op_count++].data.send_message.send_message = &message;
	}
	if (answer->rejection != NULL) {
		words = static_slice(status_message(answer->rejection));
		ops[op_count].data.send_status_from_server.status = status_code(answer->rejection->reason);
		ops[op_count].data.send_status_from_server.status_details = &words;
	}
	ops[op_count].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
	ops[op_count].data.send_status_from_server.trailing_metadata_count = trailing_count;
	ops[op_count++].data.send_status_from_server.trailing_metadata = trailing;
	if (!call->watched) {
		call->batch_count++;
		ops[op_count].op = GRPC_OP_RECV_CLOSE_ON_SERVER;
		ops[op_count++].data.recv_close_on_server.cancelled = &call->was_cancelled;
	}
	handle = call->handle;
	tag = &call->answered_tag;
	atomic_store(&call->answered, true);
	/* From here on the call may be retired, and even serve another caller. */
	error = grpc_call_start_batch(handle, ops, op_count, tag, NULL);
	assert(error == GRPC_CALL_OK);
	for (size_t i = 0; i < trailing_count; i++)
		grpc_slice_unref(trailing[i].value);
	grpc_slice_buffer_destroy(&message.data.raw.slice_buffer);
}

void
call_answer(struct call *call, const struct answer *answer)
{
	end(call, answer, answer->rejection == NULL ? &answer->message : NULL);
}

void
call_answer_stream(
    struct call *call, const struct rejection *rejection, const grpc_slice *last_message, uint64_t txn)
{
	const struct answer answer = { .rejection = rejection, .txn = txn };

	end(call, &answer, last_message);
}

void
call_refuse(struct call *call, const struct rejection *rejection, uint64_t txn)
{
	const struct answer answer = { .rejection = rejection, .txn = txn };

	call_answer(call, &answer);
}

void
call_watch(struct call *call)
{
	grpc_op op;
	grpc_call_error error;

	memset(&op, 0, sizeof(op));
	op.op = GRPC_OP_RECV_CLOSE_ON_SERVER;
	op.data.recv_close_on_server.cancelled = &call->was_cancelled;
	call->watched = true;
	call->batch_count = 2; /* the answer's is yet to come, from another thread */
	error = grpc_call_start_batch(call->handle, &op, 1, &call->closed_tag, NULL);
	assert(error == GRPC_CALL_OK);
}

int
call_payload(struct bytes *raw, struct rejection *rejection, struct call *call)
{
	const grpc_slice_buffer *slices;
	uint8_t *joined;
	size_t used = 0;

	if (call->payload == NULL || call->payload->data.raw.compression != GRPC_COMPRESS_NONE)
		return request_reject(
		    rejection, REASON_MALFORMED_REQUEST, "", "There is no message, or it is compressed.");
	slices = &call->payload->data.raw.slice_buffer;
	if (slices->count <= 1) {
		*raw = slices->count == 0
		    ? (struct bytes){ NULL, 0 }
		    : bytes_of(GRPC_SLICE_START_PTR(slices->slices[0]), GRPC_SLICE_LENGTH(slices->slices[0]));
		return 0;
	}
	joined = arena_alloc(&call->queue->scratch, slices->length);
	if (joined == NULL)
		return request_reject_memory(rejection, &call->queue->scratch);
	for (size_t i = 0; i < slices->count; i++) {
		size_t size = GRPC_SLICE_LENGTH(slices->slices[i]);

		memcpy(joined + used, GRPC_SLICE_START_PTR(slices->slices[i]), size);
		used += size;
	}
	*raw = bytes_of(joined, used);
	return 0;
}

void
call_drop_payload(struct call *call)
{
	grpc_byte_buffer_destroy(call->payload);
	call->payload = NULL;
}

int64_t
call_deadline_us(const struct call *call)
{
	gpr_timespec deadline = gpr_convert_clock_type(call->deadline, GPR_CLOCK_MONOTONIC);
	gpr_timespec left;

	if (gpr_time_cmp(deadline, gpr_inf_future(GPR_CLOCK_MONOTONIC)) == 0)
		return INT64_MAX;
	left = gpr_time_sub(deadline, gpr_now(GPR_CLOCK_MONOTONIC));
	if (left.tv_sec > INT32_MAX)
		return INT64_MAX;
	return engine_now_us() + left.tv_sec * 1000000 + left.tv_nsec / 1000;
}

uint64_t
call_last_txn(struct graph_reader *reader)
{
	uint64_t txn;

	if (graph_read_begin(reader) != 0)
		return 0;
	txn = graph_reader_txn(reader);
	graph_read_end(reader);
	return txn;
}
