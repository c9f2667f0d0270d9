/* IdentifyStream from the caller's side. gRPC lets one message be on its way in each
 * direction, so a stream has one batch at most for each of sending, receiving and the
 * end, and each is its own completion.
 *
 * What always holds: whatever waits for one of them has the others handled too, so that
 * a server which stops reading until its answers are read is never waited for in vain.
 * At most `window` events are in flight, so there is always a place for an answer. A
 * batch that was started is waited for before the stream is freed. */
#include <errno.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <stddef.h>
#include <stdlib.h>

#include "client/pump.h"
#include "client/status.h"

/* One of the stream's batches. */
struct batch {
	struct completion completion;
	bool pending;
	bool failed;
};

struct place {
	void *tag;
	grpc_byte_buffer *answer; /* NULL while there is none */
};

struct client_stream {
	struct client *client;
	grpc_call *call;
	struct batch opening;
	struct batch sending;
	struct batch closing;
	struct batch receiving;
	struct batch ending;
	grpc_metadata_array initial;
	grpc_metadata_array trailing;
	grpc_status_code code;
	grpc_slice details;
	grpc_byte_buffer *received;
	bool finished; /* no answer follows those that are there */
	bool closed;   /* no event follows */
	bool closing_started;
	Anagraph__V1__IdentifyStreamResponse *shown;
	size_t window;
	size_t first;    /* place of the oldest event in flight */
	size_t sent;     /* events in flight */
	size_t answered; /* the first so many of them have an answer */
	struct place places[];
};

static struct place *
place_at(struct client_stream *stream, size_t index)
{
	return &stream->places[(stream->first + index) % stream->window];
}

static void
batch_done(struct completion *completion, bool ok)
{
	struct batch *batch = (struct batch *)completion;

	batch->pending = false;
	batch->failed = !ok;
}

static int
batch_start(struct client_stream *stream, struct batch *batch, const grpc_op *ops, size_t count)
{
	if (grpc_call_start_batch(stream->call, ops, count, &batch->completion, NULL) != GRPC_CALL_OK)
		return -EINVAL;
	batch->pending = true;
	return 0;
}

static int
receive(struct client_stream *stream)
{
	const grpc_op op = { .op = GRPC_OP_RECV_MESSAGE,
		.data.recv_message.recv_message = &stream->received };

	return batch_start(stream, &stream->receiving, &op, 1);
}

/* Takes an answer to its place. One that nobody asked for ends the stream. */
static void
receiving_done(struct completion *completion, bool ok)
{
	struct client_stream *stream =
	    (struct client_stream *)((char *)completion - offsetof(struct client_stream, receiving));

	batch_done(completion, ok);
	if (!ok || stream->received == NULL) {
		stream->finished = true;
		return;
	}
	if (stream->answered == stream->sent) {
		grpc_byte_buffer_destroy(stream->received);
		stream->received = NULL;
		stream->finished = true;
		grpc_call_cancel(stream->call, NULL);
		return;
	}
	place_at(stream, stream->answered)->answer = stream->received;
	stream->answered++;
	stream->received = NULL;
	if (receive(stream) != 0)
		stream->finished = true;
}

static int
start_batches(struct client_stream *stream)
{
	const grpc_op opening[2] = {
		{ .op = GRPC_OP_SEND_INITIAL_METADATA },
		{ .op = GRPC_OP_RECV_INITIAL_METADATA,
		    .data.recv_initial_metadata.recv_initial_metadata = &stream->initial },
	};
	const grpc_op ending = { .op = GRPC_OP_RECV_STATUS_ON_CLIENT,
		.data.recv_status_on_client = { .trailing_metadata = &stream->trailing,
		    .status = &stream->code,
		    .status_details = &stream->details } };
	int status = batch_start(stream, &stream->ending, &ending, 1);

	if (status == 0)
		status = batch_start(stream, &stream->opening, opening, 2);
	return status == 0 ? receive(stream) : status;
}

int
client_stream_open(struct client_stream **out, struct client *client, size_t window)
{
	struct client_stream *stream;
	int status;

	if (window == 0 || window > (SIZE_MAX - sizeof(*stream)) / sizeof(struct place))
		return -EINVAL;
	stream = calloc(1, sizeof(*stream) + window * sizeof(struct place));
	if (stream == NULL)
		return -ENOMEM;
	stream->client = client;
	stream->window = window;
	stream->details = grpc_empty_slice();
	grpc_metadata_array_init(&stream->initial);
	grpc_metadata_array_init(&stream->trailing);
	stream->opening.completion.done = batch_done;
	stream->sending.completion.done = batch_done;
	stream->closing.completion.done = batch_done;
	stream->receiving.completion.done = receiving_done;
	stream->ending.completion.done = batch_done;
	stream->call = grpc_channel_create_registered_call(client->channel, NULL, GRPC_PROPAGATE_DEFAULTS,
	    client->queue, client->stream_method, client_deadline(-1), NULL);
	status = start_batches(stream);
	if (status != 0) {
		client_stream_destroy(stream);
		return status;
	}
	*out = stream;
	return 0;
}

static void
await(struct client_stream *stream, const struct batch *batch)
{
	while (batch->pending)
		client_pump(stream->client, client_deadline(-1));
}

