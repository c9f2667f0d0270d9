/* A read lives between graph_read_begin and graph_read_end, which nothing in it may
 * leave out and in which nothing waits; its memory is the queue's, so that what the
 * last read touched is still in the cache. */
#include "server/rpc/read.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/rpc/access.h"
#include "server/rpc/request.h"

/* Words for what befalls the service rather than the request. */
static void
reject_for_service(struct rejection *rejection, const struct queue *queue, int result)
{
	const struct rpc *rpc = queue->rpc;
	char line[128];

	if (result == -ENOMEM) {
		request_reject_memory(rejection, &queue->scratch);
		return;
	}
	snprintf(line, sizeof(line), "a read failed: %s", strerrordesc_np(-result));
	rpc->options.log(rpc->options.log_context, line);
	request_reject(rejection, REASON_INTERNAL, "", "The look-up failed; the log says why.");
}

void
read_answer(struct call *call, read_function read, const void *request)
{
	read_answer_together(&call, &request, 1, read, NULL);
}

void
read_answer_together(struct call *const *calls, const void *const *requests, size_t count, read_function read,
    read_expect_function expect)
{
	struct queue *queue = calls[0]->queue;
	struct rejection rejections[GATHER_CALLS];
	struct answer answers[GATHER_CALLS];
	int begun = graph_read_begin(queue->reader);
	uint64_t txn = begun == 0 ? graph_reader_txn(queue->reader) : 0;

	if (begun == 0 && expect != NULL)
		expect(queue, requests, count);
	for (size_t i = 0; i < count; i++) {
		int result = begun;

		answers[i] = (struct answer){ .txn = txn };
		if (begun == 0) {
			result = read(&answers[i].message, &rejections[i], calls[i], requests[i]);
			graph_read_forget(queue->reader);
		}
		if (result < 0)
			reject_for_service(&rejections[i], queue, result);
		if (result != 0)
			answers[i].rejection = &rejections[i];
		/* Each has all of it; of several, none has a request there (gather_take). */
		if (count > 1)
			arena_reset(&queue->scratch);
	}
	if (begun == 0)
		graph_read_end(queue->reader);
	for (size_t i = 0; i < count; i++)
		call_answer(calls[i], &answers[i]);
}

void
read_handle(struct call *call, const ProtobufCMessageDescriptor *descriptor, read_function read)
{
	struct queue *queue = call->queue;
	struct rejection rejection;
	ProtobufCMessage *message;
	struct bytes raw;
	int result = call_payload(&raw, &rejection, call);

	if (result == 0)
		result = request_unpack(&message, &rejection, &queue->scratch, descriptor, raw);
	if (result == 0)
		result = access_check_request(&rejection, call, message);
	if (result == 0)
		read_answer(call, read, message);
	else
		call_refuse(call, &rejection, call_last_txn(queue->reader));
}
