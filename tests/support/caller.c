/* gRPC C core with nothing between it and the test: the client library reads answers
 * whenever it waits for something, and so hides what a caller who doesn't read would see. */
#include "tests/support/caller.h"

#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <stdlib.h>
#include <string.h>

#include "client/status.h"

/* What can be under way. */
enum operation { OPENING, SENDING, CLOSING, RECEIVING, ENDING, OPERATIONS };

struct caller {
	struct scene *scene;
	grpc_completion_queue *queue;
	grpc_channel *channel;
	grpc_call *call;
	bool pending[OPERATIONS];
	bool failed[OPERATIONS];
	grpc_metadata_array initial;
	grpc_metadata_array trailing;
	grpc_status_code code;
	grpc_slice details;
	grpc_byte_buffer *received;
};

static const gpr_timespec NOW = { .clock_type = GPR_CLOCK_MONOTONIC };

static gpr_timespec
forever(void)
{
	return gpr_inf_future(GPR_CLOCK_MONOTONIC);
}

/* Handles one completion. Returns whether there was one in time. */
static bool
pump(struct caller *caller, gpr_timespec deadline)
{
	grpc_event event = grpc_completion_queue_next(caller->queue, deadline, NULL);
	bool *pending = event.tag;

	if (event.type != GRPC_OP_COMPLETE)
		return false;
	*pending = false;
	caller->failed[pending - caller->pending] = !event.success;
	return true;
}

static void
await(struct caller *caller, enum operation operation)
{
	while (caller->pending[operation])
		pump(caller, forever());
}

static void
start(struct caller *caller, enum operation operation, const grpc_op *ops, size_t count)
{
	assert_false(caller->pending[operation]);
	caller->pending[operation] = true;
	assert_int_equal(
	    grpc_call_start_batch(caller->call, ops, count, &caller->pending[operation], NULL), GRPC_CALL_OK);
}

static void
release(void *memory)
{
	struct caller *caller = memory;

	grpc_call_cancel(caller->call, NULL);
	for (enum operation operation = 0; operation < OPERATIONS; operation++)
		await(caller, operation);
	grpc_byte_buffer_destroy(caller->received);
	grpc_metadata_array_destroy(&caller->initial);
	grpc_metadata_array_destroy(&caller->trailing);
	grpc_slice_unref(caller->details);
	grpc_call_unref(caller->call);
	grpc_channel_destroy(caller->channel);
	grpc_completion_queue_shutdown(caller->queue);
	while (grpc_completion_queue_next(caller->queue, forever(), NULL).type != GRPC_QUEUE_SHUTDOWN)
		continue;
	grpc_completion_queue_destroy(caller->queue);
	grpc_shutdown();
	free(caller);
}

static grpc_channel *
connect_to(const char *target)
{
	grpc_arg settings[] = {
		{ GRPC_ARG_INTEGER, (char *)GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, { .integer = 1 } },
		{ GRPC_ARG_INTEGER, (char *)GRPC_ARG_ENABLE_RETRIES, { .integer = 0 } },
		{ GRPC_ARG_INTEGER, (char *)GRPC_ARG_ENABLE_HTTP_PROXY, { .integer = 0 } },
		{ GRPC_ARG_INTEGER, (char *)GRPC_ARG_HTTP2_BDP_PROBE, { .integer = 0 } },
	};
	grpc_channel_args args = { sizeof(settings) / sizeof(settings[0]), settings };
	grpc_channel_credentials *credentials = grpc_insecure_credentials_create();
	grpc_channel *channel = grpc_channel_create(target, credentials, &args);

	grpc_channel_credentials_release(credentials);
	return channel;
}

struct caller *
caller_open(struct scene *s)
{
	struct caller *caller = calloc(1, sizeof(*caller));
	grpc_slice path = grpc_slice_from_static_string("/anagraph.v1.IdentityService/IdentifyStream");
	grpc_op opening[2] = { { .op = GRPC_OP_SEND_INITIAL_METADATA },
		{ .op = GRPC_OP_RECV_INITIAL_METADATA } };
	grpc_op ending = { .op = GRPC_OP_RECV_STATUS_ON_CLIENT };

	assert_non_null(caller);
	grpc_init();
	caller->scene = s;
	caller->details = grpc_empty_slice();
	grpc_metadata_array_init(&caller->initial);
	grpc_metadata_array_init(&caller->trailing);
	caller->queue = grpc_completion_queue_create_for_next(NULL);
	caller->channel = connect_to(service_target(s->service));
	caller->call = grpc_channel_create_call(
	    caller->channel, NULL, GRPC_PROPAGATE_DEFAULTS, caller->queue, path, NULL, forever(), NULL);
	opening[1].data.recv_initial_metadata.recv_initial_metadata = &caller->initial;
	ending.data.recv_status_on_client.trailing_metadata = &caller->trailing;
	ending.data.recv_status_on_client.status = &caller->code;
	ending.data.recv_status_on_client.status_details = &caller->details;
	start(caller, ENDING, &ending, 1);
	start(caller, OPENING, opening, 2);
	scene_keep(s, caller, release);
	return caller;
}