/* The event as a message of the stream, whose one field it is. */
static grpc_byte_buffer *
message_of(const Anagraph__V1__IdentifyRequest *event)
{
	Anagraph__V1__IdentifyStreamRequest message = ANAGRAPH__V1__IDENTIFY_STREAM_REQUEST__INIT;
	grpc_slice slice;
	grpc_byte_buffer *buffer;

	message.request = (Anagraph__V1__IdentifyRequest *)event;
	slice = grpc_slice_malloc(anagraph__v1__identify_stream_request__get_packed_size(&message));
	anagraph__v1__identify_stream_request__pack(&message, GRPC_SLICE_START_PTR(slice));
	buffer = grpc_raw_byte_buffer_create(&slice, 1);
	grpc_slice_unref(slice);
	return buffer;
}

int
client_stream_send(
    struct client_stream *stream, const Anagraph__V1__IdentifyRequest *event, void *tag, int64_t timeout_ms)
{
	gpr_timespec deadline = client_deadline(timeout_ms);
	grpc_op op = { .op = GRPC_OP_SEND_MESSAGE };
	int status;

	if (stream->closed)
		return -EINVAL;
	if (stream->sent == stream->window)
		return CLIENT_E_FULL;
	while (stream->sending.pending) {
		if (client_pump(stream->client, deadline) != 0)
			return CLIENT_E_TIMEOUT;
	}
	if (stream->finished || stream->sending.failed)
		return CLIENT_E_ENDED;
	op.data.send_message.send_message = message_of(event);
	status = batch_start(stream, &stream->sending, &op, 1);
	grpc_byte_buffer_destroy(op.data.send_message.send_message);
	if (status == 0)
		*place_at(stream, stream->sent++) = (struct place){ .tag = tag };
	return status;
}

static Anagraph__V1__IdentifyStreamResponse *
unpack(grpc_byte_buffer *buffer)
{
	Anagraph__V1__IdentifyStreamResponse *response;
	grpc_byte_buffer_reader reader;
	grpc_slice slice;

	if (!grpc_byte_buffer_reader_init(&reader, buffer))
		return NULL;
	slice = grpc_byte_buffer_reader_readall(&reader);
	response = anagraph__v1__identify_stream_response__unpack(
	    NULL, GRPC_SLICE_LENGTH(slice), GRPC_SLICE_START_PTR(slice));
	grpc_slice_unref(slice);
	grpc_byte_buffer_reader_destroy(&reader);
	return response;
}

static void
forget_shown(struct client_stream *stream)
{
	if (stream->shown != NULL)
		anagraph__v1__identify_stream_response__free_unpacked(stream->shown, NULL);
	stream->shown = NULL;
}

int
client_stream_next(struct client_stream_answer *answer, struct client_stream *stream, int64_t timeout_ms)
{
	gpr_timespec deadline = client_deadline(timeout_ms);
	struct place place;

	forget_shown(stream);
	while (stream->answered == 0) {
		if (stream->finished)
			return CLIENT_E_ENDED;
		if (stream->sent == 0)
			return CLIENT_E_IDLE;
		if (client_pump(stream->client, deadline) != 0)
			return CLIENT_E_TIMEOUT;
	}
	place = *place_at(stream, 0);
	*place_at(stream, 0) = (struct place){ .tag = NULL };
	stream->first = (stream->first + 1) % stream->window;
	stream->sent--;
	stream->answered--;
	stream->shown = unpack(place.answer);
	grpc_byte_buffer_destroy(place.answer);
	if (stream->shown == NULL)
		return -EBADMSG;
	*answer = (struct client_stream_answer){ .tag = place.tag, .response = stream->shown };
	return 0;
}

int
client_stream_finish(struct client_status *status, struct client_stream *stream, int64_t timeout_ms)
{
	const grpc_op op = { .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT };
	gpr_timespec deadline = client_deadline(timeout_ms);

	stream->closed = true;
	while (stream->ending.pending) {
		if (!stream->sending.pending && !stream->closing_started) {
			stream->closing_started = true;
			if (batch_start(stream, &stream->closing, &op, 1) != 0)
				grpc_call_cancel(stream->call, NULL);
		}
		if (client_pump(stream->client, deadline) != 0) {
			grpc_call_cancel(stream->call, NULL);
			return CLIENT_E_TIMEOUT;
		}
	}
	client_status_read(status, stream->code, stream->details, &stream->trailing);
	return status->code == GRPC_STATUS_OK ? 0 : CLIENT_E_STATUS;
}

void
client_stream_destroy(struct client_stream *stream)
{
	if (stream == NULL)
		return;
	if (stream->ending.pending)
		grpc_call_cancel(stream->call, NULL);
	await(stream, &stream->ending);
	await(stream, &stream->opening);
	await(stream, &stream->sending);
	await(stream, &stream->closing);
	await(stream, &stream->receiving);
	for (size_t i = 0; i < stream->answered; i++)
		grpc_byte_buffer_destroy(place_at(stream, i)->answer);
	forget_shown(stream);
	grpc_metadata_array_destroy(&stream->initial);
	grpc_metadata_array_destroy(&stream->trailing);
	grpc_slice_unref(stream->details);
	grpc_call_unref(stream->call);
	free(stream);
}
