/* What stands in gRPC's place are the functions by which the front speaks to it while a
 * call lasts: they are found here before gRPC's library is looked at. Everything else of
 * gRPC that the front uses (slices, byte buffers, clocks) is the real one.
 *
 * What always holds: one call at a time. A write is answered on the committer's thread;
 * whoever asked sleeps until then, and takes back all that was started. */
#include "bench/instructions/front.h"

#include <errno.h>
#include <grpc/byte_buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/rpc/method.h"

enum { POSTED = 256, STARTED = 4 };

/* A request for a call, as the front posts it. */
struct posted {
	grpc_call **handle;
	gpr_timespec *deadline;
	grpc_byte_buffer **payload;
	struct tag *tag;
};

struct waiting {
	struct posted items[POSTED];
	size_t count;
};

static struct {
	struct rpc rpc;
	struct queue queue;
	struct waiting waiting[METHOD_UNKNOWN];
	char handle; /* what a call's handle points to */

	pthread_mutex_t lock;
	pthread_cond_t answered;
	/* Under the lock: the batches of the call, and what came of it. */
	struct tag *started[STARTED];
	size_t started_count;
	bool ended;
	grpc_status_code status;
	char words[128];
} front;

grpc_call_error
grpc_server_request_registered_call(grpc_server *server, void *method, grpc_call **handle,
    gpr_timespec *deadline, grpc_metadata_array *metadata, grpc_byte_buffer **payload,
    grpc_completion_queue *call_queue, grpc_completion_queue *notified_queue, void *tag)
{
	struct waiting *waiting = method;

	(void)server, (void)metadata, (void)call_queue, (void)notified_queue;
	if (waiting->count == POSTED)
		abort();
	waiting->items[waiting->count++] = (struct posted){ handle, deadline, payload, tag };
	return GRPC_CALL_OK;
}

/* Nobody calls what the contract does not have. */
grpc_call_error
grpc_server_request_call(grpc_server *server, grpc_call **handle, grpc_call_details *details,
    grpc_metadata_array *metadata, grpc_completion_queue *call_queue, grpc_completion_queue *notified_queue,
    void *tag)
{
	(void)server, (void)handle, (void)details, (void)metadata, (void)call_queue, (void)notified_queue;
	(void)tag;
	return GRPC_CALL_OK;
}

static void
note_status(const grpc_op *op)
{
	const grpc_slice *words = op->data.send_status_from_server.status_details;

	front.ended = true;
	front.status = op->data.send_status_from_server.status;
	snprintf(front.words, sizeof(front.words), "%.*s", words == NULL ? 0 : (int)GRPC_SLICE_LENGTH(*words),
	    words == NULL ? "" : (const char *)GRPC_SLICE_START_PTR(*words));
}

grpc_call_error
grpc_call_start_batch(grpc_call *handle, const grpc_op *ops, size_t op_count, void *tag, void *reserved)
{
	(void)handle, (void)reserved;
	pthread_mutex_lock(&front.lock);
	if (front.started_count == STARTED)
		abort();
	front.started[front.started_count++] = tag;
	for (size_t i = 0; i < op_count; i++) {
		if (ops[i].op == GRPC_OP_SEND_STATUS_FROM_SERVER)
			note_status(&ops[i]);
	}
	if (front.ended)
		pthread_cond_signal(&front.answered);
	pthread_mutex_unlock(&front.lock);
	return GRPC_CALL_OK;
}

void
grpc_call_unref(grpc_call *handle)
{
	(void)handle;
}

int
front_open(const struct rpc_options *options)
{
	struct queue *queue = &front.queue;
	int result;

	memset(&front, 0, sizeof(front));
	front.rpc.options = *options;
	front.rpc.queues = queue;
	pthread_mutex_init(&front.lock, NULL);
	pthread_cond_init(&front.answered, NULL);
	pthread_mutex_init(&front.rpc.lock, NULL);
	pthread_cond_init(&front.rpc.changed, NULL);
	for (enum method method = 0; method < METHOD_UNKNOWN; method++)
		front.rpc.methods[method] = &front.waiting[method];
	queue->rpc = &front.rpc;
	pthread_mutex_init(&queue->stream_lock, NULL);
	pthread_mutex_init(&queue->event_lock, NULL);
	arena_init(&queue->scratch, LIMIT_CALL_ARENA_BYTES);
	result = graph_reader_create(&front.rpc.committer_reader, options->graph);
	if (result == 0)
		result = graph_reader_create(&queue->reader, options->graph);
	if (result == 0)
		result = call_post_first(queue);
	return result <= 0 ? result : -EAGAIN;
}

void
front_close(void)
{
	struct queue *queue = &front.queue;

	for (enum method method = 0; method < METHOD_UNKNOWN; method++) {
		for (size_t i = 0; i < front.waiting[method].count; i++)
			call_completed(front.waiting[method].items[i].tag->owner, TAG_ARRIVED, false);
	}
	call_free_spare(queue);
	graph_reader_destroy(queue->reader);
	graph_reader_destroy(front.rpc.committer_reader);
	arena_finish(&queue->scratch);
}

/* Waits for the answer, and gives the front back what it started. */
static void
complete(void)
{
	struct tag *started[STARTED];
	size_t count;

	pthread_mutex_lock(&front.lock);
	while (!front.ended)
		pthread_cond_wait(&front.answered, &front.lock);
	count = front.started_count;
	memcpy(started, front.started, sizeof(started));
	pthread_mutex_unlock(&front.lock);
	for (size_t i = 0; i < count; i++)
		call_completed(started[i]->owner, started[i]->kind, true);
}

int
front_call(enum method method, grpc_byte_buffer *request)
{
	struct waiting *waiting = &front.waiting[method];
	struct posted posted;

	if (waiting->count == 0)
		abort();
	posted = waiting->items[--waiting->count];
	pthread_mutex_lock(&front.lock);
	front.started_count = 0;
	front.ended = false;
	pthread_mutex_unlock(&front.lock);
	*posted.handle = (grpc_call *)(void *)&front.handle;
	*posted.deadline = gpr_inf_future(GPR_CLOCK_MONOTONIC);
	*posted.payload = request;
	call_completed(posted.tag->owner, TAG_ARRIVED, true);
	complete();
	if (front.status == GRPC_STATUS_OK)
		return 0;
	fprintf(stderr, "a call failed: %d %s\n", (int)front.status, front.words);
	return -EPROTO;
}