static void
start_sending(struct caller *caller, grpc_slice slice)
{
	grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
	grpc_op op = { .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = buffer };

	start(caller, SENDING, &op, 1);
	grpc_byte_buffer_destroy(buffer);
	grpc_slice_unref(slice);
}

void
caller_send_bytes(struct caller *caller, const void *bytes, size_t size)
{
	await(caller, SENDING);
	start_sending(caller, grpc_slice_from_copied_buffer(bytes, size));
}

/* The event as field 1 of the stream's message. */
static grpc_slice
encode(struct caller *caller, int source, const struct part *parts)
{
	size_t size;
	const uint8_t *event = encode_parts(&size, caller->scene, source, parts);
	Anagraph__V1__IdentifyStreamRequest message = ANAGRAPH__V1__IDENTIFY_STREAM_REQUEST__INIT;
	grpc_slice slice;

	message.request = anagraph__v1__identify_request__unpack(NULL, size, event);
	assert_non_null(message.request);
	slice = grpc_slice_malloc(anagraph__v1__identify_stream_request__get_packed_size(&message));
	anagraph__v1__identify_stream_request__pack(&message, GRPC_SLICE_START_PTR(slice));
	anagraph__v1__identify_request__free_unpacked(message.request, NULL);
	return slice;
}

void
caller_send_parts(struct caller *caller, int source, const struct part *parts)
{
	grpc_slice slice = encode(caller, source, parts);

	await(caller, SENDING);
	start_sending(caller, slice);
}

bool
caller_try_send_parts(struct caller *caller, int source, const struct part *parts)
{
	while (caller->pending[SENDING] && pump(caller, NOW))
		continue;
	if (caller->pending[SENDING])
		return false;
	start_sending(caller, encode(caller, source, parts));
	return true;
}

void
caller_half_close(struct caller *caller)
{
	const grpc_op op = { .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT };

	await(caller, SENDING);
	start(caller, CLOSING, &op, 1);
}

void
caller_cancel(struct caller *caller)
{
	grpc_call_cancel(caller->call, NULL);
}

static void
release_answer(void *memory)
{
	anagraph__v1__identify_stream_response__free_unpacked(memory, NULL);
}

const Anagraph__V1__IdentifyStreamResponse *
caller_read(struct caller *caller)
{
	grpc_op op = { .op = GRPC_OP_RECV_MESSAGE };
	Anagraph__V1__IdentifyStreamResponse *answer;
	grpc_byte_buffer_reader reader;
	grpc_slice slice;

	op.data.recv_message.recv_message = &caller->received;
	start(caller, RECEIVING, &op, 1);
	await(caller, RECEIVING);
	if (caller->received == NULL)
		return NULL;
	assert_true(grpc_byte_buffer_reader_init(&reader, caller->received));
	slice = grpc_byte_buffer_reader_readall(&reader);
	answer = anagraph__v1__identify_stream_response__unpack(
	    NULL, GRPC_SLICE_LENGTH(slice), GRPC_SLICE_START_PTR(slice));
	grpc_slice_unref(slice);
	grpc_byte_buffer_reader_destroy(&reader);
	grpc_byte_buffer_destroy(caller->received);
	caller->received = NULL;
	return scene_keep(caller->scene, answer, release_answer);
}

const Anagraph__V1__IdentifyResponse *
caller_read_response(struct caller *caller)
{
	const Anagraph__V1__IdentifyStreamResponse *answer = caller_read(caller);

	assert_non_null(answer);
	if (answer->result_case == ANAGRAPH__V1__IDENTIFY_STREAM_RESPONSE__RESULT_ERROR)
		print_error("an event was refused: %s %s: %s\n", answer->error->reason, answer->error->field,
		    answer->error->message);
	assert_int_equal(answer->result_case, ANAGRAPH__V1__IDENTIFY_STREAM_RESPONSE__RESULT_RESPONSE);
	return answer->response;
}

void
caller_expect_error_at(struct caller *caller, const char *code, const char *reason, const char *field,
    const char *file, int line)
{
	const Anagraph__V1__IdentifyStreamResponse *answer = caller_read(caller);

	_assert_true(answer != NULL, "an answer", file, line);
	expect_same_at(answer->result_case, ANAGRAPH__V1__IDENTIFY_STREAM_RESPONSE__RESULT_ERROR, file, line);
	_assert_string_equal(client_code_name(answer->error->code), code, file, line);
	_assert_string_equal(answer->error->reason, reason, file, line);
	_assert_string_equal(answer->error->field, field, file, line);
	_assert_true(answer->error->message[0] != '\0', "a message", file, line);
}

void
caller_finish(struct client_status *status, struct caller *caller)
{
	assert_null(caller_read(caller));
	await(caller, ENDING);
	client_status_read(status, caller->code, caller->details, &caller->trailing);
}

void
caller_finish_well(struct caller *caller)
{
	struct client_status status;

	caller_half_close(caller);
	caller_finish(&status, caller);
	assert_int_equal(status.code, 0);
}
